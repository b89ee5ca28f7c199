"""What every route is given: the store, the gate, and the two questions that come before any answer."""

from __future__ import annotations

import threading
from typing import Any

import flask

from sync.endpoint.gate import Action, Gate
from sync.peer import Refusal, Revision
from sync.store import Database, Store

OPEN_ROUTES = frozenset(
    ("welcome", "up")
)  # say who answers and that it lives; nothing else is told to strangers


class Context:
    """One endpoint's parts."""

    def __init__(self, store: Store, gate: Gate, waiters: int) -> None:
        self.store = store
        self.gate = gate
        self.waiters = threading.BoundedSemaphore(waiters) if waiters > 0 else None

    def authenticate(self) -> None:
        """Before every request: who is this?"""
        route = (flask.request.endpoint or "").rpartition(".")[2]
        if route not in OPEN_ROUTES:
            flask.g.principal = self.gate.authenticate(flask.request)

    @property
    def principal(self) -> Any:
        return flask.g.principal

    def open(self, name: str, action: Action) -> Database:
        """The database, if they may. Whether it exists is told only to those who may."""
        self.gate.allow(self.principal, name, action)
        return self.store.database(name)

    def admit(self, db: Database, revision: Revision) -> Refusal | None:
        """The gate's word on one revision. Design documents would be code in data; they take an administrator."""
        if revision.id.startswith("_design/"):
            self.gate.allow(self.principal, db.name, "admin")
        return self.gate.admit(self.principal, db.name, revision)

    def written(self, db: Database) -> None:
        self.gate.written(self.principal, db)
