"""The gate: which server may read and write which database here, and whose events it may bring.

Judges authority and nothing else: a badly filled event is let in and shown, since refusing it would lose it.
The endpoint asks; the gate never touches a request body.

Events come up from who wrote them: a station brings its own, a township also its villages'. What comes down (the hub's
decisions) a server fetches from above by itself; brought back from below after a loss, it counts by the hub's seals, or a
village's key would be enough to decide as the bureau.

    who            public   station-<own>   station-<its village>   anything else
    a village      read     read, write     -                       -
    a township     read     read, write     read, write             -
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from flask import Request

from schemas import tables
from station.databases import PUBLIC, of_station, station_of
from station.identity import Identity
from station.keys import Keys
from station.passes import Passes
from sync import ledger, pieces
from sync.errors import Forbidden, Unauthorized
from sync.peer import Refusal, Revision
from sync.serving import ServedDatabase, ServedStore


@dataclass(frozen=True)
class Principal:
    """The server at the other end, by its station code."""

    code: str


class Gate:
    """Rules for servers below this one."""

    def __init__(self, store: ServedStore, identity: Identity, keys: Keys, passes: Passes) -> None:
        self._store = store
        self._identity = identity
        self._own = identity.own
        self._keys = keys
        self._passes = passes
        self._came: set[str] = set()

    def who_came(self) -> set[str]:
        """The stations that came since this was asked last."""
        came, self._came = self._came, set()
        return came

    def authenticate(self, request: Request) -> Principal:
        """A device's pass; or, of another CouchDB client, the station's code and secret, checked against the record in
        `public`."""
        principal = self._shown(request)
        self._came.add(principal.code)
        return principal

    def _shown(self, request: Request) -> Principal:
        given = request.authorization
        if given is not None and given.type == "bearer" and given.token:
            station, key = self._passes.read(given.token)
            if key not in self._keys.active(station):
                raise Unauthorized("the device was revoked, or another one took its place")
            return Principal(station)
        if given is None or given.type != "basic" or not given.username:
            raise Unauthorized("show a device's pass, or name your station code and its secret (HTTP Basic)")
        record = self._keys.device(given.username)
        digest = secret_digest(given.password or "")
        # The same comparison for an unknown station, so that the time taken tells nothing.
        if (
            not hmac.compare_digest(digest, record.get("secret_sha256", "0" * 64))
            or record.get("status") != "active"
        ):
            raise Unauthorized("station code or device secret is wrong, or the device was revoked")
        return Principal(given.username)

    def name(self, principal: Principal) -> str:
        """The station code."""
        return principal.code

    def shelf(self, principal: Principal) -> str:
        """Each device's checkpoints are its own: nobody else's are seen or overwritten."""
        return f"device/{principal.code}/"

    def recall(self, name: str) -> Principal:
        """A station that has proved its secret a while ago, unless its device was revoked since."""
        if self._keys.device(name).get("status") != "active":
            raise Unauthorized("the device was revoked")
        return Principal(name)

    def allow(self, principal: Principal, db: str, action: str) -> None:
        """Forbidden unless the table at the top of this file says yes. Actions: read, write, create, admin."""
        if db == PUBLIC and action == "read":
            return
        station = station_of(db)
        if (
            station is not None
            and action in ("read", "write", "create")
            and self.serves(principal.code)
            and self.serves(station)
            and self.belongs(principal.code, station)
        ):
            return
        raise Forbidden(f"station {principal.code} may not {action} {db} on this server")

    def databases(self, principal: Principal, names: Iterable[str]) -> list[str]:
        """The databases of `names` that this station may read."""
        # A hub has thousands, and this is asked several times an exchange: only what could be theirs is judged.
        near = {PUBLIC, *map(of_station, (principal.code, *tables.children(principal.code)))}
        return [name for name in names if name in near and self._may_read(principal, name)]

    def admit(self, principal: Principal, db: str, revision: Revision) -> Refusal | None:
        """None, or why this document may not come in by this station. Authority only."""
        number = ledger.parse_event_id(revision.id)
        if number is not None:
            if self.belongs(principal.code, number.writer) and self.serves(number.writer):
                return None
            # What this server, or one above it, wrote in a life that is over: whoever was put back from a backup gets it back
            # from below. It counts by the seals of who wrote it, and by nothing else (`station.proofs`).
            above = (self._own, *tables.ancestors(self._own))
            if number.writer in above and not self._identity.wrote(number.writer, number.epoch):
                return None
        if pieces.is_piece(revision):
            return None  # whatever is in it, an event has to name it
        rev = revision.path[0] if revision.path else ""
        return Refusal(
            revision.id, rev, "forbidden", f"{principal.code} may not write {revision.id} into {db}"
        )

    def told_version(self, code: str, version: str) -> None:
        """A device of that station has shown its key, and says which version of the program it runs; no more than a word."""

    def written(self, principal: Principal, db: ServedDatabase) -> None:
        """Called after documents of a station are durable here."""

    def told(self, db: ServedDatabase) -> None:
        """Called after somebody below has given all it has of a database, documents and statements."""

    # -- the rules -----------------------------------------------------------------------------------------------

    def serves(self, code: str) -> bool:
        """Whether this server answers for that station: itself and the villages right below it."""
        station = tables.stations().get(code)
        return station is not None and self._own in (station.code, station.parent_code)

    @staticmethod
    def belongs(code: str, station: str) -> bool:
        """Whether `code` is that station or the township right above it."""
        target = tables.stations().get(station)
        if target is None:
            return False
        return code == target.code or (target.level == "village" and code == target.parent_code)

    def _may_read(self, principal: Principal, name: str) -> bool:
        try:
            self.allow(principal, name, "read")
        except Forbidden:
            return False
        return True


def secret_digest(secret: str) -> str:
    """How a device secret is kept: it is 256 random bits, so one SHA-256 is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()
