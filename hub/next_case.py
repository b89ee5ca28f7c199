"""Next case (取下一件): the most pressing case that waits for this person and that nobody holds, and it is theirs.

    their queue by rank ─> not held, here or at another web node ─> a step is open to them ─> claimed, or the one after it

By rank and without exception, so that no case waits behind a later one; what somebody has just put back comes to others first.
Which case goes first is schemas.priorities', whose turn it is schemas.worklists', what they may do schemas.lifecycle's, and who
was first the claim's revision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any, Final

from hub.claims import CLAIMANTS, Claims
from schemas.lifecycle import CaseState
from schemas.problems import DomainError
from schemas.worklists import TURNS
from station.casework import Casework
from station.moment import Clock, stamp
from station.register import Register
from station.staff import Staff

AT_ONCE: Final = 40
"""Cases of a queue that are read together."""
MOST: Final = 1000
"""Cases that are looked at for one answer. Beyond, so many of a queue are not this person's that they are told there is none."""
APART: Final = 8
"""How far two web nodes' people keep from each other once they met."""
PUT_BACK: Final = timedelta(minutes=30)
"""For so long a case does not come back first to who put it back."""
MOVES: Final = frozenset(
    {
        "pre_review_pass",
        "accept",
        "refuse",
        "instant_conclude",
        "assign",
        "pass_step",
        "grant",
        "deny",
        "conclude",
    }
)
"""Steps of which one must be open: what nobody but others can move is not given."""


class NextCase:
    """Gives cases out; no two people of this web node try for the same."""

    def __init__(
        self,
        claims: Claims,
        casework: Casework,
        register: Register,
        clock: Clock,
        random: Callable[[int], bytes],
    ) -> None:
        self._claims = claims
        self._casework = casework
        self._register = register
        self._clock = clock
        self._random = random

    def take(self, staff: Staff, zone: str = "") -> str | None:
        """The number of a case that is this person's from now on; None where none waits for them. `zone`: of that one alone."""
        tried: set[str] = set()
        while True:
            self._register.catch_up()
            before, apart = len(tried), 0
            for case_no, stage in self._free(staff, zone):
                if apart or case_no in tried or not self._reserve(case_no):
                    apart = max(0, apart - 1)
                    continue
                tried.add(case_no)
                try:
                    if self._try(staff, case_no, stage):
                        return case_no
                except DomainError:
                    # Another web node's people take from this queue too: not head to head with them for the next one.
                    apart = self._random(1)[0] % APART
                finally:
                    self._release(case_no)
                if len(tried) >= MOST:
                    return None
            if len(tried) == before:
                return None

    def _try(self, staff: Staff, case_no: str, stage: str) -> bool:
        """Whether the case is theirs now. DomainError where somebody else was first. On a cluster each look at the store is a request to it, so what
        the register knows is asked first, and of a case that nobody had in hand yet only to claim it."""
        seen = self._register.queue.claim(case_no)
        if seen and self._claims.holds(seen, stage):
            return False  # since the queue was read
        # As the register knew it: to let it catch up for each of twenty people took most of the time.
        state = self._casework.known(case_no)
        if state is None or not self._is_theirs(state, staff):
            return False
        self._claims.claim_free(state, staff, self._claims.kept(case_no) if seen else None)
        self._register.catch_up()  # so that it is in nobody's queue before it is let go
        return True

    def _reserve(self, case_no: str) -> bool:
        """Whether nobody else at this web node tries for it at the moment."""
        with self._claims.turn:
            if case_no in self._claims.tried:
                return False
            self._claims.tried.add(case_no)
            return True

    def _release(self, case_no: str) -> None:
        with self._claims.turn:
            self._claims.tried.discard(case_no)

    def _is_theirs(self, state: CaseState, staff: Staff) -> bool:
        open_to = self._casework.choices(state, staff)
        return any(each.problem is None and each.transition.event in MOVES for each in open_to)

    def _free(self, staff: Staff, zone: str) -> Iterator[tuple[str, str]]:
        """(number, stage) of the cases that nobody is known to hold, the most pressing first; what they put back just now at the end."""
        now = self._clock()
        where, args = theirs(staff, now.date(), zone)
        where += " AND NOT (ifnull(claims.staff, '') > '' AND claims.until > ?)"
        args = [*args, stamp(now)]
        just = " AND ifnull(claims.was = ? AND claims.until > ?, 0)"
        put_back = [staff.employee_no, stamp(now - PUT_BACK)]
        for condition, more in (
            (where + just.replace("AND", "AND NOT", 1), put_back),
            (where + just, put_back),
        ):
            for start in range(0, MOST, AT_ONCE):
                found = self._register.queue.first(condition, [*args, *more], limit=AT_ONCE, offset=start)
                yield from found
                if len(found) < AT_ONCE:
                    break


def theirs(staff: Staff, today: date, zone: str = "") -> tuple[str, list[Any]]:
    """(where, args) of the cases whose next step may be this person's."""
    turns = sorted({turn for role in staff.roles & CLAIMANTS for turn in TURNS.get(role, ())})
    if staff.trained_on is None or staff.trained_on > today:
        turns = [each for each in turns if each != "accept"]
    zones = [zone] if zone else sorted(staff.zones)
    where, args = f"current = ? AND turn IN ({','.join('?' * len(turns))})", [staff.station, *turns]
    if zones:
        where, args = where + f" AND queue.zone IN ({','.join('?' * len(zones))})", [*args, *zones]
    if staff.groups:
        groups = sorted(staff.groups)
        where += f" AND (turn <> 'accept' OR iif(queue.zone > '', queue.zone, department) IN ({','.join('?' * len(groups))}))"
        args = [*args, *groups]
    # Whoever accepted a permit does not review it.
    return where + " AND NOT (turn = 'review' AND no_reviewer = ?)", [*args, staff.employee_no]
