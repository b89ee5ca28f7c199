"""Made-up weeks of a small city in which folders are put back, laptops copied, and disks restored, in any order.

After each week, once everybody has met everybody: each case that was acknowledged, and of which a single machine still had
the events, is at the hub and at its station, with what was decided of it; no number was given twice; nothing waits, and
nobody counts what others do not.

BIANMIN_TEST_RESTORES (default 4) says how many weeks, BIANMIN_TEST_RESTORES_SEED which. Whole disks are restored and copied too,
with the mark that lies outside of the folder; BIANMIN_TEST_RESTORES_DISKS=0 leaves that out.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from hub import app as hub_app
from schemas.problems import DomainError
from station import app as station_app
from station.app import Parts
from station.casework import Application
from tests.test_journey import INSTANT
from tests.world import (
    HUB,
    NEIGHBOUR,
    PEOPLE,
    QUICK,
    QUICK_WRAPPING,
    TOWNSHIP,
    VILLAGE,
    Server,
    World,
    small_city,
)

WEEKS = int(os.environ.get("BIANMIN_TEST_RESTORES", "4"))
SEED = int(os.environ.get("BIANMIN_TEST_RESTORES_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
DISKS = int(os.environ.get("BIANMIN_TEST_RESTORES_DISKS", "1"))
PER_CITY = 20
CLONE = "clone"
CLERKS = {VILLAGE: "V001", NEIGHBOUR: "V002", CLONE: "V001"}


@dataclass
class Week:
    """What happened so far in one city."""

    city: World
    draw: random.Random
    folder: Path
    recorded: dict[str, str] = field(default_factory=dict)
    """Case number → the form it was recorded with."""
    given: set[str] = field(default_factory=set)
    decided: set[str] = field(default_factory=set)
    hub_waits: bool = False
    backups: dict[str, Path] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    def __getitem__(self, code: str) -> Parts:
        return self.city[code].parts

    # -- what people do ------------------------------------------------------------------------------------------

    def record(self, code: str) -> None:
        form = f"{self.draw.getrandbits(128):032x}"
        number = self[code].casework.record(
            PEOPLE[CLERKS[code]],
            Application(form, INSTANT.item_code, "赵小明", "居民身份证", "510903199003070012", "13800001234", "三组",
                        frozenset(range(1, 30)), True),
        )  # fmt: skip
        assert number not in self.given, f"{number} was given to two cases: {self.log}"
        self.given.add(number)
        self.recorded[number] = form

    def record_at_clone(self) -> None:
        if CLONE in self.city.servers:
            self.city.time.pass_(
                days=1
            )  # twins of one disk may, on one day, give one number: nothing could tell them
            self.record(CLONE)
            self.city.time.pass_(days=1)

    def decide(self) -> None:
        if self.hub_waits:  # as docs/security.md asks of a hub that was put back: its stations first
            return
        hub = self[HUB]
        hub.register.catch_up()
        rows = hub.register.select("state = 'received'", limit=50)
        if not rows:
            return
        case_no = self.draw.choice(rows)["case_no"]
        try:
            hub.casework.act(
                case_no, PEOPLE["E001"], [("accept", {}), ("instant_conclude", {"result": "已核发"})]
            )
        except DomainError:
            return  # its day is over, say
        self.decided.add(case_no)

    def sync(self, code: str) -> None:
        self[code].agent.sync_once()

    # -- what befalls machines -----------------------------------------------------------------------------------

    def back_up(self, code: str) -> None:
        kept = self.folder / f"backup-{code}-{len(self.log)}"
        kept.mkdir()
        parts = self[code]
        parts.store.backup(kept / "store.sqlite")
        for name in ("wraps.json", "root.key", "recovery.key"):
            if (parts.settings.data / name).exists():
                shutil.copy(parts.settings.data / name, kept / name)
        for mark in parts.settings.key_file.parent.glob(f"{parts.store.uuid}*"):  # type: ignore[union-attr]
            shutil.copy(mark, kept / "mark")
        self.backups[code] = kept

    def put_back(self, code: str, how: str) -> None:
        """`how`: store (the register stays), folder (all of it), disk (also what lies outside)."""
        kept = self.backups.get(code)
        if kept is None or (code == VILLAGE and CLONE in self.city.servers):
            return
        parts = self[code]
        uuid, settings = parts.store.uuid, parts.settings
        if how == "folder":
            assert parts.lives is not None
            parts.lives.note(parts.store.update_seq, 1e9 + len(self.log) * 10)
        parts.close()
        for file in settings.data.iterdir():
            if how != "store" or file.name.startswith("store"):
                file.unlink()
        for file in kept.iterdir():
            if file.name == "mark":
                if how == "disk":
                    shutil.copy(file, settings.key_file.parent / f"{uuid}.life")  # type: ignore[union-attr]
            elif how != "store" or file.name.startswith("store"):
                shutil.copy(file, settings.data / file.name)
        self._start(code, settings.data, settings.key_file)  # type: ignore[arg-type]
        self._mourn()
        self.hub_waits = self.hub_waits or code == HUB
        if how == "disk":
            self.city.time.pass_(
                days=1
            )  # on the same day a restored disk may give the day's lost numbers again

    def _mourn(self) -> None:
        """Forgets what was on the machine that was put back, and nowhere else."""
        there: dict[str, set[str]] = {}
        for server in self.city.servers.values():
            store = server.parts.store
            for name in store.databases():
                if name.startswith("station-"):
                    rows = store.database(name).all_docs(limit=100_000)
                    for event in store.bodies(name, [row.id for row in rows]).values():
                        there.setdefault(event["case"], set()).add(event["event"])
        self.recorded = {
            case: form for case, form in self.recorded.items() if "receive" in there.get(case, ())
        }
        self.decided = {case for case in self.decided if "instant_conclude" in there.get(case, ())}

    def copy_laptop(self, whole_disk: bool) -> None:
        if CLONE in self.city.servers:
            return
        self.back_up(VILLAGE)
        kept = self.backups[VILLAGE]
        keys, uuid = kept.with_name(kept.name + "-keys"), self[VILLAGE].store.uuid
        keys.mkdir()
        shutil.copy(self[VILLAGE].settings.key_file, keys / VILLAGE)  # type: ignore[arg-type]
        if whole_disk:
            shutil.copy(kept / "mark", keys / f"{uuid}.life")
            self.city.time.pass_(days=1)
        data = self.folder / f"clone-{len(self.log)}"
        shutil.copytree(kept, data)
        self._start(CLONE, data, keys / VILLAGE)

    def throw_clone_away(self) -> None:
        if CLONE in self.city.servers:
            for _ in range(3):
                for code in (CLONE, VILLAGE, TOWNSHIP):
                    self.sync(code)
            self.city.servers.pop(CLONE).parts.close()
            self.city.time.pass_(days=1)

    def _start(self, code: str, data: Path, key_file: Path) -> None:
        station = VILLAGE if code == CLONE else code
        settings = replace(self[station].settings, data=data, key_file=key_file)
        world = {
            "clock": self.city.time,
            "hasher": QUICK,
            "wrapping": QUICK_WRAPPING,
            "transport_for": self.city.way,
        }
        module = hub_app if station == HUB else station_app
        parts = module.build_parts(settings, **world)
        url = "http://clone" if code == CLONE else self.city[station].url
        self.city.servers[code] = Server(parts, module.create_app(parts), url)
        self.city.reconnect()

    # -- the week and its end ------------------------------------------------------------------------------------

    def live(self) -> None:
        what: list[tuple[int, str, Callable[[], None]]] = [
            (6, "record at the village", lambda: self.record(VILLAGE)),
            (3, "record at the neighbour", lambda: self.record(NEIGHBOUR)),
            (5, "record at the clone", self.record_at_clone),
            (4, "decide", self.decide),
            *(
                (3, f"sync {code}", lambda code=code: self.sync(code))
                for code in (VILLAGE, NEIGHBOUR, TOWNSHIP)
            ),  # type: ignore[misc]
            (2, "sync the clone", lambda: self.sync(CLONE) if CLONE in self.city.servers else None),
            *(
                (1, f"back up {code}", lambda code=code: self.back_up(code))
                for code in (VILLAGE, TOWNSHIP, HUB)
            ),  # type: ignore[misc]
            *(
                (
                    DISKS if how == "disk" else 1,
                    f"put back {code}, {how}",
                    lambda code=code, how=how: self.put_back(code, how),
                )  # type: ignore[misc]
                for code in (VILLAGE, TOWNSHIP, HUB)
                for how in ("store", "folder", "disk")
            ),
            (1, "copy the folder", lambda: self.copy_laptop(False)),
            (DISKS, "copy the disk", lambda: self.copy_laptop(True)),
            (1, "throw the clone away", self.throw_clone_away),
            (1, "a day passes", lambda: self.city.time.pass_(days=1)),
        ]
        for _ in range(self.draw.randint(8, 20)):
            _, name, do = self.draw.choices(what, [weight for weight, _, _ in what])[0]
            self.log.append(name)
            do()

    def settle(self) -> None:
        self.throw_clone_away()
        for _ in range(5):
            self.city.time.pass_(hours=1)
            for code in (VILLAGE, NEIGHBOUR, TOWNSHIP):
                self.sync(code)
        self.hub_waits = False

    def _explain(self, cases: set[str]) -> str:
        """Where the events of these cases are, and whether they count there."""
        lines = []
        for case in sorted(cases):
            db = f"station-{case[:12]}"
            for code, server in self.city.servers.items():
                store = server.parts.store
                if db in store.databases():
                    rows = store.database(db).all_docs(limit=100_000)
                    ids = [
                        id
                        for id, doc in store.bodies(db, [r.id for r in rows]).items()
                        if doc["case"] == case
                    ]
                    runs = {
                        f"{e.run.writer}:{e.run.epoch}": (e.kind, e.n)
                        for e in server.parts.trust.statements(db)
                    }
                    lines.append(
                        f"{case} at {code} (epoch {server.parts.ledger.epoch}): {ids}; stated {runs}"
                    )
        lines += [str(self[code].agent.status()["last"]) for code in (TOWNSHIP, VILLAGE)]
        lines.append(f"disputes at the hub: {self[HUB].register.disputes()}")
        return "\n".join(lines)

    def _told(self, case_no: str) -> str:
        """The case as the hub folds it, step by step."""
        events = self[HUB].register.events(case_no)
        state = self[HUB].casework.case(case_no)
        aside = state.set_aside if state else ()
        return "\n".join(
            [
                f"{e['_id']} {e['event']} lamport {e['lamport']} seen {e['seen']} was {e.get('was')}"
                for e in events
            ]
            + [f"set aside: {each}" for each in aside]
        )

    def check(self) -> None:
        said = f"BIANMIN_TEST_RESTORES_SEED={SEED}: {self.log}"
        held = {}
        for code in (HUB, TOWNSHIP, VILLAGE):
            self[code].register.catch_up()
            held[code] = {row["case_no"]: row["state"] for row in self[code].register.select(limit=100_000)}
        for code in (HUB, TOWNSHIP):
            odd = set(held[code]) ^ set(self.recorded)
            assert not odd, f"{code}: {self._explain(odd)}\n{said}"
        theirs = {c: s for c, s in held[HUB].items() if c.startswith(VILLAGE)}
        odd = {case for case, _ in theirs.items() ^ held[VILLAGE].items()}
        assert not odd, f"the village: {self._explain(odd)}\n{said}"
        assert held[HUB] == held[TOWNSHIP], said
        for case_no in self.decided:
            assert held[HUB][case_no] == "concluded", (
                f"{self._told(case_no)}\n{self._explain({case_no})}\n{said}"
            )
        for code in (VILLAGE, NEIGHBOUR, TOWNSHIP):
            assert self[code].register.waiting() == {}, said
        for case_no, form in self.recorded.items():
            state = self[HUB].casework.case(case_no)
            assert state is not None, said
            assert state.form == form, said


@pytest.mark.timeout(7200)
def test_whatever_is_put_back_or_copied_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    draw = random.Random(SEED)
    done = 0
    while done < WEEKS:
        folder = tmp_path / f"city-{done}"
        with small_city(folder / "city") as city:
            week = Week(city, draw, folder)
            for _ in range(min(PER_CITY, WEEKS - done)):
                week.live()
                week.settle()
                week.check()
                week.log.append("-- settled --")
                done += 1
        shutil.rmtree(folder)
