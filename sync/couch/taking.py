"""Takes revisions into a database of CouchDB, a batch at a time, and says what may not come in.

    take = vet each revision                     well-formed; an event is what its writer wrote          (vetting, pure)
         | look at what is there                 one question for all ids; a history each where a document is edited
         | refuse what must not be               another event under a known id, a leap, a bush, a stub of nothing
         | write with new_edits=false            CouchDB merges; the same revision again changes nothing

CouchDB itself would keep two events of one id as a conflict. Between looking and writing another web node may write
too; two different events of one id then need a writer that gave out a number twice, and lie side by side in CouchDB,
where `changes` shows both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from sync import blobs, vetting, wire
from sync.couch import reading
from sync.couch.journal import Heard
from sync.errors import BadRequest, Forbidden, MissingStub, PeerFailed, TheirFault
from sync.event_ids import PREFIX
from sync.peer import Revision
from sync.revisions import EMPTY, History

if TYPE_CHECKING:
    from sync.couch.database import CouchDatabase

MAX_REQUEST: Final = 4 * 1024 * 1024  # bytes of documents in one request; a larger document goes alone
KEYS: Final = 500

Refused = list[tuple[Revision, str]]


def take(db: CouchDatabase, batch: Sequence[Revision]) -> tuple[list[Revision], Refused]:
    """Takes what can be taken; returns that, and what cannot with the reason."""
    refused: Refused = []
    sound: list[Revision] = []
    for revision in batch:
        try:
            vetting.vet(revision)
        except TheirFault as fault:
            refused.append((revision, fault.reason))
        else:
            sound.append(revision)
    there = winners(db, (each.id for each in sound))
    leaves: dict[str, list[Revision]] = {}
    histories: dict[str, History] = {}
    taken: list[Revision] = []
    for revision in sound:
        id = revision.id
        try:
            if id.startswith(PREFIX):
                if there.setdefault(id, Heard(id, revision.rev, False)).rev != revision.rev:
                    raise Forbidden(vetting.OTHER_EVENT)
            else:
                if id not in histories:
                    leaves[id] = db.open_leaves(id) if id in there else []
                    histories[id] = reading.history_of(leaves[id]) if leaves[id] else EMPTY
                _check_files(revision, leaves[id])
                histories[id] = vetting.grown(histories[id], revision)
                leaves[id] = [*leaves[id], revision]
        except TheirFault as fault:
            refused.append((revision, fault.reason))
        else:
            taken.append(revision)
    refused += _write(db, taken)
    lost = {(each.id, each.rev) for each, _ in refused if each.path}
    return [each for each in taken if (each.id, each.rev) not in lost], refused


def winners(db: CouchDatabase, ids: Iterable[str]) -> dict[str, Heard]:
    """The winner of each document of `ids` that is there, deletions too. CouchDB asks a quorum of its nodes."""
    found: dict[str, Heard] = {}
    for some in reading.runs_of(dict.fromkeys(ids), KEYS):
        for row in db.ask("POST", "_all_docs", body={"keys": some})["rows"]:
            if "id" in row and "value" in row:
                value = row["value"]
                found[row["id"]] = Heard(row["id"], value["rev"], value.get("deleted") is True)
    return found


def _check_files(revision: Revision, leaves: Sequence[Revision]) -> None:
    """A stub names a file that the document's leaves hold: by its digest, or by name and length, since CouchDB names
    text by its compressed bytes."""
    held: set[Any] = set()
    for name, each in ((name, each) for leaf in leaves for name, each in leaf.attachments.items()):
        held |= {each.digest, (name, each.length)}
    for name, file in revision.attachments.items():
        if file.data is None and not {file.digest, (name, file.length)} & held:
            raise MissingStub(f"The attachment {name!r} is named as a stub but not held here.")
        if file.data is not None and file.digest and blobs.digests(file.data).md5 != file.digest:
            raise BadRequest(f"The attachment {name!r} does not have the digest it claims.")


def _write(db: CouchDatabase, taken: Sequence[Revision]) -> Refused:
    """Writes them as they are; what CouchDB itself refuses (a validation of somebody's) is returned."""
    refused: Refused = []
    for some in wire.slices(taken, MAX_REQUEST):
        said = db.ask("POST", "_bulk_docs", body=wire.batch(some))
        by_id = {revision.id: revision for revision in some}
        for answer in said if isinstance(said, list) else ():
            error = answer.get("error")
            if error is None:
                continue
            if (
                error not in ("forbidden", "unauthorized", "bad_request", "doc_validation")
                or answer.get("id") not in by_id
            ):
                raise PeerFailed(f"CouchDB did not take {answer.get('id')}: {answer.get('reason') or error}")
            refused.append((by_id[answer["id"]], str(answer.get("reason") or error)))
    return refused
