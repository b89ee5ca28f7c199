"""The six methods that make a peer, and the values that travel between peers. Holds no behaviour.

The embedded store, a server reached over HTTP, a CouchDB cluster and a store on a stick are peers; `replicate` knows
nothing else of them. The nouns are CouchDB's: https://docs.couchdb.org/en/stable/replication/protocol.html

Values are named tuples rather than dataclasses: tens of thousands are made a second.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from sync.blobs import Data

Seq: TypeAlias = int | str
"""A place in a peer's changes feed. Opaque (CouchDB's are strings); 0 is the beginning. Never compare two peers'."""


class Change(NamedTuple):
    """One document in the feed, at its newest place: `revs` are all leaves, the winner first."""

    seq: Seq
    id: str
    revs: list[str]
    deleted: bool


class Changes(NamedTuple):
    """A stretch of the feed. `last_seq` is where to go on; `pending` how many changes follow, where known."""

    results: list[Change]
    last_seq: Seq
    pending: int | None


class Filter(NamedTuple):
    """Which documents are wanted: one of three, as CouchDB's `_changes` and replicator know them."""

    doc_ids: tuple[str, ...] | None = None
    selector: Mapping[str, Any] | None = None
    design: bool = False


class Attachment(NamedTuple):
    """A file inside a document. `data` None makes it a stub: the receiver has the bytes already."""

    content_type: str
    digest: str
    """`md5-<base64>`, as CouchDB names it, over the bytes."""
    length: int
    revpos: int
    """The generation that brought it."""
    data: Data | None


NO_ATTACHMENTS: Final[Mapping[str, Attachment]] = MappingProxyType({})


class Revision(NamedTuple):
    """One revision on its way."""

    id: str
    path: tuple[str, ...]
    """The revision and its ancestors as far as known, newest first: ("3-abc", "2-def", "1-012")."""
    deleted: bool
    body: bytes
    """A JSON object without members beginning with `_`, UTF-8, kept to the byte. Canonical (RFC 8785) for events."""
    attachments: Mapping[str, Attachment] = NO_ATTACHMENTS
    checked: bool = False
    """The body was written by this process from JSON it has strictly read; a store need not read it again."""

    @property
    def rev(self) -> str:
        return self.path[0]


class Refusal(NamedTuple):
    """One revision that was not taken. `error` is CouchDB's word ("forbidden": do not try again), `reason` a sentence."""

    id: str
    rev: str
    error: str
    reason: str


class Peer(Protocol):
    """A database somewhere. Every method may raise SyncError; none retries."""

    @property
    def identity(self) -> str:
        """Names this database and its incarnation, whatever way it is reached."""

    def changes(self, since: Seq = 0, limit: int = 500, *, only: Filter | None = None) -> Changes:
        """The feed after `since`, oldest first, each document once; at most `limit` changes, of which those that `only`
        chooses are given. So there may be none, and more to follow."""

    def revs_diff(self, revs: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """Of the revisions asked about, those not known here. Documents of which all are known are left out."""

    def get_revisions(self, revs: Mapping[str, Sequence[str]]) -> Iterable[Revision]:
        """The revisions with bodies. One that has been edited since gives the leaves that grew from it instead."""

    def add_revisions(self, revisions: Sequence[Revision]) -> list[Refusal]:
        """Takes the revisions as they are, durably, before it returns; a known one is a no-op; says what it refused."""

    def get_local(self, id: str) -> dict[str, Any] | None:
        """A document that is not replicated (`_local/<id>`), without `_id` and `_rev`; None if there is none."""

    def put_local(self, id: str, doc: Mapping[str, Any]) -> None:
        """Replaces it, durably."""
