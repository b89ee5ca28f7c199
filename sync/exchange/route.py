"""Where exchange is answered over HTTP: `POST /x`, a message for a message. As few words as HTTP allows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flask import Blueprint, Request, Response, request

from sync.endpoint import answers
from sync.errors import BadContentType, BadRequest, SyncError, TooLarge
from sync.exchange import message as messages
from sync.exchange.answering import Answering
from sync.exchange.message import CONTENT_TYPE
from sync.exchange.side import Rights

PATH: Final = "/x"


def create_route(answering: Answering, who: Callable[[Request], tuple[str, Rights]]) -> Blueprint:
    """`who`: the name of the end that asks, its own alone, and its rights; Unauthorized."""
    route = Blueprint("exchange", __name__)

    @route.post(PATH)
    def exchange() -> Response:
        name, rights = who(request)
        if request.mimetype != CONTENT_TYPE:
            raise BadContentType(f"A message has the type {CONTENT_TYPE}.")
        length = request.content_length
        if not length:
            raise BadRequest("A message has a body, and says how long it is.")
        if length > messages.MAX_PACKED:
            raise TooLarge(f"A message has at most {messages.MAX_PACKED} bytes.")
        data = request.get_data(cache=False)
        answer = answering.answer(name, rights, messages.unpack(data))
        # In the asker's own way of packing: an older one may not know the newest dictionary.
        how = data[0] or messages.DICTIONARY_1
        packed = messages.pack(answer, how, 9 if len(answer.documents) < 500 else 3)
        return Response(packed, content_type=CONTENT_TYPE)

    route.register_error_handler(SyncError, answers.problem)
    return route
