"""Which of the events that are here are proven, and how far the hub has confirmed them. Tables of the register.

    runs      of each writer's epoch in each database: events 1..n are proven, n confirmed by the hub
    heads     the chain's head at numbers that were asked about, so that a chain is not walked twice
    disputes  statements that contradict the events that are here: for a person to look into

An event of another server counts from the moment that a statement (`sync.seals`) with its place in the chain is here: a
relay that made it up can't make that. What this server wrote itself needs no proof. All of it follows from documents and
statements, and is found again when the register is rebuilt.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import apsw

from station.identity import Identity
from station.trust import Trust, digests
from sync import seals
from sync.seals import Run, Statement
from sync.serving import ServedDatabase, ServedStore

KEPT_HEADS: Final = 64  # of each run, the newest; one that is older is computed once more

SCHEMA: Final = """
CREATE TABLE runs (
    run INTEGER PRIMARY KEY, db TEXT NOT NULL, writer TEXT NOT NULL, epoch TEXT NOT NULL, mine INTEGER NOT NULL,
    n INTEGER NOT NULL, confirmed INTEGER NOT NULL, confirmed_at TEXT NOT NULL, UNIQUE (db, writer, epoch));
CREATE TABLE heads (
    db TEXT NOT NULL, writer TEXT NOT NULL, epoch TEXT NOT NULL, n INTEGER NOT NULL, head TEXT NOT NULL,
    PRIMARY KEY (db, writer, epoch, n)) WITHOUT ROWID;
CREATE TABLE disputes (
    db TEXT NOT NULL, writer TEXT NOT NULL, epoch TEXT NOT NULL, kind TEXT NOT NULL, signer TEXT NOT NULL,
    n INTEGER NOT NULL, head TEXT NOT NULL,
    PRIMARY KEY (db, writer, epoch, kind, signer)) WITHOUT ROWID;
"""


class Advance(NamedTuple):
    """Events after `old`, up to `new`, have become proven."""

    run: Run
    old: int
    new: int


class Dispute(NamedTuple):
    """Somebody who may say so states another head at `n` than that of the events here."""

    db: str
    run: Run
    kind: str
    signer: str
    n: int
    proven: int
    """How far the run is proven all the same."""
    confirmed: int
    """How far the hub has confirmed what is here."""


class Proofs:
    """Works on a connection, and under the lock, of whoever owns the tables."""

    def __init__(
        self, connection: apsw.Connection, store: ServedStore, identity: Identity, trust: Trust
    ) -> None:
        self._execute = connection.execute
        self._store = store
        self._identity = identity
        self._trust = trust

    def note(self, db: str, runs: Iterable[Run]) -> None:
        """Remembers that these runs have events in the database."""
        for run in runs:
            self._execute(
                "INSERT OR IGNORE INTO runs VALUES (NULL, ?, ?, ?, ?, 0, 0, '')",
                (db, *run, self._identity.wrote(*run)),
            )

    def prove(self, db: str) -> list[Advance]:
        """Compares what is stated of a database with the events in it; what that proves anew."""
        statements = self._trust.statements(db)
        if not statements or db not in self._store.databases():
            return []
        database = self._store.database(db)
        held = database.runs()
        # What another web node took in may be proven before its events are heard of here.
        self.note(db, {each.run for each in statements} & {Run(*run) for run in held})
        known = self._runs(db)
        advances = []
        for statement in sorted(statements, key=lambda each: each.n):
            run = statement.run
            if run not in known or statement.n > held.get(run, 0):
                continue  # on its way
            proven, confirmed = known[run]
            if self._head(database, run, statement.n) != statement.head:
                self._dispute(statement)
                continue
            if statement.kind == "receipt" and statement.n > confirmed:
                self._execute(
                    "UPDATE runs SET confirmed = ?, confirmed_at = ? WHERE db = ? AND writer = ? AND epoch = ?",
                    (statement.n, statement.at, db, *run),
                )
                confirmed = statement.n
            if statement.n > proven:
                self._execute(
                    "UPDATE runs SET n = ? WHERE db = ? AND writer = ? AND epoch = ?", (statement.n, db, *run)
                )
                advances.append(Advance(run, proven, statement.n))
                proven = statement.n
            known[run] = (proven, confirmed)
        return advances

    def _runs(self, db: str) -> dict[Run, tuple[int, int]]:
        rows = self._execute("SELECT writer, epoch, n, confirmed FROM runs WHERE db = ?", (db,))
        return {Run(writer, epoch): (n, confirmed) for writer, epoch, n, confirmed in rows}

    def _head(self, database: ServedDatabase, run: Run, n: int) -> str:
        """The head at `n`, all of 1..n being held."""
        key = (database.name, *run)
        found = self._execute(
            "SELECT n, head FROM heads WHERE db = ? AND writer = ? AND epoch = ? AND n <= ? ORDER BY n DESC LIMIT 1",
            (*key, n),
        ).fetchone()
        at, head = found or (0, seals.beginning(database.name, run))
        if at < n:
            head = seals.chain_on(head, digests(database, run, at + 1, n))
            self._execute("INSERT INTO heads VALUES (?, ?, ?, ?, ?)", (*key, n, head))
            self._execute(
                "DELETE FROM heads WHERE db = ? AND writer = ? AND epoch = ? AND n <="
                " (SELECT n FROM heads WHERE db = ? AND writer = ? AND epoch = ? ORDER BY n DESC LIMIT 1 OFFSET ?)",
                (*key, *key, KEPT_HEADS),
            )
        return str(head)

    def _dispute(self, statement: Statement) -> None:
        self._execute(
            "INSERT OR REPLACE INTO disputes VALUES (?, ?, ?, ?, ?, ?, ?)",
            (statement.db, *statement.run, statement.kind, statement.by, statement.n, statement.head),
        )

    def forget(self, db: str, run: Run, after: int) -> None:
        """The events beyond `after` are not there any more."""
        self._execute(
            "UPDATE runs SET n = min(n, ?) WHERE db = ? AND writer = ? AND epoch = ?", (after, db, *run)
        )
        self._execute("DELETE FROM disputes WHERE db = ? AND writer = ? AND epoch = ?", (db, *run))
        self._execute(
            "DELETE FROM heads WHERE db = ? AND writer = ? AND epoch = ? AND n > ?", (db, *run, after)
        )

    # -- what is known -------------------------------------------------------------------------------------------

    def proven(self, db: str) -> list[tuple[Run, int, str]]:
        """(run, n, head) of what is proven by statements."""
        rows = self._execute(
            "SELECT runs.writer, runs.epoch, runs.n, heads.head FROM runs JOIN heads USING (db, writer, epoch, n)"
            " WHERE runs.db = ? AND runs.n > 0",
            (db,),
        )
        return [(Run(writer, epoch), n, head) for writer, epoch, n, head in rows]

    def confirmed(self, db: str, run: Run) -> int:
        """How far the hub has confirmed a run."""
        return self._runs(db).get(run, (0, 0))[1]

    def seen(self, db: str, held: Iterable[tuple[tuple[str, str], int]]) -> dict[str, int]:
        """Of the runs held here, as far as their events count: {"<writer>:<epoch>": n}."""
        rows: Iterable[Any] = self._execute("SELECT writer, epoch, n, mine FROM runs WHERE db = ?", (db,))
        proven = {(writer, epoch): (n, mine) for writer, epoch, n, mine in rows}
        counted = {}
        for run, n in sorted(held):
            till, mine = proven.get(run, (0, 0))
            if known := n if mine else min(n, till):
                counted[f"{run[0]}:{run[1]}"] = known
        return counted

    def disputes(self) -> list[Dispute]:
        """Statements that contradict what is here."""
        rows = self._execute(
            "SELECT db, writer, epoch, kind, signer, disputes.n, runs.n, confirmed FROM disputes JOIN runs USING (db, writer, epoch)"
            " ORDER BY db, writer, epoch"
        )
        return [Dispute(db, Run(writer, epoch), *rest) for db, writer, epoch, *rest in rows]
