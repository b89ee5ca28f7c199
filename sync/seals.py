"""Statements: what a writer and the hub say, signed, of a writer's numbered events. Pure.

The events 1..n of one writer and epoch in one database are chained by hash:

    head(0) = SHA-256("bianmin 1 chain" database writer epoch)        head(n) = SHA-256(head(n-1) digest(event n))

and two kinds of statement name a head:

    seal      the writer: "this is what I wrote, up to n"             signed with the device's key
    receipt   the hub:    "this is what I hold, up to n, since …"     signed with the hub's key

Whoever holds 1..n and finds the stated head has every one of these events as it was written, none left out and none
put in, whatever carried them. Statements need no trust in their carrier and no order; what is held is joined (`join`).
Two by one hand that contradict each other mean a copied laptop, or a forger with its key.

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
"""In one database: about two for each life of each server that ever wrote into it."""

KEPT_SEALS: Final = 8
"""Of one hand and run that no receipt has reached."""


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


def join(held: Iterable[Statement], told: Iterable[Statement]) -> frozenset[Statement]:
    """What both know together, without what says nothing more: of each run the receipt that says most, the seal that says
    most, and the newest seals beyond that receipt, of each hand. Commutative, associative, idempotent.

    The seals of two laptops that are copies are of one hand. Were only the one kept that says most, nobody would come to know
    of the other, nor could what it sealed be proven.
    """
    by_hand: dict[tuple[Kind, Run, str], list[Statement]] = {}
    for statement in {*held, *told}:
        by_hand.setdefault((statement.kind, statement.run, statement.by), []).append(statement)
    received: dict[Run, int] = {}
    for (kind, run, _), said in by_hand.items():
        if kind == "receipt":
            received[run] = max(received.get(run, 0), *(each.n for each in said))
    joined: set[Statement] = set()
    for (kind, run, _), said in by_hand.items():
        newest = sorted(said, key=_rank, reverse=True)
        joined.add(newest[0])
        if kind == "seal":
            joined.update(each for each in newest[1:KEPT_SEALS] if each.n > received.get(run, 0))
    return frozenset(joined)


def _rank(statement: Statement) -> tuple[int, str, str, str]:
    return (
        statement.n,
        statement.head,
        statement.at,
        statement.sig,
    )  # any order would do that is the same everywhere


def beginning(db: str, run: Run) -> str:
    """The head before the first event."""
    return hashlib.sha256(f"bianmin 1 chain\n{db}\n{run.writer}\n{run.epoch}".encode()).hexdigest()


def chain(head: str, events: Iterable[tuple[str, bytes]]) -> str:
    """The head after more events: (id, body in canonical form) in the order of their numbers."""
    return chain_on(head, (event_ids.event_digest(id, body) for id, body in events))


def chain_on(head: str, digests: Iterable[bytes]) -> str:
    """As `chain`, of events of which only the digests are at hand."""
    running = bytes.fromhex(head)
    for digest in digests:
        running = hashlib.sha256(running + digest).digest()
    return running.hex()
