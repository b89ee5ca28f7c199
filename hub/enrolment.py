"""Enrolment at the hub: one-time codes, and what a device gets for one.

    here/enrolment:<station>:<no>   {"key": SHA-256 of the code, "until", "used": "" or when, "by": who drew it,
                                     "again": when it was tried after its use, "looked_into": when a person saw to that}

A code is for one station, for 72 hours, for one use. A second use is refused and noted for a person: the code, or the
laptop, is in two hands.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from flask import Blueprint, Response, request

from hub import authority, devices, root
from schemas import tables
from station import codes, pacing, trust_routes, web
from station.app import Parts
from station.databases import HERE
from station.identity import Identity
from station.moment import Clock, read, stamp
from sync import signing
from sync.endpoint import answers
from sync.errors import BadRequest, Conflict, Forbidden, SyncError
from sync.serving import ServedStore, starting

log = logging.getLogger("bianmin.enrolment")

HOURS: Final = 72
PREFIX: Final = "enrolment:"
REFUSED: Final = "This code is not valid for that station. Look at it again, or ask the hub for a new one."


class CodeExpired(Forbidden):
    """Said only to who has the code."""

    error = "code_expired"


class CodeUsed(Forbidden):
    """Likewise."""

    error = "code_used"


blueprint = Blueprint("enrolment", __name__, url_prefix="/trust")


@blueprint.post("/enrol")
def enrol() -> Response:
    given = trust_routes.asked("station", "key", "proof")
    parts, address = web.parts(), request.remote_addr or ""
    with pacing.slowed(parts.accounts.attempts, "code", given["station"], address, pacing.CODES_OF_ADDRESS):
        return answers.json(enrolment_of(parts).take_in(given))


blueprint.register_error_handler(SyncError, answers.problem)


def enrolment_of(parts: Parts) -> Enrolment:
    """The enrolment of a running hub."""
    return Enrolment(parts.store, parts.identity, clock=parts.clock, random=parts.random)


class Enrolment:
    """Draws codes and takes devices in."""

    def __init__(
        self, store: ServedStore, identity: Identity, *, clock: Clock, random: Callable[[int], bytes]
    ) -> None:
        self._store = store
        self._identity = identity
        self._here = store.database(HERE, create=True)
        self._clock = clock
        self._random = random

    def draw(self, station: str, by: str = "") -> str:
        """A code for this station, told once; codes drawn for it before are void. DomainError for an unknown station."""
        tables.station(station)
        self.void(station)
        code = codes.draw(self._random)
        until = stamp(self._clock() + timedelta(hours=HOURS))
        self._here.put({
            "_id": f"{PREFIX}{station}:{self._random(6).hex()}", "type": "enrolment", "schema": 1,
            "key": codes.key_of(code).hex(), "until": until, "used": "", "by": by,
        })  # fmt: skip
        return code

    def take_in(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """A device's request, {"station", "key", "proof"}, and the answer to it; BadRequest, Forbidden.

        The answer: {"root", "no", "recovery", "ca", "proof"}: the city's root key, which of the station's devices this one
        is, to whom it may seal the key of its store, and whose certificates it shall believe ("" if the hub has no authority).
        """
        station, key = given.get("station"), given.get("key")
        if type(station) is not str or type(key) is not str or station not in tables.stations():
            raise BadRequest("A request to enrol names the station and the device's key.")
        try:
            signing.bytes_of(key, signing.KEY_LENGTH)
        except ValueError as error:
            raise BadRequest("The device's key is not a key.") from error
        said = {"station": station, "key": key}
        for doc in self._codes(station):
            mac = bytes.fromhex(doc["key"])
            if codes.is_proved(mac, "station", said, given.get("proof")):
                return self._answer(mac, doc, station, key)
        log.warning("enrolment refused for %s: no such code", station)
        raise Forbidden(REFUSED)

    def _answer(self, mac: bytes, doc: Mapping[str, Any], station: str, key: str) -> dict[str, Any]:
        now = self._clock()
        same = doc["used"] and doc.get("device") == key  # the answer was lost on its way
        if doc["used"] and not same:
            log.warning("enrolment refused for %s: the code was used before", station)
            if not doc.get("again"):
                self._here.put({**doc, "again": stamp(now)})
            raise CodeUsed("This code was used already. Ask the hub for a new one.")
        if now > read(doc["until"]):
            log.warning("enrolment refused for %s: the code has run out", station)
            raise CodeExpired("This code has run out. Ask the hub for a new one.")
        if not same:
            try:
                self._here.put({**doc, "used": stamp(now), "device": key})
            except Conflict:  # somebody was faster with the same code
                raise CodeUsed("This code was used already. Ask the hub for a new one.") from None
        number = devices.admit_device(self._store, self._identity.signer, station, key, stamp(now))
        log.info("%s is enrolled as its device %d", station, number)
        answer = {
            "root": self._identity.root, "no": number, "recovery": root.recipient(self._store),
            "ca": authority.current(self._store),
        }  # fmt: skip
        return {**answer, "proof": codes.prove(mac, "hub", answer)}

    def used_twice(self) -> list[dict[str, Any]]:
        """Codes that somebody tried after they had been used, and that nobody has looked into."""
        return [
            doc
            for doc in starting(self._here, PREFIX).values()
            if doc.get("again") and not doc.get("looked_into")
        ]

    def look_into(self, station: str, by: str) -> None:
        """Somebody found out why a code of this station was tried twice."""
        for doc in self._codes(station):
            if doc.get("again") and not doc.get("looked_into"):
                self._here.put({**doc, "looked_into": stamp(self._clock()), "looked_into_by": by})

    def void(self, station: str) -> None:
        """Codes drawn for this station that were not used take nobody in any more."""
        for doc in self._codes(station):
            if not doc["used"]:
                self._here.put({**doc, "_deleted": True})

    def drawn(self) -> dict[str, str]:
        """Which stations have a code that may be used, and until when."""
        now = self._clock()
        found = starting(self._here, PREFIX)
        return {
            id.split(":")[1]: doc["until"]
            for id, doc in found.items()
            if not doc["used"] and read(doc["until"]) >= now
        }

    def _codes(self, station: str) -> list[dict[str, Any]]:
        return list(starting(self._here, f"{PREFIX}{station}:").values())
