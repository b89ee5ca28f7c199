"""The page of backups: when the last one was made, where, how large, whether it could be restored; and one at once, into the folder of
the settings or onto a stick. Views only."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, render_template, request

from schemas.problems import DomainError
from station.web import parts, say, staff_only

blueprint = Blueprint("backup", __name__)


@blueprint.get("/backup")
@staff_only("sync")
def page() -> str:
    return _page()


@blueprint.post("/backup")
@staff_only("wake")
def make() -> Any:
    """One at once, and restored for a trial, before the answer comes."""
    backups = parts().backups
    if backups is None:
        abort(404)
    named = request.form.get("drive")
    into = (
        backups.into
        if not named
        else next((each.path for each in parts().drives() if str(each.path) == named), None)
    )
    if into is None:
        return _page(), 422
    try:
        backups.make(into)
    except DomainError as error:
        return _page(failed=say(error.problem)), 422
    return _page(made=True)


def _page(**given: Any) -> str:
    backups = parts().backups
    return render_template(
        "backup.html", told=backups.status() if backups else {}, into=backups.into if backups else None, cluster=backups is None, encrypted=parts().vault is not None,
        same_disk=backups.is_on_same_disk() if backups else False, drives=parts().drives() if backups else [], **given,
    )  # fmt: skip
