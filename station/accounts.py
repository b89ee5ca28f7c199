"""Staff accounts and server-side sessions, kept in the database `here`, which no peer can reach.

    here/staff:<employee_no>          who may sign in, with which roles (argon2id hash)
    here/_local/session:<sha256>      one signed-in browser; the cookie holds the random value, the store its hash
    here/_local/attempts:<digest>     failures of one name, so that guessing slows down and stays slow over a restart

Holds no page and reads no request; time and randomness come in.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import argon2
from argon2.exceptions import VerificationError

from schemas.problems import N_, DomainError, Problem
from station.moment import Clock, read, stamp
from sync.store import Store

HERE = "here"
SESSION_HOURS = 12
# A locked-out clerk calls the township; a guesser gets 5 tries, then one every 30 s, 60 s, … up to 15 min.
FREE_FAILURES = 5
LONGEST_WAIT = timedelta(minutes=15)
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


class Accounts:
    """Who may sign in at this server."""

    def __init__(
        self, store: Store, *, clock: Clock, random: Callable[[int], bytes], hasher: Any = HASHER
    ) -> None:
        self._db = store.database(HERE, create=True)
        self._clock = clock
        self._random = random
        self._hasher = hasher
        # Compared against when nobody has the name, so that both answers take the same time.
        self._nobody = hasher.hash("no such member of staff")

    # -- staff ---------------------------------------------------------------------------------------------------

    def set_staff(self, staff: Staff, password: str) -> None:
        """Adds a member of staff or replaces their record. Refuses unknown roles and short passwords."""
        if unknown := staff.roles - set(ROLES):
            raise DomainError(
                Problem("role_unknown", N_("没有这个角色：{roles}"), {"roles": ", ".join(sorted(unknown))})
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

    def staff(self, employee_no: str) -> Staff | None:
        """The member of staff of this number, or None."""
        doc = self._db.get(f"staff:{employee_no}")
        if doc is None:
            return None
        return Staff(
            employee_no, doc["name"], doc["station"], frozenset(doc["roles"]), frozenset(doc["zones"])
        )

    # -- signing in ----------------------------------------------------------------------------------------------

    def sign_in(self, employee_no: str, password: str) -> str:
        """A new session's secret; DomainError with one answer for a wrong name and a wrong password."""
        attempts_id = "attempts:" + hashlib.sha256(employee_no.encode()).hexdigest()[:32]
        attempts = self._db.get_local(attempts_id)
        now = self._clock()
        if attempts and now < read(attempts["again_at"]):
            seconds = int((read(attempts["again_at"]) - now).total_seconds()) + 1
            raise DomainError(
                Problem("sign_in_wait", N_("连续输错多次，请 {seconds} 秒后再试"), {"seconds": seconds})
            )
        doc = self._db.get(f"staff:{employee_no}")
        if not self._matches(doc["password"] if doc else self._nobody, password) or doc is None:
            self._note_failure(attempts_id, attempts, now)
            raise DomainError(Problem("sign_in_wrong", N_("工号或密码不对，请重新输入"), {}))
        if attempts:
            self._db.delete_local(attempts_id)
        secret = base64.urlsafe_b64encode(self._random(32)).decode().rstrip("=")
        expires = now + timedelta(hours=SESSION_HOURS)
        self._db.put_local(_session_id(secret), {"staff": employee_no, "expires": stamp(expires)})
        return secret

    def session(self, secret: str) -> Staff | None:
        """Who holds this session now; None where it ended, ran out, or never was."""
        kept = self._db.get_local(_session_id(secret))
        if not kept or self._clock() >= read(kept["expires"]):
            return None
        return self.staff(kept["staff"])

    def sign_out(self, secret: str) -> None:
        """Ends the session on the server, whatever the browser keeps."""
        self._db.delete_local(_session_id(secret))

    # -- small things this server keeps for itself ---------------------------------------------------------------

    def secret_key(self) -> bytes:
        """The key that signs form tokens; made at first use and kept."""
        kept = self._db.get_local("secret-key")
        if not kept:
            kept = {"key": self._random(32).hex()}
            self._db.put_local("secret-key", kept)
        return bytes.fromhex(kept["key"])

    def _matches(self, kept: str, password: str) -> bool:
        try:
            return bool(self._hasher.verify(kept, password))
        except VerificationError:
            return False

    def _note_failure(self, id_: str, attempts: dict[str, Any] | None, now: datetime) -> None:
        failures = (attempts or {}).get("failures", 0) + 1
        wait = timedelta(0)
        if failures >= FREE_FAILURES:
            wait = min(LONGEST_WAIT, timedelta(seconds=30 * 2 ** min(failures - FREE_FAILURES, 10)))
        self._db.put_local(id_, {"failures": failures, "again_at": stamp(now + wait)})


def _session_id(secret: str) -> str:
    return "session:" + hashlib.sha256(secret.encode()).hexdigest()
