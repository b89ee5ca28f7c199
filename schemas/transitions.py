"""The transition table (data/transitions.csv, domain.md §3) read into typed rows: three machines, 53
transitions.

Reads the table's words; what they mean for a case is lifecycle's, and never here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from schemas.shipped import rows

Machine = Literal["case", "project", "agency"]
_MACHINES: Final[Mapping[str, Machine]] = {"case": "case", "project": "project", "agency": "agency"}

NEW: Final = "-"
"""The state of a case, project or agency task of which nothing is known yet (`-` in transitions.csv)."""


@dataclass(frozen=True, slots=True)
class ActorRule:
    """One alternative of a transition's `actors` cell: a role and under what proviso, "" for none."""

    role: str
    qualifier: str


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of transitions.csv (domain.md §3).

    from_states  the states it leaves; (NEW,) for the first event; `any non-final` is spelt out
    to_state     where it leads; None where it stays in the state it left
    guard, clock, document  the table's own words, for manuals and diagrams; rules live in lifecycle
    """

    machine: Machine
    from_states: tuple[str, ...]
    event: str
    to_state: str | None
    actors: tuple[ActorRule, ...]
    guard: str
    clock: str
    document: str
    offline: bool


# The table is written for people; these are its phrases that are not already one identifier.
_ROLE_PHRASES = {
    "station head": "station_head",
    "hub supervisor": "city_supervisor",
    "hub administrator": "hub_administrator",
    "lead window": "lead_window",
    "head of the government at that level": "government_head",
}
_ROLE_WORDS = (
    *(
        "applicant",
        "author",
        "village_clerk",
        "township_window",
        "district_window",
        "city_window",
        "examiner",
    ),
    *("zone_head", "bureau_head", "lead_department", "vip_agent", "city_supervisor", "district_supervisor"),
    *("system", "agent", "courier", "owner"),
)
_ROLE = re.compile(
    "|".join(re.escape(word) for word in sorted((*_ROLE_PHRASES, *_ROLE_WORDS), key=len, reverse=True))
)
_ANY_NON_FINAL = "any non-final"
_TO_STATES = {"(same)": None, "(deleted draft)": "discarded"}


def parse_actors(cell: str) -> tuple[ActorRule, ...]:
    """Read an `actors` cell: alternatives divided by | or ; each a role and maybe a proviso.

    >>> parse_actors("township_window (delegated items)|system at planned end")
    (ActorRule(role='township_window', qualifier='delegated items'), ActorRule(role='system', qualifier='at
    planned end'))

    Raises ValueError for a role the parser does not know, so that a new word in the table is noticed at once.
    """
    rules = []
    for part in re.split(r"[|;]", cell):
        text = part.strip()
        found = _ROLE.match(text)
        if found is None:
            raise ValueError(f"no role in actors cell {cell!r}: {text!r}")
        rest = text[found.end() :].strip()
        if rest.startswith("(") and rest.endswith(")"):
            rest = rest[1:-1]
        rules.append(ActorRule(_ROLE_PHRASES.get(found[0], found[0]), rest))
    return tuple(rules)


@cache
def transitions() -> tuple[Transition, ...]:
    """All 53 rows of the three machines, in table order."""
    table = list(rows("transitions"))
    return tuple(
        Transition(
            machine=_MACHINES[row["machine"]],
            from_states=(
                tuple(sorted(non_final(row["machine"], table)))
                if row["from_state"] == _ANY_NON_FINAL
                else tuple(row["from_state"].split("|"))
            ),
            event=row["event"],
            to_state=_TO_STATES.get(row["to_state"], row["to_state"]),
            actors=parse_actors(row["actors"]),
            guard=row["guard"],
            clock=row["clock"],
            document=row["document"],
            offline=row["offline"] == "yes",
        )
        for row in table
    )


def non_final(machine: str, table: list[dict[str, str]]) -> frozenset[str]:
    """The states of a machine that some row leaves for another state. What is left only to stay is final."""
    return frozenset(
        state
        for row in table
        if row["machine"] == machine
        and row["to_state"] != "(same)"
        and row["from_state"] not in (NEW, _ANY_NON_FINAL)
        for state in row["from_state"].split("|")
        if state != row["to_state"]
    )
