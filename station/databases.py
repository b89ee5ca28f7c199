"""The names of a server's databases: which there are, and how a station's or a case's is found. Opens none of them.

station-<12 digits>   every event of the cases, errands and projects that began at that station, and its logbook, whoever wrote it
public                written by the hub, read by all: devices, staff, days of the calendar, the catalogue and its lists
desk                  the hub's own: who holds which case
here                  this server's own, never served: passwords, sessions, how sync went
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from schemas.numbers import ERRAND, PROJECT
from sync.serving import StoreChange

PUBLIC: Final = "public"
DESK: Final = "desk"
HERE: Final = "here"

BOOK: Final = "L"
LOGGED: Final = frozenset(
    {
        "certificate_issue",
        "complaint",
        "evaluation",
        "vip_entry",
        "guidance_entry",
        "station_report",
        "supervision_card",
        "notice_receipt",
        "inspection",
        "coordination",
        "duty_roster",
    }
)
"""What a station writes that is no event of a case or an errand (`station.logbook`)."""

NUMBERED: Final = {"errand_event": ("errand", ERRAND), "project_event": ("project", PROJECT)}
"""Events of what is no case: the field that says whose they are, and the letter before such a number."""

_PREFIX: Final = "station-"


def of_station(code: str) -> str:
    """The database of a station."""
    return _PREFIX + code


def of_case(number: str) -> str:
    """The database of the station that a case began at, which its number begins with. Numbers of errands and of what a
    logbook keeps have a letter before it."""
    return of_station(number[1:13] if number[:1].isalpha() else number[:12])


def subject_of(body: Mapping[str, Any]) -> str | None:
    """What an event is about: the number of a case, an errand or a project, or what a logbook keeps something under; None for
    what this program does not know."""
    if body.get("type") in LOGGED:
        station, form = body.get("station"), body.get("form")
        return logged_as(station, form) if isinstance(station, str) and isinstance(form, str) else None
    of, letter = NUMBERED.get(str(body.get("type")), ("case", ""))
    found = body.get(of)
    return found if isinstance(found, str) and found.startswith(letter) else None


def logged_as(station: str, form: str) -> str:
    """What a station's logbook keeps something under: the token of the form it was entered with."""
    return f"{BOOK}{station}:{form}"


def is_logged(number: str) -> bool:
    return number.startswith(BOOK)


def is_errand(number: str) -> bool:
    return number.startswith(ERRAND)


def is_project(number: str) -> bool:
    return number.startswith(PROJECT)


def by_database(changes: Iterable[StoreChange]) -> dict[str, list[str]]:
    """The ids of what changed in each."""
    by: dict[str, list[str]] = {}
    for change in changes:
        by.setdefault(change.db, []).append(change.id)
    return by


def station_of(name: str) -> str | None:
    """The station whose database that is; None for any other database."""
    return name.removeprefix(_PREFIX) if name.startswith(_PREFIX) else None
