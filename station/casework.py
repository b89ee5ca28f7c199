"""Casework: turns what a person did on a page into events, if the rules allow it at this very moment.

    page ─> [store's write lock: register catches up ─> fold ─> schemas.lifecycle says yes or why not ─> number + event]

One durable transaction each; two clerks, two browsers or a double click can't both win. Holds no rule of its own:
who may do what is schemas.lifecycle, how it is kept is sync.ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from schemas import lifecycle, numbers, offers, papers, tables, training
from schemas.catalogue import InForce
from schemas.problems import N_, DomainError, Problem
from schemas.workdays import Calendar, CalendarGap
from station.databases import of_case, of_station
from station.files import Scan, keep
from station.identity import Identity
from station.moment import Clock, stamp
from station.numbering import next_document_no, next_number
from station.register import Register
from station.staff import Staff
from sync import blobs
from sync.ledger import EventLedger, LedgerTxn, event_id
from sync.serving import ServedStore

if TYPE_CHECKING:
    from station.paper_ledger import Entry


@dataclass(frozen=True)
class Application:
    """What a clerk entered for a new case. `form` is the form's own token: saving it twice records once."""

    form: str
    item_code: str
    name: str
    id_type: str
    id_no: str
    phone: str
    address: str
    got: frozenset[int]
    privacy_notice: bool


Step = tuple[str, Mapping[str, Any]]
"""An event and its data."""

AT_WINDOW, BY_COMPUTER = "1", "2"
"""How an application came (GB/T 39046 A.5)."""
ONLINE = 2
"""From this online_depth on an item is pre-reviewed over the network (domain.md §1 row 29)."""


class Known(NamedTuple):
    """A row of a paper ledger that is a case already; `same`: it says what it said then."""

    case_no: str
    same: bool


class Casework:
    """Records and moves cases on one server."""

    def __init__(
        self,
        store: ServedStore,
        ledger: EventLedger,
        register: Register,
        identity: Identity,
        *,
        clock: Clock,
        random: Callable[[int], bytes],
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._register = register
        self._identity = identity
        self._clock = clock
        self._random = random

    def in_force(self, day: date) -> InForce:
        """The catalogue on a day, as it is known here."""
        return InForce(self._register.catalogue(), day)

    # -- reading -------------------------------------------------------------------------------------------------

    def case(self, case_no: str) -> lifecycle.CaseState | None:
        """The case as its events tell it, or None where no event of it is here."""
        self._register.catch_up()
        return self.known(case_no)

    def known(self, case_no: str) -> lifecycle.CaseState | None:
        """The case as it was when the register last caught up."""
        events = self._register.events(case_no)
        return self._register.fold(events) if events else None

    def choices(self, state: lifecycle.CaseState, staff: Staff) -> tuple[lifecycle.Choice, ...]:
        """What this person could do with the case now, and why the rest is not open to them."""
        now = self._clock()
        found = lifecycle.choices(state, actor_of(staff), now, self._register.catalogue())
        barred = self._barred(state.item or {}, staff, now.date())
        if barred is None:
            return found
        return tuple(
            replace(each, problem=barred, role=None)
            if each.problem is None and each.transition.event in training.TAKES_IN
            else each
            for each in found
        )

    # -- writing -------------------------------------------------------------------------------------------------

    def record(self, staff: Staff, application: Application, scans: Sequence[Scan] = ()) -> str:
        """Records an application: create, receive, attach what was scanned, and, where the item is decided elsewhere, forward.

        Returns the case number; the number of the first save if this form was saved before. DomainError says what
        to mend, and nothing is written.
        """
        here = self._place_of(staff)
        of = self.in_force(self._clock().date())
        found = of.offered(application.item_code, here)
        if found is None or found[1].mode not in offers.OPENS_CASES:
            raise DomainError(NOT_OFFERED)
        item, offer = found
        lines = checklist(of.materials(item.item_code), application.got)
        steps = [
            ("create", self._create_data(application, item)),
            ("receive", self._receive_data(application, lines)),
        ]
        after = [] if offer.decided_at == staff.station else [("forward", {"to": offer.decided_at})]
        return self._open(staff, application, scans, steps, after)

    def submit(self, applicant: Staff, application: Application, scans: Sequence[Scan]) -> str:
        """An application from home, to where the item is decided: create, submit_online, attach. As record otherwise."""
        of = self.in_force(self._clock().date())
        found = of.offered(application.item_code, tables.station(applicant.station))
        if found is None or found[1].mode not in offers.DECIDES or found[0].online_depth < ONLINE:
            raise DomainError(NOT_OFFERED)
        item, _ = found
        lines = checklist(of.materials(item.item_code), application.got)
        said = {
            "materials": lines,
            "privacy_notice": application.privacy_notice,
            "query_code": self._query_code(),
        }
        steps = [("create", self._create_data(application, item, BY_COMPUTER)), ("submit_online", said)]
        return self._open(applicant, application, scans, steps, [])

    def _open(
        self, staff: Staff, application: Application, scans: Sequence[Scan], before: Sequence[Step], after: Sequence[Step]
    ) -> str:  # fmt: skip
        """The case that a form becomes by these steps, with what was scanned between them; the one it has become already."""
        case_no = ""
        lines = self._keep(of_station(staff.station), scans)

        def build(txn: LedgerTxn) -> list[dict[str, Any]]:
            nonlocal case_no
            self._register.catch_up(must=True)
            case_no = self._register.case_of_form(application.form) or ""
            if case_no:
                self._same_or_raise(case_no, application)
                return self._attached(txn, case_no, staff, lines)
            case_no = self._new_case_no(txn, staff.station, self._clock().date())
            files: Sequence[Step] = [("attach", {"files": lines})] if lines else []
            return self._walk(txn, case_no, [], staff, [*before, *files, *after])

        self._ledger.append(of_station(staff.station), build)
        self._keep(of_station(staff.station), scans)
        return case_no

    def enter(
        self, staff: Staff, entries: Sequence[Entry], *, dry: bool = False
    ) -> list[str | Known | Problem]:
        """Records rows of a paper ledger, all in one transaction and each by the same rules as any case: for each its new number,
        the number it has had since an earlier time, or why it may not be. `dry`: only judges; what is new then has no number."""
        here = self._place_of(staff)
        outcome: list[str | Known | Problem] = []

        def build(txn: LedgerTxn | None) -> list[dict[str, Any]]:
            self._register.catch_up(must=True)
            outcome.clear()
            written: list[dict[str, Any]] = []
            for each in entries:
                application, day = each.application, each.received
                if known := self._register.case_of_form(application.form):
                    outcome.append(Known(known, self._is_row(known, each)))
                    continue
                of = self.in_force(day)
                found = of.offered(application.item_code, here)
                if found is None:
                    outcome.append(NOT_OFFERED)
                    continue
                item, offer = found
                receive = self._receive_data(
                    application, checklist(of.materials(item.item_code), application.got)
                )
                steps = each.steps(
                    self._create_data(application, item), receive, staff.employee_no, instant=item.instant
                )
                if offer.decided_at != staff.station:
                    steps.append(("forward", {"to": offer.decided_at, "on_paper": day.isoformat()}))
                # The day on paper, not today's: a ledger of years must not use up the numbers of one day.
                case_no = numbers.case_no(staff.station, day, 1)
                if txn is not None:
                    case_no = self._new_case_no(txn, staff.station, day)
                try:
                    written += self._walk(txn, case_no, [], staff, steps)
                except DomainError as error:
                    outcome.append(error.problem)
                else:
                    outcome.append(case_no if txn is not None else "")
            return written

        if dry:
            self._store.database(of_station(staff.station), create=True)
            build(None)
        else:
            self._ledger.append(of_station(staff.station), build)
        return outcome

    def of_project(
        self, txn: LedgerTxn, staff: Staff, project_no: str, applications: Sequence[Application]
    ) -> tuple[dict[str, str], list[dict[str, Any]]]:
        """The approvals of a project, each a case that is accepted as it is opened (统一受理): ({item code: case number}, their events), for the
        transaction that dispatches them. DomainError as in record."""
        here, of = self._place_of(staff), self.in_force(self._clock().date())
        numbers_of: dict[str, str] = {}
        written: list[dict[str, Any]] = []
        for each in applications:
            found = of.offered(each.item_code, here)
            if found is None:
                raise DomainError(NOT_OFFERED)
            item, offer = found
            lines = checklist(of.materials(item.item_code), each.got)
            steps: list[Step] = [
                ("create", {**self._create_data(each, item), "project": project_no}),
                ("receive", self._receive_data(each, lines)),
            ]
            if offer.decided_at == here.code:
                steps += [("accept", {}), ("assign", {"to": item.zone or staff.employee_no})]
            else:
                steps.append(("forward", {"to": offer.decided_at}))
            case_no = numbers_of[item.item_code] = self._new_case_no(txn, here.code, self._clock().date())
            written += self._walk(txn, case_no, [], staff, steps)
        return numbers_of, written

    def query_code(self) -> str:
        """A code to ask with."""
        return self._query_code()

    def _is_row(self, case_no: str, entry: Entry) -> bool:
        """Whether the case was entered from a row that said just the same."""
        created = (each["data"] for each in self._register.events(case_no) if each.get("event") == "create")
        return any((data.get("paper") or {}).get("digest") == entry.digest for data in created)

    def attach(
        self, case_no: str, staff: Staff, scans: Sequence[Scan],
        check: Callable[[Staff, lifecycle.CaseState], None] = lambda _staff, _state: None,
    ) -> None:  # fmt: skip
        """Adds scans to a case; those it has already are not added again. As `act` otherwise."""
        # Judged here too, so that what is refused leaves no pieces behind.
        self._register.catch_up(must=True)
        self._attached(None, case_no, staff, [each.line for each in scans], check)
        lines = self._keep(of_case(case_no), scans)

        def build(txn: LedgerTxn) -> list[dict[str, Any]]:
            self._register.catch_up(must=True)
            return self._attached(txn, case_no, staff, lines, check)

        self._ledger.append(of_case(case_no), build)
        self._keep(of_case(case_no), scans)

    def act(
        self, case_no: str, staff: Staff, steps: Sequence[tuple[str, Mapping[str, Any]]],
        check: Callable[[Staff, lifecycle.CaseState], None] = lambda _staff, _state: None,
    ) -> None:  # fmt: skip
        """Does one or more steps (event, data) in one go; DomainError where one is not allowed, and nothing is done.

        `check` may look at the state inside the transaction and raise; the hub asks there who holds the claim.
        """

        def build(txn: LedgerTxn) -> list[dict[str, Any]]:
            self._register.catch_up(must=True)
            events = self._known(case_no)
            check(staff, state := self._register.fold(events))
            drawn = [
                (
                    event,
                    {**data, "query_code": state.query_code or self._query_code()}
                    if event in GIVES_CODE
                    else data,
                )
                for event, data in steps
            ]
            return self._walk(txn, case_no, events, staff, drawn)

        self._ledger.append(of_case(case_no), build)

    def _keep(self, db: str, scans: Sequence[Scan]) -> list[dict[str, Any]]:
        """What the event says of them, of each once. Their pieces are there before the event that names them; and once more after it: a case
        that shared one of them may have been archived in between."""
        for scan in scans:
            keep(self._store.database(db, create=True), blobs.whole(scan.data))
        return list(
            {(line["material"], line["sha256"]): line for each in scans for line in (each.line,)}.values()
        )

    def _attached(
        self, txn: LedgerTxn | None, case_no: str, staff: Staff, lines: Sequence[Mapping[str, Any]],
        check: Callable[[Staff, lifecycle.CaseState], None] = lambda _staff, _state: None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """The event that adds what the case does not have yet."""
        events = self._known(case_no)
        state = self._register.fold(events)
        check(staff, state)
        there = {(each["material"], each["sha256"]) for each in state.files if "detached_at" not in each}
        new = [each for each in lines if (each["material"], each["sha256"]) not in there]
        return self._walk(txn, case_no, events, staff, [("attach", {"files": new})]) if new else []

    def _place_of(self, staff: Staff) -> tables.Station:
        """Where this person records, which this server may speak for."""
        here = tables.station(staff.station)
        if self._ledger.writer not in (here.code, *tables.ancestors(here.code)):
            raise DomainError(Problem("not_this_station", N_("您的工号不属于本站，不能在这里登记"), {}))
        return here

    def _barred(self, item: Mapping[str, Any], staff: Staff, today: date) -> Problem | None:
        known = self._register.catalogue().item(item.get("code"), item.get("version"))
        return training.problem(known, staff.trained_on, staff.groups, today)

    def _known(self, case_no: str) -> list[Mapping[str, Any]]:
        events = self._register.events(case_no)
        if not events:
            raise DomainError(Problem("case_unknown", N_("没有这个办件：{case_no}"), {"case_no": case_no}))
        return events

    def _walk(
        self,
        txn: LedgerTxn | None,
        case_no: str,
        events: Sequence[Mapping[str, Any]],
        staff: Staff,
        steps: Sequence[tuple[str, Mapping[str, Any]]],
    ) -> list[dict[str, Any]]:
        """The events of these steps, each allowed in the state that the ones before it lead to. `txn`: where their papers' numbers
        come from; None only to try whether they are allowed."""
        known, book = list(events), self._register.catalogue()
        seen = self._register.seen(of_case(case_no))
        written: list[dict[str, Any]] = []
        for event, data in steps:
            state = self._register.fold(known) if known else None
            actor = actor_of(staff) if event not in SYSTEM_STEPS else system_of(staff)
            at, said = self._clock(), dict(data)
            on = lifecycle.counts_from(at, data) or at
            role = lifecycle.acting_role(state, event, actor, book)
            body = {
                "type": "case_event", "schema": 1, "case": case_no, "event": event, "seen": seen,
                "lamport": (state.lamport if state else 0) + 1, "at": stamp(at), "station": staff.station,
                "actor": {"staff": staff.employee_no, "name": staff.name, "role": role or ""}, "data": said,
            }  # fmt: skip
            problem = lifecycle.problem(state, event, actor, data, on, book)
            item = (state.item if state else data.get("item")) or {}
            if problem is None and event in training.TAKES_IN and role != "applicant":
                problem = self._barred(item, staff, at.date())
            if problem is not None:
                raise DomainError(problem)
            # What was entered from paper has its papers already, with numbers of their own.
            if txn is not None and "on_paper" not in data and (word := papers.word(event, item)):
                said["document_no"] = next_document_no(txn, self._register, word, staff.station, at.year)
            written.append(body)
            # Not numbered yet: any id of this writer in the right order will do for folding the next step.
            known.append(
                {"_id": event_id(self._ledger.writer, self._ledger.epoch, UNNUMBERED + len(written)), **body}
            )
        return written

    def _new_case_no(self, txn: LedgerTxn, station: str, day: date) -> str:
        return next_number(
            txn, "case", station, day, self._ledger.epoch, self._identity, numbers.case_no,
            lambda number: self._register.case(number) is not None,
        )  # fmt: skip

    def _same_or_raise(self, case_no: str, application: Application) -> None:
        """A form saved again brings the same application; another one under an old form is told, not swallowed."""
        state = self.case(case_no)
        same = (
            state is not None
            and (state.applicant or {}).get("id_no") == application.id_no
            and (state.item or {}).get("code") == application.item_code
        )
        if not same:
            raise DomainError(
                Problem(
                    "form_used",
                    N_("这张登记表已保存为办件 {case_no}。登记另一位申请人，请从事项页面重新打开登记表"),
                    {"case_no": case_no},
                )
            )

    def _create_data(
        self, application: Application, item: tables.Item, channel: str = AT_WINDOW
    ) -> dict[str, Any]:
        return {
            "item": lifecycle.case_item(item),
            "applicant": {
                "name": application.name,
                "id_type": application.id_type,
                "id_no": application.id_no,
            },
            "phone": application.phone,
            "address": application.address,
            "channel": channel,
            "form": application.form,
        }

    def _receive_data(self, application: Application, lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        return {
            "materials": lines,
            "privacy_notice": application.privacy_notice,
            "query_code": self._query_code(),
        }

    def _query_code(self) -> str:
        return numbers.query_code(lambda below: int.from_bytes(self._random(8)) % below)


# Beyond any number that is ever given out, so that events still to be numbered fold after all others of this writer.
UNNUMBERED = 10**14
NOT_OFFERED = Problem("item_not_offered", N_("本站不受理这个事项"), {})
# Steps that the program itself takes on the way of a person's step.
SYSTEM_STEPS = {"assign"}
# Steps of a page that hand the applicant a code to ask with.
GIVES_CODE = {"receive", "pre_review_pass", "submit_online"}


def checklist(materials: Sequence[tables.Material], got: frozenset[int]) -> list[dict[str, Any]]:
    """An item's materials as `receive` keeps them, ticked where handed in."""
    return [
        {
            "seq": each.seq,
            "name": each.name,
            "required": each.required,
            "got": each.seq in got,
            "mode": each.form,
        }
        for each in materials
    ]


def actor_of(staff: Staff) -> lifecycle.Actor:
    """The member of staff as the rules see them."""
    return lifecycle.Actor(tables.station(staff.station), staff.roles, staff.employee_no)


def system_of(staff: Staff) -> lifecycle.Actor:
    """The program acting at that person's station."""
    return lifecycle.Actor(tables.station(staff.station), frozenset({"system"}), staff.employee_no)


def days_left(due: date | None, today: date, calendar: Calendar) -> int | None:
    """Working days from today to a due date; negative once it has passed; None without a due date, and where the
    calendar does not reach today."""
    if due is None:
        return None
    try:
        return calendar.count(today, due) if due >= today else -calendar.count(due, today)
    except CalendarGap:
        return None
