"""From a document to an event: is its shape sound, and may its writer speak for its station?

The envelope is the same for all three machines but for its type and for the key that names what it is about:

    {"_id": "ev:<writer>:<epoch>:<n>", "type": "case_event", "schema": 1, "case": "<case number>",
     "event": "accept", "lamport": 4, "seen": {"<writer>:<epoch>": n, …}, "at": "2018-02-09T12:00:00+08:00",
     "station": "<12 digits>", "actor": {"staff", "name", "role", "department"?}, "data": {…}}

Whether the event is allowed is the machine's business, when its turn comes is order's; neither is here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, time
from typing import Any, Final, NamedTuple, TypeGuard

from schemas.lifecycle.state import CHINA, Actor, Document
from schemas.problems import N_, Problem
from schemas.tables import LEVELS, ancestors, stations

AUTHORITY: Final[Mapping[str, int]] = {level: rank for rank, level in enumerate(LEVELS)}
"""Rank of a level, greatest for the city: who comes first where two wrote without knowing of each other."""

MAX_LAMPORT: Final = 10**9
"""A greater number counts nothing real; taken at its word it would leave the case none to go on with."""

SCHEMA: Final = 1

_EVENT_ID: Final = re.compile(r"ev:([0-9]{12}):([0-9a-z]+):([1-9][0-9]{0,15})")


class Kind(NamedTuple):
    """What tells one machine's events from another's. key: the envelope's field that names the subject."""

    type: str
    key: str
    opening: str


class Event(NamedTuple):
    """An event whose shape is sound.

    key    its place in the order: Lamport number, authority high first, writer, epoch, n
    at     from when it counts (counts_from); when it was entered, the document says
    seen   up to which number its writer held each stream of events when it wrote; None: it does not say
    """

    key: tuple[int, int, str, str, int]
    about: str
    event: str
    at: datetime
    actor: Actor
    data: Mapping[str, Any]
    seen: Mapping[str, int] | None
    doc: Document

    @property
    def stream(self) -> str:
        """Writer and epoch, as `seen` names them."""
        return f"{self.key[2]}:{self.key[3]}"

    @property
    def n(self) -> int:
        """Its number in the stream."""
        return self.key[4]

    @property
    def authority(self) -> int:
        """Rank of its writer's level."""
        return -self.key[1]


def read_all(docs: Iterable[Document], kind: Kind) -> tuple[list[Event], list[tuple[Document, Problem]]]:
    """Sound events by their keys, each id once; and the others, in the order of their own text."""
    by_id: dict[str, Document] = {}
    others: dict[str, tuple[Document, Problem]] = {}
    for doc in docs:
        name = doc.get("_id") if _is_mapping(doc) else None
        if not isinstance(name, str):
            others[_text(doc)] = (doc, _bad("_id"))
            continue
        held = by_id.setdefault(name, doc)
        if held is not doc and _text(held) != _text(doc):
            # The store quarantines a second revision of an event, so two texts under one id mean that a
            # store was bypassed. Every node must keep the same one: the lesser text.
            by_id[name], other = (held, doc) if _text(held) < _text(doc) else (doc, held)
            others[_text(other)] = (other, Problem("twin", N_("同一编号有两份不同的记录")))
    known = []
    for doc in by_id.values():
        found = _read(doc, kind)
        if isinstance(found, Problem):
            others[_text(doc)] = (doc, found)
        else:
            known.append(found)
    known.sort(key=lambda event: event.key)
    return known, [others[text] for text in sorted(others)]


def _read(doc: Document, kind: Kind) -> Event | Problem:
    name = _EVENT_ID.fullmatch(doc["_id"])
    if name is None:
        return _bad("_id")
    schema = doc.get("schema")
    if type(schema) is int and schema > SCHEMA:
        return Problem("needs_update", N_("记录由新版本程序写成，请升级本站程序后查看"))
    if doc.get("type") != kind.type or type(schema) is not int or schema < 1:
        return _bad("type")
    about, event, data = doc.get(kind.key), doc.get("event"), doc.get("data")
    lamport, at, seen = doc.get("lamport"), _moment(doc.get("at")), doc.get("seen")
    if not isinstance(about, str) or not about:
        return _bad(kind.key)
    if not isinstance(event, str):
        return _bad("event")
    if type(lamport) is not int or not 1 <= lamport <= MAX_LAMPORT:
        return _bad("lamport")
    if at is None:
        return _bad("at")
    if not _is_mapping(data):
        return _bad("data")
    if seen is not None and not _is_vector(seen):
        return _bad("seen")
    person = doc.get("actor")
    if not _is_mapping(person):
        return _bad("actor")
    role, staff, department = person.get("role"), person.get("staff"), person.get("department", "")
    if not isinstance(role, str) or not isinstance(staff, str) or not isinstance(department, str):
        return _bad("actor")
    code = doc.get("station")
    station = stations().get(code) if isinstance(code, str) else None
    writer = stations().get(name[1])
    if station is None or writer is None:
        return _bad("station")
    # A server speaks for its own station and for those below it that it hosts; never for one above.
    if writer is not station and writer.code not in ancestors(station.code):
        return Problem("not_its_station", N_("写入者无权代“{station}”记录"), {"station": station.name})
    key = (lamport, -AUTHORITY[writer.level], name[1], name[2], int(name[3]))
    counted = counts_from(at, data)
    if counted is None:
        return _bad("on_paper")
    return Event(
        key, about, event, counted, Actor(station, frozenset((role,)), staff, department), data, seen, doc
    )


def counts_from(at: datetime, data: Mapping[str, Any]) -> datetime | None:
    """The moment from which clocks count what was entered `at` this moment: that one, or, for what was entered later from a
    paper ledger, the beginning of the day that stands there. None for a day that is none or still to come."""
    if "on_paper" not in data:
        return at
    try:
        day = datetime.fromisoformat(data["on_paper"]).replace(tzinfo=CHINA)
    except (TypeError, ValueError):
        return None
    return day if day.time() == time() and day.date() <= at.astimezone(CHINA).date() else None


def _is_mapping(value: object) -> TypeGuard[Mapping[str, Any]]:
    return type(value) is dict or isinstance(value, Mapping)  # the first is ten times as quick


def _is_vector(seen: object) -> bool:
    return _is_mapping(seen) and all(
        isinstance(stream, str) and type(n) is int and n >= 0 for stream, n in seen.items()
    )


def _moment(value: object) -> datetime | None:
    """ISO 8601 with an offset → the moment in Chinese time; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
        return None if at.tzinfo is None else at.astimezone(CHINA)
    except (ValueError, OverflowError):
        return None


def _bad(key: str) -> Problem:
    return Problem("badly_filled", N_("记录填写不完整或有误（{field}）"), {"field": key})


def _text(doc: object) -> str:
    return json.dumps(doc, sort_keys=True, ensure_ascii=True, default=repr)
