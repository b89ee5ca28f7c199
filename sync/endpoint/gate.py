"""What is asked of whoever judges. Holds no judgement: station and hub pass theirs in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, Protocol, TypeAlias

import flask

from sync.peer import Refusal, Revision
from sync.serving import ServedDatabase

Action: TypeAlias = Literal["read", "write", "create", "admin"]


class Gate(Protocol):
    """Says who asks, and what they may. `principal` is whatever `authenticate` returned; nothing here looks inside."""

    def authenticate(self, request: flask.Request) -> Any:
        """Who asks, by the credentials of HTTP Basic; raises Unauthorized. Never reads the body."""

    def name(self, principal: Any) -> str:
        """What they are called: what `recall` takes."""

    def shelf(self, principal: Any) -> str:
        """What the names of their `_local` documents are kept under: who has another shelf sees and overwrites none of them.
        "" where all share one, as in CouchDB."""

    def recall(self, name: str) -> Any:
        """The principal of that name, who has proved it a while ago; Unauthorized if they were let go since."""

    def allow(self, principal: Any, db: str, action: Action) -> None:
        """Raises Forbidden unless they may. Writing checkpoints (`_local`) is part of reading."""

    def databases(self, principal: Any, names: Iterable[str]) -> Iterable[str]:
        """Those of `names` they may know of."""

    def admit(self, principal: Any, db: str, revision: Revision) -> Refusal | None:
        """Authority over one revision; None lets it in. A badly *filled* one is let in: to refuse it would lose it."""

    def written(self, principal: Any, db: ServedDatabase) -> None:
        """Called after revisions have been durably written to `db`, before the answer goes out."""
