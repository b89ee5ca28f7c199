"""What may come in from above. A parent may be a township's old laptop, or somebody who sits on the line.

    public                signed, at the place in its history it was signed for (`station.keys`); and pieces of files
    station-<code>        events, pieces of files, and nothing else; none under this server's own name in the epoch it is writing in

An event of another writer is taken without a look at whose it is: it counts when it is proven (`station.proofs`). What is
refused is told, and stays with whoever offers it. Decides; keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from station import keys
from station.databases import PUBLIC, station_of
from sync import blobs, pieces, strict_json
from sync.errors import BadJson, BadRequest
from sync.event_ids import parse_event_id
from sync.peer import Attachment, Changes, Filter, Refusal, Revision, Seq
from sync.serving import ServedDatabase

NOT_SIGNED = "not signed by the hub for this place in its history"
NO_EVENT = "no event, and nothing else belongs into a station's database"
IN_OUR_NAME = "an event in this server's own name that it did not write"


def problem(db: str, revision: Revision, own: str, epoch: str) -> str | None:
    """Why the revision may not come in; None lets it in."""
    if (db == PUBLIC or station_of(db) is not None) and pieces.is_piece(revision):
        return None  # whatever is in it, something signed has to name it
    if db == PUBLIC:
        return None if _is_signed(revision) else NOT_SIGNED
    number = parse_event_id(revision.id)
    if station_of(db) is None or number is None:
        return NO_EVENT
    return IN_OUR_NAME if number.writer == own and number.epoch == epoch else None


def _is_signed(revision: Revision) -> bool:
    if revision.deleted:
        return False
    try:
        content = strict_json.loads_object(revision.body)
        return keys.is_sound({**content, "_id": revision.id, "_rev": revision.rev}) and _are_signed(
            revision.attachments, content.get("files", {})
        )
    except (BadJson, BadRequest):
        return False


def _are_signed(files: Mapping[str, Attachment], signed: Any) -> bool:
    """Whether the files are those that the document names, and all of them are with it."""
    came = {
        name: blobs.digests(file.data).sha256 if file.data is not None else "" for name, file in files.items()
    }
    return bool(came == signed)


class Intake:
    """A database of ours as the target of a replication from above: a peer that looks at what comes."""

    def __init__(self, database: ServedDatabase, own: str, epoch: Callable[[], str]) -> None:
        self._database = database
        self._own = own
        self._epoch = epoch
        self.identity = database.identity

    def changes(self, since: Seq = 0, limit: int = 500, *, only: Filter | None = None) -> Changes:
        return self._database.changes(since, limit, only=only)

    def revs_diff(self, revs: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        return self._database.revs_diff(revs)

    def get_revisions(self, revs: Mapping[str, Sequence[str]]) -> Any:
        return self._database.get_revisions(revs)

    def add_revisions(self, revisions: Sequence[Revision]) -> list[Refusal]:
        refused, sound = [], []
        for revision in revisions:
            if why := problem(self._database.name, revision, self._own, self._epoch()):
                refused.append(Refusal(revision.id, "".join(revision.path[:1]), "forbidden", why))
            else:
                sound.append(revision)
        return refused + (self._database.add_revisions(sound) if sound else [])

    def get_local(self, id: str) -> dict[str, Any] | None:
        return self._database.get_local(id)

    def put_local(self, id: str, doc: Mapping[str, Any]) -> None:
        self._database.put_local(id, doc)
