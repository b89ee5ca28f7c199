"""The office of bulletins (通报通知): weekly summaries and monthly bulletins made from figures, and other notices, edited, and signed by a second person.

    begin ─> mark now ─> figures as of that moment ─> draft ─ save … ─> problems: none ─> sign ─> public/notice:<key>, signed, which every station pulls
                                                       └────> drop

    here/notice-draft:<key>    {"doc": the notice so far, "by": who wrote it last, "at"}     key: <kind>:<period>, or <kind>:<random>

Does and keeps; to whom, in which words and what may be signed is schemas.bulletins'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final, NamedTuple

from hub.figures import made
from hub.marks import Marks
from schemas import bulletins, documents, tables
from schemas.bulletins import Change, Told
from schemas.problems import N_, DomainError, Problem
from schemas.statistics import Figure, Period, judge
from station import keys
from station.databases import HERE
from station.fact_rows import Facts, Part
from station.identity import Identity
from station.moment import Clock, read, stamp
from station.notices import PREFIX, Notice, Notices
from station.register import Register
from station.staff import Staff
from sync.errors import Conflict
from sync.serving import ServedStore, starting

DRAFT: Final = "notice-draft:"
CHANGED: Final = Problem("draft_changed", N_("这份草稿刚被别人改过，请重新打开后再改"), {})


class Draft(NamedTuple):
    """doc: a notice as far as it is written; by: who wrote it last; rev: which word on it this is."""

    key: str
    doc: Mapping[str, Any]
    by: str
    at: str
    rev: str


class BulletinOffice:
    """Of one hub."""

    def __init__(
        self, store: ServedStore, register: Register, notices: Notices, marks: Marks, identity: Identity, clock: Clock,
        random: Callable[[int], bytes],
    ) -> None:  # fmt: skip
        self._store = store
        self._here = store.database(HERE, create=True)
        self._register = register
        self._notices = notices
        self._marks = marks
        self._identity = identity
        self._clock = clock
        self._random = random

    # -- drafts --------------------------------------------------------------------------------------------------

    def drafts(self) -> list[Draft]:
        """All there are, the newest first."""
        found = [_draft(id, kept) for id, kept in starting(self._here, DRAFT).items()]
        return sorted(found, key=lambda each: each.at, reverse=True)

    def draft(self, key: str) -> Draft | None:
        kept = self._here.get(DRAFT + key)
        return _draft(DRAFT + key, kept) if kept else None

    def begin(self, staff: Staff, kind: str, period: str = "") -> str:
        """A draft, of a bulletin from the figures of its period; its key. One that was begun stays as it is. DomainError where the period is none,
        is not over or has its bulletin."""
        if kind not in bulletins.KINDS:
            raise DomainError(Problem("notice_kind", N_("请选择通知类型"), {}))
        doc = {
            "kind": kind,
            "title": "",
            "body": "",
            "audience": "all",
            "needs_receipt": True,
            "valid_to": "",
        }
        if kind not in bulletins.MADE:
            key = f"{kind}:{self._random(8).hex()}"
            self.save(staff, key, doc, "")
            return key
        days = bulletins.period(kind, period)
        if days is None:
            raise DomainError(Problem("notice_period", N_("请写明统计期间，如 2018-02 或 2018-W07"), {}))
        key = f"{kind}:{period}"
        if self._notices.of(PREFIX + key):
            raise DomainError(Problem("bulletin_sent", N_("这一期已经签发"), {}))
        doc["period"] = period
        for problem in bulletins.problems({**doc, "title": "-", "body": "-"}, self._clock().date()):
            raise DomainError(problem)
        if self.draft(key) is None:
            self.save(staff, key, {**doc, **self._figures(kind, period, days)}, "")
        return key

    def save(self, staff: Staff, key: str, doc: Mapping[str, Any], rev: str) -> None:
        """Keeps a draft as it stands. `rev`: of the word on it that this follows, "" for the first. DomainError where somebody
        else wrote in between."""
        kept = {
            "_id": DRAFT + key, "type": "notice_draft", "schema": 1, "by": staff.employee_no, "at": stamp(self._clock()), "doc": dict(doc),
        }  # fmt: skip
        try:
            self._here.put({**kept, "_rev": rev} if rev else kept)
        except Conflict:
            raise DomainError(CHANGED) from None

    def drop(self, key: str, rev: str) -> None:
        """Throws a draft away; DomainError as in save."""
        try:
            self._here.put({"_id": DRAFT + key, "_rev": rev, "_deleted": True})
        except Conflict:
            raise DomainError(CHANGED) from None

    def problems(self, draft: Draft) -> tuple[Problem, ...]:
        """Why a draft may not be signed; () if it may."""
        against = bulletins.problems(draft.doc, self._clock().date())
        return against or documents.problems(self._whole(draft, ""))

    def sign(self, staff: Staff, key: str, rev: str) -> str:
        """Signs a draft and sends it; its id. By somebody else than who wrote it last. DomainError where anything stands against it, and nothing
        is sent."""
        draft = self.draft(key)
        if draft is None or draft.rev != rev:
            raise DomainError(CHANGED)
        if draft.by == staff.employee_no:
            raise DomainError(
                Problem("two_persons", N_("起草人不能签发自己起草的通报通知，请由另一位负责人签发"), {})
            )
        for problem in self.problems(draft):
            raise DomainError(problem)
        doc = self._whole(draft, staff.employee_no)
        keys.publish(self._store, self._identity.signer, doc)
        self.drop(key, rev)
        return str(doc["_id"])

    def _whole(self, draft: Draft, signed_by: str) -> dict[str, Any]:
        kept = {name: value for name, value in draft.doc.items() if value != ""}
        around = {"_id": PREFIX + draft.key, "type": "notice", "schema": 1, "at": stamp(self._clock())}
        return {**kept, **around, "created_by": draft.by, "signed_by": signed_by or "-"}

    # -- figures -------------------------------------------------------------------------------------------------

    def changes(self, notice: Notice) -> list[Change]:
        """The figures of a bulletin that are others by what the hub has heard since."""
        days = bulletins.period(str(notice["kind"]), str(notice.get("period")))
        if days is None:
            return []
        self._register.catch_up()
        facts, today = self._register.facts, self._clock().date()
        # What was late is asked of the day of the bulletin: that a case is still open is no news.
        today = min(today, read(str(notice.get("as_of", notice["at"]))).date())
        parts = dict.fromkeys(str(line.get("part", "")) for line in notice.get("figures", ()))
        now = {
            (figure.metric, part): figure
            for part in parts
            for figure in _made(facts, days, Part(part), today).values()
        }
        return bulletins.changed(notice.get("figures", ()), now)

    def _figures(self, kind: str, period: str, days: Period) -> dict[str, Any]:
        """The text and the figures of a bulletin, by what is known now."""
        known = self._marks.mark()
        if known is None:
            raise DomainError(Problem("hub_busy", N_("各站点正在集中上传，请过几分钟再生成"), {}))
        facts, today = self._register.facts.as_of(known.n), known.at.date()
        city = _made(facts, days, Part(), today)
        past = bulletins.period(kind, bulletins.before(kind, period))
        assert past is not None
        by_code = {
            each.code[:6]: _made(facts, days, Part(each.code[:6]), today) for each in tables.districts()
        }
        told = Told(
            city, _made(facts, past, Part(), today),
            [(each.division_name, by_code[each.code[:6]]) for each in tables.districts()],
            {figure.metric: (target, met) for target, figure, met in judge(list(city.values()), days.first.year)},
            *self._oversight(days),
        )  # fmt: skip
        title, body = bulletins.composed(kind, period, told, known.at)
        figures = [
            line
            for part, of in (("", city), *by_code.items())
            for line in bulletins.written(part, of.values())
        ]
        return {"title": title, "body": body, "as_of": stamp(known.at), "figures": figures}

    def _oversight(self, days: Period) -> tuple[dict[str, int], tuple[int, int]]:
        """Cards issued in these days by colour, complaints received and those of them that are answered."""
        logbook, span = self._register.logbook, [str(days.first), str(days.last + timedelta(days=1))]
        within = "at >= ? AND at < ?"
        cards = {
            colour: logbook.count(f"type = 'supervision_card' AND {within} AND json_extract(body, '$.colour') = ?", [*span, colour])
            for colour in ("reminder", "yellow", "red")
        }  # fmt: skip
        answered = "AND json_extract(body, '$.state') IN ('answered', 'closed')"
        return cards, (
            logbook.count(f"type = 'complaint' AND {within}", span),
            logbook.count(f"type = 'complaint' AND {within} {answered}", span),
        )


def _made(facts: Facts, days: Period, part: Part, today: Any) -> dict[str, Figure]:
    found = made(facts.sums(days, part), facts, days, part, today, "")
    return {each.metric: each for each in found if each.metric in (*bulletins.COUNTS, *bulletins.SAID)}


def _draft(id: str, kept: Mapping[str, Any]) -> Draft:
    return Draft(id.removeprefix(DRAFT), kept["doc"], kept["by"], kept["at"], kept["_rev"])
