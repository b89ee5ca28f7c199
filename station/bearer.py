"""How this device shows a server above who it is: with a pass, fetched when it is needed (`station.passes`).

A new one is asked for shortly before the last ends, by this machine's running clock and not by its calendar, and where
a server does not take the one we have.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from importlib import metadata
from typing import Any, Final

import httpx
import jwt

from station import passes
from station.identity import Identity
from station.moment import Clock, system_clock
from sync import errors, strict_json
from sync.asking import Way

EARLY: Final = 60.0  # seconds before its end that a pass is no longer used


class Bearer:
    """Passes for one server: credentials of a Way. `parent`: its address, as the settings name it."""

    def __init__(
        self, identity: Identity, parent: str, *, monotonic: Callable[[], float] = time.monotonic,
        clock: Clock = system_clock,
    ) -> None:  # fmt: skip
        self._identity = identity
        self._trust = httpx.URL(parent.rstrip("/") + "/trust/")
        self._monotonic = monotonic
        self._fetching = threading.Lock()
        self._token = self._short = ""
        self._until = 0.0
        self._clock = clock
        self.ahead: float | None = None
        """Seconds by which this computer's clock was ahead of that server's when the last pass came; None before."""

    def header(self, way: Way, lean: bool) -> str:
        """What the Authorization header is to say; fetches a pass if there is none."""
        with self._fetching:
            if lean and self._short:
                return f"Bearer {self._short}"
            if not self._token or self._monotonic() > self._until:
                self._fetch(way)
            return f"Bearer {self._token}"

    def spoiled(self) -> None:
        """The server did not take the pass."""
        with self._fetching:
            self._token = self._short = ""

    def _fetch(self, way: Way) -> None:
        own, signer = self._identity.own, self._identity.signer
        nonce = self._ask(way, "challenge", {}).get("nonce")
        if type(nonce) is not str:
            raise _strange()
        signed = passes.answer(signer, own, self._trust.netloc.decode(), nonce)
        shown = {"station": own, "key": signer.public, "nonce": nonce, "sig": signed}
        said = self._ask(way, "token", {**shown, "version": metadata.version("bianmin")})
        token, seconds = said.get("token"), said.get("seconds")
        if type(token) is not str or type(seconds) is not int:
            raise _strange()
        # Good until that server starts again; for exchange, where each word costs.
        short = said.get("short", "")
        self._short = short if type(short) is str else ""
        self._token, self._until = token, self._monotonic() + seconds - EARLY
        self.ahead = _ahead(token, self._clock().timestamp())

    def _ask(self, way: Way, name: str, said: Mapping[str, str]) -> dict[str, Any]:
        url = str(self._trust.join(name))
        answer = strict_json.loads(way.fetch("POST", url, content=strict_json.dumps(said), bare=True))
        if type(answer) is not dict:
            raise _strange()
        return answer


def _ahead(token: str, now: float) -> float | None:
    """By how much `now` is ahead of the moment a pass was made. What is read here decides nothing: it is told to a person."""
    try:
        made = jwt.decode(token, options={"verify_signature": False})["iat"]
    except (jwt.PyJWTError, KeyError):
        return None
    return now - made if type(made) is int else None


def _strange() -> errors.NotAPeer:
    return errors.NotAPeer("The answer about a pass has not the form of one.")
