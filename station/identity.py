"""Who this server is: its device key, the root it trusts, and the key that signs the passes it hands out.

    here/identity    {"seed": the device key's 32 bytes in hex, "root": the city's root key or "", "no": device number,
                      "epochs": those it has written in}
    here/pass-key    the ES256 key of passes (`station.passes`); a hub's web nodes share both

The database `here` is never served, and on a station its file is encrypted. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from station.databases import HERE
from sync.errors import Conflict
from sync.serving import ServedStore
from sync.signing import SEED_BYTES, Signer

Random = Callable[[int], bytes]


class Identity:
    """This server's keys, made at its first start."""

    def __init__(self, store: ServedStore, own: str, random: Random) -> None:
        self.own = own
        self._db = store.database(HERE, create=True)
        self._random = random
        kept = self._kept()
        self.signer = Signer(bytes.fromhex(kept["seed"]))
        self._root: str = kept["root"]
        self._epochs = frozenset(kept["epochs"])

    @property
    def root(self) -> str:
        """The city's root key; "" while this server is not enrolled."""
        return self._root

    @property
    def number(self) -> int:
        """Which of this station's devices this is, as the hub counted them; 0 while it is not enrolled."""
        return int(self._kept()["no"])

    def epochs(self) -> frozenset[str]:
        """The epochs in which this very server has written: what is in them needs no proof here, and is ours to seal."""
        return self._epochs

    def note_epoch(self, epoch: str) -> None:
        """This server writes in that epoch from now on."""
        if epoch not in self._epochs:
            self._put({"epochs": sorted({*self._kept()["epochs"], epoch})})
            self._epochs |= {epoch}

    def pin(self, root: str, number: int) -> None:
        """Trusts this root from now on."""
        self._put({"root": root, "no": number})
        self._root = root

    def take_seed(self, seed: bytes) -> None:
        """From now on this server signs with another key."""
        self._put({"seed": seed.hex()})
        self.signer = Signer(seed)

    def _kept(self) -> dict[str, Any]:
        if (kept := self._db.get("identity")) is None:
            # Two web nodes may make one at the same moment; the first counts.
            with suppress(Conflict):
                self._put({"seed": self._random(SEED_BYTES).hex(), "root": "", "no": 0, "epochs": []})
            kept = self._db.get("identity")
            assert kept is not None
        return kept

    def _put(self, fields: dict[str, Any]) -> None:
        kept = self._db.get("identity") or {"_id": "identity", "type": "identity", "schema": 1}
        self._db.put({**kept, **fields})
