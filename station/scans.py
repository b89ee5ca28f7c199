"""Pages of scans: taken in with a form, added to a case later, opened by who works on it.

    field scan-<n> (n: number of the material), several files each ─> capture ─> casework ─> case page
    a form that can't be saved ─> tray ─> offered with the form when it is shown again

A scan shows what is masked everywhere else. So it opens for those who work on the case (duty `files`) and nobody else, no page
shows one unasked, and each opening is in the access log, on the disk, before a byte is sent. What is sent is what the event
states, to the byte; of a type that was looked at anew; and no browser runs anything in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from flask import Blueprint, Response, abort, redirect, request, url_for
from flask_babel import gettext

from schemas.lifecycle import CaseState
from schemas.problems import N_, DomainError, Problem
from station import databases, files, forms, pages
from station.files import Progress, Scan
from station.staff import Staff
from station.web import page, parts, staff_only
from sync import blobs
from sync.blobs import Data, Spooled

blueprint = Blueprint("scans", __name__)

MOST: Final = 10  # files in a form
FIELD: Final = re.compile(r"scan-([1-9]\d{0,2})", re.ASCII)
# Of what is opened: nothing in it runs, loads or posts anything.
POLICY: Final = "default-src 'none'; sandbox"


@dataclass
class Sent:
    """The files that came with a form, those put aside when it could not be saved the last time among them."""

    form: str = ""
    scans: list[Scan] = field(default_factory=list)
    new: list[Scan] = field(default_factory=list)
    refused: list[Problem] = field(default_factory=list)

    @property
    def materials(self) -> set[int]:
        """Numbers of the materials that were scanned."""
        return {each.material for each in self.scans}

    def put_aside(self, staff: Staff) -> None:
        """Keeps them until the form comes again."""
        if self.form and self.new:
            parts().tray.put(self.form, staff.employee_no, self.new)

    def saved(self, case_no: str, staff: Staff) -> None:
        """They are with their case now."""
        if self.form:
            parts().tray.drop(self.form, staff.employee_no)
        for each in self.scans:
            parts().originals.keep(case_no, each)
        self.new = []


def sent(staff: Staff | None = None) -> Sent:
    """The files of this request, sent by this person, or by who is signed in. What can't be taken is refused in words, and keeps
    nothing else from being saved."""
    staff = staff or pages.me()
    found = _received()
    if found.form:
        dropped = [name[5:] for name in request.form if name.startswith("drop-")]
        if dropped:
            parts().tray.drop(found.form, staff.employee_no, dropped)
        found.scans = [*parts().tray.take(found.form, staff.employee_no).values(), *found.new]
    return found


def put_aside(staff: Staff) -> None:
    """Keeps the files of a form that came when the page had locked."""
    _received().put_aside(staff)


def put_aside_of(form: str, staff: Staff) -> dict[int, list[tuple[str, Scan]]]:
    """What is kept for a form, by material: what to drop it by, and the file."""
    found: dict[int, list[tuple[str, Scan]]] = {}
    if forms.FORM_TOKEN.fullmatch(form):
        for name, scan in parts().tray.take(form, staff.employee_no).items():
            found.setdefault(scan.material, []).append((name, scan))
    return found


def _received() -> Sent:
    token = request.form.get("form", "")
    found = Sent(token if forms.FORM_TOKEN.fullmatch(token) else "")
    chosen = [
        (int(name[1]), each)
        for key, each in request.files.items(multi=True)
        if (name := FIELD.fullmatch(_field(key))) and each.filename
    ]
    if not chosen:
        return found
    from station.capture import capture  # loads Pillow

    settings = parts().settings
    for material, each in chosen[:MOST]:
        try:
            scan = capture(
                each.stream, each.filename or "", material,
                edge=settings.image_edge, quality=settings.image_quality, keep=settings.keep_originals,
            )  # fmt: skip
        except DomainError as error:
            found.refused.append(error.problem)
        else:
            found.new.append(
                scan._replace(data=_aside(scan.data), original=scan.original and _aside(scan.original))
            )
    if len(chosen) > MOST:
        text = N_("一次最多添加 {max} 个文件，其余 {n} 个没有收下，请再添加一次")
        found.refused.append(Problem("files_many", text, {"max": MOST, "n": len(chosen) - MOST}))
    found.scans = list(found.new)
    return found


def _aside(data: Data) -> Data:
    """Large files of one form are not all held in memory."""
    return Spooled((blobs.whole(data),)) if blobs.length(data) > blobs.IN_MEMORY else data


def _field(key: str) -> str:
    """The field's name; where the material was chosen from a list, by what was chosen."""
    return f"scan-{request.form.get('material', '')}" if key == "scan" else key


# -- adding ----------------------------------------------------------------------------------------------------------


@blueprint.post("/cases/<case_no>/files")
@staff_only("record")
def attach(case_no: str) -> Any:
    """Adds scans to a case that is open."""
    pages.visible(case_no)
    came = sent()
    problem = None
    if came.scans:
        try:
            parts().casework.attach(case_no, pages.me(), came.scans, check=parts().house.check)
            came.saved(case_no, pages.me())
        except DomainError as error:
            problem = error.problem
    elif not came.refused:
        problem = Problem("no_files", N_("请选择要添加的扫描件"))
    if problem or came.refused:
        return pages.case_page(case_no, problem=problem, refused=came.refused), 409 if problem else 422
    return redirect(url_for("pages.case", case_no=case_no, _anchor="files"), 303)


@blueprint.post("/cases/<case_no>/files/<sha256>/detach")
@staff_only("record")
def detach(case_no: str, sha256: str) -> Any:
    """Takes a wrong scan off. The event stays, and the file with it, marked with the reason."""
    pages.visible(case_no)
    material, why = request.form.get("material", ""), forms.text(request.form, "reason", 200)
    said = {"material": int(material) if material.isdecimal() else 0, "sha256": sha256, "reason": why}
    try:
        parts().casework.act(case_no, pages.me(), [("detach", said)], check=parts().house.check)
    except DomainError as error:
        return pages.case_page(case_no, problem=error.problem, failed=sha256), 409
    return redirect(url_for("pages.case", case_no=case_no, _anchor="files"), 303)


# -- looking ---------------------------------------------------------------------------------------------------------


def of_case(state: CaseState, shown: CaseState) -> dict[int, list[tuple[Mapping[str, Any], Progress]]]:
    """A case's files by material, each with how much of it is here. `shown`: the case as the reader sees it."""
    if not state.files:
        return {}
    here = files.progress(_database(state.case_no), state.files)
    found: dict[int, list[tuple[Mapping[str, Any], Progress]]] = {}
    for each in shown.files:
        found.setdefault(each["material"], []).append((each, here[each["sha256"]]))
    return found


def whole_of(state: CaseState) -> list[Scan]:
    """A case's files as they would come with a form; those that are all here."""
    found = []
    for each in state.files:
        if "detached_at" in each:
            continue
        data = files.read(_database(state.case_no), each)
        if not isinstance(data, Progress):
            quality = tuple(each.get("quality") or ())
            found.append(Scan(each["material"], each["name"], each["media_type"], blobs.whole(data), quality))
    return found


@blueprint.get("/cases/<case_no>/files/<sha256>")
@staff_only("files")
def opened(case_no: str, sha256: str) -> Any:
    """A scan itself; `original=1`: the photo as it came, while this computer has it."""
    state = pages.visible(case_no)
    file = next((each for each in state.files if each["sha256"] == sha256), None)
    if file is None:
        abort(404)
    data = files.read(_database(case_no), file)
    if isinstance(data, Progress):
        told = gettext("已到 {here}/{of} 片。到齐后就能打开，请过一会儿再来。").format(
            here=data.here, of=data.of
        )
        return page(202, gettext("文件还在路上"), told)
    if "original" in request.args:
        data = parts().originals.get(case_no, sha256) or data
    called = next((str(each["name"]) for each in state.materials if each.get("seq") == file["material"]), "")
    parts().access.note(
        "file", pages.me(), case_no=case_no, reason=called, address=request.remote_addr or "", durable=True
    )
    media_type = files.type_of(data)
    response = Response(data, content_type=media_type)
    plain = f"{case_no}-{sha256[:8]}.{media_type.rpartition('/')[2]}"
    response.headers["Content-Disposition"] = (
        f"inline; filename=\"{plain}\"; filename*=UTF-8''{quote(file['name'], safe='')}"
    )
    response.headers["Content-Security-Policy"] = POLICY
    return response


def _database(case_no: str) -> Any:
    return parts().store.database(databases.of_case(case_no))
