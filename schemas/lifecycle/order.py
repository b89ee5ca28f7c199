"""In what order a subject's events count. No clock has a say, and the order of arrival has none.

What an event's writer had before them when they wrote is the event's *past*. Two events are *concurrent* if neither
lies in the past of the other: their writers did not know of each other.

    Lamport numbers agree with the past (who had seen an event takes a greater number) but cannot tell it from
    chance. So events also say `seen`: how far their writer held each stream (writer and epoch; numbers without gaps).

        village  1 ─── 2 ─────────── 3'     3' withdraw, seen {village: 2}; Lamport 3
                        \\
        hub              1 ─── 2 ─── 3      3 grant, seen {village: 2, hub: 2}; Lamport 5
                         accept  …
        by Lamport alone  1 2 3' | accept …  the late withdrawal would undo what the bureau decided in good faith
        with `seen`       1 2 accept … grant | 3'   decided; 3' is set aside: conflict

The base order: Lamport number, authority of the writer's level (high first), writer, epoch, n. It is total, and it
extends the past: an event of the past that does not come first in it is a contradiction, and is taken as unseen.

On top of it stands one rule (domain.md §3 rule 10, §4 conflict rules):

    a decision bars every concurrent event of lower authority: they come after it.

A *decision* is a decisive event that says what it had seen and that *stands*: allowed when exactly its past is
folded. Whoever wrote it was told so then; so a wrong decision moves nobody, nor does one whose past is not all here
yet. Decisions are taken from the highest authority down, then in base order; a bar that would close a circle
(the barred event lies in the decision's own past, or must come before it already) is left out. Of all orders that
keep past and bars, the one nearest to the base order is taken: always the first event that nothing holds back.

Why a decided subject stays decided: a late event X of lower authority that decision D did not know lies in nobody's past,
so D still stands, and D bars X. X holds back nothing that comes before D: whatever X itself bars is of lower authority
still, hence barred by D already or part of D's past, and then X's bar closes a circle. So all through D is as it was.

An event without `seen` (written before there was such a field) bars nothing; it can be barred. If `seen` says less than
was known (a hole in a stream), the decision may fail to stand, and the base order holds.

A pure function of the set of events. What is decisive and what stands is told by whoever asks.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

from schemas.lifecycle.reading import Event

Stands = Callable[[Sequence[Event], Event], bool]
"""(the past of an event in order, the event) -> is it allowed then?"""


class Order:
    """The order of one subject's events.

    known     the events in base order
    sequence  the events in the order in which they count
    """

    def __init__(self, known: Sequence[Event], decisive: frozenset[str], stands: Stands) -> None:
        self.known = known
        self._decisive = decisive
        self._stands = stands
        self._pasts: list[int] | None = None
        self._verdicts: dict[int, bool] = {}
        self.sequence = known
        if self._somebody_was_barred():
            everything = (1 << len(known)) - 1
            self.sequence = [known[i] for i in self._arranged(everything)]

    def unaware(self, event: Event, decision: Event) -> bool:
        """Whether the writers of the two are known not to have known of each other."""
        pasts = self._all_pasts()
        e, d = self.known.index(event), self.known.index(decision)
        if pasts[e] >> d & 1 or pasts[d] >> e & 1:
            return False
        # Without `seen` the later of the two may have known the earlier; the earlier cannot have known the later.
        return self.known[max(e, d)].seen is not None

    # Below, events are numbers: places in base order. Sets of events are the bits of an int.

    def _somebody_was_barred(self) -> bool:
        """Whether the base order may not do: the quick way out for nearly every subject. A bar on what comes
        later anyway changes nothing."""
        for j, decision in enumerate(self.known):
            if decision.seen is None or decision.event not in self._decisive:
                continue
            for event in self.known[:j]:
                if event.key[1] > decision.key[1] and not _saw(decision, event):
                    return True
        return False

    def _arranged(self, members: int) -> list[int]:
        """These events (a set that holds the past of each) in order."""
        pasts, known = self._all_pasts(), self.known
        held_by = {i: pasts[i] for i in _bits(members)}
        decisions = [j for j in held_by if known[j].seen is not None and known[j].event in self._decisive]
        for j in sorted(decisions, key=lambda j: known[j].key[1]):  # sorted is stable: then base order
            barred = [
                i
                for i in held_by
                if known[i].key[1] > known[j].key[1] and not (pasts[j] >> i | pasts[i] >> j) & 1
            ]
            if not barred or not self._decision_stands(j):
                continue
            before = _all_before(j, held_by)
            for i in barred:
                if not before >> i & 1:
                    held_by[i] |= 1 << j
        found, placed, waiting = [], 0, list(held_by)
        while waiting:
            at = next(k for k, i in enumerate(waiting) if not held_by[i] & ~placed)
            i = waiting.pop(at)
            found.append(i)
            placed |= 1 << i
        return found

    def _decision_stands(self, j: int) -> bool:
        verdict = self._verdicts.get(j)
        if verdict is None:
            past = [self.known[i] for i in self._arranged(self._all_pasts()[j])]
            verdict = self._verdicts[j] = self._stands(past, self.known[j])
        return verdict

    def _all_pasts(self) -> list[int]:
        """The past of each event: what its writer had seen, what those writers had seen, and so on."""
        if self._pasts is not None:
            return self._pasts
        pasts: list[int] = []
        numbers: dict[str, list[int]] = {}  # of each stream so far, rising
        upto: dict[str, list[int]] = {}  # all events of the stream up to each of them, with their pasts
        for i, event in enumerate(self.known):
            past = 0
            for stream, n in {**(event.seen or {}), event.stream: event.n - 1}.items():
                place = bisect_right(numbers.get(stream, ()), n)
                if place:
                    past |= upto[stream][place - 1]
            pasts.append(past)
            rising, sums = numbers.setdefault(event.stream, []), upto.setdefault(event.stream, [])
            place = bisect_right(rising, event.n)
            rising.insert(place, event.n)
            sums.insert(place, sums[place - 1] if place else 0)
            for k in range(place, len(sums)):
                sums[k] |= past | 1 << i
        self._pasts = pasts
        return pasts


def _saw(later: Event, earlier: Event) -> bool:
    """Whether `later` says itself that it had seen `earlier`."""
    if later.stream == earlier.stream:
        return later.n > earlier.n
    return later.seen is not None and later.seen.get(earlier.stream, 0) >= earlier.n


def _all_before(j: int, held_by: dict[int, int]) -> int:
    """All that must come before j."""
    found, open_ = 0, held_by[j]
    while open_:
        i = open_.bit_length() - 1
        open_ ^= 1 << i
        found |= 1 << i
        open_ |= held_by[i] & ~found
    return found


def _bits(members: int) -> list[int]:
    return [i for i in range(members.bit_length()) if members >> i & 1]
