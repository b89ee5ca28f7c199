"""What each event of a case asks before it may happen, beyond state and role (`guard` in transitions.csv).

    READY   is the case ready for it, in this person's hands?
    FILLED  does the form say what it must?
    TIMELY  is today the day for it?                  asked only of somebody about to act (machine.Meaning)
    WARNED  what should they know before they do?     likewise

Guards take data as it comes from the wire: a wrong type is a Problem, never an exception. No guard knows states,
roles or stations: the machine has asked before.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from schemas.lifecycle import limits
from schemas.lifecycle.forms import (
    applicant_problem,
    both,
    file_lines,
    material_lines,
    reason,
    says,
    text,
    texts,
    whole,
)
from schemas.lifecycle.machine import Ask, Guard
from schemas.lifecycle.state import CaseState
from schemas.lifecycle.words import REFUSE_REASONS, SUSPEND_KINDS
from schemas.offers import OPENS_CASES
from schemas.problems import N_, Problem
from schemas.tables import ancestors, stations

SUPPLEMENT_PERIOD: Final = timedelta(days=limits.SUPPLEMENT)
"""Natural days the applicant has for supplements where the item says nothing else."""
MIN_REASON: Final = 10
"""Characters of a reason for not accepting (transitions.csv, refuse; below it domain.md §2.6 R05 cards)."""
MAX_EXTENSION: Final = limits.EXTENSION
"""Working days (Licensing Law art. 42)."""

CaseAsk = Ask[CaseState]
Guards = Mapping[str, Guard[CaseState]]


NO_SUCH_SCAN: Final = Problem("no_such_scan", N_("本件没有这份扫描件"))


# --- is the case ready? -----------------------------------------------------------------------------------


def _one_notice_only(ask: CaseAsk) -> Problem | None:
    if ask.state.supplements:
        return Problem("second_supplement", N_("补正只能一次性告知，本件已告知过，不得再次要求补正"))
    return None


def _complete(ask: CaseAsk) -> Problem | None:
    missing = [str(line["name"]) for line in ask.state.materials if line["required"] and not line["got"]]
    if missing:
        return Problem(
            "materials_missing", N_("必要材料不齐，不能受理：{names}"), {"names": "、".join(missing)}
        )
    return None


def _instant(ask: CaseAsk) -> Problem | None:
    if ask.state.item is None or ask.state.item.get("instant") is not True:
        return Problem("not_instant", N_("本事项不是即办件，须经审查后办结"))
    return None


def no_reviewer(state: CaseState) -> str:
    """Who may not review: whoever accepted, of permits only; in a village of one clerk all else would have no end."""
    return state.accepted_by if (state.item or {}).get("category_code") == "01" else ""


def _not_the_acceptor(ask: CaseAsk) -> Problem | None:
    if no_reviewer(ask.state) and no_reviewer(ask.state) == ask.actor.staff:
        return Problem("same_person", N_("行政许可的审查人员不得是受理本件的人员"))
    return None


def _all_steps_passed(ask: CaseAsk) -> Problem | None:
    if not ask.state.steps_passed:
        return Problem("not_reviewed", N_("尚无审查意见，不能作出准予决定"))
    return None


def _extended_once(ask: CaseAsk) -> Problem | None:
    if ask.state.extended_days:
        return Problem("second_extension", N_("办理期限只能延长一次，本件已延期"))
    return None


def _supervisor_once_accepted(ask: CaseAsk) -> Problem | None:
    if ask.state.accepted_at is not None and "city_supervisor" not in ask.actor.roles:
        return Problem("accepted_already", N_("本件已受理，作废须由市级监察人员办理"))
    return None


def _rated_once(ask: CaseAsk) -> Problem | None:
    if len(ask.state.evaluations) > 1:
        return Problem("rated_already", N_("本件已评价并已修改过一次，不能再评价"))
    return None


READY: Final[Guards] = {
    "detach": lambda ask: None if ask.state.files else NO_SUCH_SCAN,
    "notify_supplement": _one_notice_only,
    "accept": _complete,
    "instant_conclude": _instant,
    "pass_step": _not_the_acceptor,
    "grant": _all_steps_passed,
    "extend": _extended_once,
    "void": _supervisor_once_accepted,
    "evaluate": _rated_once,
}


# --- is the form filled? ----------------------------------------------------------------------------------


def _create(ask: CaseAsk) -> Problem | None:
    """The item's version need not be known here: a station's catalogue may be older than the case."""
    copy = ask.data.get("item")
    if not isinstance(copy, dict):
        return Problem("unknown_item", N_("事项目录中没有这个事项，不能登记"))
    item = ask.catalogue.item(copy.get("code"), copy.get("version"))
    if item is None:
        return Problem("unknown_item", N_("事项目录中没有这个事项，不能登记"))
    # Of what is recorded it is asked whether it can ever have been offered here; whether it was on that day, the writer was asked (_in_force).
    made = ask.catalogue.offer(item, ask.actor.station, ask.day or date.max)
    if made is None or made.mode not in OPENS_CASES:
        return Problem("not_offered", N_("本站不办理“{item}”，只提供办理指引"), {"item": item.name})
    promised = whole(copy, "promised_days", 1, 365)
    legal = whole(copy, "legal_days", 1, 365)
    if promised is None or legal is None or promised > legal or type(copy.get("instant")) is not bool:
        return Problem("bad_item_copy", N_("登记所带的事项信息不完整：承诺时限、法定时限或者办件类型有误"))
    return applicant_problem(ask.data.get("applicant"))


def _receive(ask: CaseAsk) -> Problem | None:
    if not material_lines(ask.data):
        return Problem("no_checklist", N_("请逐项核对材料清单"))
    if ask.data.get("privacy_notice") is not True:
        return Problem("no_privacy_notice", N_("收集个人信息前，须先告知申请人"))
    return _query_code(ask)


def _query_code(ask: CaseAsk) -> Problem | None:
    code = ask.data.get("query_code")
    if not (isinstance(code, str) and len(code) == 6 and code.isascii() and code.isdigit()):
        return Problem("no_query_code", N_("收件凭证缺少6位查询码"))
    return None


def _forward(ask: CaseAsk) -> Problem | None:
    """Up to the station that decides the item and no further; a village may send past its township. Where
    that station is this very one, to the next above: it knows best why.
    """
    above = ancestors(ask.actor.station.code)
    way = above[: above.index(ask.state.decider) + 1] if ask.state.decider in above else above[:1]
    if ask.data.get("to") not in way:
        return Problem("not_on_the_way", N_("只能报送上级中心，且不得越过本事项的决定机关"))
    return None


def _upward(ask: CaseAsk) -> Problem | None:
    if ask.data.get("to") not in ancestors(ask.actor.station.code):
        return Problem("not_higher", N_("只能转报上级机关"))
    return None


def _gaps(ask: CaseAsk) -> Problem | None:
    if not texts(ask.data, "gaps"):
        return Problem("no_gaps", N_("请一次列明需要补正的全部内容"))
    return None


def _supply(ask: CaseAsk) -> Problem | None:
    if not material_lines(ask.data):
        return Problem("no_checklist", N_("请逐项核对材料清单"))
    return None


def _attach(ask: CaseAsk) -> Problem | None:
    files = file_lines(ask.data)
    if not files:
        return Problem("no_files", N_("请选择要添加的扫描件"))
    listed = {line.get("seq") for line in ask.state.materials}
    for each in files:
        if each["material"] not in listed:
            return Problem("not_a_material", N_("本件的材料清单中没有第 {n} 项"), {"n": each["material"]})
    return None


def _detach(ask: CaseAsk) -> Problem | None:
    """Who added it may have chosen the wrong one; of others' scans decides who has the case. Whoever stands above them may as well."""
    named = ask.data.get("material"), ask.data.get("sha256")
    of_case = [each for each in ask.state.files if (each["material"], each["sha256"]) == named]
    standing = next((each for each in of_case if "detached_at" not in each), None)
    if standing is None:
        return Problem("detached_already", N_("这份扫描件已经撤下")) if of_case else NO_SUCH_SCAN
    theirs = (standing["station"], ask.state.current_station)
    if ask.actor.station.code not in {*theirs, *(above for code in theirs for above in ancestors(code))}:
        name = stations()[standing["station"]].name
        return Problem("not_your_scan", N_("这份扫描件由“{station}”添加，须由该处撤下"), {"station": name})
    return reason(ask)


def _correct(ask: CaseAsk) -> Problem | None:
    changes = ask.data.get("changes")
    if (
        not isinstance(changes, dict)
        or not changes
        or not changes.keys() <= {"applicant", "phone", "address"}
    ):
        return Problem("no_changes", N_("请填写要更正的姓名、证件、电话或者地址"))
    if not all(isinstance(changes.get(key, ""), str) for key in ("phone", "address")):
        return Problem("no_changes", N_("请填写要更正的姓名、证件、电话或者地址"))
    return applicant_problem(changes["applicant"]) if "applicant" in changes else None


def _refuse(ask: CaseAsk) -> Problem | None:
    if text(ask.data, "reason_code") not in REFUSE_REASONS:
        return Problem("no_reason_code", N_("请选择不予受理的法定情形"))
    if len(text(ask.data, "reason")) < MIN_REASON:
        return Problem("reason_too_short", N_("不予受理的理由不得少于{min}个字"), {"min": MIN_REASON})
    return None


def _suspend(ask: CaseAsk) -> Problem | None:
    if text(ask.data, "kind") not in SUSPEND_KINDS:
        return Problem("no_suspend_kind", N_("请选择特别程序的种类"))
    if whole(ask.data, "days", 1, 365) is None:
        return Problem("no_suspend_days", N_("请填写特别程序预计所需的工作日数，并书面告知申请人"))
    if not text(ask.data, "approved_by"):
        return Problem("no_approval", N_("特别程序须经审批服务区负责人批准"))
    return None


def _extend(ask: CaseAsk) -> Problem | None:
    if whole(ask.data, "days", 1, MAX_EXTENSION) is None:
        return Problem("bad_extension", N_("延长期限为1至{max}个工作日"), {"max": MAX_EXTENSION})
    return reason(ask)


def _void(ask: CaseAsk) -> Problem | None:
    return None if text(ask.data, "successor") else _void_reason(ask)


def _evaluate(ask: CaseAsk) -> Problem | None:
    if whole(ask.data, "level", 1, 5) is None:
        return Problem("no_level", N_("请选择满意度"))
    return None


_void_reason: Guard[CaseState] = says("reason", "no_reason", N_("请填写作废理由或者接续办件的编号"))
_result: Guard[CaseState] = says("result", "no_result", N_("请填写办理结果或者证照编号"))
_remedy: Guard[CaseState] = says("remedy", "no_remedy", N_("请写明申请行政复议或者提起行政诉讼的权利"))

FILLED: Final[Guards] = {
    "create": _create,
    "submit_online": _supply,
    "pre_review_pass": _query_code,
    "pre_review_return": both(reason, _gaps),
    "receive": _receive,
    "forward": _forward,
    "correct_on_spot": _correct,
    "notify_supplement": _gaps,
    "supply": _supply,
    "attach": _attach,
    "detach": _detach,
    "refuse": _refuse,
    "instant_conclude": _result,
    "assign": says("to", "no_assignee", N_("请选择审查人员")),
    "pass_step": says("opinion", "no_opinion", N_("请填写审查意见")),
    "return_step": reason,
    "suspend": _suspend,
    "resume": _result,
    "extend": _extend,
    "deny": both(reason, _remedy),
    "submit_upward": _upward,
    "conclude": _result,
    "deliver": says("receiver", "no_receiver", N_("请填写签收人")),
    "void": _void,
    "evaluate": _evaluate,
    "urge": reason,
    "correct_record": both(
        says("note", "no_note", N_("请填写更正说明")),
        says("cosigned_by", "no_cosign", N_("记录更正须由监察人员会签")),
    ),
}


# --- is today the day? ------------------------------------------------------------------------------------


def _passed(ask: CaseAsk, due: date | None) -> bool | None:
    """Whether a due date lies before the day asked about; None without either."""
    return None if ask.day is None or due is None else ask.day > due


def _in_force(ask: CaseAsk) -> Problem | None:
    """A case opens under the version of the day and, from the day of transfer, no more at the old department."""
    copy = ask.data.get("item")
    if ask.day is None or not isinstance(copy, dict):
        return None
    item = ask.catalogue.in_force(copy.get("code"), ask.day)
    if item is None:
        return Problem("not_in_force", N_("本事项现已停止办理，或者尚未开始办理"))
    if copy.get("version") != item.version:
        return Problem("other_version", N_("“{item}”已有新的办事指南，请重新打开登记表"), {"item": item.name})
    return _transferred(ask, copy.get("code"))


def _accept_in_force(ask: CaseAsk) -> Problem | None:
    return None if ask.state.item is None else _transferred(ask, ask.state.item.get("code"))


def _transferred(ask: CaseAsk, code: object) -> Problem | None:
    found = ask.catalogue.transfer(code)
    if found is None or ask.day is None or ask.actor.department != found.from_department:
        return None
    if found.standing(ask.day) != "bureau":
        return None
    return Problem(
        "transferred",
        N_("本事项自{date}起已划转行政审批局，“{department}”不得再受理"),
        {"date": found.formal_from, "department": found.from_department},
    )


def _notice_in_time(ask: CaseAsk) -> Problem | None:
    if _passed(ask, ask.state.acceptance_due):
        return Problem("notice_too_late", N_("收件后逾期未告知补正，依法自收件之日起即为受理"))
    return None


def _notice_missed(ask: CaseAsk) -> Problem | None:
    if not _passed(ask, ask.state.acceptance_due):
        return Problem("acceptance_runs", N_("受理期限未满，不能视为受理"))
    return None


def _period_over(ask: CaseAsk) -> Problem | None:
    if not _passed(ask, ask.state.supplement_due):
        return Problem("supplement_runs", N_("补正期限未满，不能按补正不来办结"))
    return None


def _before_legal_due(ask: CaseAsk) -> Problem | None:
    if _passed(ask, ask.state.legal_due):
        return Problem("legal_due_passed", N_("法定期限已过，不能延期"))
    return None


def _while_amendable(ask: CaseAsk) -> Problem | None:
    if _passed(ask, ask.state.amend_until):
        return Problem("amend_too_late", N_("评价后已超过可以修改的期限"))
    return None


TIMELY: Final[Guards] = {
    "create": _in_force,
    "notify_supplement": _notice_in_time,
    "deemed_accept": _notice_missed,
    "accept": _accept_in_force,
    "lapse": _period_over,
    "extend": _before_legal_due,
    "evaluate": _while_amendable,
}


def same_day(state: CaseState, day: date) -> Problem | None:
    """Rule (11): an instant case is concluded on the calendar day of acceptance. Later it still has an end,
    and is carded (R11)."""
    if state.accepted_at is None or state.accepted_at.date() != day:
        return Problem("not_same_day", N_("即办件应当在受理当日办结"))
    return None


def _late_instant(ask: CaseAsk) -> Problem | None:
    return None if ask.day is None else same_day(ask.state, ask.day)


WARNED: Final[Guards] = {"instant_conclude": _late_instant}
