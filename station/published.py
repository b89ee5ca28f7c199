"""The catalogue in force: the shipped one with what the hub has published since in `public`: versions of items, transfers, and the lists.

Knows where that is kept and when to look again; what of it counts on a day is schemas.catalogue's, how a document is read
schemas.published's. What does not come from the hub, or is not understood, changes nothing.
"""

from __future__ import annotations

from schemas import catalogue, published
from schemas.catalogue import Catalogue, InForce
from schemas.published import READ, Entry
from station.databases import PUBLIC
from station.keys import Keys, unsigned
from station.moment import Clock
from sync.errors import NotFound
from sync.peer import Seq
from sync.serving import ServedStore

# Of one kind, a city's of ten years; more is no catalogue.
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
        # By id and revision; None for what does not count.
        self._entries: dict[tuple[str, str], Entry | None] = {}
        self._book = catalogue.shipped()

    def book(self) -> Catalogue:
        """All there is, as published so far."""
        try:
            public = self._store.database(PUBLIC)
        except NotFound:
            return self._book
        seq = public.update_seq
        if seq == self._seq:
            return self._book
        there = {
            (row.id, row.rev) for prefix in READ for row in public.all_docs(prefix, prefix + "\uffff", MOST)
        }
        signers = self._keys.hub_keys()
        known = self._entries if signers == self._signers else {}
        kept = {key: entry for key, entry in known.items() if key in there}
        new = sorted(there - kept.keys())
        for start in range(0, len(new), TOGETHER):
            bodies = public.bodies([id for id, _ in new[start : start + TOGETHER]])
            for id, rev in new[start : start + TOGETHER]:
                doc = bodies.get(id)
                kept[id, rev] = (
                    published.entry_of(unsigned(doc)) if doc and self._keys.is_from_hub(doc) else None
                )
        if kept != self._entries:
            self._entries = kept
            # By id, so that everybody has them in the same order.
            found = [entry for _, entry in sorted(kept.items(), key=lambda each: each[0])]
            self._book = published.added(catalogue.shipped(), filter(None, found))
        self._seq, self._signers = seq, signers
        return self._book

    def in_force(self) -> InForce:
        """As it is today."""
        return InForce(self.book(), self._clock().date())

    def newest(self) -> int:
        """How many published documents count here: what a station tells the hub that it has."""
        self.book()
        return sum(each is not None for each in self._entries.values())
