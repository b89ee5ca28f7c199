"""Apache CouchDB as replicator: its `_replicate`, once and continuously, with our databases as source and as target.

Runs when BIANMIN_TEST_COUCHDB_URL names a CouchDB on this machine, with an admin's name and password in it.
"""

from __future__ import annotations

import base64
import os
import random
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest

from sync.store import Store
from tests.sync.neighbours import Gate, application, listening

COUCHDB = os.environ.get("BIANMIN_TEST_COUCHDB_URL", "").rstrip("/")
pytestmark = pytest.mark.skipif(
    not COUCHDB, reason="no CouchDB: set BIANMIN_TEST_COUCHDB_URL to run this test"
)

PHOTO = random.Random(1).randbytes(200_000)
SCAN = random.Random(2).randbytes(3_000_000)
TEXT = "居民身份证复印件，".encode() * 3000


@dataclass(frozen=True)
class Database:
    """A database of any server, by HTTP."""

    client: httpx.Client
    url: str

    def ask(self, method: str, path: str = "", **options: Any) -> Any:
        answer = self.client.request(method, f"{self.url}/{path}", **options)
        answer.raise_for_status()
        return answer.json()

    def put(self, id_: str, rev: str | None = None, /, **body: Any) -> str:
        query = {"rev": rev} if rev else {}
        return str(self.ask("PUT", _path(id_), params=query, json=body)["rev"])

    def attach(self, id_: str, name: str, content_type: str, data: bytes, rev: str) -> str:
        path = f"{_path(id_)}/{quote(name, safe='')}"
        headers = {"Content-Type": content_type}
        return str(self.ask("PUT", path, params={"rev": rev}, content=data, headers=headers)["rev"])

    def branch(self, id_: str, *path: str, **body: Any) -> None:
        """Adds a revision with its ancestors as a replicator would: newest first."""
        start, ids = int(path[0].partition("-")[0]), [rev.partition("-")[2] for rev in path]
        doc = {"_id": id_, "_rev": path[0], "_revisions": {"start": start, "ids": ids}, **body}
        assert self.ask("POST", "_bulk_docs", json={"docs": [doc], "new_edits": False}) == []

    def whole(self) -> dict[str, Any]:
        """Winner, and every leaf with its body, history and attachments; digests aside (they are of stored bytes)."""
        found: dict[str, Any] = {}
        for change in self.ask("GET", "_changes", params={"style": "all_docs"})["results"]:
            leaves = {}
            for leaf in change["changes"]:
                query = {"rev": leaf["rev"], "attachments": "true", "revs": "true"}
                doc = self.ask("GET", _path(change["id"]), params=query)
                for attachment in doc.get("_attachments", {}).values():
                    attachment["data"] = base64.b64decode(attachment["data"])
                    attachment.pop("digest")
                    attachment.pop("encoding", None)
                leaves[leaf["rev"]] = doc
            found[change["id"]] = {"winner": change["changes"][0]["rev"], "leaves": leaves}
        return found


def _path(id_: str) -> str:
    """A document's id as the end of a URL."""
    return quote(id_, safe="/" if id_.startswith("_design/") else "")


def fill(db: Database) -> None:
    """Plain documents in more than one batch, a conflict, deletions, a long history, attachments."""
    docs = [{"_id": f"办件-{n:04}", "名称": f"申请{n}", "n": n} for n in range(600)]
    written = db.ask("POST", "_bulk_docs", json={"docs": docs})
    db.ask("DELETE", _path(written[0]["id"]), params={"rev": written[0]["rev"]})
    db.put(written[1]["id"], written[1]["rev"], _deleted=True, 理由="作废")
    db.branch("conflict", "2-b", "1-a", by="one")
    db.branch("conflict", "2-c", "1-a", by="two")
    db.branch("conflict", "3-d", "2-x", "1-a", _deleted=True)
    rev = db.put("long", n=0)
    for n in range(1, 30):
        rev = db.put("long", rev, n=n)
    rev = db.put("files", 名称="材料")
    rev = db.attach("files", "照片.jpg", "image/jpeg", PHOTO, rev)
    rev = db.attach("files", "说明/一.txt", "text/plain", TEXT, rev)
    rev = db.attach("files", "scan.pdf", "application/pdf", SCAN, rev)
    db.attach("files", "empty", "application/octet-stream", b"", rev)
    db.put("_design/views", views={"all": {"map": "function (doc) { emit(doc._id); }"}})


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=60, headers={"Accept": "application/json"}) as client:
        yield client


@pytest.fixture
def ours(client: httpx.Client, tmp_path: Path) -> Iterator[Callable[[], Database]]:
    """Makes a database of ours, reached over a socket."""
    with Store.open(tmp_path / "store.sqlite") as store, listening(application(store, Gate())) as url:

        def make() -> Database:
            db = Database(client, f"{url}/bianmin-test-{uuid.uuid4().hex}")
            db.ask("PUT")
            return db

        yield make


@pytest.fixture
def theirs(client: httpx.Client) -> Iterator[Callable[[], Database]]:
    """Makes a database on the CouchDB."""
    made: list[Database] = []

    def make() -> Database:
        made.append(Database(client, f"{COUCHDB}/bianmin-test-{uuid.uuid4().hex}"))
        made[-1].ask("PUT")
        return made[-1]

    yield make
    for db in made:
        db.ask("DELETE")


def replicate(client: httpx.Client, source: Database, target: Database, **options: Any) -> Any:
    task = {"source": _endpoint(source), "target": _endpoint(target), **options}
    answer = client.post(f"{COUCHDB}/_replicate", json=task)
    assert answer.status_code in (200, 202), answer.text
    return answer.json()


def _endpoint(db: Database) -> dict[str, Any]:
    """How a replication task names a database; its credentials apart from its address."""
    at = urlsplit(db.url)
    address = at._replace(netloc=at.netloc.rpartition("@")[2]).geturl()
    if at.username is None:
        return {"url": address}
    return {"url": address, "auth": {"basic": {"username": at.username, "password": at.password}}}


def until(condition: Callable[[], object], what: str, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.05)


def test_pushes_everything_into_ours(client: httpx.Client, ours: Any, theirs: Any) -> None:
    source, target = theirs(), ours()
    fill(source)
    said = replicate(client, source, target)
    assert said["ok"]
    assert said["history"][0]["doc_write_failures"] == 0
    assert target.whole() == source.whole()
    # It found its checkpoint: nothing is read again.
    assert replicate(client, source, target).get("no_changes") is True
    source.put("later", 名称="补正")
    assert replicate(client, source, target)["history"][0]["start_last_seq"] != 0
    assert target.whole() == source.whole()


def test_pulls_everything_out_of_ours(client: httpx.Client, ours: Any, theirs: Any) -> None:
    source, target = ours(), theirs()
    fill(source)
    said = replicate(client, source, target)
    assert said["ok"]
    assert said["history"][0]["doc_write_failures"] == 0
    assert target.whole() == source.whole()
    assert replicate(client, source, target).get("no_changes") is True
    source.put("later", 名称="补正")
    assert replicate(client, source, target)["history"][0]["start_last_seq"] != 0
    assert "later" in target.whole()


def test_what_went_through_ours_arrives_unchanged(client: httpx.Client, ours: Any, theirs: Any) -> None:
    first, middle, last = theirs(), ours(), theirs()
    fill(first)
    replicate(client, first, middle)
    replicate(client, middle, last)
    assert last.whole() == first.whole()
    # Digests too: both hold the same bytes, compressed or not.
    asked = {"attachments": "false"}
    assert last.ask("GET", "files", params=asked) == first.ask("GET", "files", params=asked)


def test_replicates_between_two_of_ours(client: httpx.Client, ours: Any) -> None:
    source, target = ours(), ours()
    fill(source)
    assert replicate(client, source, target)["ok"]
    assert target.whole() == source.whole()


@pytest.mark.parametrize(
    ("which", "ids"),
    [
        ({"doc_ids": ["办件-0003", "files", "nobody"]}, {"办件-0003", "files"}),
        ({"selector": {"n": {"$gte": 598}, "名称": {"$exists": True}}}, {"办件-0598", "办件-0599"}),
    ],
)
def test_pulls_a_part_of_ours(
    client: httpx.Client, ours: Any, theirs: Any, which: dict[str, Any], ids: set[str]
) -> None:
    source, target = ours(), theirs()
    fill(source)
    replicate(client, source, target, **which)
    assert set(target.whole()) == ids


def test_follows_ours_and_writes_into_ours_continuously(client: httpx.Client, ours: Any, theirs: Any) -> None:
    here, there = ours(), theirs()
    ways = [(here, there), (there, here)]
    for source, target in ways:
        assert replicate(client, source, target, continuous=True)["ok"]
    try:
        for n in range(3):
            for source, target in ways:
                id_ = f"{n}-{uuid.uuid4().hex}"
                rev = source.put(id_, 名称="连续")
                until(lambda t=target, i=id_: holds(t, i), f"document {n}")
                source.attach(id_, "照片.jpg", "image/jpeg", PHOTO, rev)
                until(lambda t=target, i=id_: "_attachments" in t.ask("GET", i), f"photo {n}")
        rev = there.put("gone", 名称="作废")
        until(lambda: holds(here, "gone"), "the document to be deleted")
        here.ask("DELETE", "gone", params={"rev": rev})
        until(lambda: not holds(there, "gone"), "its deletion")
    finally:
        for source, target in ways:
            replicate(client, source, target, continuous=True, cancel=True)
    assert here.whole() == there.whole()


def holds(db: Database, id_: str) -> bool:
    return db.client.head(f"{db.url}/{id_}").status_code == 200
