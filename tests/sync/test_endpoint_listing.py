"""Documents and databases listed over HTTP: ranges, keys, order, and what a row says."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from sync.store import Database, Store
from tests.sync.neighbours import Gate, documents, said
from tests.sync.test_peers import revision


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.endpoint.listing.PAGE", 3)
    monkeypatch.setattr("sync.endpoint.listing.PAGE_OF_DOCS", 2)


def ids(client: FlaskClient, query: str, listing: str = "_all_docs") -> list[str]:
    return [row["id"][-1] for row in said(client.get(f"/db/things/{listing}?{query}"))[1]["rows"]]


@pytest.mark.parametrize("docs", ["", "&include_docs=true"])
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "01234567"),
        ("descending=true", "76543210"),
        ("descending=true&skip=2&limit=4", "5432"),
        ('descending=true&startkey="doc-0005"&endkey="doc-0002"', "5432"),
        ('descending=true&startkey="doc-0005"&endkey="doc-0002"&inclusive_end=false', "543"),
        ('start_key="doc-0006"', "67"),
        ('end_key="doc-0001"', "01"),
        ("limit=0", ""),
        ("skip=7", "7"),
        ("skip=99", ""),
        ('startkey="z"', ""),
    ],
)
def test_a_range_is_that_range_across_pages(
    client: FlaskClient, db: Database, query: str, found: str, docs: str
) -> None:
    db.put_many(documents(8))
    assert ids(client, query + docs) == list(found)


def test_keys_are_answered_in_their_order_and_as_often_as_asked(client: FlaskClient, db: Database) -> None:
    db.put_many(documents(3))
    keys = ["doc-0002", "no", "doc-0000", "doc-0002"]
    for answer in (
        client.post("/db/things/_all_docs", json={"keys": keys}),
        client.get('/db/things/_all_docs?keys=["doc-0002","no","doc-0000","doc-0002"]'),
    ):
        assert [row["key"] for row in said(answer)[1]["rows"]] == keys
    turned = said(client.post("/db/things/_all_docs?descending=true", json={"keys": keys}))[1]["rows"]
    assert [row["key"] for row in turned] == keys[::-1]
    assert said(client.post("/db/things/_all_docs", json={"keys": "doc"}))[0] == 400


def test_a_row_says_what_it_is_asked(client: FlaskClient, db: Database) -> None:
    db.add_revisions([revision("a", "2-b", "1-a", n=1), revision("a", "2-c", "1-a", n=2)])
    db.put({"_id": "b", "_attachments": {"f": {"data": "b25l"}}})
    first, second = said(
        client.get("/db/things/_all_docs?include_docs=true&conflicts=true&attachments=true")
    )[1]["rows"]
    assert (first["doc"]["n"], first["doc"]["_conflicts"]) == (2, ["2-b"])
    assert second["doc"]["_attachments"]["f"]["data"] == "b25l"
    (_, second) = said(client.get("/db/things/_all_docs?include_docs=true"))[1]["rows"]
    assert second["doc"]["_attachments"]["f"]["stub"] is True


def test_a_listing_says_at_which_sequence(client: FlaskClient, db: Database) -> None:
    db.put_many(documents(3))
    answer = said(client.get("/db/things/_all_docs?update_seq=true&limit=1"))[1]
    assert (answer["update_seq"], answer["total_rows"], len(answer["rows"])) == (3, 3, 1)
    assert "update_seq" not in said(client.get("/db/things/_all_docs"))[1]


def test_design_documents_and_local_ones_have_listings_of_their_own(
    client: FlaskClient, db: Database
) -> None:
    db.put_many(documents(2))
    client.put("/db/things/_design/x", json={})
    client.put("/db/things/_design/y", json={})
    client.put("/db/things/_local/one", json={"n": 1})
    client.put("/db/things/_local/two", json={"n": 2})
    assert ids(client, "", "_design_docs") == ["x", "y"]
    assert ids(client, "descending=true&limit=1", "_design_docs") == ["y"]
    rows = said(client.get("/db/things/_local_docs?include_docs=true"))[1]["rows"]
    assert [(row["id"], row["doc"]["n"]) for row in rows] == [("_local/one", 1), ("_local/two", 2)]
    keyed = said(client.post("/db/things/_local_docs", json={"keys": ["_local/two", "_local/no"]}))[1]["rows"]
    assert [row.get("id") for row in keyed] == ["_local/two", None]


def test_ids_sort_by_code_point(client: FlaskClient, db: Database) -> None:
    for id in ("a", "B", "文", "é", "𠮷", "\uffee"):
        db.put({"_id": id})
    assert ids(client, "") == ["B", "a", "é", "文", "\uffee", "𠮷"]


def test_databases_are_listed_and_described_to_those_who_may_know(
    client: FlaskClient, store: Store, gate: Gate
) -> None:
    for name in ("one", "two", "zero"):
        store.database(name, create=True)

    def names(query: str) -> Any:
        return said(client.get(f"/db/_all_dbs?{query}"))[1]

    assert names("") == ["one", "things", "two", "zero"]
    assert names("descending=true&limit=2") == ["zero", "two"]
    assert names('startkey="p"&endkey="u"') == ["things", "two"]
    assert names("skip=3") == ["zero"]
    gate.hidden.add("two")
    found = said(client.post("/db/_dbs_info", json={"keys": ["one", "two", "none", 1]}))[1]
    assert [one.get("error", "ok") for one in found] == ["ok"] + ["not_found"] * 3
    assert [one["key"] for one in said(client.get("/db/_dbs_info"))[1]] == ["one", "things", "zero"]
