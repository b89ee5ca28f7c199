"""Which revisions a server of ours takes: well-formed, honest events, histories that grow as editing makes them grow;
and which `_local` documents.

Pure: decides by what it is given. Whoever keeps documents asks, refuses what is refused here, and keeps it apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sync import event_ids, revisions, strict_json, wire
from sync.errors import BadRequest, Conflict, Forbidden, TheirFault, TooLarge
from sync.event_ids import PREFIX
from sync.peer import Refusal, Revision
from sync.revisions import History

MAX_LOCAL: Final = 64 * 1024  # bytes of a `_local` document; CouchDB's checkpoints grow to 37 kB
OTHER_EVENT: Final = "Another event is already written under this id."


def vet(revision: Revision) -> None:
    """TheirFault unless the revision is well-formed, and, for an event, what its writer wrote."""
    if not revision.checked:
        wire.check_id(revision.id)
        revisions.parse_path(revision.path)
        content = strict_json.loads_object(revision.body)
        if len(revision.body) > wire.MAX_DOCUMENT:
            raise Forbidden(f"A document has at most {wire.MAX_DOCUMENT} bytes.")
        if any(name.startswith("_") for name in content):
            raise BadRequest("The body has members beginning with underscore.")
        if not (
            revision.body.startswith(b"{")
            and revision.body.endswith(b"}")
            and (content or len(revision.body) == 2)
        ):
            raise BadRequest("The body has space around it.")
        if revision.id.startswith(PREFIX) and strict_json.canonical(content) != revision.body:
            raise Forbidden("The event is not in canonical form.")
    if revision.id.startswith(PREFIX):
        event_ids.check_event(
            revision.id, revision.path, revision.deleted, revision.body, bool(revision.attachments)
        )


def grown(before: History, revision: Revision) -> History:
    """What is known once `revision` has joined `before`; Forbidden where no honest editing leads there."""
    path = revisions.parse_path(revision.path[: revisions.LIMIT])
    merged = revisions.merge(
        before, revisions.of_path(path, revision.deleted and path[0] not in before.parents)
    )
    if merged == before:
        return before
    revisions.check_growth(before, merged)
    if any(len(parents) > 4 for parents in merged.parents.values()):
        raise Forbidden("A revision has more than four parents.")
    return merged


def local(id: str, doc: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
    """A `_local` document without its `_` members, and as JSON; BadRequest, TooLarge."""
    if not id or len(id) > wire.MAX_ID or "\0" in id:
        raise BadRequest("A _local document has a name of at most 512 characters.")
    content = {name: value for name, value in doc.items() if not name.startswith("_")}
    body = strict_json.dumps(content)
    if len(body) > MAX_LOCAL:
        raise TooLarge(f"A _local document has at most {MAX_LOCAL} bytes.")
    return content, body


def fault(refusal: Refusal) -> TheirFault:
    """The error that a refusal of a document by itself stands for."""
    return Conflict(refusal.reason) if refusal.error == "conflict" else Forbidden(refusal.reason)
