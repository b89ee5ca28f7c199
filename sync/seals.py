"""Statements: what a writer and the hub say, signed, of a writer's numbered events. Pure.

The events 1..n of one writer and epoch in one database are chained by hash:

    head(0) = SHA-256("bianmin 1 chain" database writer epoch)        head(n) = SHA-256(head(n-1) digest(event n))

and two kinds of statement name a head:

    seal      the writer: "this is what I wrote, up to n"             signed with the device's key
    receipt   the hub:    "this is what I hold, up to n, since …"     signed with the hub's key

Whoever holds 1..n and finds the stated head has every one of these events as it was written, none left out and none
put in, whatever carried them. Statements need no trust in their carrier and no order: of two by one hand, of one kind,
the one that says more replaces the other. Two that contradict each other mean a copied laptop, or a forger with its key.

Which keys count is not decided here, nor is anything kept: `station.trust`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from sync import event_ids, signing
from sync.errors import BadRequest
from sync.signing import Signer

Kind: TypeAlias = Literal["seal", "receipt"]

_HEAD = re.compile(r"[0-9a-f]{64}")
_MOMENT = re.compile(r"[0-9T:+\-]{0,32}")
MAX_STATEMENTS: Final = 1000
"""In one database: two for each life of each server that ever wrote into it."""


class Run(NamedTuple):
    """Whose numbers: a writer's in one of its epochs."""

    writer: str
    epoch: str


class Statement(NamedTuple):
    """`head`: 64 hex digits. `at`: the moment of a receipt, ISO 8601; of a seal ""."""

    kind: Kind
    db: str
    writer: str
    epoch: str
    n: int
    head: str
    at: str
    by: str
    sig: str

    @property
    def run(self) -> Run:
        return Run(self.writer, self.epoch)

    @property
    def is_signed(self) -> bool:
        """By the key it names; whose that is, is another question."""
        return signing.verify(self.by, self.kind, _said(self), self.sig)


def _said(statement: Statement) -> dict[str, Any]:
    said = statement._asdict()
    del said["sig"]
    return said


def state(signer: Signer, kind: Kind, db: str, run: Run, n: int, head: str, at: str = "") -> Statement:
    """A statement, signed."""
    unsigned = Statement(kind, db, run.writer, run.epoch, n, head, at, signer.public, "")
    return unsigned._replace(sig=signer.sign(kind, _said(unsigned)))


def read(written: Any) -> Statement:
    """The statement in a JSON value; BadRequest unless it has the form of one."""
    if type(written) is not dict or set(written) != set(Statement._fields):
        raise BadRequest(f"A statement has the members {', '.join(Statement._fields)}.")
    statement = Statement(**written)
    texts = (*statement[:4], *statement[5:])
    if (
        not all(type(text) is str for text in texts)
        or statement.kind not in ("seal", "receipt")
        or type(statement.n) is not int
        or not 1 <= statement.n < 10**15
        or len(statement.db) > 128
        or event_ids.parse_event_id(f"ev:{statement.writer}:{statement.epoch}:1") is None
        or not _HEAD.fullmatch(statement.head)
        or not _MOMENT.fullmatch(statement.at)
        or len(statement.by) != signing.KEY_LENGTH
        or len(statement.sig) != signing.SIGNATURE_LENGTH
    ):
        raise BadRequest(
            "A statement names kind, database, writer, epoch, number, head, moment, key and signature."
        )
    return statement


def join(held: Iterable[Statement], told: Iterable[Statement]) -> dict[tuple[Kind, Run, str], Statement]:
    """What both know together: of each kind, run and key the statement that says most. Commutative, associative,
    idempotent: two of one hand that say one n keep the smaller head, so that everybody keeps the same."""
    joined: dict[tuple[Kind, Run, str], Statement] = {}
    for statement in (*held, *told):
        key = (statement.kind, statement.run, statement.by)
        kept = joined.get(key)
        if kept is None or _rank(statement) > _rank(kept):
            joined[key] = statement
    return joined


def _rank(statement: Statement) -> tuple[int, list[int], list[int]]:
    # Smaller texts rank higher; any order would do that is the same everywhere.
    return statement.n, [-ord(c) for c in statement.head], [-ord(c) for c in statement.at + statement.sig]


def beginning(db: str, run: Run) -> str:
    """The head before the first event."""
    return hashlib.sha256(f"bianmin 1 chain\n{db}\n{run.writer}\n{run.epoch}".encode()).hexdigest()


def chain(head: str, events: Iterable[tuple[str, bytes]]) -> str:
    """The head after more events: (id, body in canonical form) in the order of their numbers."""
    running = bytes.fromhex(head)
    for id, body in events:
        running = hashlib.sha256(running + event_ids.event_digest(id, body)).digest()
    return running.hex()
