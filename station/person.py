"""Everything that is held at this server about one person, found by their identity number (PIPL art. 45): gathered, and
written as JSON, as csv, and as one zip with the files.

    number ─┬> digest ─> register: their cases ─> store: every event of these ─┬─> Held ─> page, as_json, as_rows, zipped
            └> their household card (station.cards) ────────────────────────────┘

Reads only. Who may ask, and that it is logged, is for whoever calls; the number itself is written into nothing but what
the person gets. Codes that open something (a query code) are left out, for they are on the person's own receipt.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from schemas import lifecycle, tables
from schemas.lifecycle import CaseState
from schemas.lifecycle.errands import EVENT_NAMES
from schemas.problems import N_
from station import export
from station import files as scans
from station.access import Access, Asked, Seen
from station.databases import of_case
from station.files import Progress
from station.register import Register, id_digest
from sync import blobs
from sync.blobs import Data
from sync.serving import ServedStore

MOST_CASES: Final = 1_000
COLUMNS: Final = (
    N_("办件编号"),
    N_("事项"),
    N_("办理动作"),
    N_("时间"),
    N_("办理单位"),
    N_("信息项"),
    N_("内容"),
)
CARD: Final = {
    "name": N_("申请人"), "id_no": N_("证件号码"), "phone": N_("联系电话"), "address": N_("联系地址"), "relation": N_("与户主的关系"),
    "at": N_("时间"),
}  # fmt: skip
SUFFIXES: Final = {"image/jpeg": ".jpg", "application/pdf": ".pdf"}


@dataclass(frozen=True)
class File:
    """A file of a case. `name`: what it is called in the zip, never what somebody called it."""

    name: str
    called: str
    content_type: str
    length: int
    data: Data | None
    """None while it is on its way to this server."""


@dataclass(frozen=True)
class HeldCase:
    """One case with all that was ever recorded of it."""

    case_no: str
    state: CaseState
    events: tuple[Mapping[str, Any], ...]
    files: tuple[File, ...]
    seen: tuple[Seen, ...]
    """Who looked at its full record at this server."""


@dataclass(frozen=True)
class Held:
    """What is held here about one person."""

    id_no: str
    server: str
    at: str
    cases: tuple[HeldCase, ...]
    hidden: int
    """Cases and errands that whoever asked may not see: of another district."""
    card: Mapping[str, str]
    """Their household card, by its labels; empty without one."""
    errands: tuple[tuple[str, tuple[Mapping[str, Any], ...]], ...] = ()
    """Errands made for them: number and events."""
    logged: tuple[Mapping[str, Any], ...] = ()
    """What logbooks say of them: certificates that were given out."""


def gather(
    id_no: str, at: str, server: str, store: ServedStore, register: Register, access: Access,
    may_see: Callable[[CaseState], bool], card: Mapping[str, Any] | None,
) -> Held:  # fmt: skip
    """Everything here about whoever has this identity number or credit code."""
    register.catch_up()
    rows = register.select(
        "id_digest = ?", (id_digest(id_no),), order="received_at, case_no", limit=MOST_CASES
    )
    found, hidden = [], 0
    for row in rows:
        events = register.events(row["case_no"])
        state = register.fold(events)
        if not may_see(state):
            hidden += 1
            continue
        files = tuple(_files(store, row["case_no"], events))
        seen = tuple(access.entries(Asked(case_no=row["case_no"]), limit=1000))
        found.append(HeldCase(row["case_no"], state, tuple(_in_order(events)), files, seen))
    on_card = {label: str(card[name]) for name, label in CARD.items() if card.get(name)} if card else {}
    errands, digest = [], id_digest(id_no)
    for row in register.errands.select("id_digest = ?", (digest,), limit=MOST_CASES):
        # Whoever would see a case that began there sees the errand.
        if may_see(CaseState(origin_station=row["home"], current_station=row["home"])):
            errands.append((row["errand_no"], tuple(_in_order(register.events(row["errand_no"])))))
        else:
            hidden += 1
    logged = [
        each
        for each in register.logbook.select("id_digest = ?", (digest,), order="at, key", limit=MOST_CASES)
        if may_see(CaseState(origin_station=each["station"], current_station=each["station"]))
    ]
    return Held(id_no, server, at, tuple(found), hidden, on_card, tuple(errands), tuple(logged))


def _in_order(events: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    def place(event: Mapping[str, Any]) -> tuple[str, int, str]:
        lamport = event.get("lamport")
        return str(event.get("at")), lamport if type(lamport) is int else 0, str(event["_id"])

    return sorted(events, key=place)


def _files(store: ServedStore, case_no: str, events: list[Mapping[str, Any]]) -> Iterator[File]:
    """Also those that did not count; each once."""
    database = store.database(of_case(case_no))
    named = {line["sha256"]: line for event in _in_order(events) for line in scans.lines_of(event)}
    progress = scans.progress(database, named.values())

    def read(line: scans.Line) -> Iterator[bytes]:
        data = scans.read(database, line)
        yield b"" if isinstance(data, Progress) else data

    for number, (sha256, line) in enumerate(named.items(), start=1):
        name = f"files/{case_no}-{number:03}{SUFFIXES[line['media_type']]}"
        data = blobs.Lying(line["size"], partial(read, line)) if progress[sha256].whole else None
        yield File(name, line["name"], line["media_type"], line["size"], data)


def as_json(held: Held) -> bytes:
    """For programs, and for another handler of personal data (PIPL art. 45 para. 3)."""
    from schemas import documents

    said = {
        "format": "bianmin person 1",
        "id_no": held.id_no,
        "server": held.server,
        "at": held.at,
        "card": dict(held.card),
        "cases": [
            {
                "case_no": each.case_no,
                "state": each.state.state,
                "events": [documents.mask(event, "personal") for event in each.events],
                "files": [
                    {
                        "name": file.name,
                        "called": file.called,
                        "content_type": file.content_type,
                        "length": file.length,
                        "here": file.data is not None,
                    }
                    for file in each.files
                ],
                "seen": [{"at": seen.at, "server": seen.server, "act": seen.act} for seen in each.seen],
            }
            for each in held.cases
        ],
        "errands": [
            {"errand_no": errand_no, "events": [documents.mask(event, "personal") for event in events]}
            for errand_no, events in held.errands
        ],
        "logbook": [_kept(each) for each in held.logged],
    }
    return json.dumps(said, ensure_ascii=False, indent=1).encode()


def as_rows(held: Held, say: Callable[[str], str]) -> list[list[export.Cell]]:
    """One row a value, under COLUMNS, named as the forms name it. `say` gives a name in the reader's language."""
    from schemas import documents

    rows: list[list[export.Cell]] = [
        ["", say(N_("户卡")), "", held.at[:16], held.server, say(label), value]
        for label, value in held.card.items()
    ]
    for each in held.cases:
        item = str((each.state.item or {}).get("name", ""))
        for event in each.events:
            what = str(event.get("event", ""))
            place = tables.stations().get(str(event.get("station", "")))
            beginning = [
                each.case_no, item, say(lifecycle.EVENT_NAMES.get(what, what)), str(event.get("at", ""))[:16],
                place.name if place else str(event.get("station", "")),
            ]  # fmt: skip
            data = documents.mask(event, "personal").get("data", {})
            shape = documents.EVENT_DATA["case_event"].get(what)
            rows += [[*beginning, label, value] for label, value in _values(shape, data, say)]
    for errand_no, events in held.errands:
        for event in events:
            what = str(event.get("event", ""))
            beginning = [
                errand_no,
                say(N_("代办")),
                say(EVENT_NAMES.get(what, what)),
                *_when(event.get("at"), event),
            ]
            data = documents.mask(event, "personal").get("data", {})
            shape = documents.EVENT_DATA["errand_event"].get(what)
            rows += [[*beginning, label, value] for label, value in _values(shape, data, say)]
    for document in held.logged:
        moment = _when(document.get("issued_at"), document)
        beginning = [str(document.get("number", "")), say(N_("村（社区）证明")), "", *moment]
        shape = documents.SHAPES.get(str(document.get("type")))
        rows += [[*beginning, label, value] for label, value in _values(shape, _kept(document), say)]
    return rows


def _kept(document: Mapping[str, Any]) -> dict[str, Any]:
    """A line of a logbook as its subject may have it, without what only the register added."""
    from schemas import documents

    return documents.mask({name: value for name, value in document.items() if name != "key"}, "personal")


def _when(at: object, document: Mapping[str, Any]) -> list[str]:
    place = tables.stations().get(str(document.get("station", "")))
    return [str(at or "")[:16], place.name if place else str(document.get("station", ""))]


def _values(shape: Any, data: Any, say: Callable[[str], str]) -> Iterator[tuple[str, export.Cell]]:
    """(label, value) of everything in a mapping of that shape; keys no shape knows keep their own name."""
    known = shape().fields if shape is not None else {}
    for key, value in data.items():
        field = known.get(key)
        label = say(field.metadata["label"]) if field is not None else key
        inner: Any = getattr(field, "inner", field)
        nested = type(inner.schema) if hasattr(inner, "schema") else None
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                yield from ((f"{label} {name}", cell) for name, cell in _values(nested, one, say))
            elif isinstance(one, bool):
                yield label, say(N_("是")) if one else say(N_("否"))
            elif one is None or isinstance(one, (str, int, float)):
                yield label, one
            else:
                yield label, json.dumps(one, ensure_ascii=False)


class _Passing(io.RawIOBase):
    """What a zip is written into: handed on piece by piece, never whole."""

    def __init__(self) -> None:
        self.waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.waiting += data
        return len(data)

    def taken(self) -> bytes:
        found = bytes(self.waiting)
        self.waiting.clear()
        return found


def zipped(held: Held, say: Callable[[str], str]) -> Iterator[bytes]:
    """person.json, person.csv and the files, piece by piece."""
    out = _Passing()
    moment = (int(held.at[:4]), int(held.at[5:7]), int(held.at[8:10]), 0, 0, 0)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        table = export.as_csv([say(each) for each in COLUMNS], as_rows(held, say))
        for name, content in (("person.json", as_json(held)), ("person.csv", table)):
            made.writestr(zipfile.ZipInfo(name, moment), content, zipfile.ZIP_DEFLATED)
            yield out.taken()
        for case in held.cases:
            for file in case.files:
                if file.data is None:
                    continue
                with made.open(zipfile.ZipInfo(file.name, moment), "w", force_zip64=True) as entry:
                    for piece in blobs.pieces(file.data):
                        entry.write(piece)
                        yield out.taken()
    yield out.taken()
