"""How fast 20,000 documents of 700 bytes go from a store over loopback HTTP into another process's store, and back.

The client replicates in this process, the server is waitress in another; both stores are durable (FULL). The limit it
is held against is what must be done at the very least, once, in one process without any network or history: the strict
parse of the same documents and a batched, durable insert into one table.

What the profile says, in CPU time a document: the side that receives does two thirds of the work: the strict parse is
two fifths of that, taking the revisions in another two fifths (half of it SQLite), telling documents apart the rest;
events add canonical form and hash. The side that sends reads from SQLite and splices bytes; encoding bodies again would
cost it as much as all its other work, and the receiver likewise keeps the bytes it was sent. Reading the next batch
while one is written (`ahead`) lets the two processes work at the same time.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

import apsw
import flask
import waitress

from sync import strict_json
from sync.endpoint import WAITRESS, create_endpoint
from sync.ledger import Ledger
from sync.peer import Refusal, Revision
from sync.remote import RemoteServer
from sync.replicate import replicate
from sync.store import Database, Store

DOCUMENTS = 20_000
BATCH = 500
ROUNDS = 3
WRITER = "510903100228"
SHARE = {
    "documents": 3,
    "events": 4,
}  # the part of the limit we are to reach; events are also written canonically and hashed


class _OpenGate:
    """Lets everybody in: it is the way that is measured, not the watchman."""

    def authenticate(self, request: flask.Request) -> str:
        return "anybody"

    def allow(self, principal: Any, db: str, action: str) -> None:
        pass

    def databases(self, principal: Any, names: Iterable[str]) -> Iterable[str]:
        return names

    def admit(self, principal: Any, db: str, revision: Revision) -> Refusal | None:
        return None

    def written(self, principal: Any, db: Database) -> None:
        pass


def content(n: int) -> dict[str, Any]:
    """A case event of about 700 bytes, a third of it Chinese."""
    return {
        "type": "case_event",
        "schema": 1,
        "case": f"51090310022820180209{n:05}",
        "event": "create",
        "lamport": n,
        "at": "2018-02-09T09:12:33+08:00",
        "station": WRITER,
        "actor": {"staff": "SN0012", "name": "张德明", "role": "village_clerk"},
        "data": {
            "item": {
                "code": "510903-MZ-0007",
                "version": 1,
                "name": "城乡居民最低生活保障待遇申请",
                "department": "区民政局",
                "zone": "社会保障",
                "division_code": "510903",
                "category_code": "01",
                "instant": False,
                "promised_days": 10,
                "legal_days": 20,
            },
            "applicant": {"name": "李秀英", "id_type": "111", "id_no": "510902196203044528"},
            "phone": "13808251234",
            "address": "遂宁市船山区永兴镇石笋沟村三组",
            "channel": "1",
            "form": hashlib.md5(str(n).encode()).hexdigest(),
        },
    }


def serve(path: str, pipe: Connection) -> None:
    """The server process: says its port, serves until it is ended."""
    with Store.open(path) as store:
        app = flask.Flask("bench")
        app.register_blueprint(create_endpoint(store, _OpenGate()), url_prefix="/db")
        server = waitress.create_server(app, host="127.0.0.1", port=0, threads=4, **WAITRESS)
        pipe.send(server.effective_port)
        server.run()


@contextmanager
def server(path: Path) -> Iterator[RemoteServer]:
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=serve, args=(str(path), theirs), daemon=True)
    process.start()
    try:
        with RemoteServer(f"http://127.0.0.1:{ours.recv()}/db") as remote:
            yield remote
    finally:
        process.terminate()
        process.join()


def rate(work: Callable[[], object]) -> float:
    """Documents a second."""
    start = time.perf_counter()
    work()
    return DOCUMENTS / (time.perf_counter() - start)


def limit(folder: Path, batches: list[bytes]) -> float:
    """Strict parse and one durable insert a batch: the least that must be done."""
    database = apsw.Connection(str(folder / "limit.sqlite"))
    for sql in (
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",
        "CREATE TABLE d (id TEXT PRIMARY KEY, json BLOB)",
    ):
        database.execute(sql).fetchall()

    def work() -> None:
        for batch in batches:
            docs = strict_json.loads(batch)
            with database:
                database.executemany(
                    "INSERT INTO d VALUES (?, ?)", [(doc["case"], strict_json.dumps(doc)) for doc in docs]
                )

    try:
        return rate(work)
    finally:
        database.close()


def one_round(kind: str) -> dict[str, float]:
    bodies = [strict_json.canonical(content(n)) for n in range(DOCUMENTS)]
    batches = [b"[" + b",".join(bodies[i : i + BATCH]) + b"]" for i in range(0, DOCUMENTS, BATCH)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Store.open(folder / "station.sqlite") as station, server(folder / "hub.sqlite") as hub:
            source = station.database("source", create=True)
            if kind == "events":
                for batch in batches:
                    Ledger(station, WRITER).append("source", lambda _, batch=batch: strict_json.loads(batch))
            else:
                documents = [
                    Revision(f"doc-{n:08}", ("1-" + hashlib.md5(body).hexdigest(),), False, body)
                    for n, body in enumerate(bodies)
                ]
                source.add_revisions(documents)
            target = hub.database("target", create=True)
            back = station.database("back", create=True)
            with ThreadPoolExecutor(1) as ahead:
                push = rate(lambda: replicate(source, target, batch=BATCH, ahead=ahead))
                pull = rate(lambda: replicate(target, back, batch=BATCH, ahead=ahead))
            figures = {
                "push": push,
                "pull": pull,
                "limit": limit(folder, batches),
            }
            assert back.info()["doc_count"] == DOCUMENTS
        return figures


def run() -> dict[str, Any]:
    results: dict[str, float] = {"bytes per document": len(strict_json.canonical(content(12345)))}
    goals = []
    for kind in ("documents", "events"):
        rounds = [one_round(kind) for _ in range(ROUNDS)]
        figures = {name: median(each[name] for each in rounds) for name in rounds[0]}
        results[f"{kind}: limit (strict parse + FULL insert, one process), documents/s"] = round(
            figures["limit"]
        )
        for way in ("push", "pull"):
            results[f"{kind}: {way}, documents/s"] = round(figures[way])
            goals.append(
                {
                    "name": f"{way} {kind}, at least 1/{SHARE[kind]} of strict parse + FULL insert in one process",
                    "value": round(figures[way]),
                    "unit": "documents/s",
                    "goal": round(figures["limit"] / SHARE[kind]),
                    "peer": round(figures["limit"]),
                    "met": figures[way] >= figures["limit"] / SHARE[kind],
                }
            )
    return {"results": results, "goals": goals}
