"""What every route is given: the store, the gate, and the two questions that come before any answer."""

from __future__ import annotations

import base64
import threading
from typing import Any, Final

import flask
from itsdangerous import BadSignature, URLSafeTimedSerializer

from sync.endpoint.gate import Action, Gate
from sync.errors import Unauthorized
from sync.peer import Refusal, Revision
from sync.serving import ServedDatabase, ServedStore

OPEN_ROUTES: Final = frozenset(
    ("welcome", "up", "session_begin", "session_end")
)  # say who answers and that it lives, or are about who asks; nothing else is told to strangers

COOKIE: Final = "AuthSession"  # CouchDB's name; its replicator and clients look for it
COOKIE_SECONDS: Final = 600


class Context:
    """One endpoint's parts. `secret` signs session cookies; servers that share it share sessions."""

    def __init__(self, store: ServedStore, gate: Gate, waiters: int, secret: bytes) -> None:
        self.store = store
        self.gate = gate
        self.waiters = threading.BoundedSemaphore(waiters) if waiters > 0 else None
        self._sessions = URLSafeTimedSerializer(secret, salt="bianmin AuthSession")

    def authenticate(self) -> None:
        """Before every request: who is this?"""
        route = (flask.request.endpoint or "").rpartition(".")[2]
        if route not in OPEN_ROUTES:
            flask.g.principal = self.who(flask.request)

    def who(self, request: flask.Request) -> Any:
        """The principal behind a request's credentials: Basic, or else a session's cookie. Unauthorized."""
        cookie = request.cookies.get(COOKIE)
        if request.authorization is not None or not cookie:
            return self.gate.authenticate(request)
        try:
            name = self._sessions.loads(cookie, max_age=COOKIE_SECONDS)
        except BadSignature as error:
            raise Unauthorized("The session has run out. Sign in again.") from error
        return self.gate.recall(name)

    def begin_session(self, name: str, password: str) -> tuple[Any, str]:
        """The principal, and what the cookie holds. Unauthorized."""
        basic = "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()
        principal = self.gate.authenticate(
            flask.Request({**flask.request.environ, "HTTP_AUTHORIZATION": basic})
        )
        return principal, self._sessions.dumps(self.gate.name(principal))

    @property
    def principal(self) -> Any:
        return flask.g.principal

    @property
    def shelf(self) -> str:
        """What their `_local` documents are kept under."""
        return self.gate.shelf(self.principal)

    def open(self, name: str, action: Action) -> ServedDatabase:
        """The database, if they may. Whether it exists is told only to those who may."""
        self.gate.allow(self.principal, name, action)
        return self.store.database(name)

    def admit(self, db: ServedDatabase, revision: Revision) -> Refusal | None:
        """The gate's word on one revision. Design documents would be code in data; they take an administrator."""
        if revision.id.startswith("_design/"):
            self.gate.allow(self.principal, db.name, "admin")
        return self.gate.admit(self.principal, db.name, revision)

    def written(self, db: ServedDatabase) -> None:
        self.gate.written(self.principal, db)
