"""/trust: how devices show who they are here. JSON in, JSON out; for programs, not for browsers.

    POST /trust/challenge         {} -> {"nonce"}
    POST /trust/token             {"station", "key", "nonce", "sig"} -> {"token", "seconds"}

What a pass is: `station.passes`. The hub adds enrolment.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, request

from station import passes, web
from sync import strict_json
from sync.endpoint import answers
from sync.errors import BadRequest, SyncError, TooLarge, Unauthorized

LARGEST: Final = 1024 * 1024  # bytes of a request

blueprint = Blueprint("trust", __name__, url_prefix="/trust")


@blueprint.post("/challenge")
def challenge() -> Response:
    return answers.json({"nonce": web.parts().passes.challenge()})


@blueprint.post("/token")
def token() -> Response:
    given = asked("station", "key", "nonce", "sig")
    parts = web.parts()
    if given["key"] not in parts.keys.active(given["station"]):
        raise Unauthorized(
            "That key is not one of the station's. Enrol the device, or ask the hub whether it was revoked."
        )
    issued = parts.passes.issue(given["station"], given["key"], request.host, given["nonce"], given["sig"])
    return answers.json({"token": issued, "seconds": passes.TOKEN_SECONDS})


def asked(*texts: str) -> dict[str, Any]:
    """The request's JSON object, which has these members as texts; BadRequest, TooLarge."""
    if (request.content_length or 0) > LARGEST:
        raise TooLarge(f"A request has at most {LARGEST} bytes.")
    given = strict_json.loads_object(request.get_data(cache=False) or b"{}")
    if missing := [name for name in texts if type(given.get(name)) is not str]:
        raise BadRequest(f"The request names {', '.join(missing)}.")
    return given


blueprint.register_error_handler(SyncError, answers.problem)
