"""The button that opens the practice beside this station, in a process of its own, for whoever sits at this computer."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any, Final

from flask import Blueprint, render_template

from station import practice, start
from station.web import parts

blueprint = Blueprint("practice", __name__)

START_SECONDS: Final = 30.0


@blueprint.get("/practice")
def page() -> Any:
    return render_template("practice.html", **_told())


@blueprint.post("/practice")
def begin() -> Any:
    """Starts it unless it runs, and waits until it answers."""
    if not start.is_here() or parts().practice:
        return start.elsewhere()
    settings = practice.settings_for(parts().settings)
    # With a port that changes at each start nobody could be told where it is.
    if settings.port and not practice.is_up(settings.port):
        real = parts().settings
        command = [
            sys.executable,
            "-m",
            "station.cli",
            "--data",
            str(real.data),
            "--code",
            real.code,
            "--port",
            str(real.port),
            "practice",
        ]
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)  # noqa: S603
        parts().started.append(process)
        until = time.monotonic() + START_SECONDS
        while not practice.is_up(settings.port) and process.poll() is None and time.monotonic() < until:
            time.sleep(0.1)
    return render_template("practice.html", **_told())


def _told() -> dict[str, Any]:
    port = practice.settings_for(parts().settings).port
    up = not parts().practice and bool(port) and practice.is_up(port)
    return {
        "up": up,
        "url": f"http://localhost:{port}",
        "number": practice.NUMBER,
        "password": practice.PASSWORD,
    }
