"""Slows whoever guesses devices' secrets at the CouchDB dialect, before the gate is asked and whatever it asks for.

Counted by name and address together, so that a stranger who knows a village's code can't cut the village off; and by
address alone, in which those wait who have not been right from there before: many villages share one line. Secrets are
counted, by HTTP Basic and at `_session`; passes and cookies are signed, can't be guessed, and run out without any guilt.
"""

from __future__ import annotations

import flask

from station.attempts import DEVICE, DEVICES_OF_ADDRESS, Attempts
from sync.endpoint import answers

MOST_PROVED = 10_000


class Guard:
    """Stands before everything under one path."""

    def __init__(self, attempts: Attempts, path: str) -> None:
        self._attempts = attempts
        self._path = path + "/"
        self._proved: set[str] = set()

    def before(self) -> flask.Response | None:
        """429 while whoever asks has to wait."""
        if not self._guarded():
            return None
        pair, address = self._names()
        wait = self._attempts.wait(pair)
        if pair not in self._proved:
            wait = max(wait, self._attempts.wait(address))
        if not wait:
            return None
        flask.g.guess_counted = True
        reason = f"Too many wrong secrets. Try again in {wait} s."
        return answers.json(
            {"error": "too_many_requests", "reason": reason}, 429, **{"Retry-After": str(wait)}
        )

    def after(self, response: flask.Response) -> flask.Response:
        """Counts a refusal, and forgets earlier ones once the secret was right."""
        if not self._guarded() or "guess_counted" in flask.g:
            return response
        pair, address = self._names()
        if response.status_code == 401:
            self._proved.discard(pair)
            self._attempts.count(pair, DEVICE)
            self._attempts.count(address, DEVICES_OF_ADDRESS)
        elif response.status_code < 400:
            if len(self._proved) >= MOST_PROVED:
                self._proved.clear()
            self._proved.add(pair)
            if self._attempts.known(pair):
                self._attempts.forget(pair)
        return response

    def _guarded(self) -> bool:
        request = flask.request
        signs_in = request.method == "POST" and request.path == self._path + "_session"
        return request.path.startswith(self._path) and (_is_basic() or signs_in)

    def _names(self) -> tuple[str, str]:
        given, address = flask.request.authorization, flask.request.remote_addr or ""
        name = (given.username or "") if given is not None and _is_basic() else ""
        return f"device {name} at {address}", f"devices at {address}"


def _is_basic() -> bool:
    given = flask.request.authorization
    return given is not None and given.type == "basic"
