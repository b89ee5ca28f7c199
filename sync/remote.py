"""A peer reached over HTTP, in CouchDB's dialect. Holds no retries and no schedule: those are the agent's.

RemoteServer      one address: who we are, what the other end says it is (how requests are made: asking.py)
RemoteDatabase    one database there: a peer (how documents with files travel: fetching.py)
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from sync import errors, fetching, names, strict_json, wire
from sync.asking import MAX_RESPONSE, TIMEOUT, Way
from sync.peer import Changes, Filter, Refusal, Revision, Seq
from sync.revisions import check_path

__all__ = ["MAX_REQUEST", "MAX_RESPONSE", "TIMEOUT", "RemoteDatabase", "RemoteServer"]

MAX_REQUEST: Final = 8 * 1024 * 1024  # bytes of documents in one request; a larger document goes alone
BRING: Final = (
    4 * 1024 * 1024
)  # bytes of documents in a stretch of the feed; where it was more, they are fetched apart


class RemoteServer(Way):
    """A server at `url`. Nothing is asked of it before the first call. Safe to use from several threads."""

    _welcome: dict[str, Any] | None = None

    def welcome(self) -> dict[str, Any]:
        """What the server says it is: `couchdb`, `uuid`, `version`, `vendor`, `features`. NotAPeer if it is something
        else. Asked once."""
        if self._welcome is None:
            said = self.ask("GET", "")
            if (
                type(said) is not dict
                or not (said.get("couchdb") == "Welcome" or said.get("express-pouchdb") == "Welcome!")
                or type(said.get("uuid", "")) is not str
            ):
                raise errors.NotAPeer(
                    f"What answers at {self._client.base_url} is no CouchDB and no bianmin."
                )
            self._welcome = said
        return self._welcome

    def features(self) -> list[Any]:
        """What the server says it can beyond the common."""
        said = self.welcome().get("features", [])
        return said if type(said) is list else []

    def databases(self) -> list[str]:
        """The names of the databases we may see."""
        listed = self.ask("GET", "_all_dbs")
        if type(listed) is not list or not all(type(name) is str for name in listed):
            raise errors.NotAPeer("The list of databases is no list of names.")
        return listed

    def database(self, name: str, create: bool = False) -> RemoteDatabase:
        """The database of that name; NotFound unless it is there or `create`. Ask anew for each session: a database
        that was deleted and made again is another one."""
        names.check_database(name)
        uuid = self.welcome().get("uuid") or str(self._client.base_url)
        try:
            info = self.ask("GET", name)
        except errors.NotFound:
            if not create:
                raise
            with contextlib.suppress(errors.DatabaseExists):  # somebody else was quicker
                self.ask("PUT", name)
            info = self.ask("GET", name)
        if type(info) is not dict:
            raise errors.NotAPeer("The database does not describe itself.")
        incarnation = info.get("incarnation") or f"{name}@{info.get('instance_start_time', '0')}"
        return RemoteDatabase(self, name, f"{uuid}/{incarnation}", info)


class RemoteDatabase:
    """A peer. Methods are those of `sync.peer.Peer`; one request each, but for large batches."""

    def __init__(self, server: RemoteServer, name: str, identity: str, info: dict[str, Any]) -> None:
        self._server = server
        self.name = name
        self.identity = identity
        self._info = info
        self._local_revs: dict[str, str] = {}
        # The texts of documents that came with the last stretches of the feed. `replicate` looks up to two ahead.
        self._brought: tuple[dict[tuple[str, str], bytes], ...] = ()
        self._listed = 0  # how many changes the last had
        self._bring = 0  # how many of the next are to bring their documents

    def info(self) -> dict[str, Any]:
        """`GET /db`, as it was when this object was made."""
        return self._info

    def changes(self, since: Seq = 0, limit: int = 500, *, only: Filter | None = None) -> Changes:
        """https://docs.couchdb.org/en/stable/replication/protocol.html#listen-to-changes-feed

        Where all of a stretch was wanted (`get_revisions`), the next two are asked for with their documents: a request less
        each, and half the work. Should none of them be wanted, two stretches of documents came in vain.
        """
        params = {"style": "all_docs", "since": str(since), "limit": str(limit)}
        bring = self._bring > 0
        self._bring -= bring
        try:
            data = self._feed({**params, "include_docs": "true"} if bring else params, only)
        except errors.TooLarge:
            if not bring:
                raise
            data = self._feed(params, only)
        changes, texts = fetching.from_feed(data)
        self._brought = (*self._brought[-2:], texts)
        self._listed = len(changes.results)
        return changes

    def _feed(self, params: dict[str, str], only: Filter | None) -> bytes:
        path = f"{self.name}/_changes"
        if only is None:
            return self._server.fetch("GET", path, params=params)
        if only.design:
            return self._server.fetch("GET", path, params={**params, "filter": "_design"})
        by_id = only.doc_ids is not None
        body = {"doc_ids": only.doc_ids} if by_id else {"selector": only.selector}
        params = {**params, "filter": "_doc_ids" if by_id else "_selector"}
        return self._server.fetch("POST", path, params=params, content=strict_json.dumps(body))

    def revs_diff(self, revs: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """https://docs.couchdb.org/en/stable/replication/protocol.html#calculate-revision-difference"""
        said = self._ask("POST", "_revs_diff", content=strict_json.dumps(revs))
        try:
            return {id: list(diff["missing"]) for id, diff in said.items() if diff["missing"]}
        except (KeyError, TypeError, AttributeError) as error:
            raise errors.NotAPeer("The answer to _revs_diff has not the form of one.") from error

    def get_revisions(self, revs: Mapping[str, Sequence[str]]) -> Iterator[Revision]:
        """https://docs.couchdb.org/en/stable/replication/protocol.html#fetch-changed-documents

        Those that came with the feed are at hand; the others in one `_bulk_get`, and those of them that have files in a
        second one, with their files behind them.
        """
        rest: dict[str, Sequence[str]] = {}
        size = 0
        for id, wanted in revs.items():
            revision = self._at_hand(id, wanted[0]) if len(wanted) == 1 else None
            if revision is None:
                rest[id] = wanted
            else:
                size += len(revision.body)
                yield revision
        for revision in self._fetched(rest):
            size += len(revision.body)
            yield revision
        self._bring = 2 if len(revs) >= self._listed and size <= BRING else 0

    def _at_hand(self, id: str, rev: str) -> Revision | None:
        """The revision, if it came with the feed."""
        for texts in self._brought:
            if text := texts.pop((id, rev), None):
                return fetching.brought(id, rev, text)
        return None

    def _fetched(self, revs: Mapping[str, Sequence[str]]) -> Iterator[Revision]:
        if not revs:
            return
        with_files: dict[str, list[str]] = {}
        for revision in self._found(revs):
            if revision.attachments:
                with_files.setdefault(revision.id, []).append(revision.rev)
            else:
                yield revision
        if with_files:
            together = "bulk_get_parts" in self._server.features()
            yield from fetching.with_files(self._server, self.name, with_files, together=together)

    def _found(self, revs: Mapping[str, Sequence[str]]) -> Iterator[Revision]:
        """The revisions, their files as stubs."""
        try:
            data = self._server.fetch(
                "POST",
                f"{self.name}/_bulk_get",
                params={"revs": "true", "latest": "true"},
                content=fetching.asked(revs),
            )
        except (errors.NotFound, errors.MethodNotAllowed):
            if self._server.ask("GET", self.name) is None:  # raises NotFound: there is no such database
                raise
            yield from fetching.one_by_one(self._server, self.name, revs)  # an old server
            return
        yield from fetching.from_json(data)

    def add_revisions(self, revisions: Sequence[Revision]) -> list[Refusal]:
        """https://docs.couchdb.org/en/stable/replication/protocol.html#upload-batch-of-changed-documents"""
        refused: list[Refusal] = []
        sound: list[Revision] = []
        for revision in revisions:
            try:
                check_path(revision.path)  # else it cannot even be written down
            except errors.BadRequest as fault:
                refused.append(Refusal(revision.id, "".join(revision.path[:1]), "forbidden", fault.reason))
                continue
            if wire.files_size(revision) > wire.INLINE:
                refused += self._add_with_files(revision)
            else:
                sound.append(revision)
        for some in wire.slices(sound, MAX_REQUEST):
            refused += self._add(some)
        return refused

    def _add(self, revisions: Sequence[Revision]) -> list[Refusal]:
        """One `_bulk_docs`."""
        said = self._ask("POST", "_bulk_docs", content=wire.batch(revisions))
        if type(said) is not list:
            raise errors.NotAPeer("The answer to _bulk_docs has not the form of one.")
        revs = {revision.id: revision.rev for revision in revisions}
        refused = []
        for answer in said:
            if type(answer) is dict and "error" in answer:
                id = str(answer.get("id", ""))
                rev = str(answer.get("rev") or revs.get(id, ""))
                refused.append(Refusal(id, rev, str(answer["error"]), str(answer.get("reason", ""))))
        return refused

    def _add_with_files(self, revision: Revision) -> list[Refusal]:
        """One document with its files behind it, read where they lie."""
        try:
            fetching.put_with_files(self._server, self.name, revision)
        except errors.BadContentType:  # a server that takes files in no other way
            return self._add([revision])
        except (errors.Forbidden, errors.Conflict, errors.MissingStub) as fault:
            return [Refusal(revision.id, revision.rev, fault.error, fault.reason)]
        return []

    def get_local(self, id: str) -> dict[str, Any] | None:
        """https://docs.couchdb.org/en/stable/replication/protocol.html#retrieve-replication-logs-from-source-and-target"""
        try:
            said = self._ask("GET", "_local/" + quote(id, safe=""))
        except errors.NotFound:
            self._local_revs.pop(id, None)
            return None
        if type(said) is not dict or type(said.get("_rev")) is not str:
            raise errors.NotAPeer("The _local document has not the form of one.")
        self._local_revs[id] = said["_rev"]
        return {name: value for name, value in said.items() if not name.startswith("_")}

    def put_local(self, id: str, doc: Mapping[str, Any]) -> None:
        """https://docs.couchdb.org/en/stable/replication/protocol.html#record-replication-checkpoint"""
        try:
            self._put_local(id, doc)
        except errors.Conflict:  # written since we read it, or never read
            self.get_local(id)
            self._put_local(id, doc)

    def _put_local(self, id: str, doc: Mapping[str, Any]) -> None:
        rev = self._local_revs.get(id)
        content = strict_json.dumps({**doc, "_id": "_local/" + id, **({"_rev": rev} if rev else {})})
        said = self._ask("PUT", "_local/" + quote(id, safe=""), content=content, once=True)
        if type(said) is dict and type(said.get("rev")) is str:
            self._local_revs[id] = said["rev"]

    def _ask(self, method: str, path: str, **rest: Any) -> Any:
        return self._server.ask(method, f"{self.name}/{path}", **rest)
