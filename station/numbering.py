"""Draws numbers inside the transaction that writes the event they are for: of cases, errands and papers. How a number is written is
schemas'; where a day's serials begin is station.serials.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from schemas import numbers
from schemas.document_numbers import document_no
from station.identity import Identity
from station.register import Register
from station.serials import first_serial, serial
from sync.ledger import LedgerTxn


def next_number(
    txn: LedgerTxn, kind: str, station: str, day: date, epoch: str, identity: Identity,
    written: Callable[[str, date, int], str], is_known: Callable[[str], bool],
) -> str:  # fmt: skip
    """The next number of a station on a day. `kind`: "case" or "errand", each of which counts for itself; `epoch`: the ledger's."""
    first = first_serial(epoch, identity.life, day, identity.number)
    while True:
        n = txn.counter(f"{kind}:{station}:{day:%Y%m%d}")
        if n > numbers.MAX_SERIAL:
            raise numbers.serials_used_up()
        number = written(station, day, serial(first, n))
        # A laptop that was set up anew may meet its own earlier numbers again, come back from above. Two web nodes
        # of a hub may come to the same number at the same moment; then it is the first one's.
        if not is_known(number) and txn.reserve(f"{kind}:{number}"):
            return number


def next_document_no(txn: LedgerTxn, register: Register, word: str, station: str, year: int) -> str:
    """The number of the next paper of that word, beyond all that are known here: a laptop that was set up anew goes on
    where the one before it ended. Two web nodes of a hub may come to the same one; then it is the first one's."""
    last = register.last_serial(station, word, year)
    while True:
        n = txn.counter(f"paper:{station}:{word}:{year}")
        if n > last and txn.reserve(f"paper:{station}:{word}:{year}:{n}"):
            return document_no(station, word, year, n)
