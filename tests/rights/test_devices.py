"""Every route of /db × every kind of asker × every kind of database, at hub, township and village, as the tables say.

What the tables do not allow is answered 401, 403 or 404, and has changed nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from sync import wire
from sync.event_ids import event_rev
from sync.signing import Signer
from tests.rights.tables import AT, DATABASES, PROGRAMS, WHO, Credentials, routes, table
from tests.world import VILLAGE, World, small_city

ROUTES = table("dialect")
DEVICES = table("devices")
OK: dict[str, set[int]] = {
    "nothing": {200}, "known": {200}, "unknown": {400, 403, 404, 405}, "read": {200, 201}, "write": {201}, "create": {201, 412},
    "admin": {200, 201, 202, 501}, "code": {501}, "never": {403, 405, 409},
}  # fmt: skip
LETTER = {"read": "r", "write": "w", "never": "w", "create": "c", "code": "r", "admin": "a"}
HUB_ALONE = ("/trust/enrol", "/trust/certificate")
REFUSED = {401, 403, 404}
_numbers = itertools.count(1)


def event(writer: str, n: int = 0) -> dict[str, Any]:
    """A new event of this writer, in the replication form."""
    id_ = f"ev:{writer}:aaaaaaaa:{n or 100 + next(_numbers)}"
    content = {"type": "case_event", "schema": 1, "case": "x", "data": {}}
    rev = event_rev(id_, wire.body(id_, dict(content)))
    return {"_id": id_, "_rev": rev, "_revisions": {"start": 1, "ids": [rev[2:]]}, **content}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with small_city(tmp_path_factory.mktemp("rights")) as world:
        yield world


def filled(city: World) -> Credentials:
    """Everybody's credentials; after it every server keeps every database that the table names, each with one event."""
    made = Credentials(city)
    for server in (city[code] for code in AT.values()):
        for kind in ("village", "neighbour", "township", "far", "bureau"):
            db = server.parts.store.database(DATABASES[kind], create=True)
            db.add_revisions([wire.unsplice(event(db.name.removeprefix("station-"), 1))])
    return made


@pytest.fixture(scope="module")
def credentials(city: World) -> Credentials:
    return filled(city)


def path_of(route: str, db: str, doc: str) -> str:
    path = route.replace("<db>", db)
    path = path.replace("_local/<path:rest>", "_local/kept").replace("/db/<path:rest>", "/db/_nothing/here")
    for name in ("<ddoc>", "<name>", "<view>", "<index>"):
        path = path.replace(name, "x")
    rest = "x" if "_design" in path else doc
    return path.replace("<path:rest>", rest)


def body_of(method: str, route: str, writer: str) -> Any:
    """A body that is well formed, so that what is refused is refused for want of rights."""
    end = route.rpartition("/")[2]
    asked = {f"ev:{writer}:aaaaaaaa:1": ["1-" + "a" * 32]}
    fixed: dict[str, Any] = {
        "_all_docs": {"keys": []}, "_design_docs": {}, "_local_docs": {}, "_changes": {}, "_dbs_info": {"keys": ["here"]},
        "_bulk_docs": {"docs": [event(writer)], "new_edits": False}, "_bulk_get": {"docs": []}, "_revs_diff": asked,
        "_missing_revs": asked, "_purge": asked, "_find": {"selector": {}}, "_explain": {"selector": {}},
        "_index": {"index": {"fields": ["a"]}}, "_revs_limit": 10,
        "certificate": {"request": "a"}, "token": {"station": VILLAGE, "key": "a", "nonce": "a", "sig": "a"}, "enrol": {"station": VILLAGE, "key": Signer(bytes(32)).public, "proof": "a"}, "_security": {"admins": {"names": ["me"]}},
    }  # fmt: skip
    if method in ("GET", "DELETE", "COPY"):
        return None
    if route == "/trust/time":
        return {"nonce": "of a stranger"}
    if route == "/trust/statements/<db>":
        return {"statements": []}
    if end in fixed:
        return fixed[end]
    if route in ("/db/<db>", "/db/<db>/<path:rest>"):
        return {name: value for name, value in event(writer).items() if name not in ("_rev", "_revisions")}
    return {}


class Asker:
    """One kind of asker at one server."""

    def __init__(self, city: World, credentials: Credentials, at: str, who: str) -> None:
        self.server = city[AT[at]]
        self.row = next(row for row in DEVICES if (row["at"], row["who"]) == (at, who))
        self.known = self.row["public"] != "401"
        self._name, self._secret = credentials.name_and_secret(who)
        self._headers = credentials.headers(at, who)
        self._client = Client(self.server.app, use_cookies=False)

    def may(self, needs: str, kind: str) -> bool:
        if needs in ("known", "unknown"):
            return self.known
        return needs == "nothing" or LETTER[needs] in self.row[kind].replace("401", "")

    def ask(self, method: str, route: str, db: str) -> TestResponse:
        writer = db.removeprefix("station-") if db[8:].isdecimal() else VILLAGE
        doc = f"device:{VILLAGE}" if db == "public" else f"ev:{writer}:aaaaaaaa:1"
        path, body = path_of(route, db, doc), body_of(method, route, writer)
        headers = dict(self._headers)
        if (method, route) == ("PUT", "/db/<db>"):
            body = None
        if method in ("POST", "PUT") and body is not None and "<path:rest>" in route and "_id" in body:
            path = f"/db/{db}/{body['_id']}"
        if method == "PUT" and "/_local/" in route:
            path = f"/db/{db}/_local/new-{next(_numbers)}"
        if method == "COPY":
            headers["Destination"] = event(writer)["_id"]
        if method == "DELETE" and "/<path:rest>" in route and "_local" not in route:
            path += "?rev=" + event(writer, 1)["_rev"]
        if (method, route) == ("POST", "/db/_session"):
            body = {"name": self._name, "password": self._secret}
        # Rights are asked about here, not how guessing is slowed: whoever is refused comes from elsewhere each time.
        judged = route in ("/trust/token", *HUB_ALONE)
        place = (
            "127.0.0.1" if self.known and not judged else "10.{}.{}.{}".format(*next(_numbers).to_bytes(3))
        )
        return self._client.open(
            path, method=method, headers=headers, json=body, environ_base={"REMOTE_ADDR": place}
        )

    def everything(self) -> dict[str, Any]:
        """What this server keeps, as far as a write could have changed it."""
        store = self.server.parts.store
        kept: dict[str, Any] = {"": (store.update_seq, sorted(store.databases()))}
        for name in store.databases():
            db = store.database(name)
            kept[name] = (db.update_seq, db.security(), None if name == "here" else db.local_documents())
        return kept


def askers_param(row: dict[str, str]) -> Any:
    """One row of devices.csv as pytest takes it."""
    return pytest.param(row["at"], row["who"])


@pytest.mark.parametrize("at", AT)
def test_every_route_of_the_dialect_has_its_row_and_every_row_its_route(city: World, at: str) -> None:
    there = {each for each in routes(city[AT[at]].app) if each[1].startswith(PROGRAMS)}
    written = [
        (row["method"], row["route"]) for row in ROUTES if at == "hub" or row["route"] not in HUB_ALONE
    ]
    assert there == set(written)
    assert len(written) == len(set(written))


@pytest.mark.parametrize(("at", "who"), [askers_param(row) for row in DEVICES])
def test_the_dialect_allows_exactly_what_the_tables_say(
    city: World, credentials: Credentials, at: str, who: str
) -> None:
    asker = Asker(city, credentials, at, who)
    wrong: list[str] = []
    for kind in ("public", "village", "neighbour", "township", "far", "bureau"):
        database = asker.server.parts.store.database(DATABASES[kind])
        # Each device's are its own (station.gate): these are the asker's.
        for code in WHO.values():
            database.put_local(f"device/{code}/kept", {"by": "the asker"})
    for kind, db in DATABASES.items():
        before = asker.everything()
        allowed = []
        for row in ROUTES:
            method, route, needs = row["method"], row["route"], row["needs"]
            if "<db>" not in route and kind != "public":
                continue
            if kind == "public" and needs == "write":
                assert not asker.may(needs, kind), "only the hub writes it"
            if needs == "message":
                continue  # tests/rights/test_exchange.py: what it is about stands in the message
            if needs == "itself":
                # Judged by what is in the request; these are nobody's signature and nobody's code.
                answer = asker.ask(method, route, db)
                if answer.status_code not in (
                    (401, 403) if at == "hub" or route not in HUB_ALONE else (404,)
                ):
                    wrong.append(f"{method} {route}: {answer.status_code}")
            elif needs == "credentials":
                answer = asker.ask(method, route, db)
                if answer.status_code != (200 if asker.known else 401):
                    wrong.append(f"{method} {route}: {answer.status_code}")
            elif asker.may(needs, kind):
                allowed.append(row)
            else:
                for each in (method, "HEAD") if method == "GET" else (method,):
                    answer = asker.ask(each, route, db)
                    expected = {401} if not asker.known else REFUSED
                    if answer.status_code not in expected:
                        wrong.append(f"{each} {route} of {kind}: {answer.status_code} and not {expected}")
        if asker.everything() != before:
            wrong.append(f"what was refused changed {kind}")
        # Making the missing database comes last, or it would not be missing.
        for row in sorted(allowed, key=lambda row: row["needs"] == "create"):
            answer = asker.ask(row["method"], row["route"], db)
            expected = {404} if kind == "missing" and row["needs"] != "create" else OK[row["needs"]]
            if answer.status_code not in expected:
                wrong.append(
                    f"{row['method']} {row['route']} of {kind}: {answer.status_code} and not {expected}: {answer.text}"
                )
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize("who", ["village", "neighbour", "township", "far"])
@pytest.mark.parametrize("at", AT)
def test_lists_of_databases_name_those_that_may_be_read_and_no_other(
    city: World, credentials: Credentials, at: str, who: str
) -> None:
    asker = Asker(city, credentials, at, who)
    readable = {db for kind, db in DATABASES.items() if asker.may("read", kind)}
    readable &= set(asker.server.parts.store.databases())
    assert set(asker.ask("GET", "/db/_all_dbs", "").json) == readable
    assert {row["key"] for row in asker.ask("GET", "/db/_dbs_info", "").json} == readable
    assert {row["db_name"] for row in asker.ask("GET", "/db/_db_updates", "").json["results"]} == readable
    asked = asker._client.post(
        "/db/_dbs_info", headers=asker._headers, json={"keys": list(DATABASES.values())}
    )
    assert {row["key"] for row in asked.json if "info" in row} == readable


@pytest.mark.parametrize("at", AT)
def test_even_the_question_which_methods_there_are_needs_credentials(
    city: World, credentials: Credentials, at: str
) -> None:
    client = Client(city[AT[at]].app, use_cookies=False)
    for row in ROUTES:
        if row["route"].startswith("/db") and row["needs"] not in ("nothing", "credentials", "unknown"):
            path = path_of(row["route"], "here", "x")
            assert client.options(path).status_code == 401, path
