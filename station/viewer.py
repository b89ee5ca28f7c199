"""The scans of a case one after another (逐份查看): each with its material, how many there are, and the way to the one before and the next.

A view only. The scan itself comes from station.scans, which lets in and logs whoever looks; this page shows nothing of one.
"""

from __future__ import annotations

from flask import Blueprint, abort, render_template

from station import pages, scans
from station.web import staff_only

blueprint = Blueprint("viewer", __name__)


@blueprint.get("/cases/<case_no>/look/<sha256>")
@staff_only("files")
def look(case_no: str, sha256: str) -> str:
    """One scan of those that count, in the order of the materials."""
    state = pages.visible(case_no)
    names = {each.get("seq"): str(each["name"]) for each in state.materials}
    found = {
        file["sha256"]: (names.get(seq, ""), file, progress)
        for seq, those in sorted(scans.of_case(state, state).items())
        for file, progress in those
        if "detached_at" not in file
    }
    every = list(found)
    if sha256 not in found:
        abort(404)
    n = every.index(sha256)
    material, file, progress = found[sha256]
    return render_template(
        "look.html", state=state, material=material, file=file, progress=progress, n=n + 1, of=len(every),
        before=every[n - 1] if n else "", after=every[n + 1] if n + 1 < len(every) else "",
    )  # fmt: skip
