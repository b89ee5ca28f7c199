"""What each event asks before it may happen, beyond state and role (`guard` in transitions.csv).

    READY   event -> (state, actor)              is the case ready for it, in this person's hands?
    FILLED  event -> (state, actor, data)        does the form say what it must?
    TIMELY  event -> (state, day)                is today the day for it?

Guards take data as it comes from the wire: a wrong type is a Problem, never an exception. TIMELY is asked
only of somebody about to act: a recorded event is never undone because of a clock, which may have been
wrong; it is carded (domain.md §2.6 R02, R11) or shown. No guard knows states, roles or stations:
permissions has asked before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, Final

from schemas import numbers
from schemas.lifecycle.state import Actor, CaseState
from schemas.lifecycle.words import REFUSE_REASONS, SUSPEND_KINDS
from schemas.offers import OPENS_CASES, offer
from schemas.problems import N_, DomainError, Problem
from schemas.tables import ancestors, items

SUPPLEMENT_PERIOD: Final = timedelta(days=30)
"""Natural days the applicant has for supplements (transitions.csv, lapse)."""
MIN_REASON: Final = 10
"""Characters of a reason for not accepting (transitions.csv, refuse; below it domain.md §2.6 R05 cards)."""
MAX_EXTENSION: Final = 10
"""Working days (Licensing Law art. 42)."""

Data = Mapping[str, Any]


def text(data: Data, key: str) -> str:
    """data[key] stripped if it is text, else ""."""
    value = data.get(key)
    return value.strip() if isinstance(value, str) else ""


def whole(data: Data, key: str, low: int, high: int) -> int | None:
    """data[key] if it is a whole number from low to high, else None. True is no number."""
    value = data.get(key)
    return value if type(value) is int and low <= value <= high else None


def texts(data: Data, key: str) -> tuple[str, ...]:
    """data[key] if it is a list of non-blank texts, else ()."""
    value = data.get(key)
    if not isinstance(value, list) or not all(isinstance(part, str) and part.strip() for part in value):
        return ()
    return tuple(value)


def material_lines(data: Data) -> tuple[Data, ...]:
    """data["materials"] if it is a list of {"name", "required", "got", …}, else ()."""
    value = data.get("materials")
    if not isinstance(value, list):
        return ()
    for line in value:
        if not (isinstance(line, dict) and text(line, "name") and type(line.get("got")) is bool):
            return ()
        if type(line.get("required")) is not bool:
            return ()
    return tuple(value)


# --- is the case ready? -----------------------------------------------------------------------------------


def _one_notice_only(state: CaseState, actor: Actor) -> Problem | None:
    if state.supplements:
        return Problem("second_supplement", N_("补正只能一次性告知，本件已告知过，不得再次要求补正"))
    return None


def _complete(state: CaseState, actor: Actor) -> Problem | None:
    missing = [str(line["name"]) for line in state.materials if line["required"] and not line["got"]]
    if missing:
        return Problem(
            "materials_missing", N_("必要材料不齐，不能受理：{names}"), {"names": "、".join(missing)}
        )
    return None


def _instant(state: CaseState, actor: Actor) -> Problem | None:
    if state.item is None or state.item.get("instant") is not True:
        return Problem("not_instant", N_("本事项不是即办件，须经审查后办结"))
    return None


def _not_the_acceptor(state: CaseState, actor: Actor) -> Problem | None:
    permit = state.item is not None and state.item.get("category_code") == "01"
    if permit and state.accepted_by and state.accepted_by == actor.staff:
        return Problem("same_person", N_("行政许可的审查人员不得是受理本件的人员"))
    return None


def _all_steps_passed(state: CaseState, actor: Actor) -> Problem | None:
    if not state.steps_passed:
        return Problem("not_reviewed", N_("尚无审查意见，不能作出准予决定"))
    return None


def _extended_once(state: CaseState, actor: Actor) -> Problem | None:
    if state.extended_days:
        return Problem("second_extension", N_("办理期限只能延长一次，本件已延期"))
    return None


def _supervisor_once_accepted(state: CaseState, actor: Actor) -> Problem | None:
    if state.accepted_at is not None and "city_supervisor" not in actor.roles:
        return Problem("accepted_already", N_("本件已受理，作废须由市级监察人员办理"))
    return None


def _rated_once(state: CaseState, actor: Actor) -> Problem | None:
    if len(state.evaluations) > 1:
        return Problem("rated_already", N_("本件已评价并已修改过一次，不能再评价"))
    return None


READY: Final[Mapping[str, Callable[[CaseState, Actor], Problem | None]]] = {
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

Filled = Callable[[CaseState, Actor, Data], Problem | None]


def _says(key: str, code: str, sentence: str) -> Filled:
    """The form must say something under `key`."""
    missing = Problem(code, sentence)
    return lambda state, actor, data: None if text(data, key) else missing


def _both(first: Filled, second: Filled) -> Filled:
    return lambda state, actor, data: first(state, actor, data) or second(state, actor, data)


def applicant_problem(applicant: object) -> Problem | None:
    """What is wrong with {"name", "id_type", "id_no"}; type 111: identity card, 001: unified credit code."""
    if not isinstance(applicant, dict) or not 1 <= len(text(applicant, "name")) <= 100:
        return Problem("no_applicant", N_("请填写申请人姓名或者名称（不超过100字）"))
    number = text(applicant, "id_no")
    if not text(applicant, "id_type") or not number:
        return Problem("no_id_no", N_("请填写申请人的证件类型和证件号码"))
    try:
        if applicant["id_type"] == "111":
            numbers.id_no(number)
        elif applicant["id_type"] == "001":
            numbers.uscc(number)
    except DomainError as error:
        return error.problem
    return None


def _create(state: CaseState, actor: Actor, data: Data) -> Problem | None:
    copy = data.get("item")
    code = copy.get("code") if isinstance(copy, dict) else None
    item = items().get(code) if isinstance(code, str) else None
    if item is None or not isinstance(copy, dict):
        return Problem("unknown_item", N_("事项目录中没有这个事项，不能登记"))
    made = offer(item, actor.station)
    if made is None or made.mode not in OPENS_CASES:
        return Problem("not_offered", N_("本站不办理“{item}”，只提供办理指引"), {"item": item.name})
    promised = whole(copy, "promised_days", 1, 365)
    legal = whole(copy, "legal_days", 1, 365)
    if promised is None or legal is None or promised > legal or type(copy.get("instant")) is not bool:
        return Problem("bad_item_copy", N_("登记所带的事项信息不完整：承诺时限、法定时限或者办件类型有误"))
    return applicant_problem(data.get("applicant"))


def _receive(state: CaseState, actor: Actor, data: Data) -> Problem | None:
    if not material_lines(data):
        return Problem("no_checklist", N_("请逐项核对材料清单"))
    if data.get("privacy_notice") is not True:
        return Problem("no_privacy_notice", N_("收集个人信息前，须先告知申请人"))
    return _query_code(state, actor, data)


def _query_code(state: CaseState, actor: Actor, data: Data) -> Problem | None:
    code = data.get("query_code")
    if not (isinstance(code, str) and len(code) == 6 and code.isascii() and code.isdigit()):
        return Problem("no_query_code", N_("收件凭证缺少6位查询码"))
    return None


def _forward(state: CaseState, actor: Actor, data: Data) -> Problem | None:
    """Up to the station that decides the item and no further; a village may send past its township. Where
    that station is this very one, to the next above: it knows best why.
    """
    above = ancestors(actor.station.code)
    way = above[: above.index(state.decider) + 1] if state.decider in above else above[:1]
    if data.get("to") not in way:
        return Problem("not_on_the_way", N_("只能报送上级中心，且不得越过本事项的决定机关"))
    return None


def _upward(state: CaseState, actor: Actor, data: Data) -> Problem | None:
    if data.get("to") not in ancestors(actor.station.code):
        return Problem("not_higher", N_("只能转报上级机关"))
    return None


def _gaps(state: CaseState, actor: Actor, data: Data) -> Problem | None:
    if not texts(data, "gaps"):
        return Problem("no_gaps", N_("请一次列明需要补正的全部内容"))
    return None


def _supply(state: CaseState, actor: Actor, data: Data) -> Problem | None:
    if not material_lines(data):
        return Problem("no_checklist", N_("请逐项核对材料清单"))
    return None


def _correct(state: CaseState, actor: Actor, data: Data) -> Problem | None:
    changes = data.get("changes")
    if (
        not isinstance(changes, dict)
        or not changes
        or not changes.keys() <= {"applicant", "phone", "address"}
    ):
        return Problem("no_changes", N_("请填写要更正的姓名、证件、电话或者地址"))
    if not all(isinstance(changes.get(key, ""), str) for key in ("phone", "address")):
        return Problem("no_changes", N_("请填写要更正的姓名、证件、电话或者地址"))
    return applicant_problem(changes["applicant"]) if "applicant" in changes else None


def _refuse(state: CaseState, actor: Actor, data: Data) -> Problem | None:
    if text(data, "reason_code") not in REFUSE_REASONS:
        return Problem("no_reason_code", N_("请选择不予受理的法定情形"))
    if len(text(data, "reason")) < MIN_REASON:
        return Problem("reason_too_short", N_("不予受理的理由不得少于{min}个字"), {"min": MIN_REASON})
    return None


def _suspend(state: CaseState, actor: Actor, data: Data) -> Problem | None:
    if text(data, "kind") not in SUSPEND_KINDS:
        return Problem("no_suspend_kind", N_("请选择特别程序的种类"))
    if whole(data, "days", 1, 365) is None:
        return Problem("no_suspend_days", N_("请填写特别程序预计所需的工作日数，并书面告知申请人"))
    if not text(data, "approved_by"):
        return Problem("no_approval", N_("特别程序须经审批服务区负责人批准"))
    return None


def _extend(state: CaseState, actor: Actor, data: Data) -> Problem | None:
    if whole(data, "days", 1, MAX_EXTENSION) is None:
        return Problem("bad_extension", N_("延长期限为1至{max}个工作日"), {"max": MAX_EXTENSION})
    if not text(data, "reason"):
        return Problem("no_reason", N_("请填写理由"))
    return None


def _void(state: CaseState, actor: Actor, data: Data) -> Problem | None:
    if not text(data, "reason") and not text(data, "successor"):
        return Problem("no_reason", N_("请填写作废理由或者接续办件的编号"))
    return None


def _evaluate(state: CaseState, actor: Actor, data: Data) -> Problem | None:
    if whole(data, "level", 1, 5) is None:
        return Problem("no_level", N_("请选择满意度"))
    return None


_REASON = _says("reason", "no_reason", N_("请填写理由"))
_OPINION = _says("opinion", "no_opinion", N_("请填写审查意见"))
_RESULT = _says("result", "no_result", N_("请填写办理结果或者证照编号"))

FILLED: Final[Mapping[str, Filled]] = {
    "create": _create,
    "submit_online": _supply,
    "pre_review_pass": _query_code,
    "pre_review_return": _both(_REASON, _gaps),
    "receive": _receive,
    "forward": _forward,
    "correct_on_spot": _correct,
    "notify_supplement": _gaps,
    "supply": _supply,
    "refuse": _refuse,
    "instant_conclude": _RESULT,
    "assign": _says("to", "no_assignee", N_("请选择审查人员")),
    "pass_step": _OPINION,
    "return_step": _REASON,
    "suspend": _suspend,
    "resume": _RESULT,
    "extend": _extend,
    "deny": _both(_REASON, _says("remedy", "no_remedy", N_("请写明申请行政复议或者提起行政诉讼的权利"))),
    "submit_upward": _upward,
    "conclude": _RESULT,
    "deliver": _says("receiver", "no_receiver", N_("请填写签收人")),
    "void": _void,
    "evaluate": _evaluate,
    "urge": _REASON,
    "correct_record": _both(
        _says("note", "no_note", N_("请填写更正说明")),
        _says("cosigned_by", "no_cosign", N_("记录更正须由监察人员会签")),
    ),
}


# --- is today the day? ------------------------------------------------------------------------------------


def _notice_in_time(state: CaseState, day: date) -> Problem | None:
    if state.acceptance_due is not None and day > state.acceptance_due:
        return Problem("notice_too_late", N_("收件后逾期未告知补正，依法自收件之日起即为受理"))
    return None


def _notice_missed(state: CaseState, day: date) -> Problem | None:
    if state.acceptance_due is None or day <= state.acceptance_due:
        return Problem("acceptance_runs", N_("受理期限未满，不能视为受理"))
    return None


def _period_over(state: CaseState, day: date) -> Problem | None:
    if state.supplement_due is None or day <= state.supplement_due:
        return Problem("supplement_runs", N_("补正期限未满，不能按补正不来办结"))
    return None


def same_day(state: CaseState, day: date) -> Problem | None:
    """Rule (11): an instant case is concluded on the calendar day of acceptance."""
    if state.accepted_at is None or state.accepted_at.date() != day:
        return Problem("not_same_day", N_("即办件应当在受理当日办结"))
    return None


def _before_legal_due(state: CaseState, day: date) -> Problem | None:
    if state.legal_due is not None and day > state.legal_due:
        return Problem("legal_due_passed", N_("法定期限已过，不能延期"))
    return None


TIMELY: Final[Mapping[str, Callable[[CaseState, date], Problem | None]]] = {
    "notify_supplement": _notice_in_time,
    "deemed_accept": _notice_missed,
    "lapse": _period_over,
    "instant_conclude": same_day,
    "extend": _before_legal_due,
}
