"""What is stated of numbered events, kept for each database: this writer's seals, everybody's that came, the hub's receipts.

    here/statements:<database>   {"statements": [what `sync.seals.join` keeps]}

Statements are taken from whoever brings them: they are signed, and those whose key does not count are not kept. What
they prove about the events that are here, the register finds out as it follows the store (`station.proofs`). They are
documents of `here`, so that whoever follows the store follows them too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from schemas import tables
from station.databases import HERE
from station.identity import Identity
from station.keys import Keys
from sync import seals
from sync.errors import BadRequest, Conflict, TooLarge
from sync.event_ids import event_digest, event_id
from sync.seals import Kind, Run, Statement
from sync.serving import ServedDatabase, ServedStore

PREFIX: Final = "statements:"
STEP: Final = 500  # events read at once


class Trust:
    """The statements a server holds. Every method may be called from any thread, and by several web nodes at once."""

    def __init__(self, store: ServedStore, identity: Identity, keys: Keys) -> None:
        self._store = store
        self._here = store.database(HERE, create=True)
        self._identity = identity
        self._keys = keys
        self.listeners: list[Callable[[str], None]] = []
        """Hear of a database once something new is stated of it and kept; called by whoever took it in, so to be quick."""

    def statements(self, db: str) -> list[Statement]:
        """What is stated of a database by keys that count. Signatures were looked at when they came."""
        return self._counting(self._held(db))

    def _held(self, db: str) -> list[Statement]:
        kept = self._here.get(PREFIX + db)
        return [seals.read(each) for each in kept["statements"]] if kept else []

    def _counting(self, statements: Iterable[Statement]) -> list[Statement]:
        """Those whose key may say such a thing. Whose key counts is asked once for all that one hand may have said."""
        allowed: dict[tuple[Kind, str], frozenset[str]] = {}
        found = []
        for each in statements:
            hand = (each.kind, "" if each.kind == "receipt" else each.writer)
            if hand not in allowed:
                allowed[hand] = (
                    self._keys.hub_keys() if hand[0] == "receipt" else self._keys.sealing(each.writer)
                )
            if each.by in allowed[hand] or self._is_own(each):
                found.append(each)
        return found

    def knows_the_hub(self) -> bool:
        """Whether a key of the hub is known here; until then nothing of it counts."""
        return bool(self._keys.hub_keys())

    def speaks_above(self, station: str, key: str) -> bool:
        """Whether that station is above this one, and speaks with that key."""
        return station in tables.ancestors(self._identity.own) and key in self._keys.active(station)

    def _is_own(self, statement: Statement) -> bool:
        # Before a station is enrolled nobody vouches for its key; it knows it all the same.
        own = self._identity
        return statement.kind == "seal" and statement.writer == own.own and statement.by == own.signer.public

    def take(self, db: str, told: Iterable[Statement]) -> int:
        """Keeps what is signed, counts, and says more than what is here; how many statements that were. BadRequest for one
        of another database."""
        told = list(told)
        for statement in told:
            if statement.db != db:
                raise BadRequest(f"A statement about {statement.db[:80]} does not belong to {db}.")
        # What is here already is most of what comes, and its signatures were looked at.
        known = set(self._held(db)) if told else set()
        new = [each for each in self._counting(told) if each not in known and each.is_signed]
        while new:
            kept = self._here.get(PREFIX + db)
            held = [seals.read(each) for each in kept["statements"]] if kept else []
            joined = seals.join(held, new)
            if len(joined) > seals.MAX_STATEMENTS:
                raise TooLarge(f"More than {seals.MAX_STATEMENTS} statements about one database.")
            added = joined - set(held)
            if not added:
                return 0
            doc = {"_id": PREFIX + db, "type": "statements", "schema": 1}
            written = sorted(joined)
            try:
                self._here.put({**(kept or doc), "statements": [each._asdict() for each in written]})
                self._store.afterwards(lambda: self._tell(db))
                return len(added)
            except Conflict:  # another thread, or another web node; what it took is to stay
                continue
        return 0

    def _tell(self, db: str) -> None:
        for listener in self.listeners:
            listener(db)

    def seal(self, db: str) -> list[Statement]:
        """Seals what this writer has written into a database since it did so last; the new seals, kept already."""
        database = self._store.database(db)
        said = sorted(self.statements(db), key=lambda each: each.n)
        held = {each.run: each for each in said if self._is_own(each)}
        sealed = []
        for (writer, epoch), n in database.runs().items():
            if not n or not self._identity.wrote(writer, epoch):
                continue
            run = Run(writer, epoch)
            last = held.get(run)
            if last is not None and last.n >= n:
                continue
            start, head = (last.n, last.head) if last else (0, seals.beginning(db, run))
            head = seals.chain_on(head, digests(database, run, start + 1, n))
            sealed.append(seals.state(self._identity.signer, "seal", db, run, n, head))
        self.take(db, sealed)
        return sealed

    def confirm(self, db: str, proven: Iterable[tuple[Run, int, str]], at: str) -> list[Statement]:
        """The hub's receipts for what it holds, proven; the new ones, kept already."""
        held = {each.run: each.n for each in sorted(self.statements(db)) if self._is_receipt(each)}
        receipts = [
            seals.state(self._identity.signer, "receipt", db, run, n, head, at)
            for run, n, head in proven
            if n > held.get(run, 0) and run.writer != self._identity.own
        ]
        self.take(db, receipts)
        return receipts

    def _is_receipt(self, statement: Statement) -> bool:
        return statement.kind == "receipt" and statement.by == self._identity.signer.public


def digests(database: ServedDatabase, run: Run, first: int, last: int) -> Iterator[bytes]:
    """The digests of events first..last of a run, which are all held, with or without their bodies."""
    for begin in range(first, last + 1, STEP):
        ids = [event_id(*run, n) for n in range(begin, min(begin + STEP, last + 1))]
        found = database.texts(ids)
        gone = database.given_up(id for id in ids if id not in found)
        for id in ids:
            yield event_digest(id, found[id]) if id in found else gone[id]
