"""Sessions: a signed cookie for who has proved a password; nobody else gets one, and nobody keeps one who was let go."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from flask.testing import FlaskClient

from sync.endpoint import context
from sync.store import Database, Store
from tests.sync.neighbours import Gate, application, said

ME = {"name": "me", "password": "right"}


def cookie_of(response: Any) -> str:
    return str(response.headers["Set-Cookie"].partition(";")[0].partition("=")[2])


def asking(client: FlaskClient, cookie: str, path: str = "/db/things") -> int:
    """Status of a request with that cookie and nothing else."""
    other = client.application.test_client(use_cookies=False)
    return other.get(path, headers={"Cookie": f"AuthSession={cookie}"}).status_code


@pytest.mark.parametrize("form", ["json", "data"])
def test_a_session_begins_goes_on_and_ends(client: FlaskClient, form: str) -> None:
    response = client.post("/db/_session", **{form: ME})
    assert said(response) == (200, {"ok": True, "name": "me", "roles": []})
    for word in ("HttpOnly", "SameSite=Strict", "Path=/db", "Max-Age=600"):
        assert word in response.headers["Set-Cookie"]
    assert said(client.get("/db/_session"))[1]["userCtx"] == {"name": "me", "roles": []}
    assert said(client.get("/db/things"))[0] == 200
    assert said(client.delete("/db/_session")) == (200, {"ok": True})
    assert said(client.get("/db/_session"))[1]["userCtx"]["name"] == "anybody"  # the tests' gate takes those


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({**ME, "password": "wrong"}, 401),
        ({"name": "stranger", "password": "x"}, 401),
        ({"name": "me"}, 400),
        ({"name": "me", "password": 1}, 400),
        ({"name": None, "password": "right"}, 400),
        ([], 400),
    ],
    ids=str,
)
def test_no_session_without_name_and_password(client: FlaskClient, given: Any, status: int) -> None:
    response = client.post("/db/_session", json=given)
    assert (said(response)[0], "Set-Cookie" in response.headers) == (status, False)


def test_a_cookie_that_was_changed_is_worth_nothing(client: FlaskClient) -> None:
    cookie = cookie_of(client.post("/db/_session", json=ME))
    assert asking(client, cookie) == 200
    for at in range(0, len(cookie), 7):
        forged = cookie[:at] + ("A" if cookie[at] != "A" else "B") + cookie[at + 1 :]
        assert asking(client, forged) == 401, forged
    for forged in ("x", "a.b.c", cookie + "x", cookie[:-4], base64.b64encode(b"me:4E47A2C3:hash").decode()):
        assert asking(client, forged) == 401, forged


def test_a_cookie_of_another_server_is_worth_nothing(
    client: FlaskClient, store: Store, gate: Gate, db: Database
) -> None:
    mine = application(store, gate, secret=b"one").test_client()
    cookie = cookie_of(mine.post("/db/_session", json=ME))
    assert asking(application(store, gate, secret=b"one").test_client(), cookie) == 200
    assert asking(application(store, gate, secret=b"two").test_client(), cookie) == 401


def test_a_session_runs_out(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    cookie = cookie_of(client.post("/db/_session", json=ME))
    assert asking(client, cookie) == 200
    monkeypatch.setattr(context, "COOKIE_SECONDS", -1)
    assert asking(client, cookie) == 401


def test_who_was_let_go_is_gone_at_once(client: FlaskClient, gate: Gate) -> None:
    cookie = cookie_of(client.post("/db/_session", json=ME))
    gate.let_go.add("me")
    assert asking(client, cookie) == 401
    assert asking(client, cookie, "/db/_up") == 200


def test_credentials_that_come_along_count_more_than_a_cookie(client: FlaskClient) -> None:
    client.post("/db/_session", json=ME)
    assert said(client.get("/db/_session", auth=("other", "right")))[1]["userCtx"]["name"] == "other"
    assert said(client.get("/db/_session", auth=("me", "wrong")))[0] == 401
