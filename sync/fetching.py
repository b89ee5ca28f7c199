"""Documents from and to a server over HTTP where one `_bulk_get` or `_bulk_docs` in JSON does not do: those with files,
and servers without `_bulk_get`. Files are never held in memory whole. Part of `remote`, which decides when.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

import httpx

from sync import asking, errors, multipart, strict_json, wire
from sync.asking import Way
from sync.peer import Change, Changes, Revision

MAX_FILES: Final = 1024 * 1024 * 1024  # bytes of one answer with files in it; they go to disk
PARTED: Final = {"Accept": "multipart/mixed, application/json;q=0.5"}


# A row that brings a document's first revision, as we and CouchDB write it. All but the document is told by the match.
_ROW: Final = re.compile(
    rb'\{"seq":(0|[1-9][0-9]{0,14}|"[^"\\\x00-\x1f]*+"),"id":"([^"\\\x00-\x1f]++)",'
    rb'"changes":\[\{"rev":"(1-[0-9A-Za-z_]++)"\}\],"doc":(?=\{"_id":"\2","_rev":"\3",)'
)


def from_feed(data: bytes) -> tuple[Changes, dict[tuple[str, str], bytes]]:
    """An answer to `_changes`, and the texts of such documents as came with it and can perhaps be taken (`brought`), by
    (id, revision): those that were written once. A feed leaves histories out, and theirs is the one revision.

    Those texts are unread: whether they are wanted is found out first, and by who has the time.
    """
    members, rows = strict_json.loads_items(data, "results", unread=_ROW)
    texts: dict[tuple[str, str], bytes] = {}
    results: list[Change] = []
    try:
        for row, text in rows:
            if isinstance(row, re.Match):
                seq, id, rev = row[1], row[2].decode(), row[3].decode()
                results.append(Change(int(seq) if seq.isdigit() else seq[1:-1].decode(), id, [rev], False))
                texts[id, rev] = _inner(text, row.end())
                continue
            id, revs = row["id"], [leaf["rev"] for leaf in row["changes"]]
            results.append(Change(row["seq"], id, revs, row.get("deleted") is True))
            doc = row.get("doc") if len(revs) == 1 and revs[0].startswith("1-") else None
            if doc is not None and (doc["_id"], doc["_rev"]) == (id, revs[0]):
                texts[id, revs[0]] = strict_json.dumps(doc)
        return Changes(results, members["last_seq"], members.get("pending")), texts
    except (KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
        raise errors.NotAPeer("The changes feed has not the form of one.") from error


def _inner(text: bytes, at: int) -> bytes:
    """From `at` to the brace that ends an object."""
    if not text.endswith(b"}"):
        raise errors.BadJson("A row of the changes feed does not end.")
    return text[at:-1]


def brought(id: str, rev: str, text: bytes) -> Revision | None:
    """The document that came with a row of the feed; None if it is not all there is of that revision, and has to be fetched."""
    revision = wire.unsplice(strict_json.loads_object(text), text)
    if revision[:3] != (id, (rev,), False) or revision.attachments:
        return None
    return revision


def asked(revs: Mapping[str, Sequence[str]]) -> bytes:
    """The body of a `_bulk_get`."""
    return strict_json.dumps(
        {"docs": [{"id": id, "rev": rev} for id, wanted in revs.items() for rev in wanted]}
    )


def from_json(data: bytes) -> Iterator[Revision]:
    """The documents in an answer to `_bulk_get`."""
    _, results = strict_json.loads_items(data, "results")
    seen: set[tuple[str, str]] = set()
    try:
        for result, text in results:
            for answer in result["docs"]:
                doc = answer.get("ok")
                if doc is None or (doc["_id"], doc["_rev"]) in seen:  # gone; or two asked for grew into one
                    continue
                seen.add((doc["_id"], doc["_rev"]))
                yield wire.unsplice(doc, _lone(result, text))
    except (KeyError, TypeError, AttributeError) as error:
        raise errors.NotAPeer("The answer to _bulk_get has not the form of one.") from error


def _lone(result: Any, text: bytes) -> bytes | None:
    """The text of the only document in `{"id":…,"docs":[{"ok":document}]}`, if that is, exactly, what `text` is."""
    if list(result) != ["id", "docs"] or type(result["id"]) is not str or len(result["docs"]) != 1:
        return None
    head = text.find(b'"docs":[{"ok":')
    if list(result["docs"][0]) != ["ok"] or head < 0 or not text.endswith(b"}}]}"):
        return None
    return text[head + 14 : -3]


def with_files(way: Way, db: str, revs: Mapping[str, Sequence[str]], *, together: bool) -> Iterator[Revision]:
    """The revisions with their files, in parts where the server can. `together`: it can in one `_bulk_get`, as ours
    does; CouchDB gives files in parts only document by document."""
    if together:
        request = way.build(
            "POST",
            f"{db}/_bulk_get",
            params={"revs": "true", "latest": "true", "attachments": "true"},
            content=asked(revs),
            headers={**PARTED, "Content-Type": "application/json"},
        )
        yield from _distinct(_documents(way, request))
        return
    for id, wanted in revs.items():
        request = way.build(
            "GET",
            f"{db}/{quote(id, safe='')}",
            # A server that packs files says so only when asked; their digests are those of the packed bytes.
            params={**_open_revs(wanted), "attachments": "true", "att_encoding_info": "true"},
            headers=PARTED,
        )
        yield from _distinct(_documents(way, request))


def one_by_one(way: Way, db: str, revs: Mapping[str, Sequence[str]]) -> Iterator[Revision]:
    """The revisions from a server without `_bulk_get`, a request a document; files as stubs."""
    for id, wanted in revs.items():
        request = way.build("GET", f"{db}/{quote(id, safe='')}", params=_open_revs(wanted))
        yield from _distinct(_documents(way, request))


def _open_revs(wanted: Sequence[str]) -> dict[str, str]:
    return {"revs": "true", "latest": "true", "open_revs": strict_json.dumps(list(wanted)).decode()}


def _documents(way: Way, request: httpx.Request) -> Iterator[Revision]:
    """The documents in an answer: in parts, or in either of the JSON forms."""
    with way.answer(request) as response:
        if asking.kind_of(response) == "multipart/mixed" and response.status_code == 200:
            content_type = response.headers["content-type"]
            yield from _parted(asking.pieces(response, MAX_FILES), content_type)
            return
        data = b"".join(asking.pieces(response, asking.MAX_RESPONSE))
        asking.check(response, data)
    if request.method == "POST":
        yield from from_json(data)
        return
    said = strict_json.loads(data)
    if type(said) is not list:
        raise errors.NotAPeer("The answer to open_revs has not the form of one.")
    yield from (wire.unsplice(one["ok"]) for one in said if type(one) is dict and type(one.get("ok")) is dict)


def put_with_files(way: Way, db: str, revision: Revision) -> None:
    """One document with its files behind it: `PUT doc?new_edits=false`, multipart/related. Errors by status."""
    body = multipart.related(revision)
    request = way.build(
        "PUT",
        f"{db}/{quote(revision.id, safe='')}",
        params={"new_edits": "false"},
        content=iter(body.pieces),
        headers={"Content-Type": body.content_type, "Content-Length": str(body.length)},
    )
    with way.answer(request, once=True) as response:  # its body is read as it goes, and cannot be sent again
        asking.check(response, b"".join(asking.pieces(response, asking.MAX_RESPONSE)))


def _parted(pieces: Iterable[bytes], content_type: str) -> Iterator[Revision]:
    for part in multipart.parts(pieces, multipart.boundary_of(content_type)):
        if part.content_type.startswith("multipart/related"):
            yield wire.unsplice(multipart.read_related(part.pieces, part.content_type))
        else:
            doc: dict[str, Any] = multipart.read_json(part)
            if not part.is_error and "_id" in doc:
                yield wire.unsplice(doc)


def _distinct(revisions: Iterable[Revision]) -> Iterator[Revision]:
    """Each once: two that were asked for may have grown into one."""
    seen: set[tuple[str, str]] = set()
    for revision in revisions:
        if (revision.id, revision.rev) not in seen:
            seen.add((revision.id, revision.rev))
            yield revision
