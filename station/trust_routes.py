"""/trust: how devices show who they are here. JSON in, JSON out; for programs, not for browsers.

    POST /trust/challenge         {} -> {"nonce"}
    POST /trust/token             {"station", "key", "nonce", "sig", "version"} -> {"token", "seconds", "short"}
    POST /trust/time              {"nonce"} -> {"station", "moment", "nonce", "by", "sig"}: signed, `station.right_time`
    POST /trust/statements/<db>   {"statements": […]} -> {"statements": […]}: ours for yours, this server's seals fresh

What a pass is: `station.passes`; what a statement is: `sync.seals`. The hub adds enrolment.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from station import pacing, passes, right_time, web
from station.databases import station_of
from sync import seals
from sync.endpoint import answers, requests
from sync.errors import BadRequest, SyncError, Unauthorized
from sync.store import Store

blueprint = Blueprint("trust", __name__, url_prefix="/trust")


@blueprint.post("/challenge")
def challenge() -> Response:
    web.parts().challenges.take(request.remote_addr or "")
    return answers.json({"nonce": web.parts().passes.challenge()})


@blueprint.post("/token")
def token() -> Response:
    given = asked("station", "key", "nonce", "sig")
    parts, station = web.parts(), given["station"]
    address = request.remote_addr or ""
    if given["key"] not in parts.keys.active(station):
        # No guess, and not slowed: a township that has not heard yet of a village's new laptop is asked each round.
        raise Unauthorized(
            "That key is not one of the station's. Enrol the device, or ask the hub whether it was revoked."
        )
    with pacing.slowed(parts.accounts.attempts, "pass", station, address, pacing.KEYS_OF_ADDRESS):
        issued = parts.passes.issue(station, given["key"], request.host, given["nonce"], given["sig"])
    said = {"token": issued, "seconds": passes.TOKEN_SECONDS}
    parts.gate.told_version(station, str(given.get("version", "")))
    if isinstance(parts.store, Store):  # another web node would not know it
        said["short"] = parts.passes.lend(station, given["key"])
    return answers.json(said)


@blueprint.post("/time")
def time() -> Response:
    """Anybody may ask; as a signature costs more than a nonce, no address may often."""
    given, parts = asked("nonce"), web.parts()
    parts.challenges.take(request.remote_addr or "")
    said = right_time.said(parts.identity.signer, parts.identity.own, given["nonce"], parts.clock)
    return answers.json(said)


@blueprint.post("/statements/<db>")
def statements(db: str) -> Response:
    parts = web.parts()
    principal = parts.gate.authenticate(request)
    parts.gate.allow(principal, db, "read")
    if station_of(db) is None:  # there are no events in it
        return answers.json({"statements": []})
    database = parts.store.database(db)
    told = asked().get("statements")
    if type(told) is not list or len(told) > seals.MAX_STATEMENTS:
        raise BadRequest(f"The request brings a list of statements, at most {seals.MAX_STATEMENTS}.")
    new = parts.trust.take(db, [seals.read(each) for each in told])
    if new and parts.recovery is not None:
        # Also who has nobody above hears, from below, that it was put back to an earlier day.
        parts.recovery.look(db)
    parts.gate.written(principal, database)  # what they prove may be due a receipt
    parts.trust.seal(db)
    parts.gate.told(database)
    return answers.json({"statements": [each._asdict() for each in parts.trust.statements(db)]})


def asked(*texts: str) -> dict[str, Any]:
    """The request's JSON object, perhaps packed, which has these members as texts; BadRequest, TooLarge."""
    given = requests.json_object()
    if missing := [name for name in texts if type(given.get(name)) is not str]:
        raise BadRequest(f"The request names {', '.join(missing)}.")
    return given


blueprint.register_error_handler(SyncError, answers.problem)
