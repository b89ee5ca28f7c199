"""Staff accounts and server-side sessions, kept in the database `here`, which no peer can reach.

    here/staff:<employee_no>          who may sign in, with which roles (argon2id hash)
    here/_local/session:<sha256>      one signed-in browser; the cookie holds the random value, the store its hash. Locked
                                      when nothing was asked for a while; then it keeps the form that came too late
    here/secret-key                   what signs form tokens; a hub's web nodes share it

Holds no page and reads no request; time and randomness come in.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import argon2
from argon2.exceptions import VerificationError

from schemas import tables
from schemas.problems import N_, DomainError, Problem
from station.attempts import ADDRESS, NAME, Attempts
from station.databases import HERE
from station.moment import Clock, read, stamp
from sync.errors import Conflict, SyncError
from sync.serving import ServedStore

SESSION = "session:"
SLACK = timedelta(minutes=5)
SESSION_HOURS = 12
# A session notes that it was used at most this often: each note is a durable write.
NOTED = timedelta(minutes=1)
# 46 MiB, one lane: about 60 ms on an old laptop, out of reach of guessing by graphics cards.
HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=46 * 1024, parallelism=1)

ROLES = (
    "village_clerk", "township_window", "district_window", "examiner", "zone_head", "bureau_head", "city_window",
    "city_supervisor", "district_supervisor", "auditor",
)  # fmt: skip


@dataclass(frozen=True)
class Staff:
    """One member of staff: `station` is where they act (for a bureau the bureau's code), `zones` what they handle."""

    employee_no: str
    name: str
    station: str
    roles: frozenset[str]
    zones: frozenset[str] = frozenset()


class Told(Protocol):
    """Who wants to hear passwords at the moments when they are known (station.vault)."""

    def __call__(self, employee_no: str, password: str, *, new: bool) -> None:
        """`new`: it has just been set; else somebody has just signed in with it."""


class Accounts:
    """Who may sign in at this server."""

    def __init__(
        self, store: ServedStore, *, clock: Clock, random: Callable[[int], bytes], hasher: Any = HASHER,
        told: Told | None = None,
    ) -> None:  # fmt: skip
        """`told` hears each password that is set, and each that somebody signed in with."""
        self._db = store.database(HERE, create=True)
        self._clock = clock
        self._random = random
        self._hasher = hasher
        self._told = told
        self.attempts = Attempts(self._db, clock)
        # Compared against when nobody has the name, so that both answers take the same time.
        self._nobody = hasher.hash("no such member of staff")

    # -- staff ---------------------------------------------------------------------------------------------------

    def set_staff(self, staff: Staff, password: str) -> None:
        """Adds a member of staff or replaces their record, which ends their sessions. Refuses unknown roles, stations and
        zones, and short passwords."""
        if unknown := staff.roles - set(ROLES):
            raise DomainError(
                Problem("role_unknown", N_("没有这个角色：{roles}"), {"roles": ", ".join(sorted(unknown))})
            )
        tables.station(staff.station)
        if unknown := staff.zones - {item.zone for item in tables.items().values()}:
            raise DomainError(
                Problem(
                    "zone_unknown", N_("没有这个审批服务区：{zones}"), {"zones": "、".join(sorted(unknown))}
                )
            )
        if len(password) < 8:
            raise DomainError(Problem("password_short", N_("密码至少 8 位"), {}))
        id_ = f"staff:{staff.employee_no}"
        old = self._db.get(id_)
        body = {
            "_id": id_, "type": "staff", "schema": 1, "name": staff.name, "station": staff.station,
            "roles": sorted(staff.roles), "zones": sorted(staff.zones), "password": self._hasher.hash(password),
        }  # fmt: skip
        self._db.put({**body, "_rev": old["_rev"]} if old else body)
        if self._told is not None:
            self._told(staff.employee_no, password, new=True)

    def staff(self, employee_no: str) -> Staff | None:
        """The member of staff of this number, or None."""
        doc = self._db.get(f"staff:{employee_no}")
        if doc is None:
            return None
        return Staff(
            employee_no, doc["name"], doc["station"], frozenset(doc["roles"]), frozenset(doc["zones"])
        )

    # -- signing in ----------------------------------------------------------------------------------------------

    def sign_in(self, employee_no: str, password: str, *, address: str = "", before: str = "") -> str:
        """A new session's secret; DomainError with one answer for a wrong name and a wrong password.

        `before` is the secret of the session this browser had: it ends, and leaves its held form to the same person.
        `address` is where the browser is; guesses are counted by name and by address.
        """
        now, place = self._clock(), f"address {address}"
        wait = (self.attempts.count(place, ADDRESS) if address else 0) or self.attempts.count(
            employee_no, NAME
        )
        if wait:
            raise DomainError(
                Problem("sign_in_wait", N_("连续输错多次，请 {seconds} 秒后再试"), {"seconds": wait})
            )
        doc = self._db.get(f"staff:{employee_no}")
        if not self._matches(doc["password"] if doc else self._nobody, password) or doc is None:
            raise DomainError(Problem("sign_in_wrong", N_("工号或密码不对，请重新输入"), {}))
        if self._told is not None:
            self._told(employee_no, password, new=False)
        self.attempts.forget(employee_no)
        if address:
            self.attempts.take_back(place)
        self._sweep(now)
        secret = base64.urlsafe_b64encode(self._random(32)).decode().rstrip("=")
        expires = now + timedelta(hours=SESSION_HOURS)
        kept = {
            "staff": employee_no, "began": stamp(now), "expires": stamp(expires), "seen": stamp(now), "under": _under(doc),
        }  # fmt: skip
        old = self._good(before) if before else None
        if old and old["staff"] == employee_no and "held" in old:
            kept["held"] = old["held"]
        self.sign_out(before)
        self._db.put_local(_session_id(secret), kept)
        return secret

    def session(self, secret: str, idle: timedelta | None = None) -> Staff | None:
        """Who holds this session now; None where it ended, ran out, never was, began under another password, or is
        locked because nothing was asked for as long as `idle`. Asking counts as use."""
        kept = self._good(secret)
        if kept is None or self._is_idle(kept, idle):
            return None
        now = self._clock()
        if idle is not None and abs(now - read(kept["seen"])) >= min(NOTED, idle / 10):
            with suppress(SyncError):  # on a full disk pages still open; the session only locks sooner
                self._db.put_local(_session_id(secret), {**kept, "seen": stamp(now)})
        return self.staff(kept["staff"])

    def locked(self, secret: str, idle: timedelta) -> Staff | None:
        """Whose session this is, if it is good but for nobody having used it for so long."""
        kept = self._good(secret)
        return self.staff(kept["staff"]) if kept is not None and self._is_idle(kept, idle) else None

    def hold(self, secret: str, form: Mapping[str, Any]) -> None:
        """Keeps what was sent when the session had locked already, for the same person to send again."""
        if kept := self._good(secret):
            self._db.put_local(_session_id(secret), {**kept, "held": dict(form)})

    def held(self, secret: str) -> dict[str, Any] | None:
        """What `hold` keeps for this session, or None."""
        kept = self._good(secret)
        return kept.get("held") if kept else None

    def drop_held(self, secret: str) -> None:
        """Forgets what was held."""
        if (kept := self._good(secret)) and "held" in kept:
            self._db.put_local(
                _session_id(secret), {key: value for key, value in kept.items() if key != "held"}
            )

    def sign_out(self, secret: str) -> None:
        """Ends the session on the server, whatever the browser keeps."""
        if secret:
            self._db.delete_local(_session_id(secret))

    def _good(self, secret: str) -> dict[str, Any] | None:
        """The session's record, unless it ended, ran out, or began under another password. Locked ones are good."""
        kept = self._db.get_local(_session_id(secret))
        # The clock may have been put right since: a session is good for its hours after its beginning, not before it.
        if not kept or not read(kept["began"]) - SLACK <= self._clock() < read(kept["expires"]):
            return None
        doc = self._db.get(f"staff:{kept['staff']}")
        if doc is None or _under(doc) != kept["under"]:
            return None
        return {"seen": kept["began"], **kept}

    def _is_idle(self, kept: Mapping[str, Any], idle: timedelta | None) -> bool:
        return idle is not None and self._clock() - read(kept["seen"]) >= idle

    # -- small things this server keeps for itself ---------------------------------------------------------------

    def secret_key(self) -> bytes:
        """The key that signs form tokens; made at first use and kept."""
        kept = self._db.get_local("secret-key") or self._db.get("secret-key")
        if not kept:
            # A document, not a `_local` one: two web nodes may make one at the same moment, and the first counts.
            with suppress(Conflict):
                self._db.put({"_id": "secret-key", "type": "secret_key", "key": self._random(32).hex()})
            kept = self._db.get("secret-key")
            assert kept is not None
        return bytes.fromhex(kept["key"])

    def _matches(self, kept: str, password: str) -> bool:
        try:
            return bool(self._hasher.verify(kept, password))
        except VerificationError:
            return False

    def _sweep(self, now: datetime) -> None:
        """Forgets sessions and failures that count no more, so that years of signing in leave nothing behind."""
        self.attempts.sweep(now)
        for id_, kept in self._db.local_documents(SESSION).items():
            if read(kept["expires"]) + timedelta(days=1) < now:
                self._db.delete_local(id_)


def _under(doc: Mapping[str, Any]) -> str:
    """Names the password in force without telling it: a new one ends the sessions of the old."""
    return hashlib.sha256(doc["password"].encode()).hexdigest()[:16]


def _session_id(secret: str) -> str:
    return SESSION + hashlib.sha256(secret.encode()).hexdigest()
