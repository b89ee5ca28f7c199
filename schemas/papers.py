"""The papers of a case (domain.md §2.2): which ones its state calls for, and what each has to say.

    event ─> word                 under which word the paper that it calls for is numbered; "" where it calls for none
    state ─> of_case ─> Paper     its number, day, office and labelled fields, each as they were when the event happened

data/papers.csv holds for each kind the events that call for it, its sentence, the article of the Licensing Law that a
permit's paper quotes, and the fields that it must show. So a paper printed again years later says what it said at first:
nothing in it is taken from what happened afterwards. Draws no number itself, and never shows a query code.

Papers are for Chinese citizens and files, and are in Chinese only; their words are not collected for translation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Final

from schemas import tables
from schemas.catalogue import Catalogue
from schemas.document_numbers import words
from schemas.lifecycle import REFUSE_REASONS, STATE_NAMES, SUSPEND_KINDS, counts_from, replay
from schemas.lifecycle.state import CHINA, CaseState, Document
from schemas.shipped import rows
from schemas.workdays import Calendar

Value = str | tuple[str, ...]
View = Callable[[CaseState], CaseState]

LAW: Final = "《中华人民共和国行政许可法》"
REMEDY: Final = "如不服本决定，可以自收到之日起六十日内依法申请行政复议，或者自收到之日起六个月内依法向人民法院提起行政诉讼。"
# Only what is a licence by law is called one.
TITLES: Final = {"grant": "准予办理决定书", "deny": "不予办理决定书"}
FORMS: Final = {"original": "原件", "copy": "复印件", "electronic": "电子件", "form": "表格"}
NOT_NUMBERED: Final = "（未编号）"
LAPSED: Final = "补正期满未补正，终止办理"


@dataclass(frozen=True, slots=True)
class Kind:
    """A row of papers.csv, with its word and name. to: whom it addresses, "" nobody; signed_by: whose hand it asks for."""

    kind: str
    word: str
    name: str
    events: tuple[str, ...]
    to: str
    law: str
    text: str
    fields: tuple[str, ...]
    signed_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a paper: what it is called there, and what it says; a tuple is a numbered list."""

    key: str
    label: str
    value: Value


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper as it is printed. office: the station whose seal goes on it; day: as written on it; handler: 经办人."""

    kind: Kind
    title: str
    no: str
    to: str
    text: str
    fields: tuple[Field, ...]
    office: str
    day: str
    handler: str
    at: datetime
    station: str


@cache
def kinds() -> Mapping[str, Kind]:
    """Every kind of paper by its identifier, in the order a case comes to them."""
    named = {paper.kind: (word, paper.name) for word, paper in words().items()}
    return {
        row["kind"]: Kind(
            row["kind"], *named[row["kind"]], tuple(row["events"].split("|")), row["to"], row["law"], row["text"],
            tuple(row["fields"].split("|")), tuple(filter(None, row["signed_by"].split("|"))),
        )
        for row in rows("papers")
    }  # fmt: skip


@cache
def _by_event() -> Mapping[str, Kind]:
    return {event: kind for kind in kinds().values() for event in kind.events}


def kind_of(event: str, item: Document | None) -> Kind | None:
    """The paper that an event calls for, None for most. A permit given at once is still a decision in writing (art. 38)."""
    if event == "instant_conclude" and _is_permit(item):
        return kinds()["grant"]
    return _by_event().get(event)


def word(event: str, item: Document | None) -> str:
    """The word in the number of the paper that an event calls for, "" for none."""
    found = kind_of(event, item)
    return "" if found is None else found.word


def of_case(
    state: CaseState,
    calendar: Calendar,
    catalogue: Catalogue | None = None,
    view: View = lambda state: state,
) -> tuple[Paper, ...]:
    """The papers that what has happened to a case calls for, in that order; what did not count calls for none.

    catalogue  that the state was folded by; the shipped one by default
    view       what the reader may see of a state (schemas.documents.views); as it is by default
    """
    events = [entry.event for entry in state.timeline]
    found: list[Paper] = []
    for n, event in enumerate(events, 1):
        kind = kind_of(event["event"], state.item)
        if kind is not None:
            found.append(_paper(kind, view(replay(events[:n], calendar, catalogue)), found))
    return tuple(found)


def _paper(kind: Kind, state: CaseState, earlier: list[Paper]) -> Paper:
    event = state.timeline[-1].event
    entered = datetime.fromisoformat(event["at"]).astimezone(CHINA)
    at = counts_from(entered, event["data"]) or entered
    facts = _Facts(
        state, event, at, tuple(f"{each.title} {each.no}" for each in earlier if _handed_over(each))
    )
    law = f"根据{LAW}{kind.law}的规定，" if kind.law and _is_permit(state.item) else "根据有关规定，"
    said = {"law": law, "date": chinese(at.date()), "received_on": chinese(state.received_at)}
    said |= {key: _text(FIELDS[key][1](facts)) for key in ("item", "origin", "decision", "procedure")}
    office = _name(event["station"])
    to = {"applicant": facts.applicant("name"), "office": office, "unit": _name(state.current_station)}
    return Paper(
        kind=kind,
        title=kind.name if _is_permit(state.item) else TITLES.get(kind.kind, kind.name),
        no=str(event["data"].get("document_no") or NOT_NUMBERED),
        to=to.get(kind.to, ""),
        text=kind.text.format(**said),
        fields=tuple(Field(key, FIELDS[key][0], FIELDS[key][1](facts) or "—") for key in kind.fields),
        office=office,
        day=chinese(at.date()),
        handler="系统" if event["actor"].get("role") == "system" else str(event["actor"].get("name", "")),
        at=at,
        station=event["station"],
    )  # fmt: skip


def chinese(day: date | datetime | None) -> str:
    """A day as papers write it, e.g. 2018年2月9日; "" for none."""
    return "" if day is None else f"{day.year}年{day.month}月{day.day}日"


# --- what each field says -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a field may be taken from: the case as it was right after the event, the event, its moment, and the papers
    that go to the applicant with the result."""

    state: CaseState
    event: Document
    at: datetime
    results: tuple[str, ...]

    def applicant(self, name: str) -> str:
        return str((self.state.applicant or {}).get(name, ""))

    def item(self, name: str) -> Any:
        return (self.state.item or {}).get(name)

    def said(self, name: str) -> str:
        return str(self.event["data"].get(name) or "")


def _is_permit(item: Document | None) -> bool:
    return (item or {}).get("category_code") == "01"


def _handed_over(paper: Paper) -> bool:
    return paper.kind.kind in ("grant", "deny", "conclude")


def _name(code: str | None) -> str:
    found = tables.stations().get(code or "")
    return found.name if found else str(code or "")


def _text(value: Value) -> str:
    return value if isinstance(value, str) else "、".join(value)


def _moment(at: datetime | None) -> str:
    return "" if at is None else f"{chinese(at)} {at:%H:%M}"


def _promise(facts: _Facts) -> str:
    return (
        "即办（受理当日办结）"
        if facts.item("instant")
        else f"受理之日起{facts.item('promised_days')}个工作日内办结"
    )


def _materials(facts: _Facts) -> tuple[str, ...]:
    return tuple(
        f"{line['name']}（{FORMS[line['mode']]}）" if line.get("mode") in FORMS else str(line["name"])
        for line in facts.state.materials
        if line["got"]
    )


def _decision(facts: _Facts) -> str:
    yes = "不予" if facts.event["event"] == "deny" else "准予"
    return yes + ("行政许可" if _is_permit(facts.state.item) else "办理")


def _method(facts: _Facts) -> str:
    return (
        "邮寄送达"
        if facts.event["actor"].get("role") == "courier" or facts.said("channel") == "4"
        else "直接送达"
    )


def _used(facts: _Facts) -> str:
    days = facts.state.used_days
    if facts.state.accepted_at is None:
        return "未受理"
    return "" if days is None else "受理当日办结" if days == 0 else f"{days}个工作日"


FIELDS: Final[Mapping[str, tuple[str, Callable[[_Facts], Value]]]] = {
    "applicant": ("申请人", lambda f: f.applicant("name")),
    "receiver_of": ("受送达人", lambda f: f.applicant("name")),
    "id_no": ("证件号码", lambda f: f.applicant("id_no")),
    "item": ("事项名称", lambda f: str(f.item("name") or "")),
    "case_no": ("办件编号", lambda f: f.state.case_no),
    "decider": ("决定机关", lambda f: _name(f.state.decider or f.state.current_station)),
    "origin": ("收件站点", lambda f: _name(f.state.origin_station)),
    "received_at": ("收件时间", lambda f: _moment(f.at)),
    "acceptance_due": (
        "受理期限",
        lambda f: f"{chinese(due)}前答复是否受理" if (due := f.state.acceptance_due) else "",
    ),
    "promise": ("承诺时限", _promise),
    "predicted_due": (
        "预计办结日期",
        lambda f: f"{chinese(due)}（以当日受理计）" if (due := f.state.predicted_due) else "",
    ),
    "promise_due": ("承诺办结日期", lambda f: chinese(f.state.promise_due)),
    "legal_due": ("法定办结期限", lambda f: chinese(f.state.legal_due)),
    "materials": ("收到的材料", _materials),
    "gaps": ("需要补正的内容", lambda f: tuple(f.state.supplement_gaps)),
    "supplement_due": ("补正期限", lambda f: chinese(f.state.supplement_due)),
    "reason_code": ("不予受理情形", lambda f: REFUSE_REASONS.get(f.said("reason_code"), "")),
    "reason": ("理由", lambda f: f.said("reason")),
    "remedy": ("救济途径", lambda f: f.said("remedy") or REMEDY),
    "procedure": ("特别程序", lambda f: SUSPEND_KINDS.get(f.said("kind"), "")),
    "days": ("所需时间", lambda f: f"预计{f.said('days')}个工作日"),
    "approved_by": ("批准人", lambda f: f.said("approved_by")),
    "extended": ("延长期限", lambda f: f"{f.said('days')}个工作日"),
    "decision": ("决定", _decision),
    "decided_on": ("决定日期", lambda f: chinese(f.at)),
    "result": ("办理结果", lambda f: f.said("result") or LAPSED),
    "used_days": ("实际用时", _used),
    "delivered": ("送达文书", lambda f: f.results),
    "place": ("送达地点", lambda f: _name(f.event["station"])),
    "method": ("送达方式", _method),
    "delivered_at": ("送达时间", lambda f: _moment(f.at)),
    "receiver": ("签收人", lambda f: f.said("receiver")),
    "withdrawn_for": ("撤回理由", lambda f: f.said("reason") or "申请人未说明"),
    "from": ("移交单位", lambda f: _name(f.event["station"])),
    "to": ("接收单位", lambda f: _name(f.said("to"))),
    "unit": ("被督办单位", lambda f: _name(f.state.current_station)),
    "state": ("目前状态", lambda f: STATE_NAMES.get(f.state.state, "")),
    "due": ("办理期限", lambda f: chinese(f.state.due) or "期限暂停"),
    "urged_for": ("督办事由", lambda f: f.said("reason")),
}
"""Every field of papers.csv: what it is called, and where it is taken from."""
