"""A stolen laptop tells nothing: fifty values are entered at a running station, it loses power, and its disk is searched.

The station is a township's, the real program: its clerk records applications on its pages, a village below it brings events
to its endpoint, and from the hub above, the real program too, it fetches documents with files. Then `kill -9`, and every
byte that it left is searched for each value in every form that a careless program might have kept it in. The same is done
without encryption, where all must be found: else the search would prove nothing.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub import devices, staff
from hub.app import build_parts as build_hub
from hub.demo.people import Person, invent
from hub.enrolment import enrolment_of
from station import keys
from station.keystore import KeyFile
from station.settings import Settings
from sync.event_ids import event_rev
from sync.store import Store
from sync.wire import body
from tests.test_journey import INSTANT
from tests.world import BUREAU, HUB, PEOPLE, TOWNSHIP, VILLAGE, Visitor, application

CASES, EVENTS, FILES = (
    10,
    2,
    4,
)  # ten people on pages with four values each, two with three in events, four files


@dataclass
class Canaries:
    """Fifty values that are nowhere else, drawn anew each time."""

    people: list[Person]
    files: list[bytes]

    @property
    def values(self) -> list[bytes]:
        on_pages = [value for p in self.people[:CASES] for value in (p.name, p.id_no, p.phone, p.address)]
        in_events = [value for p in self.people[CASES:] for value in (p.name, p.id_no, p.phone)]
        return [*(value.encode() for value in (*on_pages, *in_events)), *self.files]


@pytest.fixture
def canaries() -> Canaries:
    # Two characters more to a name and address than people have, so that no other text holds them by chance.
    people = [
        Person(p.name + chr(0x4E00 + secrets.randbelow(20_000)) + chr(0x4E00 + secrets.randbelow(20_000)),
               p.id_no, p.phone, p.address + chr(0x4E00 + secrets.randbelow(20_000)) + "院")
        for p in invent(secrets.randbelow(10**9), CASES + EVENTS, place="柳树村")
    ]  # fmt: skip
    return Canaries(people, [secrets.token_bytes(24) for _ in range(FILES)])


def forms_of(value: bytes) -> dict[str, bytes]:
    """The value in every form that is searched for."""
    forms = {
        "as it is": value,
        "reversed": value[::-1],
        "hex": value.hex().encode(),
        "HEX": value.hex().upper().encode(),
        "reversed hex": value.hex()[::-1].encode(),
        "hex of the reversed": value[::-1].hex().encode(),
    }
    texts = {"": value}
    try:
        text = value.decode()
        texts |= {" of UTF-16": text.encode("utf-16-le"), " of UTF-16 BE": text.encode("utf-16-be")}
        forms |= {"UTF-16": text.encode("utf-16-le"), "UTF-16 BE": text.encode("utf-16-be")}
        forms["JSON"] = json.dumps(text)[1:-1].encode()
        forms["GB18030"] = text.encode("gb18030")
    except UnicodeDecodeError:
        pass
    for name, data in texts.items():
        for shift in range(3):  # where in three bytes it begins; what depends on its neighbours is cut off
            coded = base64.b64encode(bytes(shift) + data)
            first = -(-shift * 8 // 6)
            forms[f"base64+{shift}{name}"] = coded[first : (shift + len(data)) * 8 // 6]
            forms[f"urlsafe base64+{shift}{name}"] = forms[f"base64+{shift}{name}"].translate(
                bytes.maketrans(b"+/", b"-_")
            )
    return forms


def search(values: Sequence[bytes], *places: Path) -> dict[bytes, list[str]]:
    """In which files, and in which form, each value is found."""
    found: dict[bytes, list[str]] = {}
    for file in (file for place in places for file in sorted(place.rglob("*")) if file.is_file()):
        data = file.read_bytes()
        for value in values:
            for name, form in forms_of(value).items():
                if form in data:
                    found.setdefault(value, []).append(f"{file.name}: {name}")
    return found


@contextmanager
def running(module: str, log: Path, *options: str, temporary: Path) -> Iterator[str]:
    """A server process; its address. Killed in the end."""
    temporary.mkdir(exist_ok=True)
    with log.open("ab") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *options, "--port", "0", "serve"],
            stdout=subprocess.PIPE, stderr=said, text=True,
            env={**os.environ, "TMPDIR": str(temporary)},
        )  # fmt: skip
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert "ready on" in line, log.read_text()
        yield line.rsplit(" ", 1)[1].strip()
    finally:
        process.kill()
        with log.open("a") as said_before:
            said_before.write(process.communicate()[0])


def until(condition: Callable[[], Any]) -> None:
    end = time.monotonic() + 120  # far more than it takes, also where much else runs
    while not condition():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.05)


@pytest.mark.parametrize("encrypted", [True, False])
def test_fifty_values_on_a_stolen_disk(tmp_path: Path, canaries: Canaries, encrypted: bool) -> None:
    values = canaries.values
    assert len(set(values)) == 50
    data, logs, temporary, key_file = (tmp_path / name for name in ("data", "logs", "temporary", "key"))
    logs.mkdir()
    code, secret, start_code = prepare_hub(tmp_path / "hub", canaries)
    options = ["--data", str(data), "--code", TOWNSHIP, "--key-file", str(key_file)]
    options += [] if encrypted else ["--no-encrypt"]
    with ExitStack() as up:
        hub = up.enter_context(
            running(
                "hub.cli",
                tmp_path / "hub.log",
                *("--data", str(tmp_path / "hub")),
                temporary=tmp_path / "elsewhere",
            )
        )
        command(*options, "join", hub, code)
        options += ["--parent", hub, "--sync-interval", "0.2"]
        station = up.enter_context(running("station.cli", logs / "log.txt", *options, temporary=temporary))
        client = up.enter_context(httpx.Client(base_url=station, trust_env=False, timeout=30))
        village = up.enter_context(
            httpx.Client(base_url=f"{station}/db/", auth=(VILLAGE, secret), trust_env=False, timeout=30)
        )
        until(lambda: village.get("public/staff:T001").status_code == 200)
        record(client, canaries, start_code)
        bring(village, canaries)

    # Power is gone.
    key = KeyFile(key_file).only() if encrypted else None
    places = (data, logs, temporary)
    found = search(values, *places)
    if encrypted:
        assert found == {}
        assert key is not None
        assert search([key], *places) == {}
    else:
        assert set(found) == set(values)
    # And all of it was there: whoever has the key reads it.
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in data.glob("store.sqlite*"):
        (copy / file.name).write_bytes(file.read_bytes())
    with Store.open(copy / "store.sqlite", key=key) as store, store.read() as connection:
        held = _contents(connection)
    assert [value for value in values if value not in held] == []


def _contents(connection: Any) -> bytes:
    bodies = connection.execute("SELECT json FROM bodies").fetchall()
    return b"\n".join(row[0] for row in bodies + connection.execute("SELECT data FROM chunks").fetchall())


def command(*args: str) -> None:
    done = subprocess.run([sys.executable, "-m", "station.cli", *args], text=True, capture_output=True)
    assert done.returncode == 0, done.stderr


def prepare_hub(data: Path, canaries: Canaries) -> tuple[str, str, str]:
    """A hub that publishes documents with the files; the township's one-time code, the village's secret, a clerk's start code."""
    parts = build_hub(Settings(data=data, code=HUB, encrypt=False))
    try:
        code = enrolment_of(parts).draw(TOWNSHIP)
        secret = devices.give_secret(parts.store, parts.identity.signer, VILLAGE, secrets.token_bytes)
        for n, file in enumerate(canaries.files):
            # Small ones, and some that are too large to be carried in memory.
            scan = file * 3 if n % 2 else file * (1_200_000 // len(file))
            notice = {"_id": f"notice:{n}", "type": "notice"}
            keys.publish(parts.store, parts.identity.signer, notice, {"scan.jpg": ("image/jpeg", scan)})
        clerk = staff.add(parts.store, parts.identity.signer, PEOPLE["T001"], secrets.token_bytes)
        return code, secret, clerk
    finally:
        parts.close()


def record(client: httpx.Client, canaries: Canaries, start_code: str) -> None:
    """The clerk signs in for the first time, records an application for each, looks at it, and searches for the person."""
    clerk = Visitor(client).take_up("T001", start_code)
    for person in canaries.people[:CASES]:
        path = f"/items/{INSTANT.item_code}/record"
        clerk.open(path)
        entered = {
            "name": person.name,
            "id_no": person.id_no,
            "phone": person.phone,
            "address": person.address,
        }
        clerk.send(path, **application(clerk.form, **entered))
        assert clerk.status == 200 and clerk.path.startswith("/cases/"), clerk.page
        case = clerk.path
        for asked in (person.name, person.id_no):
            clerk.open("/cases")
            assert case in clerk.send("/cases", q=asked)
        # A form that is refused repeats what was typed; that too is kept nowhere.
        clerk.open(path)
        clerk.send(path, **application(clerk.form, **{**entered, "phone": person.phone + "0"}))
        assert person.name in clerk.page


def bring(village: httpx.Client, canaries: Canaries) -> None:
    """The village's server brings events, some refused; and hears when the hub's files have come."""
    until(lambda: village.get("public/_all_docs").status_code == 200)
    db = f"station-{VILLAGE}"
    assert village.put(db).status_code in (201, 412)
    docs = []
    for n, person in enumerate(canaries.people[CASES:], 1):
        id_ = f"ev:{VILLAGE}:abcdefgh:{n}"
        said = {
            "type": "case_event", "schema": 1, "case": f"{VILLAGE}2018020900{n:02}X", "event": "create",
            "data": {"applicant": {"name": person.name, "id_no": person.id_no}, "phone": person.phone},
        }  # fmt: skip
        docs.append({"_id": id_, "_rev": event_rev(id_, body(id_, said)), **said})
        forged = {**said, "station": BUREAU}
        refused = {"_id": id_, "_rev": event_rev(id_, body(id_, forged)), **forged}
        docs.append(refused)
    # Too large for memory, so that the body waits on the disk before it is read.
    padding = {"_id": "padding", "text": canaries.people[-1].name * 80_000}
    answer = village.post(f"{db}/_bulk_docs", json={"docs": [*docs, padding], "new_edits": False})
    assert answer.status_code == 201, answer.text
    assert village.get(f"{db}/{docs[0]['_id']}").json()["data"] == docs[0]["data"]
    for n, file in enumerate(canaries.files):
        until(lambda n=n: village.get(f"public/notice:{n}").status_code == 200)  # type: ignore[misc]
        assert village.get(f"public/notice:{n}/scan.jpg").content.startswith(file)
