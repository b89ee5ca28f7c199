"""A revision as CouchDB writes it, to bytes and back. Pure; no HTTP, no SQL.

Outwards, the body's bytes are spliced between the members CouchDB adds; nothing is decoded or encoded again. Inwards,
a document has been read once, strictly, and its body is written once: canonically for events (their revision is
checked against those very bytes), with keys in the given order otherwise.
https://docs.couchdb.org/en/stable/replication/protocol.html#upload-batch-of-changed-documents
"""

from __future__ import annotations

import base64
import re
from binascii import Error as Base64Error
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal, TypeAlias

from sync import blobs, revisions, strict_json
from sync.errors import BadDocument, BadRequest, TooLarge
from sync.event_ids import PREFIX
from sync.peer import NO_ATTACHMENTS, Attachment, Revision

MAX_ID: Final = 512  # characters
MAX_DOCUMENT: Final = 8 * 1024 * 1024  # bytes of body
MAX_ATTACHMENTS: Final = 100  # to a document
INLINE: Final = (
    64 * 1024
)  # bytes of files in a document that may go among others; larger ones go behind theirs

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

# What a CouchDB or PouchDB document may bring along and what says nothing about its content.
_INFORMATIVE = frozenset(
    ("_revs_info", "_conflicts", "_deleted_conflicts", "_local_seq", "_seq", "_revision", "_access")
)


def check_id(id: object) -> str:
    """A document id this system keeps; BadRequest otherwise."""
    if type(id) is not str or not id:
        raise BadRequest("Document id must be a non-empty string.")
    if id[0] == "_" and not id.startswith("_design/"):
        raise BadRequest("Only reserved document ids may start with underscore.")
    if len(id) > MAX_ID:
        raise BadRequest(f"A document id has at most {MAX_ID} characters.")
    if _CONTROL.search(id):
        raise BadRequest("A document id has no control characters.")
    return id


Files: TypeAlias = Literal["inline", "stubs", "follow"]
"""How a document tells its attachments: as base64, by name only, or in parts of their own behind it (multipart)."""


def splice(
    revision: Revision, *, revs: bool = False, files: Files = "inline", extra: Iterable[tuple[str, Any]] = ()
) -> bytes:
    """The document in CouchDB's form. `revs`: with its path."""
    parts = [b'{"_id":', strict_json.dumps(revision.id), b',"_rev":"', revision.path[0].encode(), b'"']
    if revision.deleted:
        parts.append(b',"_deleted":true')
    if revs:
        generation = revision.path[0].partition("-")[0]
        hashes = '","'.join([rev.partition("-")[2] for rev in revision.path])
        parts.append(f',"_revisions":{{"start":{generation},"ids":["{hashes}"]}}'.encode())
    if revision.attachments:
        members = {name: _member(attachment, files) for name, attachment in revision.attachments.items()}
        parts += (b',"_attachments":', strict_json.dumps(members))
    for name, value in extra:
        parts += (b",", strict_json.dumps(name), b":", strict_json.dumps(value))
    parts.append(b"}" if revision.body == b"{}" else b"," + revision.body[1:])
    return b"".join(parts)


def _member(attachment: Attachment, files: Files) -> dict[str, Any]:
    member: dict[str, Any] = {
        "content_type": attachment.content_type,
        "revpos": attachment.revpos,
        "digest": attachment.digest,
    }
    if attachment.data is None or files == "stubs":
        return stub(attachment)
    if files == "follow":
        return {**member, "length": attachment.length, "follows": True}
    return {**member, "data": base64.b64encode(blobs.whole(attachment.data)).decode()}


def stub(attachment: Attachment) -> dict[str, Any]:
    """A file by name only."""
    return {
        "content_type": attachment.content_type,
        "revpos": attachment.revpos,
        "digest": attachment.digest,
        "length": attachment.length,
        "stub": True,
    }


def as_dict(revision: Revision) -> dict[str, Any]:
    """A stored revision as a document: `_id`, `_rev`, `_deleted`, `_attachments` (stubs), then its content."""
    doc: dict[str, Any] = {"_id": revision.id, "_rev": revision.path[0]}
    if revision.deleted:
        doc["_deleted"] = True
    if revision.attachments:
        doc["_attachments"] = {name: stub(attachment) for name, attachment in revision.attachments.items()}
    doc.update(strict_json.loads_own(revision.body))
    return doc


def batch(revisions: Iterable[Revision]) -> bytes:
    """The body of a `_bulk_docs` that brings revisions as they are. One without ancestors needs no path."""
    docs = b",\n".join([splice(each, revs=len(each.path) > 1) for each in revisions])
    return b'{"new_edits":false,"docs":[\n%b\n]}' % docs


def since(revision: Revision, atts_since: Iterable[str]) -> Revision:
    """The revision for who has those of its ancestors: files they brought become stubs."""
    held = [int(rev.partition("-")[0]) for rev in atts_since if rev in revision.path]
    if not held or not revision.attachments:
        return revision
    newest = max(held)
    return revision._replace(
        attachments={
            name: a._replace(data=None) if a.revpos <= newest else a
            for name, a in revision.attachments.items()
        }
    )


_UNDERSCORE = re.compile(rb'"_')  # half the time of bytes.find
_EVENT: Final = b'{"_id":"%b' % PREFIX.encode()

# How `splice` begins a document: what follows is the body's bytes, which then need not be written anew.
_SPLICED = re.compile(
    rb'\{"_id":"(?:[^"\\]++|\\.)*+","_rev":"[^"\\]*",(?:"_deleted":true,)?'
    rb'(?:"_revisions":\{"start":[0-9]+,"ids":\[[^\]]*\]\},)?(?=")'
)
# The same of a document's first revision, with the id and the revision to be read from it.
_FIRST = re.compile(
    rb'\{"_id":"([^"\\]++)","_rev":"(1-([^"\\]++))",(?:"_revisions":\{"start":1,"ids":\["\3"\]\},)?(?=")'
)


def unsplice(doc: dict[str, Any], text: bytes | None = None) -> Revision:
    """The revision a replicated document tells (`new_edits=false`). `doc` may lose its `_` members.

    `text`: what `doc` was read from, if the caller has it; a body that stands in it whole is kept to the byte.
    """
    if text is not None and (first := _first_in(text)) is not None:
        return first
    id = check_id(doc.pop("_id", None))
    rev = doc.pop("_rev", None)
    deleted, attachments, path = take_members(doc)
    if path is None:
        path = (rev,) if type(rev) is str else ()
    elif rev is not None and rev != path[0]:
        raise BadRequest("_rev and _revisions name different revisions.")
    revisions.check_path(path)
    head = None if text is None or id.startswith(PREFIX) else _SPLICED.match(text)
    data = _body_in(text, head.end()) if text is not None and head is not None else None
    return Revision(id, path, deleted, data or body(id, doc), attachments, checked=True)


def _first_in(text: bytes) -> Revision | None:
    """The same, and nothing taken apart, where the text says that it is a document's first revision, as most are: half the time.
    None for all others, and for events, whose bytes have yet to be looked at."""
    head = None if text.startswith(_EVENT) else _FIRST.match(text)
    data = _body_in(text, head.end()) if head is not None else None
    if head is None or data is None:
        return None
    path = (head[2].decode(),)
    revisions.check_path(path)
    return Revision(check_id(head[1].decode()), path, False, data, NO_ATTACHMENTS, True)


def _body_in(text: bytes, at: int) -> bytes | None:
    """The body as it stands in a document, of which the members before `at` are not; None if there are more such."""
    if _UNDERSCORE.search(text, at) or strict_json.has_escape(text):  # an escape may hide an underscore
        return None
    data = b"{" + text[at:]
    if len(data) > MAX_DOCUMENT:
        raise TooLarge(f"A document has at most {MAX_DOCUMENT} bytes.")
    return data


def take_members(doc: dict[str, Any]) -> tuple[bool, Mapping[str, Attachment], tuple[str, ...] | None]:
    """Takes `_deleted`, `_attachments` and `_revisions` out of `doc`, checked; BadRequest for any other `_` member."""
    deleted = doc.pop("_deleted", False)
    if type(deleted) is not bool:
        raise BadRequest("_deleted is true or false.")
    attachments = doc.pop("_attachments", None)
    told = doc.pop("_revisions", None)
    return deleted, _attachments(attachments) if attachments else NO_ATTACHMENTS, _path(told)


def _path(told: Any) -> tuple[str, ...] | None:
    if told is None:
        return None
    start, ids = (told.get("start"), told.get("ids")) if type(told) is dict else (None, None)
    if (
        type(start) is not int
        or type(ids) is not list
        or not 1 <= len(ids) <= min(start, 10_000)
        or set(map(type, ids)) != {str}
    ):
        raise BadRequest('_revisions is {"start": generation, "ids": [hashes, newest first]}.')
    if len(ids) == 1:
        return (f"{start}-{ids[0]}",)
    return tuple([f"{start - i}-{hash}" for i, hash in enumerate(ids)])


def body(id: str, doc: dict[str, Any]) -> bytes:
    """`doc`'s bytes as they are kept. What begins with `_` must have been taken out before."""
    data = strict_json.canonical(doc) if id.startswith(PREFIX) else strict_json.dumps(doc)
    if _UNDERSCORE.search(data):  # rare enough: only then are the keys looked at
        for name in [name for name in doc if name.startswith("_")]:
            if name not in _INFORMATIVE:
                raise BadDocument(f"Bad special document member: {name[:80]}.")
            del doc[name]
        data = strict_json.canonical(doc) if id.startswith(PREFIX) else strict_json.dumps(doc)
    if len(data) > MAX_DOCUMENT:
        raise TooLarge(f"A document has at most {MAX_DOCUMENT} bytes.")
    return data


def files_size(revision: Revision) -> int:
    """Bytes of the files that travel with the revision."""
    return sum(blobs.length(each.data) for each in revision.attachments.values() if each.data is not None)


def size(revision: Revision) -> int:
    """About how many bytes the revision takes in a request."""
    files = sum(200 + (blobs.length(a.data) * 4 // 3 if a.data else 0) for a in revision.attachments.values())
    return 100 + len(revision.body) + 40 * len(revision.path) + files


def slices(revisions: Iterable[Revision], limit: int) -> Iterator[list[Revision]]:
    """The revisions in runs of at most `limit` bytes; one that is larger by itself goes alone."""
    run: list[Revision] = []
    total = 0
    for revision in revisions:
        weight = size(revision)
        if run and total + weight > limit:
            yield run
            run, total = [], 0
        run.append(revision)
        total += weight
    if run:
        yield run


def _attachments(members: Any) -> dict[str, Attachment]:
    if type(members) is not dict or len(members) > MAX_ATTACHMENTS:
        raise BadRequest(f"_attachments is an object of at most {MAX_ATTACHMENTS} members.")
    return {name: _attachment(name, member) for name, member in members.items()}


def _attachment(name: str, member: Any) -> Attachment:
    if type(member) is not dict or not name or len(name) > MAX_ID or _CONTROL.search(name):
        raise BadRequest("An attachment has a name and is an object.")
    content_type = member.get("content_type", "application/octet-stream")
    digest = member.get("digest", "")
    revpos = member.get("revpos", 1)
    if (
        type(content_type) is not str
        or type(digest) is not str
        or type(revpos) is not int
        or len(content_type) > 255
    ):
        raise BadRequest(f"The attachment {name!r} is described wrongly.")
    if member.get("stub") is True:
        length = member.get("length", 0)
        return Attachment(content_type, digest, length if type(length) is int else 0, revpos, None)
    written = member.get("data")
    if isinstance(written, blobs.Spooled):  # came in a part of its own; the digest was looked at there
        return Attachment(content_type, written.digests.md5, written.length, revpos, written)
    try:
        data = base64.b64decode(written if type(written) is str else "?", validate=True)
    except (Base64Error, ValueError) as error:
        raise BadRequest(f"The attachment {name!r} has no base64 data.") from error
    computed = blobs.digests(data).md5
    # CouchDB keeps text compressed and then gives the digest of the compressed bytes; it says so with `encoding`.
    if digest and digest != computed and "encoding" not in member:
        raise BadRequest(f"The attachment {name!r} does not have the digest it claims.")
    return Attachment(content_type, computed, len(data), revpos, data)
