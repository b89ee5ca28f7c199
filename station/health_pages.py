"""The page of the self-check, and the line on the first page where something is wrong. Views only."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, url_for

from station import health
from station.web import parts, staff_only

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
@staff_only("sync")
def page() -> str:
    at, found = parts().checkup.last
    return render_template("health.html", at=at, found=found, subjects=health.SUBJECTS)


@blueprint.post("/health")
@staff_only("wake")
def check() -> Any:
    parts().checkup.check()
    return redirect(url_for("health.page"), 303)


@blueprint.app_context_processor
def _line() -> dict[str, Any]:
    return {"trouble": lambda: [each for each in parts().checkup.last[1] if each.level != "good"]}
