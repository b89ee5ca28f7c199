"""The page on which files for sticks are written and read: through the browser, which saves to a stick and reads from one, also where
the server is not the computer that the stick is in; where it is, written right onto it, and read back.

Says in a clerk's words what came, or why nothing was taken. Who may is station.duties'; what a file is, station.stick's.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext

from schemas import tables
from schemas.problems import N_
from station import pages, personal
from station.drives import Drive
from station.stick import NoReader, Plan, Report
from station.transport import is_loopback
from station.web import parts, staff_only
from sync.errors import SyncError
from sync.stick import file as files
from sync.stick import folder as folders
from sync.stick.file import BadStick, Header
from sync.stick.folder import StickFailed
from sync.stick.load import Account

blueprint = Blueprint("stick", __name__)

READ: Final = "/stick/read"
SHOWN: Final = 20  # stations; any other is named by its code
SENTENCES: Final[dict[str, str]] = {
    "stick_none": N_("这不是便民的U盘文件。请选择名称以 bianmin 开头、以 .bianmin 结尾的文件。"),
    "stick_too_new": N_("这个文件是用更新的版本写的，本机版本太旧。请先更新本机的软件，再读一次。"),
    "stick_cut": N_("文件不完整：复制没有结束就拔了U盘，或者U盘有问题。请回到原来的电脑重新写一次，换一个U盘更稳妥。"),
    "stick_altered": N_("文件被改动过，或者U盘有坏块。请回到原来的电脑重新写一次；换了U盘还是这样，请告知市中心。"),
    "stick_unsound": N_("文件完整，但内容不合要求。请把文件留好，并告知市中心。"),
    "stick_foreign": N_("这是别的站的文件，与本站无关。"),
    "stick_not_for_us": N_("这个文件不是写给本站这台电脑的，本机打不开。请核对是给谁的；如果本站换过电脑，请对方重新写一次。"),
    "stick_revoked": N_("写这个文件的电脑已被停用，不能再为该站送记录。请告知市中心。"),
    "stick_read": N_("这个文件已经读过，不用再读。"),
    "stick_old": N_("这是旧文件：同一站后来写的文件已经读过，里面都有。请读最新的一个。"),
    "stick_failed": N_("没有写成，U盘上没有留下文件。请看U盘是否插好、有没有写保护、空间够不够；读回来的和写进去的不一样时，请换一个U盘。"),
    "stick_no_reader": N_("还没有对方的密钥，不能写。对方要先注册，本机注册后也要联网同步过一次；请核对站点编码，或联系市中心。"),
}  # fmt: skip


class Offer(NamedTuple):
    """A station that a file may be written for, and what it would bring."""

    code: str
    name: str
    plan: Plan
    last: tuple[int, str] | None


class Written(NamedTuple):
    """A file that is on a stick."""

    file: str
    drive: Drive
    account: Account
    reader: str


class Waiting(NamedTuple):
    """A file for us that is on a stick in this computer, and was not read yet."""

    path: Path
    drive: str
    header: Header


@blueprint.get("/stick")
@staff_only("stick")
def page() -> str:
    return _page()


@blueprint.post("/stick/write")
@staff_only("stick")
def write() -> Any:
    """A file for the station that was chosen, to be saved on a stick."""
    to = request.form.get("station", "").strip()
    drive = next((each for each in _drives() if str(each.path) == request.form.get("drive")), None)
    try:
        stick, account = parts().sticks.write(to, whole="whole" in request.form)
    except NoReader as error:
        return _page(problem=error, asked=to), 422
    name = pages.name_of(to)
    personal.note(
        "stick", reason=gettext("写给 {name}：{n} 条记录，已加密").format(name=name, n=account.records)
    )
    if "drive" in request.form:
        try:
            if drive is None:
                raise StickFailed("The stick is not in any more.")
            return _page(written=Written(folders.put(drive.path, stick).name, drive, account, name))
        except StickFailed as error:
            return _page(problem=error), 422
    response = Response(stick.pieces(), content_type="application/octet-stream")
    response.content_length = stick.length
    response.headers["Content-Disposition"] = f'attachment; filename="{stick.name}"'
    return response


@blueprint.post(READ)
@staff_only("stick")
def read() -> Any:
    """Takes in the file that was chosen, or that lies on a stick in this computer."""
    try:
        with _chosen() as file:
            kept = files.kept(file)
        report = parts().sticks.read(kept)
    except BadStick as error:
        return _page(problem=error), 422
    personal.note(
        "stick_in",
        reason=gettext("{name} 的第 {n} 号").format(name=pages.name_of(report.sender), n=report.number),
    )
    parts().agent.wake()  # what came may go on by the line
    return _page(report=report)


def _chosen() -> IO[bytes]:
    given, path = request.files.get("file"), request.form.get("found")
    if path:
        found = next((each.path for each in _waiting() if str(each.path) == path), None)
        if found is None:
            raise files.Cut("The stick is not in any more.")
        return found.open("rb")
    if given is None or not given.filename:
        raise files.NoStick("No file was chosen.")
    return given.stream


def _waiting() -> list[Waiting]:
    """The files on sticks in this computer that may be read here, the newest first."""
    found = []
    for drive in _drives():
        for path in folders.found(drive.path)[:SHOWN]:
            with suppress(BadStick, OSError):
                with path.open("rb") as file:
                    header = files.read_head(file)
                parts().sticks.check_writer(header)
                if parts().sticks.is_stale(header) is None:
                    found.append(Waiting(path, drive.name, header))
    return sorted(found, key=lambda each: each.header.number, reverse=True)


def _drives() -> list[Drive]:
    """The sticks in the computer that the reader of the page sits at, where it is this one."""
    return parts().drives() if is_loopback(request.remote_addr or "") else []


def _page(
    *,
    report: Report | None = None,
    problem: SyncError | None = None,
    written: Written | None = None,
    asked: str = "",
) -> str:
    sticks = parts().sticks
    offers = [
        Offer(code, pages.name_of(code), sticks.plan(code), sticks.last_read(code))
        for code in sticks.readers()[:SHOWN]
    ]
    return render_template(
        "stick.html", offers=offers, report=report, names=pages.name_of, asked=asked, written=written, drives=_drives(), files=_waiting(),
        problem=gettext(SENTENCES[problem.error]) if problem else "", nothing_taken=isinstance(problem, BadStick) and not isinstance(problem, NoReader),
        answer=report is not None and report.sender not in tables.ancestors(parts().settings.code),
    )  # fmt: skip
