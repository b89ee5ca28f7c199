"""One backup: made beside, forced out and renamed; checked by being restored for a trial; put back.

    bianmin-<code>-<day>-<time>/    store.sqlite  access.sqlite     as they were at one moment, encrypted as they are
                                    wraps.json  recovery.age        the ways back to the key, worth nothing by themselves
                                    backup.json                     whose, when, size and SHA-256 of each of these

A folder of that name is there whole or not at all. Nothing in it tells more than the data folder does, and the key is in neither.
Which backups are due and which stay, station.backup_rules; where they lie, station.backups.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import apsw

from schemas import tables
from schemas.problems import N_, DomainError, Problem
from station import backup_rules, keystore
from station.databases import station_of
from station.identity import Identity
from station.keys import Keys
from station.moment import stamp
from station.trust import Trust, digests
from sync import seals
from sync.errors import SyncError
from sync.seals import Run
from sync.store import Store, encryption
from sync.store.connection import FileLock, scalar

MANIFEST: Final = "backup.json"
BESIDE: Final = ("wraps.json", "recovery.age")
TAILS: Final = ("", "-wal", "-shm")
PIECE: Final = 1 << 20


class Checked(NamedTuple):
    """What a trial restore found: documents and cases' events held, and how many signed heads of chains agreed.
    `opened`: false where there is no key on this computer, and only sizes and digests could be compared."""

    opened: bool
    documents: int
    events: int
    heads: int


class Manifest(NamedTuple):
    """files: name → (bytes, SHA-256 in hex)."""

    code: str
    at: str
    files: dict[str, tuple[int, str]]

    @property
    def bytes(self) -> int:
        return sum(size for size, _ in self.files.values())


def make(
    copies: Mapping[str, Callable[[Path], None]], data: Path, code: str, at: datetime, into: Path
) -> Path:
    """Copies a server's files into a new folder below `into`; where it is. `copies`: what writes a copy of each database of `data` as it is
    now. DomainError in words; nothing is left half."""
    while (target := into / backup_rules.name(code, at)).exists():
        at += timedelta(seconds=1)  # somebody clicked twice
    aside = target.with_name(target.name + ".part")
    need = sum(_size(data / name) for name in copies) + PIECE
    try:
        for left in into.glob(f"bianmin-{code}-*.part"):
            shutil.rmtree(left, ignore_errors=True)  # of a computer that went out while it was copying
        if shutil.disk_usage(into).free < need:
            raise _no_room(into, need)
        aside.mkdir(mode=0o700)
        for name, copy in copies.items():
            copy(aside / name)
        for name in BESIDE:
            if (data / name).exists():
                shutil.copyfile(data / name, aside / name)
        files = {each.name: _forced_out(each) for each in sorted(aside.iterdir())}
        said = {"code": code, "at": stamp(at), "files": files}
        keystore.write_private(aside / MANIFEST, json.dumps(said, indent=1).encode() + b"\n")
        aside.replace(target)
        _settle(into)
    except (OSError, SyncError, apsw.Error) as error:
        shutil.rmtree(aside, ignore_errors=True)
        if getattr(error, "status", 0) == 507 or isinstance(error, apsw.FullError):
            raise _no_room(into, need) from error
        reason = getattr(error, "reason", "") or getattr(error, "strerror", "") or type(error).__name__
        text = N_("备份写不到“{folder}”（{reason}）。请检查U盘是否插好、能不能写")
        raise DomainError(Problem("backup_failed", text, {"folder": str(into), "reason": reason})) from error
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return target


def copier(path: Path, key: bytes | None) -> Callable[[Path], None]:
    """What copies a database that nobody has open: its log with it, and as it is, whatever version wrote it."""

    def copy(to: Path) -> None:
        source, target = encryption.opened(path, key, ""), encryption.opened(to, key, "")
        try:
            with target.backup("main", source, "main") as copying:
                copying.step()
        finally:
            source.close()
            target.close()

    return copy


def manifest(folder: Path) -> Manifest:
    """What a backup says of itself. DomainError for a folder that is none."""
    try:
        said: Any = json.loads((folder / MANIFEST).read_bytes())
        found = Manifest(
            said["code"], said["at"], {name: (size, sha) for name, (size, sha) in said["files"].items()}
        )
        known = {"store.sqlite", "access.sqlite", *BESIDE}
        if (
            found.code not in tables.stations()
            or "store.sqlite" not in found.files
            or not found.files.keys() <= known
        ):
            raise ValueError
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        raise DomainError(
            Problem(
                "backup_none", N_("“{folder}”不是便民系统的备份，或者没有复制完整"), {"folder": str(folder)}
            )
        ) from None
    return found


def check(folder: Path, key: bytes | None, scratch: Path, random: Callable[[int], bytes]) -> Checked:
    """Restores a backup for a trial into `scratch`, which is emptied before and after: every byte read back, the databases opened
    and looked through, each chain of events walked and compared with what its writer and the hub signed. DomainError says what
    is wrong with it. `key`: the store's, None where it has none or it is not here."""
    said = manifest(folder)
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        scratch.mkdir(mode=0o700, parents=True)
        copy_out(folder, said, scratch)
        plain = encryption.is_plain(scratch / "store.sqlite")
        if key is None and not plain:
            return Checked(False, 0, 0, 0)
        try:
            return _opened(scratch, said, None if plain else key, random)
        except (SyncError, apsw.Error) as error:
            reason = getattr(error, "reason", "") or str(error)
            text = N_("备份打不开：{reason}。请重新备份；这一份不能用来恢复")
            raise DomainError(Problem("backup_damaged", text, {"reason": reason})) from error
    except OSError as error:
        text = N_("备份没有检查成：{reason}。请检查U盘，并保证本机硬盘有 {size} MB 空余")
        params = {"reason": error.strerror or str(error), "size": said.bytes // 1_000_000 + 1}
        raise DomainError(Problem("backup_unchecked", text, params)) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def copy_out(folder: Path, said: Manifest, into: Path, suffix: str = "") -> None:
    """Copies what a backup holds, durable, each file compared with what the backup says of it."""
    for name, (size, sha) in said.files.items():
        to = into / (name + suffix)
        try:
            shutil.copyfile(folder / name, to)
        except FileNotFoundError:
            raise _lacks(name) from None
        if _forced_out(to) != (size, sha):
            to.unlink(missing_ok=True)
            raise DomainError(
                Problem(
                    "backup_altered",
                    N_("备份里的“{name}”和备份时不一样，已经损坏或被改动，不能用来恢复"),
                    {"name": name},
                )
            )


def put_back(folder: Path, data: Path, at: datetime) -> Path | None:
    """Puts a backup's files in place of a stopped server's; where what was there before has been moved, None for nothing. The register
    stays: by it the server sees that its store went back. A power cut on the way costs a second try."""
    said = manifest(folder)
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(data / "store.sqlite")
    try:
        copy_out(folder, said, data, ".restoring")
        before = data / f"before-restore-{at:%Y%m%d-%H%M%S}"
        old = [data / (name + tail) for name in ("store.sqlite", "access.sqlite") for tail in TAILS]
        old += [data / name for name in BESIDE if name in said.files]
        there = [each for each in old if each.exists()]
        if there:
            before.mkdir(mode=0o700)
        # A log that stays beside another store would destroy it, so these go first.
        for each in sorted(there, key=lambda path: not path.name.endswith(("-wal", "-shm"))):
            each.replace(before / each.name)
        _settle(data)
        for name in said.files:
            (data / (name + ".restoring")).replace(data / name)
        _settle(data)
    finally:
        lock.release()
    return before if there else None


def _opened(scratch: Path, said: Manifest, key: bytes | None, random: Callable[[int], bytes]) -> Checked:
    if "access.sqlite" in said.files:
        log = encryption.opened(scratch / "access.sqlite", key, "")
        try:
            _integrity(log, "access.sqlite")
        finally:
            log.close()
    with Store.open(scratch / "store.sqlite", key=key, create=False) as store:
        with store.read() as connection:
            _integrity(connection, "store.sqlite")
            documents = int(scalar(connection, "SELECT coalesce(sum(doc_count), 0) FROM databases"))
        identity = Identity(store, said.code, random)
        trust = Trust(store, identity, Keys(store, lambda: identity.root))
        events = heads = 0
        for db in store.databases():
            if station_of(db) is not None:
                runs = store.database(db).runs()
                events += sum(runs.values())
                heads += _walked(store, trust, db, runs)
    return Checked(True, documents, events, heads)


def _walked(store: Store, trust: Trust, db: str, runs: Any) -> int:
    """Compares the chains of a database's events with what is signed of them; how many heads agreed."""
    database, agreed = store.database(db), 0
    at: dict[Run, tuple[int, str]] = {}
    for each in sorted(trust.statements(db), key=lambda each: each.n):
        if each.n > runs.get(tuple(each.run), 0):
            continue  # of what was still on its way when the copy was made
        n, head = at.get(each.run, (0, seals.beginning(db, each.run)))
        head = seals.chain_on(head, digests(database, each.run, n + 1, each.n))
        at[each.run] = each.n, head
        if head != each.head:
            text = N_("备份里 {db} 的第 {n} 条记录和当时的封签对不上，这一份不能用来恢复")
            raise DomainError(Problem("backup_chain", text, {"db": db, "n": each.n}))
        agreed += 1
    return agreed


def _integrity(connection: apsw.Connection, name: str) -> None:
    found = connection.execute("PRAGMA integrity_check").fetchall()
    if found != [("ok",)]:
        raise DomainError(
            Problem("backup_broken", N_("备份里的“{name}”已损坏，不能用来恢复"), {"name": name})
        )


def _forced_out(path: Path) -> tuple[int, str]:
    """Size and digest of a file, once it is on the disk; read back by the same handle."""
    digest = hashlib.sha256()
    with path.open("rb+") as file:
        os.fsync(file.fileno())
        while piece := file.read(PIECE):
            digest.update(piece)
        return file.tell(), digest.hexdigest()


def _settle(folder: Path) -> None:
    """Names survive a power cut, where the system can be told so; not every stick's file system can."""
    with suppress(OSError):
        encryption.durable_folder(folder / MANIFEST)


def _size(path: Path) -> int:
    return sum(each.stat().st_size for tail in TAILS if (each := path.with_name(path.name + tail)).exists())


def _no_room(folder: Path, need: int) -> DomainError:
    text = N_("“{folder}”空间不够，备份需要 {size} MB。请删掉别的文件，或换一个大的U盘")
    return DomainError(Problem("backup_full", text, {"folder": str(folder), "size": need // 1_000_000 + 1}))


def _lacks(name: str) -> DomainError:
    return DomainError(Problem("backup_lacks", N_("备份里缺少“{name}”，没有复制完整"), {"name": name}))
