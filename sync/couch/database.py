"""One database of a CouchDB cluster: a peer, and the documents in it one at a time. Keeps nothing by itself.

What CouchDB does not do is done here, before it is asked (`taking.py`): an event is what its writer wrote and is
written once; histories grow as editing makes them grow. https://docs.couchdb.org/en/stable/api/
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from sync import revisions, strict_json, vetting, wire
from sync.blobs import PIECE, Lying, digests
from sync.couch import reading, taking
from sync.couch.gathering import Gathering, Word
from sync.couch.journal import Heard
from sync.errors import BadRequest, Conflict, MissingStub, NotFound, PeerFailed, SyncError, TooLarge
from sync.event_ids import PREFIX, event_rev
from sync.filters import chosen
from sync.peer import Attachment, Change, Changes, Filter, Refusal, Revision, Seq
from sync.revisions import compute_rev
from sync.serving import LAST, Admit, Lineage, Row

if TYPE_CHECKING:
    from sync.couch.store import CouchStore

KEYS: Final = 500  # ids in one question
ATTEMPTS: Final = 5  # at replacing a _local document that others replace too


class CouchDatabase:
    """A light handle; every method may be called from any thread."""

    def __init__(self, store: CouchStore, name: str, incarnation: str) -> None:
        self._store = store
        self.name = name
        self.incarnation = incarnation
        self._edits = Gathering(self._send)

    @property
    def identity(self) -> str:
        """`<store uuid>/<incarnation>`: the same at every web node."""
        return f"{self._store.uuid}/{self.incarnation}"

    def ask(self, method: str, *path: str, body: Any = None, **params: Any) -> Any:
        """One request to this database."""
        return self._store.calls.ask(method, self._store.calls.real(self.name), *path, body=body, **params)

    # -- the six methods of a peer --------------------------------------------------------------------------------

    def changes(
        self, since: Seq = 0, limit: int = 500, *, only: Filter | None = None, descending: bool = False
    ) -> Changes:
        turned: dict[str, Any] = {"descending": True} if descending else {"since": str(since)}
        said = self.ask("GET", "_changes", style="all_docs", limit=limit, **turned)
        # CouchDB names the winner first; not every server that speaks like it does.
        torn = [row["id"] for row in said["results"] if len(row["changes"]) > 1]
        winners = taking.winners(self, torn)
        results = []
        for row in said["results"]:
            revs = [leaf["rev"] for leaf in row["changes"]]
            if row["id"] in winners:
                revs.sort(key=winners[row["id"]].rev.__ne__)
            results.append(Change(row["seq"], row["id"], revs, row.get("deleted") is True))
        pending = said.get("pending")
        if pending is None and len(results) < limit:
            pending = 0
        wanted = chosen(only, results, self._winners) if only else results
        return Changes(wanted, said["last_seq"], pending)

    def _winners(self, changes: Iterable[Change]) -> Iterable[dict[str, Any]]:
        return self.bodies(change.id for change in changes if not change.deleted).values()

    def revs_diff(self, revs: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        # A name that is no revision's is not known; CouchDB would refuse the whole question.
        sound = {id: [rev for rev in asked if reading.is_rev(rev)] for id, asked in revs.items()}
        sound = {id: asked for id, asked in sound.items() if asked}
        said = self.ask("POST", "_revs_diff", body=sound) if sound else {}
        found = {}
        for id, asked in revs.items():
            absent = set(said.get(id, {}).get("missing", ()))
            if missing := [rev for rev in asked if rev in absent or rev not in sound.get(id, ())]:
                found[id] = missing
        return self._not_forgotten(found) if self._store.thin else found

    def _not_forgotten(self, found: dict[str, list[str]]) -> dict[str, list[str]]:
        """PouchDB's server calls an ancestor missing whose body it never had: a look at each history tells better."""
        for id in taking.winners(self, found):
            history = reading.history_of(self.open_leaves(id))
            found[id] = revisions.missing(history, found[id])
        return {id: missing for id, missing in found.items() if missing}

    def get_revisions(
        self, revs: Mapping[str, Sequence[str]], *, attachments: bool = True
    ) -> Iterator[Revision]:
        """As Peer's. `attachments`: with where to read their bytes, else as stubs."""
        wanted = [
            {"id": id, "rev": rev} for id, asked in revs.items() for rev in asked if reading.is_rev(rev)
        ]
        seen: set[tuple[str, str]] = set()
        for start in range(0, len(wanted), KEYS):
            docs = {"docs": wanted[start : start + KEYS]}
            said = self.ask("POST", "_bulk_get", body=docs, revs=True, latest=True, attachments=False)
            for answer in (answer for result in said["results"] for answer in result["docs"]):
                doc = answer.get("ok")
                if doc is None:  # gone
                    continue
                for revision in self._grown(reading.revision_of(doc), revs):
                    if (revision.id, revision.rev) in seen:  # two asked for grew into one
                        continue
                    seen.add((revision.id, revision.rev))
                    yield self._with_files(revision) if revision.attachments and attachments else revision

    def _grown(self, found: Revision, revs: Mapping[str, Sequence[str]]) -> list[Revision]:
        """All leaves that grew from what was asked for: PouchDB's server gives one of them."""
        asked = revs.get(found.id, ())
        if not self._store.thin or found.rev in asked:
            return [found]
        leaves = self.open_leaves(found.id)
        grown = {str(rev) for rev in revisions.descendants(reading.history_of(leaves), asked)}
        return [leaf for leaf in leaves if leaf.rev in grown]

    def _with_files(self, revision: Revision) -> Revision:
        """The same with where to read each file's bytes, named by what they are."""
        files = {}
        for name, stub in revision.attachments.items():
            file = self.attachment(revision.id, name, revision.rev, stub)
            if file is not None and file.data is not None and reading.is_packed(file.content_type):
                file = file._replace(digest=digests(file.data).md5)
            if file is not None:
                files[name] = file
        return revision._replace(attachments=files)

    def add_revisions(self, revisions: Sequence[Revision]) -> list[Refusal]:
        if not revisions:
            return []
        taken, refused = taking.take(self, revisions)
        if refused:
            self._store.quarantine(self.name, refused)
        if taken:
            heard = [Heard(each.id, each.rev, False) for each in taken if each.id.startswith(PREFIX)]
            heard += taking.winners(
                self, (each.id for each in taken if not each.id.startswith(PREFIX))
            ).values()
            self._store.written(self, heard)
        return [
            Refusal(each.id, each.path[0] if each.path else "", "forbidden", reason)
            for each, reason in refused
        ]

    def get_local(self, id: str) -> dict[str, Any] | None:
        found = self.get_local_rev(id)
        return found[1] if found else None

    def put_local(self, id: str, doc: Mapping[str, Any]) -> None:
        self.put_local_rev(id, doc, None)

    # -- one document at a time -----------------------------------------------------------------------------------

    def get(self, id: str, rev: str | None = None) -> dict[str, Any] | None:
        """The living winner, or `rev`: with `_id` and `_rev`, attachments as stubs. None if there is none."""
        revision = self._fetch(id, rev)
        if revision is None or (revision.deleted and rev is None):
            return None
        return wire.as_dict(revision)

    def revision(self, id: str, rev: str | None = None) -> Revision | None:
        """As `get`, with the body as bytes and with deletions."""
        found = self._fetch(id, rev)
        if found is not None or rev is not None:
            return found
        leaves = self.open_leaves(id)  # a deletion wins, or nothing is there
        winner = reading.ranked(leaves)[0][0] if leaves else None
        return next((leaf for leaf in leaves if leaf.rev == winner), None)

    def _fetch(self, id: str, rev: str | None) -> Revision | None:
        if not _is_id(id) or (rev is not None and not reading.is_rev(rev)):
            return None
        try:
            said = self.ask("GET", *_path(id), rev=rev, revs=True)
        except NotFound:
            return None
        return reading.revision_of(said)

    def open_leaves(self, id: str) -> list[Revision]:
        """Every leaf of a document, with its path, in no order."""
        try:
            said = self.ask("GET", *_path(id), open_revs="all", revs=True)
        except NotFound:
            return []
        return [reading.revision_of(each["ok"]) for each in said if "ok" in each]

    def leaves(self, id: str) -> list[tuple[str, bool]]:
        """(revision, is a deletion), the winner first; empty if there is no document."""
        return reading.ranked(self.open_leaves(id)) if _is_id(id) else []

    def local_seq(self, id: str) -> Seq | None:
        """The document's place in the feed; None if there is none."""
        try:
            seq: Seq | None = self.ask("GET", *_path(id), local_seq=True).get("_local_seq")
        except NotFound:
            return None
        return seq

    def lineage(self, id: str, rev: str) -> list[Lineage]:
        """The revision and its known ancestors, newest first; empty if it is not known."""
        if not _is_id(id) or not reading.is_rev(rev):
            return []
        history = reading.history_of(self.open_leaves(id))
        if not revisions.knows(history, rev):
            return []
        held = set(revisions.leaves(history))
        return [
            Lineage(str(r), "deleted" if r in history.deleted else "available" if r in held else "missing")
            for r in revisions.path(history, revisions.parse_rev(rev))
        ]

    def bodies(self, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The living winners among `ids`, as documents, without attachments."""
        found: dict[str, dict[str, Any]] = {}
        for some in reading.runs_of(dict.fromkeys(ids), KEYS):
            for row in self.ask("POST", "_all_docs", body={"keys": some}, include_docs=True)["rows"]:
                if row.get("doc"):
                    found[row["id"]] = row["doc"]
                    row["doc"].pop("_attachments", None)
        return found

    def given_up(self, ids: Iterable[str]) -> dict[str, bytes]:
        """None: a hub gives nothing up."""
        return {}

    def texts(self, ids: Iterable[str]) -> dict[str, bytes]:
        """The bodies of the living winners among `ids`, in canonical form."""
        found = self.bodies(ids)
        for doc in found.values():
            del doc["_id"], doc["_rev"]
        return {id: wire.body(id, doc) for id, doc in found.items()}

    def attachment(
        self, id: str, name: str, rev: str | None = None, stub: Attachment | None = None
    ) -> Attachment | None:
        """A file, with where to read its bytes; None if there is none."""
        if stub is None:
            found = self._fetch(id, rev)
            stub = found.attachments.get(name) if found and not (found.deleted and rev is None) else None
            rev = found.rev if found else None
        if stub is None:
            return None

        def read() -> Iterator[bytes]:
            _, data = self._store.calls.stream(self._store.calls.real(self.name), *_path(id), name, rev=rev)
            return self._store.calls.pieces(data, PIECE)

        return stub._replace(data=Lying(stub.length, read))

    def put(self, doc: Mapping[str, Any]) -> str:
        """Writes an edit of a mutable document, or an event given whole; its new revision. Conflict, Forbidden."""
        rev, refusal = self.put_many([doc])[0]
        if refusal is not None:
            raise vetting.fault(refusal)
        return rev

    def put_many(
        self, docs: Sequence[Mapping[str, Any]], admit: Admit | None = None
    ) -> list[tuple[str, Refusal | None]]:
        """Writes edits; for each, the new revision and None, or "" and why not. CouchDB decides who was first."""
        results = [self._put(doc, admit) for doc in docs]
        heard = [
            Heard(doc["_id"], rev, doc.get("_deleted") is True)
            for doc, (rev, _) in zip(docs, results, strict=True)
            if rev
        ]
        if heard:
            self._store.written(self, heard)
        return results

    def _put(self, doc: Mapping[str, Any], admit: Admit | None) -> tuple[str, Refusal | None]:
        content = dict(doc)
        id = wire.check_id(content.pop("_id", None))
        base = content.pop("_rev", None)
        deleted, attachments, _ = wire.take_members(content)
        body = wire.body(id, content)
        if base is not None:
            revisions.parse_rev(base)
        event = id.startswith(PREFIX)
        files = {name: each.digest for name, each in sorted(attachments.items())}
        named = {**content, "_id": id, **({"_attachments": files} if files else {})}
        rev = event_rev(id, body) if event else compute_rev(named, base, deleted)
        revision = Revision(
            id, (rev, base) if base and not event else (rev,), deleted, body, attachments, checked=True
        )
        if admit is not None and (refusal := admit(revision)) is not None:
            return "", refusal
        if event:
            return self._put_event(revision, base)
        said = self._edits.put(reading.edit(id, base, deleted, attachments, content))
        if "rev" in said:
            return said["rev"], None
        return "", Refusal(id, base or "", "conflict", said["reason"])

    def _send(self, edits: Sequence[Mapping[str, Any]]) -> list[Word]:
        """Edits of different documents; CouchDB's word on each. One by one where they are one, or where CouchDB refuses them as a whole
        because of one of them."""
        if len(edits) > 1:
            with contextlib.suppress(BadRequest, TooLarge, MissingStub):
                said = self.ask("POST", "_bulk_docs", body={"docs": edits})
                return [self._word(each) for each in said]
        words: list[Word] = []
        for each in edits:
            try:
                words.append(self.ask("PUT", *_path(each["_id"]), body=each))
            except Conflict as fault:
                words.append({"error": "conflict", "reason": fault.reason})
            except SyncError as error:
                words.append(error)
        return words

    def _word(self, said: Mapping[str, Any]) -> Word:
        if "rev" in said or said.get("error") == "conflict":
            return said
        return PeerFailed(
            f"CouchDB at {self._store.calls.address} is in trouble: {said.get('error')} {said.get('reason')}"[
                :300
            ]
        )

    def _put_event(self, revision: Revision, base: str | None) -> tuple[str, Refusal | None]:
        """An event has one revision, its content's; it is there already, or it is new, or it is another one."""
        if base not in (None, revision.rev):
            return "", Refusal(revision.id, revision.rev, "conflict", "An event is written once.")
        _, refused = taking.take(self, [revision])
        if not refused:
            return revision.rev, None
        error = "conflict" if self.leaves(revision.id) else "forbidden"
        return "", Refusal(revision.id, revision.rev, error, refused[0][1])

    def purge(self, revs: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """Forgets the leaves named; which were forgotten. Never events."""
        wanted = {id: list(asked) for id, asked in revs.items() if not id.startswith(PREFIX)}
        said = self.ask("POST", "_purge", body=wanted) if wanted else {"purged": {}}
        purged = {id: list(gone) for id, gone in said["purged"].items() if gone}
        heard = []
        for id in purged:
            left = self.leaves(id)
            heard.append(Heard(id, *left[0]) if left else Heard(id, "", True))
        self._store.written(self, heard)
        return purged

    # -- many documents -------------------------------------------------------------------------------------------

    def all_docs(
        self,
        start: str = "",
        end: str = LAST,
        limit: int = 1000,
        include_docs: bool = False,
        *,
        descending: bool = False,
        skip: int = 0,
        inclusive_end: bool = True,
    ) -> list[Row]:
        """Living documents with `start` <= id <= `end`, by id (`descending`: `start` >= id >= `end`)."""
        keys = {"startkey": start, "endkey": end}
        params = {name: strict_json.dumps(key).decode() for name, key in keys.items() if key}
        said = self.ask(
            "GET",
            "_all_docs",
            limit=limit,
            include_docs=include_docs,
            descending=descending,
            skip=skip,
            inclusive_end=inclusive_end,
            **params,
        )
        rows = [row for row in said["rows"] if "value" in row]
        return [
            Row(row["id"], row["value"]["rev"], reading.revision_of(row["doc"]) if include_docs else None)
            for row in rows
        ]

    def info(self) -> dict[str, Any]:
        """What CouchDB says of it, with our `incarnation`; `epoch` changes when CouchDB's database is another one, as
        after it was put back from a backup."""
        said: dict[str, Any] = self.ask("GET")
        said["epoch"] = str(said.get("instance_start_time", ""))
        return {
            "doc_del_count": 0,
            "purge_seq": 0,
            "compact_running": False,
            **said,
            "incarnation": self.incarnation,
        }

    @property
    def update_seq(self) -> Seq:
        """CouchDB's sequence up to which this node has heard; costs no request."""
        return self._store.journal.since(self.name)

    def wait(self, seq: Seq, timeout: float) -> bool:
        """True as soon as there may be something after `seq`; False after `timeout` seconds, or when it is deleted."""
        heard = self._store.journal.last(self.name)
        if self.changes(seq, 1).results:
            return True
        moved = lambda: self._store.journal.last(self.name) > heard  # noqa: E731
        return self._store.journal.wait(moved, timeout) and self._store.holds(self)

    def runs(self) -> dict[tuple[str, str], int]:
        """For each (writer, epoch) with events here, the largest n such that all of 1..n are held."""
        return self._store.journal.runs(self.name)

    def security(self) -> dict[str, Any]:
        """The `_security` object."""
        return dict(self.ask("GET", "_security"))

    def put_security(self, security: Mapping[str, Any]) -> None:
        self.ask("PUT", "_security", body=dict(security))

    # -- documents that are not replicated ------------------------------------------------------------------------

    def get_local_rev(self, id: str) -> tuple[str, dict[str, Any]] | None:
        """A `_local` document with its revision, `0-n`; None if there is none."""
        if not _is_id(id):
            return None
        try:
            said = self.ask("GET", "_local", id)
        except NotFound:
            if not self._store.holds(self):
                raise
            return None
        return str(said["_rev"]), {name: value for name, value in said.items() if not name.startswith("_")}

    def put_local_rev(self, id: str, doc: Mapping[str, Any], rev: str | None, *, check: bool = False) -> str:
        """Replaces it; its new revision. `check`: Conflict unless `rev` is the present one (None: there is none)."""
        content, _ = vetting.local(id, doc)
        self._store.journal.note_local(self.name, id, True)
        for _ in range(ATTEMPTS):
            # CouchDB takes whatever comes for a _local document; so `check` means what was there a moment ago.
            held = self.get_local_rev(id)
            present = held[0] if held else None
            if check and rev != present:
                break
            try:
                said = self.ask(
                    "PUT", "_local", id, body={**content, **({"_rev": present} if present else {})}
                )
            except Conflict:
                continue
            return str(said["rev"])
        raise Conflict("Document update conflict.")

    def delete_local(self, id: str) -> bool:
        """Forgets it; whether there was one."""
        for _ in range(ATTEMPTS):
            held = self.get_local_rev(id)
            if held is None:
                self._store.journal.note_local(self.name, id, False)
                return False
            try:
                self.ask("DELETE", "_local", id, rev=held[0])
            except (Conflict, NotFound):
                continue
            self._store.journal.note_local(self.name, id, False)
            return True
        raise Conflict("Others keep changing the document.")

    def local_documents(self, prefix: str = "") -> dict[str, dict[str, Any]]:
        """The `_local` documents whose name begins so, by name. Where the server cannot list them (PouchDB's), those
        that this node wrote."""
        first, last = strict_json.dumps("_local/" + prefix), strict_json.dumps("_local/" + prefix + LAST)
        try:
            said = self.ask(
                "GET", "_local_docs", include_docs=True, startkey=first.decode(), endkey=last.decode()
            )
        except NotFound:
            ids = self._store.journal.locals(self.name, prefix)
            found = {id: self.get_local(id) for id in ids}
            return {id: doc for id, doc in found.items() if doc is not None}
        docs = {row["id"].removeprefix("_local/"): row["doc"] for row in said["rows"] if row.get("doc")}
        return {
            id: {name: value for name, value in doc.items() if not name.startswith("_")}
            for id, doc in sorted(docs.items())
        }


def _path(id: str) -> tuple[str, ...]:
    """A document's id as segments of a path: the slash of a design document's stands."""
    return ("_design", id.removeprefix("_design/")) if id.startswith("_design/") else (id,)


def _is_id(id: str) -> bool:
    return bool(id) and "\0" not in id and (not id.startswith("_") or id.startswith("_design/"))
