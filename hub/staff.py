"""Appointing people: the records of staff, and the list that stations' leases rest on, signed into `public`.

    public/staff:<employee_no>   station.staff; a start code is told once and only its digest published
    public/staff-list            station.leases; issued anew each day, and at once when somebody leaves

Whoever left stays on the list for ever, so a number is never given to somebody else, nor again to the same person.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

from schemas.problems import N_, DomainError, Problem
from station import codes, keys, leases
from station import staff as people
from station.appointments import LIST, PREFIX
from station.databases import PUBLIC
from station.leases import StaffList
from station.moment import Clock
from station.staff import Staff
from sync.errors import Conflict
from sync.serving import ServedStore, starting
from sync.signing import Signer

DAY: Final = timedelta(days=1)
Random = Callable[[int], bytes]


def add(store: ServedStore, signer: Signer, staff: Staff, random: Random) -> str:
    """Appoints somebody; their start code, told once. DomainError for a number that was ever given, and for what is no sound
    record."""
    if _record(store, staff.employee_no) is not None:
        raise DomainError(
            Problem(
                "number_taken", N_("工号 {number} 已经用过，请换一个新工号"), {"number": staff.employee_no}
            )
        )
    code = codes.draw(random)
    _publish(store, signer, staff, codes.start_digest(staff.employee_no, code), "active")
    return code


def change(store: ServedStore, signer: Signer, staff: Staff) -> None:
    """Replaces what is said of somebody, which ends their sessions; their password stays."""
    kept = _active(store, staff.employee_no)
    _publish(store, signer, staff, kept["code_sha256"], "active")


def new_code(store: ServedStore, signer: Signer, employee_no: str, random: Random) -> str:
    """Another start code for somebody who forgot their password, or whose password somebody else knows: what they chose under
    the old one is void everywhere."""
    kept = _active(store, employee_no)
    code = codes.draw(random)
    _publish(store, signer, people.read(kept), codes.start_digest(employee_no, code), "active")
    return code


def leave(store: ServedStore, signer: Signer, employee_no: str, since: datetime, now: datetime) -> None:
    """From `since` on nothing of this person counts as recorded in order; DomainError for a moment still to come."""
    kept = _active(store, employee_no)
    if since > now:
        raise DomainError(Problem("leave_later", N_("离岗时间不能晚于现在，请到那一天再办"), {}))
    # The list first: it is what ends sessions, also if the power goes in between.
    _issue(store, signer, now, {employee_no: since})
    _publish(store, signer, people.read(kept), kept["code_sha256"], "left")


def current(store: ServedStore, employee_no: str) -> Staff:
    """Who works under this number now; DomainError for nobody."""
    return people.read(_active(store, employee_no))


def everybody(store: ServedStore) -> list[tuple[Staff, bool]]:
    """Everybody who was ever appointed, by number, and whether they still work."""
    docs = starting(store.database(PUBLIC, create=True), PREFIX).values()
    return [(people.read(doc), doc["status"] == "active") for doc in docs]


class Renewal:
    """Issues the list anew once a day; asked again and again while the hub runs."""

    def __init__(self, store: ServedStore, signer: Callable[[], Signer], clock: Clock) -> None:
        self._store = store
        self._signer = signer
        self._clock = clock
        self._next: datetime | None = None

    def __call__(self) -> None:
        now = self._clock()
        # A clock that was put back waits for no day that is further off than one.
        if self._next is not None and self._next - DAY <= now < self._next:
            return
        said = _list(self._store)
        # So too where the list was issued by a clock that was ahead: the next one tells the right day.
        if said is None or not said.issued <= now < said.issued + DAY:
            with suppress(Conflict):  # another web node has just done it
                _issue(self._store, self._signer(), now, {})
            said = _list(self._store)
        self._next = said.issued + DAY if said else None


def _issue(store: ServedStore, signer: Signer, now: datetime, left: dict[str, datetime]) -> None:
    said = _list(store)
    known = {**left, **said.left} if said else left
    doc: dict[str, Any] = {"_id": LIST, "type": "staff_list", "schema": 1}
    keys.publish(store, signer, {**doc, **leases.fields(leases.issue(now, known))})


def _list(store: ServedStore) -> StaffList | None:
    doc = store.database(PUBLIC, create=True).get(LIST)
    return leases.read(doc) if doc is not None else None


def _publish(store: ServedStore, signer: Signer, staff: Staff, code_sha256: str, status: str) -> None:
    if found := people.problem(staff):
        raise DomainError(found)
    doc = {"_id": PREFIX + staff.employee_no, "type": "staff", "schema": 1}
    keys.publish(store, signer, {**doc, **people.fields(staff), "code_sha256": code_sha256, "status": status})


def _record(store: ServedStore, employee_no: str) -> dict[str, Any] | None:
    if not people.is_number(employee_no):
        return None
    return store.database(PUBLIC, create=True).get(PREFIX + employee_no)


def _active(store: ServedStore, employee_no: str) -> dict[str, Any]:
    kept = _record(store, employee_no)
    if kept is None:
        raise DomainError(Problem("number_unknown", N_("没有工号 {number}"), {"number": employee_no}))
    if kept["status"] != "active":
        raise DomainError(
            Problem(
                "number_left", N_("工号 {number} 已离岗；再来上岗的，请给新工号"), {"number": employee_no}
            )
        )
    return kept
