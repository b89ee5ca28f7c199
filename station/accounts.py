"""Passwords and server-side sessions of the people who work here, kept in the database `here`, which no peer can reach.

    here/account:<employee_no>        the password they chose (argon2id), and under which start code: a new code voids it
    here/_local/session:<sha256>      one signed-in browser; the cookie holds the random value, the store its hash. Locked
                                      when nothing was asked for a while; then it keeps the form that came too late.
                                      `choosing`: so far only a start code was shown, and all it opens is the choice of a password
                                      `screen`: turned to the public, opens the public's pages alone (station.screens)
    here/secret-key                   what signs form tokens; a hub's web nodes share it

Who works where is the hub's to say (station.appointments). Holds no page and reads no request; time and randomness come in.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Protocol

import argon2
from argon2.exceptions import VerificationError

from schemas.problems import N_, DomainError, Problem
from schemas.tables import Station
from station import codes, duties, keys, staff
from station.appointments import Appointments
from station.attempts import ADDRESS, NAME, Attempts
from station.databases import HERE
from station.moment import Clock, read, stamp
from station.staff import Staff
from sync import strict_json
from sync.errors import Conflict, SyncError
from sync.serving import LAST, ServedStore, starting

ACCOUNT = "account:"
SESSION = "session:"
SLACK = timedelta(minutes=5)
SESSION_HOURS = 12
# How long a screen may be turned to the public: a display stays on for weeks.
SCREEN = timedelta(days=31)
# How long somebody may think about a password.
CHOOSING = timedelta(minutes=30)
SHORTEST = 8
# A session notes that it was used at most this often: each note is a durable write.
NOTED = timedelta(minutes=1)
# 46 MiB, one lane: about 60 ms on an old laptop, out of reach of guessing by graphics cards.
HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=46 * 1024, parallelism=1)


class Keeping(Protocol):
    """Who wants to hear passwords at the moments when they are known, and when one is void (station.vault)."""

    def note_password(self, employee_no: str, password: str, *, new: bool) -> None:
        """`new`: it has just been chosen; else somebody has just signed in with it."""

    def forget(self, employee_no: str) -> None:
        """That person's password counts no more."""


class Accounts:
    """Who is signed in at this server, and with which password they may."""

    def __init__(
        self, store: ServedStore, appointments: Appointments, here: Station, *, clock: Clock,
        random: Callable[[int], bytes], hasher: Any = HASHER, vault: Keeping | None = None,
    ) -> None:  # fmt: skip
        self._db = store.database(HERE, create=True)
        self._appointments = appointments
        self._here = here
        self._clock = clock
        self._random = random
        self._hasher = hasher
        self._vault = vault
        self._tidied: object = None
        self.attempts = Attempts(self._db, clock)
        # Compared against when nobody has the name, so that both answers take the same time.
        self._nobody = hasher.hash("no such member of staff")

    # -- passwords -----------------------------------------------------------------------------------------------

    def choose(self, secret: str, password: str) -> str:
        """The password of whoever has shown their start code in this session; a new session's secret. DomainError for a
        session that opens no such choice, and for a password that will not do."""
        kept = self._good(secret)
        if kept is None or "choosing" not in kept:
            raise DomainError(Problem("choice_over", N_("启用码已用过或已超时，请重新登录"), {}))
        number = kept["staff"]
        record = self._appointments.record(number)
        assert record is not None, "a session without a record is not good"
        if len(password) < SHORTEST:
            raise DomainError(Problem("password_short", N_("密码至少 8 位"), {}))
        if codes.is_start_code(password, number, record["code_sha256"]) or password == number:
            raise DomainError(Problem("password_known", N_("密码不能用启用码或工号，请另想一个"), {}))
        id_ = ACCOUNT + number
        body = {"_id": id_, "type": "account", "schema": 1, "password": self._hasher.hash(password),
                "code": record["code_sha256"]}  # fmt: skip
        old = self._db.get(id_)
        self._db.put({**body, "_rev": old["_rev"]} if old else body)
        if self._vault is not None:
            self._vault.note_password(number, password, new=True)
        self.sign_out(secret)
        return self._begin(number, record, body)

    def tidy(self) -> None:
        """Once `public` has moved: what opens nothing any more is forgotten, so that it opens nothing elsewhere either (the
        password of somebody who left still unwraps the store's key, station.vault)."""
        said = self._appointments.version()
        if said == self._tidied:
            return
        for id_, account in starting(self._db, ACCOUNT).items():
            number = id_.removeprefix(ACCOUNT)
            record = self._appointments.record(number)
            # Without a record of the hub's there is no reason to forget anybody: it may just not be here yet.
            if record is not None and (
                self._appointments.has_left(record) or record["code_sha256"] != account["code"]
            ):
                if self._vault is not None:
                    self._vault.forget(number)
                self._db.put({**account, "_deleted": True})
        self._tidied = said

    def _account(self, record: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """The password that the person of this record chose here under the start code that is in force."""
        account = self._db.get(ACCOUNT + record["employee_no"]) if record is not None else None
        return account if account and record and account["code"] == record["code_sha256"] else None

    # -- signing in ----------------------------------------------------------------------------------------------

    def sign_in(self, employee_no: str, password: str, *, address: str = "", before: str = "") -> str:
        """A new session's secret; DomainError with one answer for a wrong name and a wrong password. Who has no password
        here gives their start code, and gets a session in which all they can do is `choose` one.

        `before` is the secret of the session this browser had: it ends, and leaves its held form to the same person.
        `address` is where the browser is; guesses are counted by name and by address.
        """
        place = f"address {address}"
        wait = (self.attempts.count(place, ADDRESS) if address else 0) or self.attempts.count(
            employee_no, NAME
        )
        if wait:
            raise DomainError(
                Problem("sign_in_wait", N_("连续输错多次，请 {seconds} 秒后再试"), {"seconds": wait})
            )
        record = self._appointments.record(employee_no)
        account = self._account(record)
        matches = self._matches(account["password"] if account else self._nobody, password)
        if record is None or self._appointments.has_left(record):
            matches = False
        elif account is None:
            matches = codes.is_start_code(password, employee_no, record["code_sha256"])
        if not matches or record is None:
            raise DomainError(Problem("sign_in_wrong", N_("工号或密码不对，请重新输入"), {}))
        self.attempts.forget(employee_no)
        if address:
            self.attempts.take_back(place)
        if not duties.works_at(staff.read(record), self._here):
            raise DomainError(
                Problem("works_elsewhere", N_("您的工号不属于本站，请到自己的站点登录，或联系市中心调整"), {})
            )
        if account is not None and self._vault is not None:
            self._vault.note_password(employee_no, password, new=False)
        self._sweep(self._clock())
        old = self._good(before) if before else None
        self.sign_out(before)
        held = {"held": old["held"]} if old and old["staff"] == employee_no and "held" in old else {}
        return self._begin(employee_no, record, account, held)

    def _begin(
        self, employee_no: str, record: Mapping[str, Any], account: Mapping[str, Any] | None,
        more: Mapping[str, Any] | None = None,
    ) -> str:  # fmt: skip
        secret = self._new_secret()
        now = self._clock()
        lasts = timedelta(hours=SESSION_HOURS) if account else CHOOSING
        kept = {
            "staff": employee_no, "began": stamp(now), "expires": stamp(now + lasts), "seen": stamp(now),
            "under": _under(record, account), **({} if account else {"choosing": True}), **(more or {}),
        }  # fmt: skip
        self._db.put_local(_session_id(secret), kept)
        return secret

    def _new_secret(self) -> str:
        return base64.urlsafe_b64encode(self._random(32)).decode().rstrip("=")

    def are_taken_up(self) -> bool:
        """Whether anybody has chosen a password here."""
        return bool(self._db.all_docs(ACCOUNT, ACCOUNT + LAST, 1))

    def choosing(self, secret: str) -> Staff | None:
        """Who has shown their start code in this session, and has to choose a password now."""
        kept = self._good(secret)
        return self._appointments.staff(kept["staff"]) if kept and "choosing" in kept else None

    def session(self, secret: str, idle: timedelta | None = None) -> Staff | None:
        """Who holds this session now; None where it ended, ran out, never was, began under another password or another
        record of the hub's, opens no more than a choice of password, or is locked because nothing was asked for as long as
        `idle`. Asking counts as use."""
        kept = self._good(secret)
        if kept is None or not self._works(kept) or self._is_idle(kept, idle):
            return None
        now = self._clock()
        if idle is not None and abs(now - read(kept["seen"])) >= min(NOTED, idle / 10):
            with suppress(SyncError):  # on a full disk pages still open; the session only locks sooner
                self._db.put_local(_session_id(secret), {**kept, "seen": stamp(now)})
        return self._appointments.staff(kept["staff"])

    def turn(self, secret: str, screen: str) -> str:
        """Ends this session and begins one that shows the public's pages alone, `screen` first; its secret. DomainError for one
        that nobody works in."""
        kept = self._good(secret)
        if kept is None or not self._works(kept):
            raise DomainError(Problem("not_signed_in", N_("请先登录"), {}))
        now, new = self._clock(), self._new_secret()
        begun = {"began": stamp(now), "expires": stamp(now + SCREEN), "seen": stamp(now), "screen": screen}
        self._db.put_local(_session_id(new), {"staff": kept["staff"], "under": kept["under"], **begun})
        self.sign_out(secret)
        return new

    def screen(self, secret: str) -> tuple[Staff, str] | None:
        """Who turned this session to the public, and what it shows first; None for any other session."""
        kept = self._good(secret)
        staff = self._appointments.staff(kept["staff"]) if kept and "screen" in kept else None
        return (staff, kept["screen"]) if staff and kept else None

    def locked(self, secret: str, idle: timedelta) -> Staff | None:
        """Whose session this is, if it is good but for nobody having used it for so long."""
        kept = self._good(secret)
        if kept is None or not self._works(kept) or not self._is_idle(kept, idle):
            return None
        return self._appointments.staff(kept["staff"])

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
        """The session's record, unless it ended, ran out, or began under another password or another record of the person:
        whose rights were narrowed signs in anew. Locked ones are good."""
        kept = self._db.get_local(_session_id(secret))
        # The clock may have been put right since: a session is good for its hours after its beginning, not before it.
        if not kept or not read(kept["began"]) - SLACK <= self._clock() < read(kept["expires"]):
            return None
        record = self._appointments.record(kept["staff"])
        if record is None or self._appointments.has_left(record):
            return None
        if _under(record, self._account(record)) != kept["under"]:
            return None
        return {"seen": kept["began"], **kept}

    def _works(self, kept: Mapping[str, Any]) -> bool:
        """Whether it opens the pages of staff, and not just the choice of a password, or those of the public."""
        return "choosing" not in kept and "screen" not in kept

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


def _under(record: Mapping[str, Any], account: Mapping[str, Any] | None) -> str:
    """Names what a session began under, without telling it: the hub's record, and the password or that there was none."""
    said = [keys.unsigned(record), account["password"] if account else ""]
    return hashlib.sha256(strict_json.canonical(said)).hexdigest()[:16]


def _session_id(secret: str) -> str:
    return SESSION + hashlib.sha256(secret.encode()).hexdigest()
