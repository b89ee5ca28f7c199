"""Node's programs for tests and benchmarks: PouchDB Server as a peer, and the scripts of this folder as clients.

Starts processes on loopback and ends those, and no others. Knows nothing of what they are used for.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

FOLDER = Path(__file__).parent
START_SECONDS = 60.0


def absent() -> str | None:
    """Why Node's programs can't be run here, in a sentence; None if they can."""
    if shutil.which("node") is None:
        return "no Node: install Node 18 or later, then run npm ci in tests/node"
    if not (FOLDER / "node_modules" / "pouchdb" / "package.json").exists():
        return "Node's packages are not installed: run npm ci in tests/node"
    return None


def require() -> None:
    """Without Node a test is skipped on a person's machine and fails in CI."""
    if (words := absent()) is not None:
        if os.environ.get("CI"):
            pytest.fail(words)
        pytest.skip(words)


def node(script: str, *arguments: object, timeout: float = 60.0) -> Any:
    """Runs `script` of this folder with `arguments`, given as JSON; what it wrote, as JSON."""
    require()
    ran = subprocess.run(
        _command(script, arguments), capture_output=True, text=True, timeout=timeout, check=False
    )
    assert ran.returncode == 0, f"{script} ended with {ran.returncode}:\n{ran.stderr}{ran.stdout[-2000:]}"
    return json.loads(ran.stdout)


class Conversation:
    """A script that answers each line of JSON with a line of JSON."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None and process.stdout is not None
        self._process, self._in, self._out = process, process.stdin, process.stdout

    def ask(self, question: Any) -> Any:
        self._in.write(json.dumps(question) + "\n")
        self._in.flush()
        answer = self._out.readline()
        assert answer, f"the script ended with {self._process.wait(10)}"
        return json.loads(answer)


@contextmanager
def conversation(script: str, *arguments: object) -> Iterator[Conversation]:
    """`script` of this folder, running; it ends when its input does."""
    require()
    with subprocess.Popen(
        _command(script, arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Conversation(process)
        finally:
            _end(process)


def _command(script: str, arguments: Iterable[object]) -> list[str]:
    return ["node", str(FOLDER / script), *(json.dumps(argument) for argument in arguments)]


@contextmanager
def pouchdb_server(folder: Path, *, in_memory: bool = False) -> Iterator[str]:
    """PouchDB Server with its files in `folder`, everybody an admin: the address of its root, without a slash."""
    require()
    folder.mkdir(parents=True, exist_ok=True)
    program = FOLDER / "node_modules" / "pouchdb-server" / "bin" / "pouchdb-server"
    port = _free_port()
    command = ["node", str(program), "--port", str(port), "--dir", "data", "--config", "config.json"]
    command += ["--no-stdout-logs", *(["--in-memory"] if in_memory else [])]
    with (folder / "console.txt").open("wb") as console:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url, process, folder / "console.txt")
            yield url
        finally:
            _end(process)


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _wait(url: str, process: subprocess.Popen[bytes], console: Path) -> None:
    """Until the server says who it is: another program that got its port first must not count."""
    deadline = time.monotonic() + START_SECONDS
    with httpx.Client(trust_env=False, timeout=5) as client:
        while True:
            if process.poll() is not None:
                raise RuntimeError(f"PouchDB Server did not start: {console.read_text(errors='replace')}")
            try:
                if "express-pouchdb" in client.get(url).json():
                    return
            except (httpx.TransportError, ValueError):
                pass
            if time.monotonic() > deadline:
                raise TimeoutError(f"PouchDB Server did not answer in time: {console.read_text()}")
            time.sleep(0.05)


def _end(process: subprocess.Popen[Any]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(2 if process.stdin is not None else 0)
    except subprocess.TimeoutExpired:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
