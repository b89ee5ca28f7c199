"""All databases of a server copied to another one, and both compared afterwards. Knows no command line.

    for each database:  replicate ─> compare document by document: leaves, bodies, files

A server is a store's file, a server of ours (`http://…/db`) or a CouchDB. What was copied is remembered by both ends
as in every replication, so a copy that was broken off goes on where it was. `_local` documents (sessions, checkpoints)
stay where they are.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

from sync import blobs, names, strict_json
from sync.couch import CouchStore, address
from sync.couch.store import is_own
from sync.errors import BadRequest, NotFound
from sync.peer import Changes, Peer, Refusal, Revision, Seq
from sync.remote import RemoteServer
from sync.replicate import Session, replicate
from sync.store import Store
from sync.store.encryption import is_encrypted

BATCH: Final = 200  # documents compared at once
SHOWN: Final = 5  # differences named for each database


class Server(Protocol):
    """What of a server is needed here."""

    def names(self) -> list[str]:
        """Its databases."""

    def peer(self, name: str, create: bool) -> Peer:
        """One of them; NotFound unless it is there or `create`."""


class Copied(NamedTuple):
    """What became of one database."""

    name: str
    documents: int
    written: int
    refused: list[Refusal]
    differences: list[str]


class _File:
    def __init__(self, store: Store | CouchStore) -> None:
        self._store = store

    def names(self) -> list[str]:
        return self._store.listed() if isinstance(self._store, CouchStore) else self._store.databases()

    def peer(self, name: str, create: bool) -> Peer:
        return self._store.database(name, create=create)


class _Remote:
    def __init__(self, server: RemoteServer) -> None:
        self._server = server

    def names(self) -> list[str]:
        return [name for name in self._server.databases() if names.is_database(name)]

    def peer(self, name: str, create: bool) -> Peer:
        return self._server.database(name, create=create)


def open_server(
    text: str, closing: contextlib.ExitStack, *, create: bool = False, key: bytes | None = None
) -> Server:
    """The server `text` names; what was opened for it is closed with `closing`. BadRequest if it names none. `key`: of a
    store's file that is encrypted."""
    if not text.startswith(("http://", "https://")):
        if "#" in text or "://" in text:
            raise BadRequest(
                f"{address.masked(text)!r} names no server: PATH.sqlite, http://…/db, or a CouchDB."
            )
        return _File(closing.enter_context(Store.open(text, create=create, key=key_for(text, key))))
    parts = urlsplit(text)
    if parts.path.rstrip("/").endswith("/db"):
        auth = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        host = parts.netloc.rpartition("@")[2]
        url = f"{parts.scheme}://{host}{parts.path}"
        return _Remote(closing.enter_context(RemoteServer(url, auth=auth)))
    folder = closing.enter_context(tempfile.TemporaryDirectory(prefix="bianmin-"))
    where = address.parse(text, public=True)  # whoever copies by hand has said where
    store = CouchStore.open(where, Path(folder) / "journal.sqlite", follow=False, sweep=False)
    return _File(closing.enter_context(store))


def key_for(path: str, key: bytes | None) -> bytes | None:
    """The key, for a file that is encrypted or still to be made; a plain store stays plain when it is copied."""
    return None if Path(path).exists() and not is_encrypted(Path(path)) else key


def copy_all(
    source: Server, target: Server, *, moved: Callable[[str, Session], None] = lambda _name, _session: None
) -> Iterator[Copied]:
    """Copies each database and compares it; says of each what became of it. `moved` hears of every batch."""
    for name in source.names():
        here = source.peer(name, create=False)
        there = target.peer(name, create=True)
        session = replicate(
            here,
            _Kept(name, there),
            progress=lambda session, name=name: moved(name, session),  # type: ignore[misc]
        )
        documents, differences = compare(name, here, there)
        yield Copied(name, documents, session.written, session.refused, differences)


def compare_all(source: Server, target: Server) -> Iterator[Copied]:
    """Compares each database of `source` with the target's, and changes nothing."""
    for name in source.names():
        try:
            documents, differences = compare(name, source.peer(name, False), target.peer(name, False))
        except NotFound as fault:
            documents, differences = 0, [fault.reason]
        yield Copied(name, documents, 0, [], differences)


def compare(name: str, here: Peer, there: Peer) -> tuple[int, list[str]]:
    """How many documents there are, and in what both differ: which are there, their leaves, bodies and files."""
    ours, theirs = _leaves(name, here), _leaves(name, there)
    differences = [f"{id}: {_missing(id in ours)}" for id in sorted(ours.keys() ^ theirs.keys())]
    common = sorted(ours.keys() & theirs.keys())
    differences += [
        f"{id}: leaves {_list(ours[id])} and {_list(theirs[id])}" for id in common if ours[id] != theirs[id]
    ]
    same = [id for id in common if ours[id] == theirs[id]]
    for start in range(0, len(same), BATCH):
        some = {id: sorted(ours[id]) for id in same[start : start + BATCH]}
        one, other = _contents(here, some), _contents(there, some)
        for key in sorted(one.keys() | other.keys()):
            if one.get(key) != other.get(key):
                differences.append(f"{key[0]}: {key[1]} says something else")
    return len(ours), differences


def _missing(there: bool) -> str:
    return "missing in the copy" if there else "only in the copy"


def _list(revs: frozenset[str]) -> str:
    return ", ".join(sorted(revs))


def _leaves(name: str, peer: Peer) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    since: Seq = 0
    while (changes := peer.changes(since, 1000)).results:
        found |= {each.id: frozenset(each.revs) for each in changes.results if not is_own(name, each.id)}
        since = changes.last_seq
    return found


def _contents(peer: Peer, wanted: Mapping[str, Sequence[str]]) -> dict[tuple[str, str], tuple[Any, ...]]:
    """What each revision says, in a form that is the same wherever it was kept."""
    found: dict[tuple[str, str], tuple[Any, ...]] = {}
    for each in peer.get_revisions(wanted):
        files = {
            name: (file.content_type, blobs.digests(file.data).sha256 if file.data is not None else None)
            for name, file in each.attachments.items()
        }
        body = strict_json.canonical(strict_json.loads(each.body))
        found[each.id, each.rev] = (each.deleted, body, files)
    return found


class _Kept:
    """A target that already has what says which cluster it is, and takes nobody else's."""

    def __init__(self, name: str, target: Peer) -> None:
        self._name, self._target = name, target
        self.identity = target.identity

    def changes(self, since: Seq = 0, limit: int = 500, **options: Any) -> Changes:
        return self._target.changes(since, limit, **options)

    def revs_diff(self, revs: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        return self._target.revs_diff({id: each for id, each in revs.items() if not is_own(self._name, id)})

    def get_revisions(self, revs: Mapping[str, Sequence[str]]) -> Any:
        return self._target.get_revisions(revs)

    def add_revisions(self, revisions: Sequence[Revision]) -> list[Refusal]:
        return self._target.add_revisions(revisions)

    def get_local(self, id: str) -> dict[str, Any] | None:
        return self._target.get_local(id)

    def put_local(self, id: str, doc: Mapping[str, Any]) -> None:
        self._target.put_local(id, doc)
