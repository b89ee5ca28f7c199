"""Enrolment at the station: shows the hub the one-time code and the device's key, and pins the city's root.

Asks once; what to do when it fails, the person decides who typed the code.
"""

from __future__ import annotations

import httpx

from station import codes
from station.identity import Identity
from station.vault import Vault
from sync import errors, strict_json
from sync.asking import Way

PATH = "trust/enrol"


def join(
    identity: Identity,
    vault: Vault | None,
    url: str,
    code: str,
    *,
    transport: httpx.BaseTransport | None = None,
) -> int:
    """Enrols this device with the hub at `url`; which of the station's devices it is. The key of an encrypted store is
    sealed to the hub, in case it gets lost here.

    DomainError for a code that can't be one; SyncError: Forbidden where the code is not good, NotAPeer where something else
    answers than the hub.
    """
    key = codes.key_of(code)
    said = {"station": identity.own, "key": identity.signer.public}
    with Way(url, transport=transport) as way:
        answer = way.ask(
            "POST",
            PATH,
            content=strict_json.dumps({**said, "proof": codes.prove(key, "station", said)}),
        )
    told = {name: answer.get(name) for name in ("root", "no", "recovery")} if type(answer) is dict else {}
    root, number, recovery = (told.get(name) for name in ("root", "no", "recovery"))
    # Only who knows the code can have said this: no relay and no portal.
    if (
        type(root) is not str
        or type(number) is not int
        or type(recovery) is not str
        or not codes.is_proved(key, "hub", told, answer.get("proof"))
    ):
        raise errors.NotAPeer("What answers there is not the hub that gave out this code.")
    if vault is not None and recovery:
        vault.seal_for(recovery)
    identity.pin(root, number)
    return number
