"""Ratings and complaints as values, read from their documents and from cases (domain.md §2.5).

One case has one rating: what the applicant said at the window is an event of the case; what was collected away
from it, and all that was done about a rating, is an `evaluation` document, which goes before the event. A case
nobody rated stays unrated.

Says what each kind must hold and who may answer it. Holds no rate and no threshold: those are statistics and supervision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from schemas.lifecycle.state import CHINA, CaseState
from schemas.problems import N_, Problem

Document = Mapping[str, Any]

BAD_LEVEL: Final = 4
"""From here on a rating is bad: 4 不满意, 5 非常不满意."""


@dataclass(frozen=True, slots=True)
class Rating:
    """What an applicant said of a case. level 1 非常满意 … 5 非常不满意; blind: collected away from the clerk.

    rectified_on  when something was done about it; called_back: whether the applicant was asked afterwards
    """

    case_no: str
    level: int
    on: date
    blind: bool = False
    rectified_on: date | None = None
    called_back: bool = False

    @property
    def bad(self) -> bool:
        """Whether it must be rectified and the applicant called back."""
        return self.level >= BAD_LEVEL


@dataclass(frozen=True, slots=True)
class Complaint:
    """A complaint or report. upheld_on: found true on that day; None: not, or not yet."""

    id: str
    case_no: str
    station: str
    matter: str
    received_on: date
    upheld_on: date | None
    rectified_on: date | None


def day(value: object) -> date | None:
    """The Chinese calendar day of an ISO 8601 moment or day; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
        return at.date() if at.tzinfo is None else at.astimezone(CHINA).date()
    except (ValueError, OverflowError):
        return None


LEVELS: Final[Mapping[int, str]] = {
    1: N_("非常满意"), 2: N_("满意"), 3: N_("基本满意"), 4: N_("不满意"), 5: N_("非常不满意"),
}  # fmt: skip
"""The five levels of a rating (GB/T 39046 A.8). None is preselected, and who rates nothing has no rating."""
KINDS: Final[Mapping[str, str]] = {
    "suggestion": N_("意见建议"), "complaint": N_("投诉"), "report": N_("举报"), "consult": N_("咨询"),
}  # fmt: skip
CHANNELS: Final[Mapping[str, str]] = {
    "box": N_("意见箱"), "visit": N_("来访"), "phone": N_("电话"), "letter": N_("来信"), "web": N_("网络"), "12345": N_("12345热线"),
}  # fmt: skip
MATTERS: Final[Mapping[str, str]] = {
    "solicitation": N_("吃拿卡要"), "overdue": N_("超时办理"), "attitude": N_("服务态度"),
    "abolished_certificate": N_("索要已取消的证明"), "outside_material": N_("索要目录外材料"), "fee": N_("违规收费"), "other": N_("其他"),
}  # fmt: skip
ACCUSES: Final = frozenset({"complaint", "report"})
"""Kinds that are about somebody: never answered by who is complained of."""


def voice_problem(doc: Document) -> Problem | None:
    """What is missing in a complaint, report, suggestion or question; None if it may be kept. Only what came by the box may
    be nameless without more; who complains otherwise leaves a telephone, or nobody could answer."""
    if doc.get("kind") not in KINDS:
        return Problem("no_voice_kind", N_("请选择诉求类型：意见建议、投诉、举报或者咨询"))
    if doc.get("channel") not in CHANNELS:
        return Problem("no_channel", N_("请选择诉求渠道"))
    if not str(doc.get("content") or "").strip():
        return Problem("no_content", N_("请填写诉求内容"))
    if doc.get("kind") not in ACCUSES:
        return None
    if doc.get("matter") not in MATTERS:
        return Problem("no_matter", N_("请选择投诉举报的内容类别"))
    if doc.get("channel") != "box" and not str(_mapping(doc.get("complainant")).get("phone") or ""):
        return Problem("no_phone", N_("请留下联系电话，以便答复；不愿留名的，可以投入意见箱"))
    return None


def answer_problem(doc: Document, station: str, answer: str, upheld: object) -> Problem | None:
    """Why this station may not answer it so; None if it may. A complaint is answered by others than it is about, and says
    whether it was found true."""
    accuses = doc.get("kind") in ACCUSES
    if doc.get("state") in ("answered", "closed", "rejected"):
        return Problem("answered_already", N_("这件诉求已经答复"))
    if accuses and _mapping(doc.get("against")).get("station") == station:
        return Problem("own_complaint", N_("投诉举报不能由被投诉的单位自己答复，请由上级便民服务中心答复"))
    if not answer.strip():
        return Problem("no_answer", N_("请填写答复"))
    if accuses and type(upheld) is not bool:
        return Problem("no_finding", N_("请认定投诉举报是否属实"))
    return None


RECTIFY_DAYS: Final = 15
"""Working days from a bad rating until it has been rectified (seed row 46; rule R09)."""


def rectified(
    before: Document | None, rating: Rating, due: date | None, action: str, callback: str, at: str, by: str
) -> dict[str, Any] | Problem:
    """The evaluation with what was done about it, or why not. before: the word on it so far, None where the rating is only in its case; callback:
    what the applicant said when asked afterwards, "" before they were asked."""
    if not rating.bad:
        return Problem("not_bad", N_("这件评价不是差评，不需要整改"))
    word = dict(
        before
        or {
            "case": rating.case_no,
            "level": rating.level,
            "channel": "device",
            "at": rating.on.isoformat() + "T00:00:00+08:00",
        }
    )
    done = dict(_mapping(word.get("rectification")))
    if done.get("callback_result"):
        return Problem("called_back", N_("这件差评已整改并回访"))
    action = action.strip() or str(done.get("action", ""))
    if not action:
        return Problem("no_action", N_("请先写明整改措施"))
    if action != done.get("action"):
        done |= {"action": action, "at": at, "by": by}
    if callback.strip():
        done["callback_result"] = callback.strip()
    if due is not None:
        done["due"] = due.isoformat()
    return {**word, "rectification": done}


def rating_of(state: CaseState) -> Rating | None:
    """The rating among a case's own events, as last amended; None if there is none."""
    for entry in reversed(state.timeline):
        if entry.event["event"] == "evaluate":
            on = day(entry.event["at"])
            if on is not None:
                return Rating(state.case_no, entry.event["data"]["level"], on)
    return None


def ratings(states: Iterable[CaseState], docs: Iterable[Document] = ()) -> dict[str, Rating]:
    """Every rated case's rating by case number. docs: evaluation documents; others are passed over."""
    found = {rating.case_no: rating for rating in map(rating_of, states) if rating is not None}
    for doc in docs:
        case, level, on = doc.get("case"), doc.get("level"), day(doc.get("at"))
        if (
            doc.get("type") == "evaluation"
            and isinstance(case, str)
            and type(level) is int
            and on is not None
        ):
            done = _mapping(doc.get("rectification"))
            found[case] = Rating(
                case,
                level,
                on,
                doc.get("channel") == "back_to_back",
                day(done.get("at")),
                bool(done.get("callback_result")),
            )
    return found


def complaints(docs: Iterable[Document]) -> tuple[Complaint, ...]:
    """The complaints and reports among `docs`; suggestions and questions are none."""
    found = []
    for doc in docs:
        received = day(doc.get("received_at"))
        if (
            doc.get("type") != "complaint"
            or doc.get("kind") not in ("complaint", "report")
            or received is None
        ):
            continue
        upheld = day(doc.get("upheld_at")) if doc.get("upheld") is True else None
        found.append(
            Complaint(
                str(doc.get("_id", "")),
                str(doc.get("case") or ""),
                str(_mapping(doc.get("against")).get("station") or ""),
                str(doc.get("matter") or "other"),
                received,
                upheld,
                day(_mapping(doc.get("rectification")).get("at")),
            )
        )
    return tuple(found)


def _mapping(value: object) -> Document:
    return value if isinstance(value, Mapping) else {}
