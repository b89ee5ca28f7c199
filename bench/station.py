"""What a station costs a village laptop: seconds from process start to the first page, and memory when idle.

The real command with a real store, started five times; the page is the first one that a browser gets, over HTTP. The peer for
the start is a Python that only imports what serves a page (flask, uvicorn, httpx, apsw), measured in the same run: nobody can be
faster than that. Memory is the resident set after the first page and ten seconds of rest.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import psutil

STARTS = 5
REST = 10.0
CODE = "510903001001"
LIMIT = (
    "import flask, flask_babel, flask_wtf, flask_bootstrap, uvicorn, httptools, httpx, apsw, click, argon2"
)


def start(data: Path) -> tuple[subprocess.Popen[str], float]:
    """(process, seconds from its start to the first page)."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "station.cli", "--data", str(data), "--code", CODE, "--port", "0",
         "--key-file", str(data.with_suffix(".key")), "serve"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )  # fmt: skip
    assert process.stdout is not None
    url = process.stdout.readline().rsplit(" ", 1)[1].strip()
    answer = httpx.get(url, trust_env=False, follow_redirects=True)
    seconds = time.perf_counter() - began
    assert answer.status_code == 200
    return process, seconds


def stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=30)


def imports() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", LIMIT], check=True)
    return time.perf_counter() - began


def run() -> dict[str, Any]:
    first, again, limit = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for n in range(STARTS):
            data = Path(folder) / str(n)
            for into in (first, again):
                process, seconds = start(data)
                into.append(seconds)
                stop(process)
            limit.append(imports())
        process, _ = start(Path(folder) / "0")
        time.sleep(REST)
        memory = psutil.Process(process.pid).memory_info().rss / 2**20
        stop(process)
    seconds, floor = median(again), median(limit)
    return {
        "results": {
            "first start with a new store, s": round(median(first), 2),
            "start with a store, s": round(seconds, 2),
            "bare imports, s": round(floor, 2),
            "resident memory when idle, MB": round(memory, 1),
        },
        "goals": [
            {
                "name": "process start to first page (peer: bare imports of the libraries)",
                "value": round(seconds, 2),
                "unit": "s",
                "goal": 1.5,
                "peer": round(floor, 2),
                "met": seconds <= 1.5,
            },
            {
                "name": "resident memory of an idle station",
                "value": round(memory, 1),
                "unit": "MB",
                "goal": 80,
                "peer": 80,
                "met": memory <= 80,
            },
        ],
    }
