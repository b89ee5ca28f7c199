"""Requests to an application in this process. Holds what such a way can't do: a body that comes as it goes."""

from __future__ import annotations

import flask
import httpx


def whole(request: httpx.Request) -> httpx.Request:
    """The request with its body at once, and its length said, as WSGI has it. (Over sockets it is taken in while it comes.)"""
    if "transfer-encoding" not in request.headers:
        return request
    headers = {name: value for name, value in request.headers.items() if name != "transfer-encoding"}
    return httpx.Request(
        request.method, request.url, headers=headers, content=request.read(), extensions=request.extensions
    )


class InProcess(httpx.BaseTransport):
    """The way to an application in this process."""

    def __init__(self, app: flask.Flask) -> None:
        self._way = httpx.WSGITransport(app=app)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._way.handle_request(whole(request))
