"""Runs a server: the port, the threads, a clean stop. Knows nothing of pages or documents."""

from __future__ import annotations

import errno
import logging
import select
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType

from flask import Flask
from waitress.server import create_server

from station.app import Parts
from sync.endpoint import WAITRESS

log = logging.getLogger("bianmin.server")


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
    server = create_server(
        app, sockets=[bound], threads=parts.settings.threads, ident=None, clear_untrusted_proxy_headers=True,
        channel_timeout=60, connection_limit=4000, asyncore_use_poll=hasattr(select, "poll"), max_request_body_size=64 * 1024 * 1024, **WAITRESS,
    )  # fmt: skip
    stopping = threading.Event()
    workers = [threading.Thread(target=_follow, args=(parts, stopping), name="register", daemon=True)]
    if parts.settings.parents:
        run = parts.agent.run
        workers.append(
            threading.Thread(target=run, args=(parts.settings.sync_interval,), name="agent", daemon=True)
        )

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    try:
        signal.signal(signal.SIGTERM, stop)
        for worker in workers:
            worker.start()
        ready(f"http://{host}:{port}")
        server.run()
    except KeyboardInterrupt:
        pass
    finally:
        server.close()
        stopping.set()
        parts.agent.stop()
        for worker in workers:
            if worker.is_alive():
                worker.join(timeout=3)  # a request on a dead line may take longer; what landed is durable
        parts.close()


def _follow(parts: Parts, stopping: threading.Event) -> None:
    """Keeps the register close behind the store, so that no page has to wait for a long catch-up."""
    while not stopping.is_set():
        seen = parts.store.update_seq
        try:
            parts.register.catch_up()
        except Exception:
            log.exception("the register could not follow; pages will try again")
            stopping.wait(5)
        parts.store.wait(seen, 1.0)
