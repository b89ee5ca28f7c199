"""Which messages two ends remember in common, and from which places in their feeds they go on. Pure.

Each end keeps a log for each other end, of the newest exchanges in which anything moved. One is written by who answers, when
what came is durable and the answer is ready; and by who asks, when the answer is durable. So of an exchange that is in both
logs each end knows what the other has; and an end that was put back to an earlier day does not know the later ones, whatever
numbers it gives out since: the names are drawn at random. (CouchDB's rule compares sequences and loses documents there.)

        asker, put back:    … a b                 newest in both: b, at the places that are written beside it
        answerer:           … a b c d
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sync.exchange.message import LANES, Places

KEPT: Final = 32
NOWHERE: Final[Places] = (0,) * LANES


class Record(NamedTuple):
    """One exchange. `ours`: places in this end's feed up to which the other end has everything, `theirs`: likewise."""

    id: str
    after: str
    """The one before it, as the asker named it."""
    ours: Places
    theirs: Places
    whole: bool = True
    """Whether all of the other end's part came; else it has given more than `theirs` says."""


class Span(NamedTuple):
    """Sequences `first` … `last` of this end's feed came from the other end, and need not be given back."""

    first: int
    last: int


class Log(NamedTuple):
    """What is kept about one other end."""

    era: str = ""
    """Of this end's store when the log was begun (`Store.era`)."""
    server: str = ""
    """The other end, where it is one that answers."""
    records: tuple[Record, ...] = ()
    spans: tuple[Span, ...] = ()
    coming: tuple[str, Places] = ("", ())
    """Of a message whose end has not come: which exchange it goes on from, and what of it is here."""

    @property
    def newest(self) -> Record | None:
        return self.records[-1] if self.records else None

    def find(self, id: str) -> Record | None:
        """The exchange of that name."""
        return next((each for each in reversed(self.records) if each.id == id), None) if id else None

    def add(self, record: Record) -> Log:
        """The log with one more exchange, or with more of the newest one."""
        before = self.records[:-1] if self.newest and self.newest.id == record.id else self.records
        return self._replace(records=(*before, record)[-KEPT:])

    def came_in(self, span: Span | None) -> Log:
        """The log with what came from the other end."""
        joined: list[Span] = []
        for each in sorted([*self.spans, *([span] if span else [])]):
            if joined and each.first <= joined[-1].last + 1:
                joined[-1] = Span(joined[-1].first, max(each.last, joined[-1].last))
            else:
                joined.append(each)
        # A gap costs an echo, which does no harm: so a log has a bound.
        return self._replace(spans=tuple(joined[-KEPT * 4 :]))

    def passed(self, ours: Places) -> Log:
        """The log without what came before these places of our feed: the other end has said that it has all up to there, and
        nobody asks about it again. (What was given and may have been lost is asked about.)"""
        return self._replace(spans=tuple(each for each in self.spans if each.last > min(ours)))

    def came(self, seq: int) -> bool:
        """Whether what is at that place came from the other end."""
        return any(first <= seq <= last for first, last in self.spans)


def read(doc: dict[str, Any] | None, era: str) -> Log:
    """The log in a `_local` document; an empty one where there is none, or none of this era."""
    doc = doc or {}
    if doc.get("era") != era or doc.get("lanes") != LANES:
        return Log(era)
    records = tuple(
        Record(id, after, tuple(ours), tuple(theirs), *rest)
        for id, after, ours, theirs, *rest in doc["records"]
    )
    id, places = doc.get("coming", ("", ()))
    return Log(era, doc["server"], records, tuple(Span(*each) for each in doc["spans"]), (id, tuple(places)))


def write(log: Log) -> dict[str, Any]:
    """The `_local` document that keeps a log."""
    return {
        "era": log.era, "lanes": LANES, "server": log.server,
        "records": [list(each) for each in log.records], "spans": [list(each) for each in log.spans],
        "coming": list(log.coming),
    }  # fmt: skip


def common(log: Log, told: Sequence[str]) -> Record | None:
    """The newest exchange here that the other end says it knows too."""
    known = set(told)
    return next((each for each in reversed(log.records) if each.id in known), None)
