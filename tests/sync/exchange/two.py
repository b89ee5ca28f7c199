"""Two stores that exchange over HTTP in process, with everything allowed. Nothing in here stands in for a part."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import flask
import httpx

from sync.asking import Way
from sync.exchange.answering import Answering
from sync.exchange.calling import Calling, NothingInCommon, Outcome
from sync.exchange.route import create_route
from sync.peer import Refusal, Revision
from sync.replicate import replicate
from sync.store import Store
from tests.wsgi import whole


class Everything:
    """Rights of an end that gets and gives all databases; statements are kept in a dict."""

    def __init__(self, store: Store, public: str = "public") -> None:
        self.store = store
        self.public = public
        self.stated: dict[str, list[Mapping[str, Any]]] = {}
        self.admit: Callable[[str, Revision], Refusal | None] = lambda _db, _revision: None

    def gives(self) -> Sequence[str]:
        return [name for name in self.store.databases() if name != "here"]

    def hears(self) -> Sequence[str]:
        return [""]

    def everybodys(self, db: str) -> bool:
        return db == self.public

    def notes(self, db: str, since: int) -> list[Mapping[str, Any]]:
        return self.stated.get(db, [])

    def take(self, db: str, revisions: Sequence[Revision]) -> list[Refusal]:
        refused = [refusal for each in revisions if (refusal := self.admit(db, each))]
        names = {each.id for each in refused}
        sound = [each for each in revisions if each.id not in names]
        return refused + (self.store.database(db, create=True).add_revisions(sound) if sound else [])

    def take_notes(self, db: str, notes: Sequence[Mapping[str, Any]]) -> None:
        held = self.stated.setdefault(db, [])
        held += [note for note in notes if note not in held]

    def settle(self, dbs: Iterable[str]) -> None:
        pass

    def heard(self) -> None:
        pass


class Line(httpx.BaseTransport):
    """A line that counts, and may lose a request on its way, or an answer."""

    def __init__(self, app: flask.Flask) -> None:
        self.app = app
        self.sent: list[tuple[int, int]] = []
        self.lose: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request = whole(request)
        lost = self.lose.pop(0) if self.lose else ""
        if lost == "request":
            raise httpx.ConnectError("cut", request=request)
        answer = httpx.WSGITransport(app=self.app).handle_request(request)
        data = b"".join(answer.stream)  # type: ignore[arg-type]
        self.sent.append((len(request.content), len(data)))
        if lost == "answer":
            raise httpx.ReadTimeout("cut", request=request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=data)


class Two:
    """A village that asks, and a hub that answers."""

    def __init__(self, folder: Path, seed: int = 1) -> None:
        self.folder = folder
        self.draw = random.Random(seed)
        self.open()

    def open(self) -> None:
        bytes_ = lambda n: self.draw.randbytes(n)  # noqa: E731
        self.village = Store.open(self.folder / "village.sqlite", random=bytes_)
        self.hub = Store.open(self.folder / "hub.sqlite", random=bytes_)
        self.at_village, self.at_hub = Everything(self.village), Everything(self.hub)
        kept = self.hub.database("here", create=True)
        app = flask.Flask("exchange")
        app.register_blueprint(
            create_route(Answering(self.hub, kept, bytes_), lambda _: ("village", self.at_hub))
        )
        self.line = Line(app)
        self.way = Way("http://hub", transport=self.line)
        self.calling = Calling(
            self.village, self.village.database("here", create=True), self.at_village, "hub", random=bytes_
        )

    def close(self) -> None:
        self.way.close()
        self.village.close()
        self.hub.close()

    def again(self) -> None:
        """Both are started again."""
        self.close()
        self.open()

    def sync(self) -> Outcome:
        """One round of the agent's: exchange, or where that has nothing to go on from, compare and agree."""
        try:
            return self.calling.call(self.way, "/x")
        except NothingInCommon:
            names = sorted({*self.at_village.gives(), *self.at_hub.gives()})
            ways = [
                (self.village.database(name, create=True), self.hub.database(name, create=True))
                for name in names
            ]
            for here, there in ways:
                replicate(here, there, random=self.draw.randbytes)
            beginning = self.calling.beginning(self.way, "/x")
            for here, there in ways:
                replicate(there, here, random=self.draw.randbytes)
            self.calling.agree(self.way, "/x", self.village.update_seq, beginning)
            return self.calling.call(self.way, "/x")

    def put(self, store: Store, id: str, db: str = "station-1", **fields: Any) -> None:
        database = store.database(db, create=True)
        kept = database.get(id)
        database.put({"_id": id, **fields, **({"_rev": kept["_rev"]} if kept else {})})

    def bodies(self, store: Store, db: str = "station-1") -> dict[str, dict[str, Any]]:
        if db not in store.databases():
            return {}
        database = store.database(db)
        return database.bodies([row.id for row in database.all_docs(limit=100_000)])
