"""Who this server is: its device key, the root it trusts, and the key that signs the passes it hands out.

    here/identity    {"seed": the device key's 32 bytes in hex, "root": the city's root key or "", "no": device number,
                      "ca": the city's authority for TLS in PEM or "", "hub": where this device was enrolled or "",
                      "epoch": the one it writes in, "enrolled": the one it was enrolled in, "life": see station.lives}
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

    def __init__(self, store: ServedStore, own: str, random: Random, *, shared: bool = False) -> None:
        """`shared`: other servers write in this one's name as well, a hub's web nodes into their cluster."""
        self.own = own
        self._shared = shared
        self._db = store.database(HERE, create=True)
        self._random = random
        kept = self._kept()
        self.signer = Signer(bytes.fromhex(kept["seed"]))
        self._root: str = kept["root"]
        self._epoch: str = kept["epoch"]

    @property
    def root(self) -> str:
        """The city's root key; "" while this server is not enrolled."""
        return self._root

    @property
    def number(self) -> int:
        """Which of this station's devices this is, as the hub counted them; 0 while it is not enrolled, and once it has
        begun an epoch since: it may be a copy then."""
        kept = self._kept()
        return int(kept["no"]) if kept["enrolled"] == self._epoch else 0

    @property
    def life(self) -> str:
        """The life of this store that began with the last start; "" before the first."""
        return str(self._kept()["life"])

    def note_life(self, life: str) -> None:
        """Another life begins."""
        self._put({"life": life})

    @property
    def epoch(self) -> str:
        """The epoch in which this very server writes, "" before the first: what is in it needs no proof here, and is ours to
        seal."""
        return self._epoch

    def note_epoch(self, epoch: str) -> None:
        """This server writes in that epoch from now on, and in no other."""
        if epoch != self._epoch:
            self._put({"epoch": epoch})
            self._epoch = epoch

    def wrote(self, writer: str, epoch: str) -> bool:
        """Whether events of that run can only be this server's own. Others in its name came back from above, from a laptop
        that is gone or a life that is over, and need their proof like anybody's."""
        return writer == self.own and (self._shared or epoch == self._epoch)

    @property
    def ca(self) -> str:
        """The city's authority for TLS as it was told at enrolment; "" if there was none."""
        return str(self._kept().get("ca", ""))

    @property
    def hub(self) -> str:
        """The address this device was enrolled at."""
        return str(self._kept().get("hub", ""))

    def pin(self, root: str, number: int, *, ca: str = "", hub: str = "") -> None:
        """Trusts this root, and this authority for TLS, from now on."""
        self._put({"root": root, "no": number, "ca": ca, "hub": hub, "enrolled": self._epoch})
        self._root = root

    def take_seed(self, seed: bytes) -> None:
        """From now on this server signs with another key."""
        self._put({"seed": seed.hex()})
        self.signer = Signer(seed)

    def _kept(self) -> dict[str, Any]:
        if (kept := self._db.get("identity")) is None:
            # Two web nodes may make one at the same moment; the first counts.
            with suppress(Conflict):
                self._put(
                    {
                        "seed": self._random(SEED_BYTES).hex(),
                        "root": "",
                        "no": 0,
                        "epoch": "",
                        "enrolled": "",
                        "life": "",
                    }
                )
            kept = self._db.get("identity")
            assert kept is not None
        return kept

    def _put(self, fields: dict[str, Any]) -> None:
        kept = self._db.get("identity") or {"_id": "identity", "type": "identity", "schema": 1}
        self._db.put({**kept, **fields})
