"""The commands `backup`, `verify` and `restore` of station and hub. Options only; the work is in station.backups and backup_copy."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import click
from flask import Flask

from schemas.problems import DomainError
from station import backup_copy, keystore, vault
from station.app import Parts
from station.backups import SCRATCH
from station.moment import system_clock
from station.settings import Settings

Build = Callable[[Settings], tuple[Flask, Parts]]
FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


def add_to(group: click.Group, build: Build, what: str, sentences: Callable[[], Any]) -> None:
    """Gives a group the three; `sentences` turns expected errors into one sentence each."""

    @group.command("backup", help=f"Make a backup below FOLDER, or where the settings say, and restore it for a trial (while the {what}"
        " is not running; while it runs, it does so by itself each day, and on its page at once).")  # fmt: skip
    @click.argument("folder", type=FOLDER, required=False)
    @click.pass_obj
    def _backup(settings: Settings, folder: Path | None) -> None:
        into = folder or settings.backup
        if into is None:
            raise click.UsageError("Name a FOLDER, or set --backup.")
        with sentences(), _refusals():
            _, parts = build(settings)
            with closing(parts):
                if parts.backups is None:
                    raise click.UsageError("The databases are in a CouchDB cluster: back that up.")
                made = parts.backups.make(into)
                checked = parts.backups.status()["checked"]
        click.echo(
            f"{made}: {checked['documents']} documents, {checked['events']} events, {checked['heads']} signed heads agree"
        )

    @group.command(
        "verify",
        help="Restore the backup in FOLDER for a trial, and say whether it could be used. Changes nothing.",
    )
    @click.argument("folder", type=FOLDER)
    @click.pass_obj
    def _verify(settings: Settings, folder: Path) -> None:
        with sentences(), _refusals():
            found = _check(settings, folder)
        if found.opened:
            click.echo(
                f"{folder}: good; {found.documents} documents, {found.events} events, {found.heads} signed heads agree"
            )
        else:
            click.echo(f"{folder}: whole to the byte; it was not opened, for its key is not on this computer")

    @group.command("restore", help=f"Put the backup in FOLDER in place of this {what}'s files (while it is not running). What is there now"
        " is moved aside, not deleted.")  # fmt: skip
    @click.argument("folder", type=FOLDER)
    @click.pass_obj
    def _restore(settings: Settings, folder: Path) -> None:
        with sentences(), _refusals():
            said = backup_copy.manifest(folder)
            if said.code != settings.code:
                raise click.UsageError(f"{folder} is a backup of {said.code}, and this is {settings.code}.")
            found = _check(settings, folder)
            before = backup_copy.put_back(folder, settings.data, system_clock())
        click.echo(
            f"{settings.data} is as it was at {said.at}. What was written since comes back from above with the next sync."
        )
        if before is not None:
            click.echo(f"What was there before is in {before}: delete it once all is well.")
        if not found.opened:
            click.echo(
                "Its key is not on this computer: bring it back with `unlock --staff NO` before `serve`."
            )


def _check(settings: Settings, folder: Path) -> backup_copy.Checked:
    """With the key, if it is on this computer; the scratch is in the data folder, which is encrypted's and private's place."""
    key = None
    name = vault.key_name(folder)
    if name is not None:
        try:
            key = keystore.keeper(settings.key_file).get(name)
        except keystore.KeyMissing:
            key = None  # of another store; this one's may come back by a password
    return backup_copy.check(folder, key, settings.data / SCRATCH, secrets.token_bytes)


class _refusals:
    """A backup that is none, or no good, is a refusal, not a wrong setting."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, DomainError) and error.problem.code.startswith("backup_"):
            click.echo(f"Error: {error}", err=True)
            sys.exit(1)
