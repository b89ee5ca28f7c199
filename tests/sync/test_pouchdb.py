"""PouchDB and nano as they are, in Node, let loose on our endpoint: what works with a CouchDB works with us.

The scenarios are in tests/node and know no server. With BIANMIN_TEST_COUCHDB_URL set they also run on that CouchDB: that
is how we know that they ask for nothing that CouchDB does not do.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx
import pytest

from sync.store import Store
from tests.node.peers import node
from tests.sync.neighbours import Gate, application, listening

COUCHDB = os.environ.get("BIANMIN_TEST_COUCHDB_URL", "").rstrip("/")


@pytest.fixture(params=["ours", *(["CouchDB"] if COUCHDB else [])])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The root of a server: our endpoint behind a socket, or the CouchDB at hand."""
    if request.param == "CouchDB":
        yield COUCHDB
        return
    with (
        Store.open(tmp_path / "store.sqlite") as store,
        listening(application(store, Gate())) as url,
    ):
        at = urlsplit(url)
        yield urlunsplit(at._replace(netloc=f"admin:secret@{at.netloc}"))


@pytest.fixture
def name(server: str) -> Iterator[str]:
    """A database's name that nobody has used; what it names is gone afterwards."""
    name = f"bianmin-test-{uuid.uuid4().hex}"
    yield name
    httpx.delete(f"{server}/{name}", trust_env=False)


@pytest.fixture
def database(server: str, name: str) -> str:
    httpx.put(f"{server}/{name}", trust_env=False).raise_for_status()
    return f"{server}/{name}"


@pytest.mark.parametrize(
    "scenario",
    ["push", "pull", "live", "attachments", "conflicts", "deletions", "doc_ids", "selector", "everyday"],
)
def test_pouchdb(scenario: str, database: str) -> None:
    node("pouchdb_client.js", scenario, database)


@pytest.mark.parametrize("scenario", ["databases", "documents", "bulk", "find", "attachments", "feed"])
def test_nano(scenario: str, server: str, name: str) -> None:
    node("nano_client.js", scenario, server, name)


def test_nano_signs_in_and_keeps_the_cookie(server: str, name: str, database: str) -> None:
    node("nano_client.js", "session", server, name)
