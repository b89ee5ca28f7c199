"""The names of a server's databases: which there are, and how a station's or a case's is found. Opens none of them.

station-<12 digits>   every event of the cases that began at that station, whoever wrote it
public                written by the hub, read by all: devices, staff, days of the calendar
desk                  the hub's own: who holds which case
here                  this server's own, never served: passwords, sessions, how sync went
"""

from __future__ import annotations

from typing import Final

PUBLIC: Final = "public"
DESK: Final = "desk"
HERE: Final = "here"

_PREFIX: Final = "station-"


def of_station(code: str) -> str:
    """The database of a station."""
    return _PREFIX + code


def of_case(case_no: str) -> str:
    """The database of the station that a case began at, which its number begins with."""
    return of_station(case_no[:12])


def station_of(name: str) -> str | None:
    """The station whose database that is; None for any other database."""
    return name.removeprefix(_PREFIX) if name.startswith(_PREFIX) else None
