"""How fast 20,000 documents of 700 bytes go from a store over loopback HTTP into another process's store, and back.

The client replicates in this process, the server is ours in another; both stores are durable (FULL). They are held
against two things measured in the same run, round by round, each round beginning with another contender:

- the *limit*: what must be done at the very least, once, in one process without any network or history: the strict
  parse of the same documents and a batched, durable insert into one table;
- the *peers*: PouchDB 9 with PouchDB's server (both on LevelDB, which does not wait for the disk), and, with the address of
  a CouchDB, PouchDB with it and its own `_replicate` between two of its databases over HTTP. A peer that is not on this
  machine is left out, and what is held against it says so.

PouchDB with our server is shown beside; so are foreign writes, by one plain client to us and to CouchDB: `_bulk_docs`
of 500 documents, and single PUTs, answered when they are durable.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import apsw

from bench import _peers
from bench._documents import WRITER, bodies, bulk, revision, wire
from bench._ours import server
from sync import collecting, strict_json
from sync.ledger import Ledger
from sync.remote import RemoteServer
from sync.replicate import replicate
from sync.store import Store
from tests.node.peers import absent, pouchdb_server

BATCH = 500  # documents in a foreign client's `_bulk_docs`
OUR_BATCH = 1000  # changes a round of ours
PUTS = 400
POUCHDB_BATCHES = (100, 1000)  # its default, and one that suits a quick line
SHARE = {
    "documents": 3,
    "events": 4,
}  # the part of the limit we are to reach; events are also written canonically and hashed
TIMES_THE_PEERS = 3.0
BULK_TIMES_COUCHDB = 1.3

Figures = dict[str, float]


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--documents", type=int, default=20_000, help="how many documents (default: 20000)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each; medians count (default: 3)")
    parser.add_argument(
        "--couchdb",
        metavar="URL",
        default=os.environ.get("BIANMIN_TEST_COUCHDB_URL"),
        help="a CouchDB to measure as well, with an admin's name and password (or BIANMIN_TEST_COUCHDB_URL)",
    )
    parser.add_argument("--alone", action="store_true", help="no peers: only us and the limit")


@dataclass(frozen=True)
class Load:
    """What is moved, in the forms the contenders want it in, and a folder to move it in."""

    bodies: list[bytes]
    bulk: list[bytes]
    file: Path
    folder: Path

    @property
    def number(self) -> int:
        return len(self.bodies)

    def rate(self, work: Callable[[], object]) -> float:
        """Documents a second."""
        start = time.perf_counter()
        work()
        return self.number / (time.perf_counter() - start)


def limit(load: Load, folder: Path) -> Figures:
    """Strict parse and one durable insert a batch: the least that must be done."""
    folder.mkdir()
    database = apsw.Connection(str(folder / "limit.sqlite"))
    for sql in (
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",
        "CREATE TABLE d (id TEXT PRIMARY KEY, json BLOB)",
    ):
        database.execute(sql).fetchall()

    def work() -> None:
        for batch in _batches(load.bodies):
            docs = strict_json.loads(batch)
            with database:
                database.executemany(
                    "INSERT INTO d VALUES (?, ?)", [(doc["case"], strict_json.dumps(doc)) for doc in docs]
                )

    try:
        return {"limit": load.rate(work)}
    finally:
        database.close()


def _batches(bodies: list[bytes]) -> list[bytes]:
    return [b"[" + b",".join(bodies[i : i + BATCH]) + b"]" for i in range(0, len(bodies), BATCH)]


def ours(kind: str, load: Load, folder: Path) -> Figures:
    """Our store to our server, and back into another of our databases."""
    folder.mkdir()
    with Store.open(folder / "station.sqlite") as station, server(folder / "hub.sqlite") as running:
        source = station.database("source", create=True)
        if kind == "events":
            for batch in _batches(load.bodies):
                Ledger(station, WRITER).append("source", lambda _, batch=batch: strict_json.loads(batch))
        else:
            source.add_revisions([revision(n, body) for n, body in enumerate(load.bodies)])
        with RemoteServer(running.url) as hub:
            target = hub.database("target", create=True)
            back = station.database("back", create=True)
            figures = {
                f"{kind} push": load.rate(lambda: replicate(source, target, batch=OUR_BATCH, ahead=True)),
                f"{kind} pull": load.rate(lambda: replicate(target, back, batch=OUR_BATCH, ahead=True)),
            }
        assert back.info()["doc_count"] == load.number
    return figures


def foreign(url: str, load: Load) -> Figures:
    """What one plain client gets written at a server."""
    times = _peers.single_puts(url, load.bodies[:PUTS])
    return {"bulk": _peers.bulk_docs(url, load.bulk, load.number), **times}


Contender = Callable[[Path], Figures]


def contenders(chosen: argparse.Namespace, load: Load, opened: ExitStack) -> dict[str, Contender]:
    """Everything that takes part on this machine, by name; each is given an empty folder's path."""
    found: dict[str, Contender] = {
        "limit": lambda folder: limit(load, folder),
        "documents": lambda folder: ours("documents", load, folder),
        "events": lambda folder: ours("events", load, folder),
    }

    def written_to_us(folder: Path) -> Figures:
        folder.mkdir()
        with server(folder / "hub.sqlite") as running:
            return foreign(running.url, load)

    found["written to us"] = written_to_us
    if chosen.alone:
        return found
    couchdb = chosen.couchdb.rstrip("/") if chosen.couchdb else None
    if absent() is None:
        url = opened.enter_context(pouchdb_server(load.folder / "pouchdb-server"))

        def with_us(folder: Path, batch: int) -> Figures:
            folder.mkdir()
            with server(folder / "hub.sqlite") as running:
                return _peers.pouchdb(running.url, load.file, load.number, folder / "node", batch)

        for batch in POUCHDB_BATCHES:
            found[f"PouchDB, PouchDB Server, batch {batch}"] = lambda folder, batch=batch: _peers.pouchdb(
                url, load.file, load.number, folder, batch
            )
            found[f"PouchDB, us, batch {batch}"] = lambda folder, batch=batch: with_us(folder, batch)
            if couchdb:
                found[f"PouchDB, CouchDB, batch {batch}"] = lambda folder, batch=batch: _peers.pouchdb(
                    couchdb, load.file, load.number, folder, batch
                )
    if couchdb:

        def replicator(folder: Path) -> Figures:
            rate = _peers.couchdb_replicator(couchdb, load.bulk, load.number)
            return {"push": rate, "pull": rate}

        found["CouchDB, _replicate"] = replicator
        found["written to CouchDB"] = lambda folder: foreign(couchdb, load)
    return found


def measure(chosen: argparse.Namespace) -> dict[str, Figures]:
    """Medians of all rounds, by contender."""
    rounds: dict[str, list[Figures]] = {}
    with tempfile.TemporaryDirectory() as name, ExitStack() as opened:
        folder = Path(name)
        made = bodies(chosen.documents)
        file = folder / "documents.json"
        file.write_bytes(b"[" + b",".join(wire(n, body) for n, body in enumerate(made)) + b"]")
        load = Load(made, bulk(made, BATCH), file, folder)
        found = contenders(chosen, load, opened)
        names, places = list(found), count()
        for n in range(chosen.rounds):
            first = n * len(names) // chosen.rounds
            for each in names[first:] + names[:first]:
                rounds.setdefault(each, []).append(found[each](folder / str(next(places))))
    return {
        each: {figure: median(one[figure] for one in all_) for figure in all_[0]}
        for each, all_ in rounds.items()
    }


def run(chosen: argparse.Namespace) -> dict[str, Any]:
    collecting.seldom()
    medians = measure(chosen)
    results: dict[str, float | str] = {
        "documents": chosen.documents,
        "rounds": chosen.rounds,
        "bytes per document": len(bodies(1)[0]),
    }
    for each, figures in medians.items():
        for figure, value in figures.items():
            unit = "ms" if figure in ("p50", "p99") else "documents/s"
            results[f"{each}: {figure}, {unit}"] = round(value, 2) if unit == "ms" else round(value)
    if not chosen.alone and (words := absent()) is not None:
        results["PouchDB"] = f"left out: {words}"
    if not chosen.alone and not chosen.couchdb:
        results["CouchDB"] = "left out: no --couchdb URL"
    return {"results": results, "goals": [*against_the_limit(medians), *against_the_peers(medians)]}


def against_the_limit(medians: dict[str, Figures]) -> list[dict[str, Any]]:
    least = medians["limit"]["limit"]
    return [
        _goal(
            f"{way} {kind}, at least 1/{share} of strict parse + FULL insert in one process",
            medians[kind][f"{kind} {way}"],
            least / share,
            least,
        )
        for kind, share in SHARE.items()
        for way in ("push", "pull")
    ]


def against_the_peers(medians: dict[str, Figures]) -> list[dict[str, Any]]:
    """A pair counts as a peer if neither of the two is ours."""
    goals = []
    pairs = {each: figures for each, figures in medians.items() if "push" in figures and ", us" not in each}
    for way in ("push", "pull"):
        fastest = max(pairs, key=lambda each, way=way: pairs[each][way], default=None)
        goals.append(
            _goal(
                f"replicate, {way}: {TIMES_THE_PEERS:g} × the fastest pair of peers ({fastest or 'none here'})",
                medians["documents"][f"documents {way}"],
                TIMES_THE_PEERS * pairs[fastest][way] if fastest else None,
                pairs[fastest][way] if fastest else None,
            )
        )
    here, there = medians["written to us"], medians.get("written to CouchDB")
    goals.append(
        _goal(
            f"_bulk_docs of {BATCH} by a plain client: {BULK_TIMES_COUCHDB} × CouchDB's",
            here["bulk"],
            BULK_TIMES_COUCHDB * there["bulk"] if there else None,
            there["bulk"] if there else None,
        )
    )
    there_p50 = there["p50"] if there else None
    goals.append(
        {
            "name": "a single durable PUT, p50: no more than CouchDB's",
            "value": round(here["p50"], 2),
            "unit": "ms",
            "goal": there_p50 and round(there_p50, 2),
            "peer": there_p50 and round(there_p50, 2),
            "met": None if there_p50 is None else here["p50"] <= there_p50,
        }
    )
    return goals


def _goal(name: str, value: float, goal: float | None, peer: float | None) -> dict[str, Any]:
    """At least `goal` documents a second; null where there is no such peer here."""
    return {
        "name": name,
        "value": round(value),
        "unit": "documents/s",
        "goal": None if goal is None else round(goal),
        "peer": None if peer is None else round(peer),
        "met": None if goal is None else value >= goal,
    }
