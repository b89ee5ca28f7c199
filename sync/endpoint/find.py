"""`_find`, `_index`, `_explain`: https://docs.couchdb.org/en/stable/api/database/find.html

There are no indexes behind it: a query reads the documents, or the range of ids its selector names, for a bounded time.
Definitions of indexes are kept as design documents, as CouchDB keeps them, so that clients and replicas find them.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from functools import cmp_to_key
from typing import Any, Final, NamedTuple

import flask

from sync import mango, strict_json
from sync.endpoint import answers, requests
from sync.endpoint.changes import conflicts
from sync.endpoint.context import Context
from sync.endpoint.listing import Range, rows_of
from sync.errors import BadRequest, NotFound
from sync.serving import LAST, ServedDatabase

MAX_ROWS: Final = 10_000  # matches sorted or skipped in memory
MAX_BYTES: Final = 32 * 1024 * 1024  # of documents in one answer, or sorted
SECONDS: Final = 0.8  # a query reads this long; then it answers with what it found and a bookmark to go on
DEFAULT_LIMIT: Final = 25
_ALL: Final = {"ddoc": None, "name": "_all_docs", "type": "special", "def": {"fields": [{"_id": "asc"}]}}


class Query(NamedTuple):
    """A request to `_find`, checked."""

    selector: dict[str, Any]
    matches: mango.Test
    fields: list[list[str]]
    sort: list[tuple[list[str], bool]]
    """Paths, and whether descending."""
    limit: int
    skip: int
    after: str
    """The id the last page ended with; of sorted rows, how many have been given."""
    conflicts: bool
    stats: bool


def register(blueprint: flask.Blueprint, context: Context) -> None:
    route = blueprint.route

    @route("/<db>/_find", methods=["POST"])
    def find(db: str) -> flask.Response:
        database = context.open(db, "read")
        return answers.json(_answer(database, read_query(requests.json_object()), time.monotonic() + SECONDS))

    @route("/<db>/_explain", methods=["POST"])
    def explain(db: str) -> flask.Response:
        context.open(db, "read")
        query = read_query(requests.json_object())
        low, high = id_range(query.selector)
        return answers.json(
            {
                "dbname": db,
                "index": _ALL,
                "selector": query.selector,
                "limit": query.limit,
                "skip": query.skip,
                "fields": [".".join(path) for path in query.fields] or "all_fields",
                "range": {"start_key": low, "end_key": high},
            }
        )

    @route("/<db>/_index", methods=["GET"])
    def indexes(db: str) -> flask.Response:
        database = context.open(db, "read")
        kept = [index for doc in _design_docs(database) for index in _indexes_in(doc)]
        return answers.json({"total_rows": 1 + len(kept), "indexes": [_ALL, *kept]})

    @route("/<db>/_index", methods=["POST"])
    def make_index(db: str) -> flask.Response:
        database = context.open(db, "admin")
        asked = requests.json_object()
        index = asked.get("index")
        fields = index.get("fields") if type(index) is dict else None
        if type(fields) is not list or not fields or asked.get("type", "json") != "json":
            raise BadRequest('An index is {"index": {"fields": [names]}}, of type json.')
        named = [{path: "desc" if down else "asc"} for path, down in map(_sorted_by, fields)]
        digest = hashlib.sha256(strict_json.dumps(named)).hexdigest()[:40]
        name = asked.get("name", digest)
        ddoc = asked.get("ddoc", digest)
        if type(name) is not str or type(ddoc) is not str:
            raise BadRequest("name and ddoc are strings.")
        id = "_design/" + ddoc.removeprefix("_design/")
        doc = database.get(id) or {"_id": id, "language": "query", "views": {}}
        if name in doc.get("views", {}):
            return answers.json({"result": "exists", "id": id, "name": name})
        fields_of = {path: order for one in named for path, order in one.items()}
        view = {"map": {"fields": fields_of}, "options": {"def": {"fields": fields}}}
        database.put({**doc, "views": {**doc.get("views", {}), name: view}})
        context.written(database)
        return answers.json({"result": "created", "id": id, "name": name})

    @route("/<db>/_index/_design/<ddoc>/json/<name>", methods=["DELETE"])
    @route("/<db>/_index/<ddoc>/json/<name>", methods=["DELETE"])
    def drop_index(db: str, ddoc: str, name: str) -> flask.Response:
        database = context.open(db, "admin")
        doc = database.get(f"_design/{ddoc}")
        if doc is None or name not in doc.get("views", {}):
            raise NotFound("There is no such index.")
        del doc["views"][name]
        if not doc["views"]:
            doc["_deleted"] = True
        database.put(doc)
        context.written(database)
        return answers.json({"ok": True})


def read_query(body: dict[str, Any]) -> Query:
    """The query a body asks for; BadRequest."""
    if "selector" not in body:
        raise BadRequest("A query has a selector.")
    fields = body.get("fields") or []
    if type(fields) is not list or len(fields) > 200 or not all(type(path) is str for path in fields):
        raise BadRequest("fields is a list of names.")
    sort = body.get("sort") or []
    if type(sort) is not list or len(sort) > 20:
        raise BadRequest("sort is a list of names.")
    numbers = {name: body.get(name, default) for name, default in (("limit", DEFAULT_LIMIT), ("skip", 0))}
    if not all(type(n) is int and n >= 0 for n in numbers.values()):
        raise BadRequest("limit and skip are whole numbers.")
    bookmark = body.get("bookmark") or ""
    if type(bookmark) is not str:
        raise BadRequest("bookmark is what an earlier answer gave.")
    return Query(
        body["selector"],
        mango.selector(body["selector"]),
        [mango.fields_of(path) for path in fields],
        [(mango.fields_of(path), down) for path, down in map(_sorted_by, sort)],
        min(numbers["limit"], MAX_ROWS),
        min(numbers["skip"], MAX_ROWS),
        _bookmark(bookmark, bool(sort)),
        body.get("conflicts") is True,
        body.get("execution_stats") is True,
    )


def _bookmark(text: str, sorted_rows: bool) -> str:
    """Where to go on: "" at the beginning."""
    after = "" if text == "nil" else text
    if sorted_rows and after and not (after.isascii() and after.isdecimal() and len(after) < 9):
        raise BadRequest("bookmark is what an earlier answer gave.")
    return after


def _sorted_by(one: Any) -> tuple[str, bool]:
    """A name, or {name: "asc" | "desc"}: the name, and whether descending."""
    if type(one) is str:
        return one, False
    if type(one) is dict and len(one) == 1:
        ((path, order),) = one.items()
        if order in ("asc", "desc"):
            return path, order == "desc"
    raise BadRequest('sort is a list of names or {name: "asc" | "desc"}.')


def id_range(selector: dict[str, Any]) -> tuple[str, str]:
    """The ids a selector's own condition on `_id` leaves; all where it has none."""
    asked = selector.get("_id")
    if type(asked) is str:
        return asked, asked
    low, high = "", LAST
    for name, value in asked.items() if type(asked) is dict else ():
        if type(value) is not str:
            continue
        if name in ("$eq", "$gte", "$gt"):
            low = max(low, value)
        if name in ("$eq", "$lte", "$lt"):
            high = min(high, value)
        if name == "$beginsWith":
            low, high = max(low, value), min(high, value + LAST)
    return low, high


def _answer(database: ServedDatabase, query: Query, until: float) -> dict[str, Any]:
    examined = size = 0
    found: list[dict[str, Any]] = []
    skipped = 0
    last = query.after
    partly = False
    for doc, length in _documents(database, query):
        examined += 1
        last = doc["_id"]
        if query.matches(doc):
            if skipped < query.skip and not query.sort:
                skipped += 1
            else:
                found.append(doc)
                size += length
        if len(found) >= (MAX_ROWS if query.sort else query.limit):
            break
        if size > MAX_BYTES or time.monotonic() > until:
            partly = True
            break
    answer: dict[str, Any] = {}
    if query.sort:
        if partly or len(found) >= MAX_ROWS:
            raise BadRequest("Too many documents to sort. Narrow the selector, by _id for instance.")
        found.sort(key=cmp_to_key(lambda a, b: _compare(a, b, query.sort)))
        given = int(query.after) if query.after else query.skip
        found = found[given : given + query.limit]
        last = str(given + len(found))
    answer["docs"] = [_shown(database, doc, query) for doc in found]
    answer["bookmark"] = last if found or partly else "nil"
    if partly:
        answer["warning"] = (
            "The time or size for one query was used up; ask again with the bookmark to go on."
        )
    if query.stats:
        answer["execution_stats"] = {"total_docs_examined": examined, "results_returned": len(found)}
    return answer


def _documents(database: ServedDatabase, query: Query) -> Iterator[tuple[dict[str, Any], int]]:
    """The living documents in question, design documents aside, after the bookmark; each with the bytes of its body."""
    low, high = id_range(query.selector)
    after = "" if query.sort else query.after
    span = Range(max(low, after), high, False, True, 10**9, 0)
    for rows in rows_of(database, span, True):
        for row in rows:
            if row.doc is not None and row.id != after and not row.id.startswith("_design/"):
                doc = {"_id": row.id, "_rev": row.rev, **strict_json.loads_own(row.doc.body)}
                yield doc, len(row.doc.body)


def _compare(a: dict[str, Any], b: dict[str, Any], sort: list[tuple[list[str], bool]]) -> int:
    for path, down in sort:
        x, y = mango.lookup(a, path), mango.lookup(b, path)
        # What lacks the field comes first.
        sign = (y is mango.ABSENT) - (x is mango.ABSENT) if mango.ABSENT in (x, y) else mango.compare(x, y)
        if sign:
            return -sign if down else sign
    return int(a["_id"] > b["_id"]) - int(a["_id"] < b["_id"])


def _shown(database: ServedDatabase, doc: dict[str, Any], query: Query) -> dict[str, Any]:
    if query.conflicts:
        doc = {**doc, **dict(conflicts(database, doc["_id"], doc["_rev"]))}
    if not query.fields:
        return doc
    shown: dict[str, Any] = {}
    for path in query.fields:
        value = mango.lookup(doc, path)
        if value is mango.ABSENT:
            continue
        inside = shown
        for part in path[:-1]:
            inside = inside.setdefault(part, {})
            if type(inside) is not dict:
                break
        else:
            inside[path[-1]] = value
    return shown


def _design_docs(database: ServedDatabase) -> Iterator[dict[str, Any]]:
    for rows in rows_of(database, Range("_design/", "_design0", False, False, 10**6, 0), True):
        for row in rows:
            if row.doc is not None:
                yield {"_id": row.id, **strict_json.loads_own(row.doc.body)}


def _indexes_in(doc: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if doc.get("language") != "query" or type(doc.get("views")) is not dict:
        return
    for name, view in doc["views"].items():
        fields = view.get("map", {}).get("fields", {}) if type(view) is dict else {}
        if type(fields) is dict:
            told = [{path: order} for path, order in fields.items()]
            yield {"ddoc": doc["_id"], "name": name, "type": "json", "def": {"fields": told}}
