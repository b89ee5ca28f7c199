"""How this server stands towards the hub, in figures: what waits, since when, how it last went, what the line is like. For the
page, and as a file beside the store (`sync.json`) that a command reads whether or not the server runs.

Holds no personal data: counts, moments, addresses of servers and kinds of errors. Decides nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from station.agent import Agent
from station.moment import Clock, stamp
from station.register import Register
from sync import strict_json
from sync.pieces import SIZE as PIECE
from sync.serving import ServedStore

FILE: Final = "sync.json"
SAMPLE: Final = 2000  # events looked into; of more, the size is told by those


class SyncReport:
    """Reads the register, the store and the agent when it is asked. `folder`: where the file goes."""

    def __init__(
        self, folder: Path, code: str, store: ServedStore, register: Register, agent: Agent, clock: Clock,
        pieces: Callable[[], int] = lambda: 0,
    ) -> None:  # fmt: skip
        """`pieces`: of files, that have not gone up yet."""
        self._path = folder / FILE
        self._code = code
        self._store = store
        self._register = register
        self._agent = agent
        self._clock = clock
        self._pieces = pieces
        self._told: tuple[Any, ...] = ()

    def now(self) -> dict[str, Any]:
        """{"station", "at", "waiting": {"cases", "events", "bytes", "oldest", "pieces", "piece_bytes"}, "confirmed_at", "reached_at", "link":
        as `Agent.link`, "last": a round, "history": [rounds]}. Moments are stamps,
        "" for none; `bytes_per_second` and `round_trip` (seconds) None while they have not been measured."""
        self._register.catch_up()
        status = self._agent.status()
        return {
            "station": self._code, "at": stamp(self._clock()), "waiting": self._waiting(),
            "confirmed_at": self._register.last_receipt() or "", "reached_at": status["last_reached"],
            "link": self._agent.link(), "last": status["last"], "history": status["history"],
        }  # fmt: skip

    def tend(self) -> None:
        """Writes the file anew where something has changed since. Not flushed: a power cut leaves the one before, or none."""
        known = (self._store.update_seq, self._agent.status())
        if known == self._told:
            return
        aside = self._path.with_suffix(".new")
        aside.write_text(json.dumps(self.now(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        aside.replace(self._path)
        self._told = known

    def _waiting(self) -> dict[str, Any]:
        ids = self._register.waiting_events()
        count = sum(map(len, ids.values()))
        size, looked_at, oldest, pieces = 0, 0, "", self._pieces()
        for db, each in ids.items():
            for text in self._store.database(db).texts(each[:SAMPLE]).values():
                size, looked_at = size + len(text), looked_at + 1
                at = str(strict_json.loads_object(text).get("at", ""))
                oldest = min(oldest, at) if oldest else at
        return {
            "cases": len(self._register.waiting()), "events": count,
            "bytes": size * count // looked_at if looked_at else 0, "oldest": oldest,
            "pieces": pieces, "piece_bytes": pieces * PIECE,
        }  # fmt: skip


def read(folder: Path) -> dict[str, Any]:
    """What the server wrote down last; FileNotFoundError where it has not yet."""
    return dict(json.loads((folder / FILE).read_text(encoding="utf-8")))


def lines(report: Mapping[str, Any]) -> list[str]:
    """The report for a terminal."""
    waiting, link, last = report["waiting"], report["link"], report["last"]
    said = [f"station {report['station']}, as of {report['at']}"]
    if waiting["events"]:
        said.append(
            f"waiting: {waiting['events']} events of {waiting['cases']} cases, {waiting['bytes']:,} bytes, the oldest of"
            f" {waiting['oldest']}"
        )
    else:
        said.append("waiting: nothing; the hub has confirmed all")
    if waiting["pieces"]:
        said.append(f"waiting: {waiting['pieces']} pieces of files")
    said.append(f"last receipt of the hub: {report['confirmed_at'] or 'none yet'}")
    said.append(f"last reached: {report['reached_at'] or 'nobody yet'}")
    if link["parent"]:
        speed, trip = link["bytes_per_second"], link["round_trip"]
        measured = []
        if speed is not None:
            measured.append(f"{speed * 8 / 1000:,.0f} kbit/s")
        if trip is not None:
            measured.append(f"{trip:.1f} s there and back")
        said.append(f"parent: {link['parent']}" + (f" ({', '.join(measured)})" if measured else ""))
    if behind := link.get("clock_behind"):
        days = abs(behind) / 86400
        way = "behind" if behind > 0 else "ahead"
        said.append(f"clock: {days:,.0f} days {way}; sync goes on, but set the computer's date")
    for each in last.get("trouble", ()):
        said.append(f"trouble: {each['parent']}: {each['reason']}")
    for each in last.get("refused", ()):
        said.append(f"refused: {each['id']}: {each['reason']}")
    for each in reversed(report["history"]):
        until = f" … {each['until']}" if each["rounds"] > 1 else ""
        what = f"{each['pushed']} out, {each['pulled']} in" if each["parent"] else "reached nobody"
        trouble = f" ({', '.join(each['trouble'])})" if each["trouble"] else ""
        said.append(f"    {each['at']}{until}  {each['rounds']} x  {each['parent'] or '-'}  {what}{trouble}")
    return said
