"""The commands that write and read files for sticks, for whoever works without a browser, and while the server is stopped. Options
only; the work is in station.stick and sync.stick.folder."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import click
from flask import Flask

from schemas import tables
from station.app import Parts
from station.personal_commands import somebody
from station.settings import Settings
from sync.stick import file as files
from sync.stick import folder as folders
from sync.stick.file import BadStick

Build = Callable[[Settings], tuple[Flask, Parts]]


def add_to(group: click.Group, build: Build, what: str, sentences: Callable[[], Any]) -> None:
    """Gives a group `stick write` and `stick read`."""

    @group.group(
        "stick", help=f"Sync by a stick (while the {what} is not running; while it runs, by its page)."
    )
    def _stick() -> None:
        """Only holds the two."""

    add_both(_stick, build, sentences)


def add_both(group: click.Group, build: Build, sentences: Callable[[], Any]) -> None:
    """Gives a group `write` and `read`; `build` makes the parts, `sentences` turns expected errors into one sentence each."""

    @group.command("write", help="Write a file into FOLDER for the hub, or another station, to read.")
    @click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
    @click.option("--to", default=tables.HUB, show_default=True, help="The reader's 12-digit code.")
    @click.option("--whole", is_flag=True, help="Leave nothing out that the reader is known to have.")
    @click.pass_obj
    def _write(settings: Settings, folder: Path, to: str, whole: bool) -> None:
        with sentences():
            _, parts = build(settings)
            with closing(parts):
                write(parts, folder, to, whole)

    @group.command(
        "read", help="Take in files that were written for this server; a folder stands for those in it."
    )
    @click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
    @click.pass_obj
    def _read(settings: Settings, paths: tuple[Path, ...]) -> None:
        with sentences():
            _, parts = build(settings)
            with closing(parts):
                taken = [
                    read(parts, path)
                    for each in paths
                    for path in (folders.found(each) if each.is_dir() else [each])
                ]
        if not any(taken):
            sys.exit(1)


def write(parts: Parts, folder: Path, to: str, whole: bool) -> None:
    """Writes one file, and says what is in it."""
    stick, account = parts.sticks.write(to, whole=whole)
    parts.access.note("stick", somebody(parts), reason=f"{to}: {account.records}", durable=True)
    with click.progressbar(length=stick.length, file=sys.stderr) as bar:
        path = folders.put(folder, stick, lambda written: bar.update(written - bar.pos))
    click.echo(f"{path}: {account.records} records, {account.pieces} pieces of files, {stick.length} bytes")
    if account.left:
        click.echo(f"{account.left} more did not go into it; write again once its answer was read")


def read(parts: Parts, path: Path) -> bool:
    """Takes one file in, or says why not."""
    try:
        with path.open("rb") as file:
            report = parts.sticks.read(files.kept(file))
    except BadStick as error:
        click.echo(f"{path}: nothing taken. {error.reason}", err=True)
        return False
    parts.access.note("stick_in", somebody(parts), reason=f"{report.sender}: {report.number}")
    click.echo(
        f"{path}: {report.records + report.pieces} from {report.sender}, {report.new} new, {report.here} known,"
        f" {len(report.refused)} refused"
    )
    for db, each in report.refused:
        click.echo(f"    refused: {each.id or db}: {each.reason}")
    return True
