"""What time it is, by the word of a server above: asked where this computer's clock is so wrong that no certificate seems in force.

    POST /trust/time   {"nonce"} ->  {"station", "moment", "nonce", "by", "sig"}     signed by that server's own key

The signature is over a nonce of ours, so that nobody can say what was said once; and it is by the key that signs receipts, not by
the one of TLS: whoever stole an old certificate can't say that its day is today. Sets no clock, and decides nothing by a moment.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from station.moment import Clock, read, stamp
from sync import signing, strict_json
from sync.asking import Way
from sync.errors import BadRequest, NotAPeer
from sync.signing import Signer

PURPOSE: Final = "time"
LONGEST_NONCE: Final = 100  # characters


def said(signer: Signer, station: str, nonce: str, clock: Clock) -> dict[str, str]:
    """The answer of `station` to whoever drew this nonce; BadRequest for one that is none."""
    if not 0 < len(nonce) <= LONGEST_NONCE:
        raise BadRequest(f"A nonce has 1 to {LONGEST_NONCE} characters.")
    return signer.signed(PURPOSE, {"station": station, "moment": stamp(clock()), "nonce": nonce})


def asked(way: Way, nonce: str, counts: Callable[[str, str], bool]) -> datetime:
    """The moment it is at the server at the end of the way. `counts`: whether that station speaks with that key. NotAPeer; what
    a request raises."""
    body = strict_json.dumps({"nonce": nonce})
    answer = way.ask("POST", "trust/time", content=body, bare=True)
    if type(answer) is not dict or answer.get("nonce") != nonce or not signing.is_signed(PURPOSE, answer):
        raise NotAPeer("The answer about the time was not signed for this question.")
    if not counts(str(answer.get("station")), answer["by"]):
        raise NotAPeer("The answer about the time is signed by nobody whose word counts here.")
    try:
        return read(answer["moment"])
    except (KeyError, TypeError, ValueError) as error:
        raise NotAPeer("The answer about the time holds no moment.") from error
