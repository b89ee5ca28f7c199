"""A database whose documents come and go by stick, as a peer: each batch in a file of its own, sealed, read back and opened."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sync.errors import TheirFault
from sync.exchange import message as messages
from sync.exchange.message import Message
from sync.peer import Changes, Filter, Refusal, Revision, Seq
from sync.signing import Signer
from sync.stick import file as files
from sync.stick import load as loads
from sync.stick.file import Envelope
from sync.stick.load import Account
from sync.store import Database

HERE, THERE = Signer(b"h" * 32), Signer(b"t" * 32)


def carried(revisions: Iterable[Revision]) -> list[Revision]:
    """What comes out of a file into which these were written."""
    documents = [("things", each) for each in revisions]
    if not documents:
        return []
    account = Account("1", "a", "b", len(documents), 0, 0, 0, {}, {}, {}, {}, "", 0, {})
    frames = [messages.pack(Message(documents=documents)), messages.strict_json.canonical(account._asdict())]
    stick = files.seal(frames, Envelope("a", "b", (THERE.public,), "1", "e", 1, ""), HERE)
    file = io.BytesIO(b"".join(stick.pieces()))
    header = files.read_head(file)
    files.check_whole(file, header)
    plain = files.opened(file, THERE)
    loads.check(plain)
    return [revision for message in loads.documents(plain) for _, revision in message.documents]


class ByStick:
    """The database at the other end of the way."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.identity = database.identity

    def changes(self, since: Seq = 0, limit: int = 500, *, only: Filter | None = None) -> Changes:
        return self._database.changes(since, limit, only=only)

    def revs_diff(self, revs: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        return self._database.revs_diff(revs)

    def get_revisions(self, revs: Mapping[str, Sequence[str]]) -> list[Revision]:
        return carried(self._database.get_revisions(revs))

    def add_revisions(self, revisions: Sequence[Revision]) -> list[Refusal]:
        """No store gives what can't be read, so no file of a server has it in it; here each such document is told by itself."""
        refused, sound = [], []
        for each in revisions:
            try:
                sound += carried([each])
            except TheirFault as fault:
                refused.append(Refusal(each.id, each.rev, "forbidden", fault.reason))
        return refused + self._database.add_revisions(sound)

    def get_local(self, id: str) -> dict[str, Any] | None:
        return self._database.get_local(id)

    def put_local(self, id: str, doc: Mapping[str, Any]) -> None:
        self._database.put_local(id, doc)
