"""`replicate` against other people's servers, both ways, with everything a document can have: branches, deletions, files
small and large, text that CouchDB keeps packed."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from sync import blobs
from sync.peer import Attachment, Filter, Revision
from sync.remote import RemoteDatabase, RemoteServer
from sync.replicate import replicate
from sync.store import Database, Store
from tests.node.peers import pouchdb_server
from tests.sync.neighbours import contents, documents
from tests.sync.test_peers import files, held, revision, taken

COUCHDB = os.environ.get("BIANMIN_TEST_COUCHDB_URL", "").rstrip("/")


@pytest.fixture(scope="module", params=["PouchDB Server", *(["CouchDB"] if COUCHDB else [])])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "CouchDB":
        yield COUCHDB
    else:
        with pouchdb_server(tmp_path_factory.mktemp("pouch")) as url:
            yield url


@pytest.fixture
def there(url: str) -> Iterator[RemoteDatabase]:
    """An empty database on that server."""
    parts = urlsplit(url)
    auth = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    name = f"bianmin-{uuid.uuid4().hex}"
    with RemoteServer(f"http://{parts.hostname}:{parts.port}", auth=auth, compress=True) as server:
        yield server.database(name, create=True)
        server.ask("DELETE", name)


def leaves(peer: Database | RemoteDatabase) -> dict[str, list[str]]:
    """Every document with its leaves. (PouchDB Server does not name the winner first.)"""
    return {id: sorted(revs) for id, revs in contents(peer).items()}


def file(data: bytes, kind: str, revpos: int = 1) -> Attachment:
    return Attachment(kind, blobs.digests(data).md5, len(data), revpos, data)


def everything(db: Database) -> None:
    """Fills a database with what there can be."""
    db.put_many(documents(300))
    for n in range(0, 300, 7):
        gone = db.get(f"doc-{n:04}")
        assert gone is not None
        db.put({"_id": gone["_id"], "_rev": gone["_rev"], "_deleted": True})
    taken(
        db,
        revision("branched", "1-a"),
        revision("branched", "2-b", "1-a"),
        revision("branched", "2-c", "1-a"),
    )
    photo, text = os.urandom(900_000), "便民服务".encode() * 3000
    attached = {
        "照片.jpg": file(photo, "image/jpeg"),
        "说明.txt": file(text, "text/plain"),
        "0": file(b"", "text/plain"),
    }
    taken(db, revision("filed", "1-a", n=1)._replace(attachments=attached))
    taken(db, revision("small", "1-a", n=1)._replace(attachments={"a b/c.txt": file(b"kurz", "text/plain")}))


def test_everything_goes_there_and_comes_back(
    there: RemoteDatabase, open_store: Callable[..., Store]
) -> None:
    mine, back = open_store().database("mine", create=True), open_store("back").database("back", create=True)
    everything(mine)
    went = replicate(mine, there, batch=50)
    assert (went.refused, went.written) == ([], went.missing)
    assert leaves(there) == leaves(mine)
    came = replicate(there, back, batch=50)
    assert came.refused == []
    assert leaves(back) == leaves(mine)
    for id in ("filed", "small"):
        (ours,), (theirs,) = held(mine, id, "1-a"), held(back, id, "1-a")
        for name, attachment in files(ours).items():
            assert files(theirs)[name].data == attachment.data
    again = replicate(mine, there), replicate(there, back)
    assert [session.changes for session in again] == [0, 0]


def test_a_part_is_chosen_there(
    there: RemoteDatabase, open_store: Callable[..., Store], request: pytest.FixtureRequest
) -> None:
    knows_selectors = "PouchDB Server" not in request.node.name  # it answers 404 to them
    mine = open_store().database("mine", create=True)
    mine.put_many(documents(40))
    assert replicate(mine, there, only=Filter(doc_ids=("doc-0003", "doc-0004"))).written == 2
    assert replicate(mine, there).written == 38
    for only, ids in (
        (Filter(doc_ids=("doc-0007", "nobody")), {"doc-0007"}),
        (Filter(selector={"n": {"$gte": 37}}), {"doc-0037", "doc-0038", "doc-0039"}),
    ):
        if only.selector and not knows_selectors:
            continue
        part = open_store(str(len(ids))).database("part", create=True)
        assert replicate(there, part, batch=10, only=only).refused == []
        assert set(contents(part)) == ids


def test_edits_go_on_where_they_ended(there: RemoteDatabase, tmp_path: Path) -> None:
    with ExitStack() as opened:
        a = opened.enter_context(Store.open(tmp_path / "a.sqlite")).database("a", create=True)
        b = opened.enter_context(Store.open(tmp_path / "b.sqlite")).database("b", create=True)
        for round in range(3):
            a.put({"_id": f"from-a-{round}"})
            b.put({"_id": f"from-b-{round}"})
            for peer in (a, b, a):
                replicate(peer, there)
                replicate(there, peer)
        assert leaves(a) == leaves(b) == leaves(there)
        stub = file(b"x" * 100, "image/png")
        taken(a, Revision("s", ("1-a",), False, b"{}", {"f": stub}))
        taken(a, Revision("s", ("2-b", "1-a"), False, b"{}", {"f": stub._replace(data=None)}))
        replicate(a, there)
        replicate(there, b)
        (revised,) = held(b, "s", "2-b")
        assert files(revised)["f"].data == b"x" * 100
