"""What each role may open on a server's pages, and who may work at a server at all. Pure: holds two tables.

Coarse on purpose: a duty opens a page, and nothing more. Which step a person may take on a case is schemas.lifecycle's
to say, which cases a person sees is the house's (station.house, hub.claims). tests/rights/pages.csv says the same once
more, written by hand, and a test asks every page as every role.

    items    look at the catalogue           record   take in an application        cases   see lists and cases
    act      take a step on a case           desk     see the bureaus' queues       claim   hold a case
    sync     see how syncing goes            wake     sync now                      audit    read the access log
    full     see numbers unmasked, with a    export   take a masked list away       person   find all that is held about
             reason, each view logged                                                        a person, on their request
    devices  let stations in, and out        files    open the scans of a case      stick    sync by stick
    wall     see which stations are heard of
    oversee  urge, and void what should      correct  add a correction to the
             not have been accepted                   record of what is over
    figures  see the city's figures             catalogue  draft and publish items
    announce write bulletins and notices to
             stations, and sign them
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from schemas import tables
from schemas.tables import Station
from station.staff import Staff

Duty: TypeAlias = Literal[
    "items", "record", "cases", "act", "desk", "claim", "sync", "wake", "full", "export", "person", "audit",
    "devices", "files", "stick", "oversee", "correct", "figures", "wall", "catalogue", "announce",
]  # fmt: skip

_READS: Final = frozenset[Duty]({"items", "cases", "sync"})
_SEES: Final = _READS | frozenset[Duty]({"full", "export"})
_WINDOW: Final = _SEES | frozenset[Duty]({"record", "act", "wake", "person", "files", "stick"})
_BUREAU: Final = _SEES | frozenset[Duty]({"act", "desk", "claim", "files"})

DUTIES: Final[dict[str, frozenset[Duty]]] = {
    "village_clerk": _WINDOW,
    "township_window": _WINDOW,
    "city_window": _WINDOW | {"desk"},
    "district_window": _WINDOW | _BUREAU,
    "examiner": _BUREAU,
    "zone_head": _BUREAU,
    "bureau_head": _BUREAU,
    # Who supervises reads everything and decides nothing (domain.md §3).
    "city_supervisor": _SEES | {"desk", "oversee", "figures", "wall", "announce"},
    "district_supervisor": _SEES | {"desk", "oversee", "figures", "wall"},
    # Who audits reads logs; the citizens' cases are not needed for it.
    "auditor": frozenset({"items", "sync", "audit"}),
    # Lets devices in and out; sees no case either.
    "hub_administrator": frozenset({"items", "sync", "devices", "stick", "correct", "wall"}),
    # Says what there is to apply for, and sees no case.
    "catalogue_editor": frozenset({"items", "sync", "catalogue"}),
    # The head of a station, besides what they do at its window or desk.
    "station_head": _SEES | {"act"},
}


# What is written at a server is signed by its device, so only its own people write there. At the hub the bureaus are at home.
# And whoever asks what is held about them stands at the counter of somebody who works there. A scan shows all that is masked
# elsewhere, so it is for those who work on the case, and for nobody who supervises it.
_AT_HOME: Final = frozenset[Duty](
    {"record", "act", "claim", "wake", "person", "files", "stick", "oversee", "correct"}
)
# What needs a lease (station.leases): all that leaves a record. To look, to print and to sync need none, or a station whose
# lease is over could not get a new one.
LEASED: Final = frozenset[Duty]({"record", "act", "claim", "oversee", "correct"})


_HUBS_OWN: Final = frozenset[Duty]({"devices", "catalogue", "announce"})
"""For the hub's own people, at the hub."""

NOT_IN_PRACTICE: Final = frozenset[Duty]({"wake", "stick", "devices"})
"""What leads out of a server, which one for practice has no way to."""


def may(staff: Staff, duty: Duty, here: Station) -> bool:
    """Whether this person may work here, and any of their roles has the duty."""
    if not works_at(staff, here) or (
        duty in _AT_HOME and here.level != "city" and staff.station != here.code
    ):
        return False
    if duty in _HUBS_OWN and (here.level != "city" or staff.station != here.code):
        return False
    return any(duty in DUTIES.get(role, ()) for role in staff.roles)


def reader(staff: Staff, here: Station) -> Literal["work", "watch"]:
    """What this person sees of citizens without a further reason (schemas.documents.masking): who works on cases here sees
    whose they are; who supervises them, or looks in from elsewhere, does not."""
    return "work" if may(staff, "act", here) else "watch"


def works_at(staff: Staff, here: Station) -> bool:
    """Whether this person may look at pages of this server: of their own station and of those below it; at the hub,
    where the bureaus work, also the staff of districts. A neighbour's clerk, or one of a village at the hub, may not."""
    own = tables.stations().get(staff.station)
    if own is None:
        return False
    if here.level == "city":
        return own.level in ("district", "city")
    return own.code == here.code or own.code in tables.ancestors(here.code)
