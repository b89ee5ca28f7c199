"""Stores, gates and peers for sync's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import flask
import httpx
import pytest
from flask.testing import FlaskClient

from sync.couch import CouchDatabase
from sync.remote import RemoteDatabase, RemoteServer
from sync.store import Database, Store
from tests.sync.by_stick import ByStick
from tests.sync.neighbours import Gate, application, listening

WRITER = "510903001001"


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[Callable[..., Store]]:
    """Opens stores by name in the test's folder; closes them in the end."""
    with ExitStack() as opened:
        yield lambda name="store", **options: opened.enter_context(
            Store.open(tmp_path / f"{name}.sqlite", **options)
        )


@pytest.fixture
def store(open_store: Callable[..., Store]) -> Store:
    return open_store()


@pytest.fixture
def db(store: Store) -> Database:
    return store.database("things", create=True)


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture(params=["embedded", "over WSGI", "over a socket", "python-couchdb", "by stick"])
def peer(
    request: pytest.FixtureRequest, open_store: Callable[..., Store], gate: Gate
) -> Iterator[Database | RemoteDatabase | CouchDatabase | ByStick]:
    """An empty database, reached in each of the ways there are."""
    if request.param == "python-couchdb":
        yield request.getfixturevalue("open_couch")("peer", follow=False).database("things", create=True)
        return
    held = open_store("peer").database("things", create=True)
    app = application(open_store("other"), gate)
    with ExitStack() as opened:
        if request.param == "embedded":
            yield held
        elif request.param == "by stick":
            yield ByStick(held)
        elif request.param == "over WSGI":
            server = RemoteServer("http://peer/db", transport=httpx.WSGITransport(app))
            yield opened.enter_context(server).database("things", create=True)
        else:
            url = opened.enter_context(listening(app))
            yield opened.enter_context(RemoteServer(url)).database("things", create=True)


@pytest.fixture
def app(store: Store, db: Database, gate: Gate) -> flask.Flask:
    return application(store, gate)


@pytest.fixture
def client(app: flask.Flask) -> FlaskClient:
    return app.test_client()
