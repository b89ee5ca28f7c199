"""The catalogue in force: the shipped one with the versions that the hub has published since in `public`.

Knows where published versions are kept and when to look again; what of them counts on a day is schemas.catalogue's, how one is read
schemas.published's. What does not come from the hub, or is not understood, changes nothing.
"""

from __future__ import annotations

from schemas import catalogue
from schemas.catalogue import Catalogue, InForce, Version
from schemas.published import PREFIX, version_of
from station.databases import PUBLIC
from station.keys import Keys, unsigned
from station.moment import Clock
from sync.errors import NotFound
from sync.peer import Seq
from sync.serving import ServedStore

# Of a city's items of ten years; more is no catalogue.
MOST = 50_000
TOGETHER = 500  # documents that are in memory at once


class Published:
    """Ask for each use: it costs a look at one number unless something was published."""

    def __init__(self, store: ServedStore, keys: Keys, clock: Clock) -> None:
        self._store = store
        self._keys = keys
        self._clock = clock
        self._seq: Seq = -1
        self._signers: frozenset[str] = frozenset()
        self._versions: dict[
            tuple[str, str], Version | None
        ] = {}  # by id and revision; None for what does not count
        self._book = catalogue.shipped()

    def book(self) -> Catalogue:
        """Every version there is, as published so far."""
        try:
            public = self._store.database(PUBLIC)
        except NotFound:
            return self._book
        seq = public.update_seq
        if seq == self._seq:
            return self._book
        there = {(row.id, row.rev) for row in public.all_docs(PREFIX, PREFIX + "\uffff", MOST)}
        signers = self._keys.hub_keys()
        known = self._versions if signers == self._signers else {}
        kept = {key: version for key, version in known.items() if key in there}
        new = sorted(there - kept.keys())
        for start in range(0, len(new), TOGETHER):
            bodies = public.bodies([id for id, _ in new[start : start + TOGETHER]])
            for id, rev in new[start : start + TOGETHER]:
                doc = bodies.get(id)
                kept[id, rev] = version_of(unsigned(doc)) if doc and self._keys.is_from_hub(doc) else None
        if kept != self._versions:
            self._versions = kept
            self._book = catalogue.shipped().with_versions(filter(None, kept.values()))
        self._seq, self._signers = seq, signers
        return self._book

    def in_force(self) -> InForce:
        """As it is today."""
        return InForce(self.book(), self._clock().date())

    def newest(self) -> int:
        """How many published versions count here: what a station tells the hub that it has."""
        self.book()
        return sum(each is not None for each in self._versions.values())
