"""CouchDB's documents as ours and ours as CouchDB's. Pure: no request is made here."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sync import blobs, revisions, wire
from sync.errors import BadRequest
from sync.peer import Attachment, Revision
from sync.revisions import EMPTY, History, Rev


def revision_of(doc: dict[str, Any]) -> Revision:
    """The revision a document of CouchDB tells, attachments as stubs unless they came inline."""
    for member in (doc.get("_attachments") or {}).values():
        if "data" in member:
            # CouchDB keeps text compressed and names it by the compressed bytes.
            member.pop("digest", None)
    return wire.unsplice(doc)


def is_rev(text: str) -> bool:
    """Whether that is the name of a revision."""
    try:
        revisions.parse_rev(text)
    except BadRequest:
        return False
    return True


def is_packed(content_type: str) -> bool:
    """Whether CouchDB, unless told otherwise, keeps such a file compressed and names it by the compressed bytes."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind in (
        "application/javascript",
        "application/json",
        "application/xml",
    )


def edit(
    id: str,
    base: str | None,
    deleted: bool,
    attachments: Mapping[str, Attachment],
    content: Mapping[str, Any],
) -> dict[str, Any]:
    """An edit as CouchDB takes it."""
    doc: dict[str, Any] = {"_id": id}
    if base is not None:
        doc["_rev"] = base
    if deleted:
        doc["_deleted"] = True
    if attachments:
        doc["_attachments"] = {
            name: wire.stub(each)
            if each.data is None
            else {
                "content_type": each.content_type,
                "data": base64.b64encode(blobs.whole(each.data)).decode(),
            }
            for name, each in attachments.items()
        }
    return {**doc, **content}


def history_of(leaves: Iterable[Revision]) -> History:
    """What the leaves of one document, each with its path, tell of its history."""
    history = EMPTY
    for leaf in leaves:
        history = revisions.merge(history, revisions.of_path(revisions.parse_path(leaf.path), leaf.deleted))
    return history


def ranked(leaves: Iterable[Revision]) -> list[tuple[str, bool]]:
    """(revision, is a deletion), the winner first."""
    deleted = {revisions.parse_rev(leaf.rev): leaf.deleted for leaf in leaves}
    alone: dict[Rev, frozenset[Rev]] = {rev: frozenset() for rev in deleted}
    dead = frozenset(rev for rev, gone in deleted.items() if gone)
    return [(str(rev), rev in dead) for rev in revisions.leaves(History(alone, dead))]


def runs_of(items: Iterable[str], size: int) -> Iterator[list[str]]:
    """The items in lists of at most `size`."""
    run: list[str] = []
    for item in items:
        run.append(item)
        if len(run) == size:
            yield run
            run = []
    if run:
        yield run
