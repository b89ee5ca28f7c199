"""Where exchange is answered over HTTP: `POST /x`, a message for a message, and `GET /x`, the wait for news. As few words as
HTTP allows.

A message in parts is taken in while it comes, where the server hands its body over early (`sync.endpoint.asgi`); elsewhere
once all of it is there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import flask
from flask import Blueprint, Request, Response, request

from sync.endpoint import answers
from sync.endpoint.asgi import EARLY
from sync.endpoint.feed import FEEDS
from sync.errors import BadContentType, BadRequest, SyncError, TooLarge
from sync.exchange import message as messages
from sync.exchange.answering import Answering, Hearing
from sync.exchange.message import CONTENT_TYPE
from sync.exchange.news import NEWS, NONE, News
from sync.exchange.parts import PARTS, Arriving, framed, joined
from sync.exchange.side import Rights

PATH: Final = "/x"

Who = Callable[[Request], tuple[str, Rights]]


class ExchangeRoute(Blueprint):
    """The blueprint, and what takes bodies in early."""

    answering: Answering
    who: Who

    def early(self, environ: dict[str, Any], body: bytes) -> Incoming | None:
        """What takes in the body that begins so while it comes; None where that is for the route alone."""
        if (
            environ["PATH_INFO"] != PATH
            or environ["REQUEST_METHOD"] != "POST"
            or environ.get("CONTENT_TYPE") != CONTENT_TYPE
            or body[:1] != PARTS
        ):
            return None
        return Incoming(lambda: self.answering.hear(*self.who(flask.Request(environ))))


class Incoming:
    """A message on its way in. What is wrong with it is raised when it is asked for the answer, and nothing more is taken in."""

    def __init__(self, hear: Callable[[], Hearing]) -> None:
        self._hear = hear
        self._hearing: Hearing | None = None
        self._arriving = Arriving()
        self._fault: Exception | None = None
        self.how = messages.DICTIONARY_1
        """The asker's way of packing: an older one may not know the newest dictionary."""

    def feed(self, data: bytes) -> None:
        """Takes in what has become whole."""
        self._take(lambda: list(self._arriving.feed(data)))

    def answered(self) -> bytes:
        """The answer, at the end of the body."""
        self._take(lambda: list(self._arriving.end()))
        if self._fault is not None:
            raise self._fault
        assert self._hearing is not None
        parts = [
            messages.pack(each, self.how, 9 if len(each.documents) < 500 else 3)
            for each in self._hearing.answer()
        ]
        return parts[0] if len(parts) == 1 else b"".join(framed(parts))

    def _take(self, whole: Callable[[], list[bytes]]) -> None:
        if self._fault is not None:
            return
        try:
            if self._hearing is None:
                self._hearing = self._hear()
            self._hear_all(self._hearing, whole())
        except Exception as fault:
            self._fault = fault

    def _hear_all(self, hearing: Hearing, parts: list[bytes]) -> None:
        """What is whole at once is taken in at once: each time costs a commit."""
        some: list[messages.Message] = []
        try:
            for each in parts:
                some.append(messages.unpack(each))
                self.how = each[0] or self.how
        finally:
            if some:
                hearing.take(joined(some))


def create_route(answering: Answering, who: Who) -> ExchangeRoute:
    """`who`: the name of the end that asks, its own alone, and its rights; Unauthorized."""
    route = ExchangeRoute("exchange", __name__)
    route.answering, route.who = answering, who

    @route.post(PATH)
    def exchange() -> Response:
        incoming = request.environ.get(EARLY)
        if incoming is None:
            named = who(request)
            if request.mimetype != CONTENT_TYPE:
                raise BadContentType(f"A message has the type {CONTENT_TYPE}.")
            if not request.content_length:
                raise BadRequest("A message has a body, and says how long it is.")
            if request.content_length > messages.MAX_PACKED:
                raise TooLarge(f"A message has at most {messages.MAX_PACKED} bytes.")
            incoming = Incoming(lambda: answering.hear(*named))
            incoming.feed(request.get_data(cache=False))
        return Response(incoming.answered(), content_type=CONTENT_TYPE)

    @route.get(PATH)
    def news() -> Response:
        name, rights = who(request)
        seconds = request.args.get("wait", "0")
        if not (seconds.isascii() and seconds.isdecimal() and len(seconds) < 4):
            raise BadRequest("wait says how many seconds, at most three digits.")
        feed = News(name, rights.hears(), lambda: answering.has_news(name, rights), float(seconds))
        driven = request.environ.get(FEEDS)
        if driven is None:  # a server that can't wait without a thread does not wait
            return Response(NEWS if answering.has_news(name, rights) else NONE, content_type=CONTENT_TYPE)
        driven.append(feed)
        return Response(b"", content_type=CONTENT_TYPE)

    route.register_error_handler(SyncError, answers.problem)
    return route
