"""The access log: who saw whose full record at this server, when, why, from where. It only grows, and ages out after years.

    access.sqlite   a file of its own beside the store, encrypted with the same key; no peer ever sees it, nothing of it syncs

A view of a page is one row and no fsync: `settle` makes what was noted durable, every few minutes and before a server ends,
so a power cut may lose the views of the last minutes, a killed process none. What opens something (`durable`) is on the
disk before anybody sees it; where it can't be written, nothing is shown.

Never holds what was seen: no name of a citizen, no number; a person is named by the digest that the register knows them by.
Who may read it is station.duties'.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, cast

import apsw

from schemas.problems import N_
from station.moment import Clock, stamp
from station.staff import Staff
from sync.errors import DiskFull
from sync.store import encryption
from sync.store.connection import translated

log = logging.getLogger("bianmin.access")

Act = Literal[
    "view", "receipt", "paper", "full", "list", "search", "person", "copy", "log", "file", "stick", "stick_in",
    "card",
]  # fmt: skip
ACTS: Final[dict[str, str]] = {
    "view": N_("查看办件"),
    "receipt": N_("打印收件凭证"),
    "paper": N_("打印文书"),
    "full": N_("查看完整信息"),
    "file": N_("打开扫描件"),
    "list": N_("导出清单"),
    "search": N_("按证件号码查找"),
    "person": N_("查询个人信息"),
    "copy": N_("导出个人信息"),
    "card": N_("打开户卡"),
    "log": N_("查看访问记录"),
    "stick": N_("写U盘文件"),
    "stick_in": N_("读入U盘文件"),
}
LEAST_DAYS: Final = 184
"""Six months (Cybersecurity Law art. 21), the longest there are."""
SETTLED: Final = 300.0  # seconds
PRUNED: Final = 86_400.0

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS access (
    n        INTEGER PRIMARY KEY AUTOINCREMENT,
    at       TEXT NOT NULL,                     -- by this server's clock
    server   TEXT NOT NULL, address TEXT NOT NULL,
    staff    TEXT NOT NULL, name TEXT NOT NULL, station TEXT NOT NULL,
    act      TEXT NOT NULL, case_no TEXT NOT NULL, person TEXT NOT NULL, reason TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS access_at ON access (at);
CREATE INDEX IF NOT EXISTS access_case ON access (case_no) WHERE case_no <> '';
CREATE INDEX IF NOT EXISTS access_staff ON access (staff);
CREATE TRIGGER IF NOT EXISTS access_is_written_once BEFORE UPDATE ON access
    BEGIN SELECT RAISE(ABORT, 'the access log is written once'); END;
"""
SETUP: Final = (
    "PRAGMA journal_mode=WAL; PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY; PRAGMA secure_delete=ON;"
    + SCHEMA
)


class Seen(NamedTuple):
    """One line. `person`: the digest of whoever was asked about; `reason`: what was given, or what was exported."""

    n: int
    at: str
    server: str
    address: str
    staff: str
    name: str
    station: str
    act: str
    case_no: str
    person: str
    reason: str


class Asked(NamedTuple):
    """Which lines are wanted; "" is all. `since` and `until` are days, both included."""

    staff: str = ""
    case_no: str = ""
    act: str = ""
    since: str = ""
    until: str = ""


EVERYTHING: Final = Asked()


class Access:
    """The log of one server. Every method may be called from any thread."""

    def __init__(
        self, path: Path, server: str, *, clock: Clock, keep_days: int, key: bytes | None = None
    ) -> None:
        self._path = path
        self._server = server
        self._clock = clock
        self._keep = timedelta(days=max(keep_days, LEAST_DAYS))
        self._lock = threading.Lock()
        self._key = key
        self._connection = _connect(path, key)
        self._unsettled = False
        self._settled = self._pruned = float("-inf")

    def close(self) -> None:
        """Makes durable what is not yet, and closes the file."""
        with self._lock:
            self._connection.close()

    def backup(self, path: Path) -> None:
        """A copy of the log as it is now, encrypted as it is."""
        with self._lock, translated(path):
            copy = encryption.opened(path, self._key, "")
            try:
                with copy.backup("main", self._connection, "main") as copying:
                    while not copying.done:
                        copying.step(1000)
            finally:
                copy.close()

    def note(
        self, act: Act, staff: Staff, *, case_no: str = "", person: str = "", reason: str = "", address: str = "",
        durable: bool = False,
    ) -> None:  # fmt: skip
        """Writes a line. `durable`: on the disk before this returns, or DiskFull; else a full disk is only told in the log of
        the server, for reading goes on without one."""
        row = (
            stamp(self._clock()), self._server, address, staff.employee_no, staff.name, staff.station, act, case_no, person,
            reason,
        )  # fmt: skip
        try:
            with self._lock, translated(self._path):
                self._connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
                self._connection.execute(
                    "INSERT INTO access (at, server, address, staff, name, station, act, case_no, person, reason)"
                    " VALUES (?,?,?,?,?,?,?,?,?,?)",
                    row,
                )
                self._unsettled = not durable
        except DiskFull:
            if durable:
                raise
            log.warning("the disk is full; a view of %s is not in the access log", case_no or act)

    def entries(self, asked: Asked = EVERYTHING, *, limit: int = 100, offset: int = 0) -> list[Seen]:
        """Lines, newest first."""
        where, args = _where(asked)
        with self._lock, translated(self._path):
            sql = (
                f"SELECT {', '.join(Seen._fields)} FROM access WHERE {where} ORDER BY n DESC LIMIT ? OFFSET ?"  # noqa: S608
            )
            return [Seen(*row) for row in self._connection.execute(sql, (*args, limit, offset))]

    def count(self, asked: Asked = EVERYTHING) -> int:
        """How many lines there are."""
        where, args = _where(asked)
        with self._lock, translated(self._path):
            sql = f"SELECT count(*) FROM access WHERE {where}"  # noqa: S608 - our own words
            return sum(int(n) for (n,) in cast("Iterable[tuple[int]]", self._connection.execute(sql, args)))

    def tend(self, monotonic: float) -> None:
        """Makes durable every few minutes what was noted, and forgets once a day what is older than it is kept."""
        if self._unsettled and monotonic - self._settled >= SETTLED:
            self._settled = monotonic
            self._settle()
        if monotonic - self._pruned >= PRUNED:
            self._pruned = monotonic
            self.prune()

    def _settle(self) -> None:
        with self._lock, translated(self._path):
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            self._unsettled = False

    def prune(self) -> int:
        """Forgets lines that are older than they are kept; how many."""
        with self._lock, translated(self._path):
            self._connection.execute("DELETE FROM access WHERE at < ?", (stamp(self._clock() - self._keep),))
            return int(self._connection.changes())


def _where(asked: Asked) -> tuple[str, Sequence[Any]]:
    clauses, args = ["1"], []
    for column, value in (("staff", asked.staff), ("case_no", asked.case_no), ("act", asked.act)):
        if value:
            clauses.append(f"{column} = ?")
            args.append(value)
    if asked.since:
        clauses.append("at >= ?")
        args.append(asked.since)
    if asked.until:
        clauses.append("at < ?")
        args.append(asked.until + "U")  # after every moment of that day: T is before U
    return " AND ".join(clauses), args


def _connect(path: Path, key: bytes | None) -> apsw.Connection:
    """The file, made where there is none. One that this key does not open is put aside, not thrown away."""
    with translated(path):
        try:
            if key is not None and path.exists() and encryption.is_plain(path):
                encryption.encrypt(path, key)
            return encryption.opened(path, key, SETUP)
        except (apsw.NotADBError, apsw.CorruptError):
            aside = next(
                each
                for n in range(1, 10_000)
                if not (each := path.with_name(f"{path.stem}-unread-{n}{path.suffix}")).exists()
            )
            log.error("%s does not open; it is kept as %s, and a new one is begun", path, aside.name)
            for tail in ("-wal", "-shm"):
                if (beside := path.with_name(path.name + tail)).exists():
                    beside.replace(aside.with_name(aside.name + tail))
            path.replace(aside)
            return encryption.opened(path, key, SETUP)
