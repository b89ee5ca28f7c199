"""Runs a server: the port, the threads, a clean stop. Knows nothing of pages or documents."""

from __future__ import annotations

import errno
import logging
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from types import FrameType
from typing import Any, Final

from flask import Flask
from werkzeug.http import parse_cookie

from station import stick_pages, transport, web
from station.agent import DIALECT
from station.app import Parts
from station.web import TOO_LARGE, may_send_files
from sync.endpoint import Endpoint
from sync.endpoint.asgi import Asgi
from sync.endpoint.http import HttpServer
from sync.errors import SyncError
from sync.exchange.route import PATH, ExchangeRoute
from sync.store import Store

log = logging.getLogger("bianmin.server")

TEND_SECONDS: Final = 3600.0
LOOK_SECONDS: Final = 60.0
FOLLOW_SECONDS: Final = 0.05
"""Between two looks of the register's follower: what is written meanwhile, by thousands of stations say, is followed in one step. Pages
look for themselves."""
LARGEST_FORM: Final = 1024 * 1024  # bytes of a page's form without files


class CannotListen(Exception):
    """The address is taken or not ours; the message says what to do."""


def listen(host: str, port: int) -> socket.socket:
    """A bound socket, or CannotListen with a sentence."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        bound = socket.socket(family, socket.SOCK_STREAM)
        # So that a server that was just killed can start again at once; on Windows the flag means something else.
        if hasattr(signal, "SIGKILL"):
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            reason = f"port {port} is in use: another program, or this one already running. Stop it or choose another --port"
        elif error.errno == errno.EACCES:
            reason = f"port {port} needs administrator rights. Choose a --port above 1024"
        else:
            reason = f"can't listen on {host}:{port}: {error.strerror or error}"
        raise CannotListen(reason) from error
    return bound


def serve(app: Flask, parts: Parts, bound: socket.socket, *, ready: Callable[[str], None]) -> None:
    """Answers requests until SIGINT or SIGTERM, with the agent and the register's follower beside; then stops cleanly.

    `ready` is called with the address once requests are answered.
    """
    host, port = bound.getsockname()[:2]
    _let_many_in()
    tls = None
    if transport.speaks_tls(parts.settings):
        tend(parts)
        if (tls := parts.tls.server()) is None:
            raise CannotListen(transport.NO_CERTIFICATE.format(host=parts.settings.host))
    bridge = asgi(app, parts)
    scheme = "http" if tls is None else "https"

    def answers() -> None:
        parts.upgrading.works()
        ready(f"{scheme}://{host}:{port}")

    server = HttpServer(bridge, bound, ready=answers, tls=tls)
    parts.upgrading.stop = server.stop
    stopping = threading.Event()
    workers = [threading.Thread(target=_follow, args=(parts, stopping), name="register", daemon=True)]
    if transport.is_for_others(parts.settings):
        workers.append(threading.Thread(target=_tend, args=(parts, stopping), name="tls", daemon=True))
    if parts.here.level != "city" and not parts.practice:
        run = parts.agent.run
        workers.append(
            threading.Thread(target=run, args=(parts.settings.sync_interval,), name="agent", daemon=True)
        )

    workers.append(threading.Thread(target=_look_after, args=(parts, stopping), name="backup", daemon=True))

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    try:
        signal.signal(signal.SIGTERM, stop)
        for worker in workers:
            worker.start()
        server.run()
    except KeyboardInterrupt:  # the server stops cleanly at a signal, and then lets it have its way
        pass
    finally:
        bridge.close()
        stopping.set()
        parts.agent.stop()
        for worker in workers:
            if worker.is_alive():
                worker.join(timeout=3)  # a request on a dead line may take longer; what landed is durable
        parts.close()


def _let_many_in() -> None:
    """A connection is an open file, and many systems give a program a thousand unless it asks for more."""
    if sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def asgi(app: Flask, parts: Parts) -> Asgi:
    """The application with feeds that hold no thread, and large bodies only from those who may send them."""
    endpoint: Endpoint | None = app.extensions.get("bianmin-endpoint")
    idle = timedelta(seconds=parts.settings.idle_lock)

    def knows(environ: dict[str, Any]) -> bool:
        if environ["PATH_INFO"].startswith(DIALECT + "/") or environ["PATH_INFO"] == PATH:
            return endpoint is not None and endpoint.knows(environ)
        if environ["PATH_INFO"] == stick_pages.READ:
            return parts.accounts.session(parse_cookie(environ).get(web.COOKIE, ""), idle) is not None
        if int(environ.get("CONTENT_LENGTH") or LARGEST_FORM + 1) <= LARGEST_FORM or may_send_files(
            parts, environ
        ):
            return True
        environ[TOO_LARGE] = True
        return False

    exchange: ExchangeRoute | None = app.extensions.get("bianmin-exchange")
    early = {} if exchange is None else {"early": exchange.early}
    bridge = Asgi(
        app, parts.store, threads=parts.settings.threads, knows=knows, queues=is_of_a_server, **early
    )
    app.extensions["bianmin-bridge"] = bridge
    parts.trust.listeners.append(bridge.wake)
    return bridge


def is_of_a_server(environ: dict[str, Any]) -> bool:
    """Whether a request is an exchange or begins what leads to one: whoever asks can wait, and is not a person. Who has been given
    a challenge is let go on."""
    return environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"] in (PATH, "/trust/challenge")


def tend(parts: Parts) -> None:
    """Renews this server's certificate if it is due, and gives it to the proxy in front. Where it can't be had now, what there is
    goes on."""
    names = transport.outward_names(parts.settings)
    try:
        # Behind a proxy with a certificate of its own there is nothing to look after.
        if (parts.tls.certificate or not parts.settings.proxies) and parts.tls.is_due(names):
            parts.tls.renew(names, parts.certify)
            log.info("the certificate is renewed, for %s", ", ".join(parts.tls.names))
        if parts.settings.proxies and parts.tls.certificate:
            parts.tls.write_files(parts.settings.data / "tls")
    except SyncError as error:
        log.warning("the certificate could not be renewed; tried again in an hour: %s", error)


def _tend(parts: Parts, stopping: threading.Event) -> None:
    while not stopping.wait(TEND_SECONDS):
        try:
            tend(parts)
        except Exception:
            log.exception("the certificate could not be looked after; tried again in an hour")


def _look_after(parts: Parts, stopping: threading.Event) -> None:
    """What takes long and nobody waits for: backups, the self-check, upgrades."""
    while not stopping.wait(LOOK_SECONDS):
        try:
            if parts.backups is not None:
                parts.backups.tend()
            parts.checkup.tend()
            if parts.here.level != "city":
                parts.upgrading.tend()
        except Exception:
            log.exception("backup and self-check could not be looked after; tried again in a minute")


def _follow(parts: Parts, stopping: threading.Event) -> None:
    """Keeps the register close behind the store, so that no page has to wait for a long catch-up, and the store tidy, so that
    no save has to."""
    while not stopping.is_set():
        seen = parts.store.update_seq
        try:
            parts.register.catch_up()
            if parts.lives is not None:
                parts.lives.note(seen, time.monotonic())
            if isinstance(parts.store, Store):
                parts.store.tend()
            for chore in parts.chores:
                chore()
            parts.access.tend(time.monotonic())
            if parts.archive.tend(time.monotonic()):
                continue
        except Exception:
            log.exception("the register could not follow; pages will try again")
            stopping.wait(5)
        parts.store.wait(seen, 1.0)
        stopping.wait(FOLLOW_SECONDS)
