"""docs/couchdb.md tells what is served: neither more nor less than the endpoint's URL map, method by method."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import flask
import pytest
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException

from sync import mango, revisions, strict_json, wire
from sync.endpoint import asgi, context, feed, find, http, requests, server

PAGE = Path(__file__).parents[2] / "docs" / "couchdb.md"
ROW = re.compile(r"^\| `([A-Z ]+) (/\S*)` \| (\w+) \|", re.MULTILINE)


class Told(NamedTuple):
    """One method of one row."""

    method: str
    path: str
    word: str

    @property
    def url(self) -> str:
        """A path such as the row means."""
        filled = self.path.replace("{db}", "things").replace("{docid}", "a")
        return "/db" + re.sub(r"\{\w+\}", "x", filled)


def told() -> list[Told]:
    return [
        Told(method, path, word)
        for methods, path, word in ROW.findall(PAGE.read_text())
        for method in methods.split()
    ]


def rule_for(app: flask.Flask, one: Told) -> tuple[str, str]:
    """The rule that answers, and the name of what answers; "" if none."""
    try:
        rule, _ = app.url_map.bind("localhost").match(one.url, one.method, return_rule=True)
    except HTTPException:
        return "", ""
    return rule.rule, rule.endpoint.rpartition(".")[2]


def test_every_row_is_read() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if re.match(r"\| `[A-Z]", line)]
    assert len(rows) == len(ROW.findall(PAGE.read_text())) > 60
    assert {one.word for one in told()} == {"full", "partial", "absent"}
    assert len({(one.method, one.path) for one in told()}) == len(told())


def test_what_the_page_lists_is_what_the_url_map_holds(app: flask.Flask) -> None:
    listed = {
        (rule_for(app, one)[0], one.method)
        for one in told()
        if one.word != "absent" or rule_for(app, one)[1] == "code"
    }
    held = {
        (rule.rule, method)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"OPTIONS"}
        if rule.rule.startswith("/db") and rule.endpoint.rpartition(".")[2] not in ("anything_else", "code")
    }
    code = {rule.rule for rule in app.url_map.iter_rules() if rule.endpoint.endswith(".code")}
    assert {pair for pair in listed if pair[0] not in code} == held
    assert {rule for rule, _ in listed if rule in code} == code


def test_what_is_absent_is_refused_in_words(client: FlaskClient) -> None:
    for one in told():
        if one.word == "absent":
            response = client.open(one.url, method=one.method, json={})
            assert response.status_code in (400, 404, 405, 501), one
            assert response.json is not None and response.json["reason"], one
            stands_501 = re.search(rf"{re.escape(one.path)}` \| absent \| 501", PAGE.read_text()) is not None
            assert (response.status_code == 501) is stands_501, one


def test_what_is_served_is_not_refused_as_unknown(client: FlaskClient) -> None:
    client.put("/db/things/a", json={"_attachments": {"x": {"data": "AA=="}}})
    client.put("/db/things/_local/a", json={})
    client.put("/db/things/_design/x", json={"views": {"x": {}}, "language": "query"})
    for one in told():
        if one.word != "absent" and one.method in ("GET", "HEAD"):
            status = client.open(one.url, method=one.method).status_code
            assert status == (404 if one.path == "/favicon.ico" else 200), one


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        (http.MAX_HEAD, "64 KiB, within 30 s"),
        (asgi.FREE_BODY, "read | 64 KiB"),
        (requests.MAX_BODY, "64 MiB, "),
        (strict_json.MAX_VALUES, "1,000,000 values"),
        (strict_json.MAX_DEPTH, "64 levels"),
        (requests.MAX_RATIO, "200 bytes of one packed byte"),
        (wire.MAX_DOCUMENT, "8 MiB of JSON"),
        (wire.MAX_ATTACHMENTS, "100 attachments"),
        (wire.MAX_ID, "512 characters"),
        (requests.MAX_ITEMS, "in a request | 10,000"),
        (requests.MAX_REVS, "asked about | 1,000"),
        (requests.MAX_SIBLINGS, "in one request | 100"),
        (revisions.MAX_LEAVES, "document | 32"),
        (revisions.LIMIT, "leaf | 1,000"),
        (revisions.MAX_JUMP, "more than 100,000 beyond"),
        (mango.MAX_PARTS, "500 parts"),
        (mango.MAX_DEPTH, "20 levels"),
        (mango.MAX_LIST, "1,000 values in a list"),
        (mango.MAX_WORK, "looks at | 2,000,000"),
        (find.MAX_ROWS, "`_find` | 10,000"),
        (find.SECONDS, "After 0.8 s"),
        (find.MAX_BYTES, "or 32 MiB"),
        (asgi.PATIENCE, "answer | 90 s"),
        (http.MAX_CONNECTIONS, "connections | 6,000"),
        (server.MAX_UUIDS, "at most 1,000 |"),
        (context.COOKIE_SECONDS / 60, "cookie for 10 minutes"),
        (feed.LONGEST / 60, "end after 15 minutes"),
        (feed.LONGEST_SILENT, "after 60 s without"),
    ],
)
def test_a_bound_is_what_the_page_says(figure: float, words: str) -> None:
    assert words in " ".join(PAGE.read_text().split())
    shown = f"{figure:,.1f}".removesuffix(".0")
    sizes = [f"{figure / 2**20:g} MiB", f"{figure / 2**10:g} KiB"]
    assert any(re.search(rf"(?<![\d,.]){re.escape(form)}\b", words) for form in (shown, *sizes)), (
        shown,
        words,
    )
