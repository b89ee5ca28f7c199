"""The commands about personal data that station and hub share: the access log, and all that is held of a person.

Each is in the access log like its page, in the name of whoever is signed in at the computer. Options only; the work is in
station.access and station.person.
"""

from __future__ import annotations

import getpass
import re
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import click
from flask import Flask

from schemas.problems import DomainError
from station import audit, export, forms, keystore, person, reasons
from station.access import ACTS, Asked
from station.app import Parts
from station.moment import stamp
from station.register import id_digest
from station.settings import Settings
from station.staff import Staff

Build = Callable[[Settings], tuple[Flask, Parts]]
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def add_to(group: click.Group, build: Build, what: str, sentences: Callable[[], Any]) -> None:
    """Gives a group both; `sentences` turns expected errors into one sentence each."""

    @group.command(
        "audit", help=f"Print who looked at whose record, as csv (while the {what} is not running)."
    )
    @click.option("--staff", default="", help="Of this employee number alone.")
    @click.option("--case", "case_no", default="", help="Of this case alone.")
    @click.option("--act", default="", type=click.Choice(["", *ACTS]), help="Of this kind alone.")
    @click.option("--since", default="", callback=_day, help="From this day on, YYYY-MM-DD.")
    @click.option("--until", default="", callback=_day, help="Up to this day.")
    @click.pass_obj
    def _audit(settings: Settings, /, **given: str) -> None:
        asked = Asked(**given)
        with sentences():
            _, parts = build(settings)
            with closing(parts):
                said = " ".join(f"{name}={value}" for name, value in asked._asdict().items() if value)
                parts.access.note("log", somebody(parts), reason=said, durable=True)
                rows = parts.access.entries(asked, limit=10_000_000)
        sys.stdout.buffer.write(export.as_csv(audit.COLUMNS, map(audit.line, rows)))
        sys.stdout.flush()

    @group.command("person", help=f"Write all that is held here about a person into a zip file (while the {what} is not running)."
        " The identity number is asked for, or read from standard input.")  # fmt: skip
    @click.option(
        "--why",
        required=True,
        type=click.Choice([*reasons.PERSON]),
        help="On whose request: the person's own, an agent's, an heir's.",
    )
    @click.option("--reason", default="", help="More about it; needed with `--why other`.")
    @click.option(
        "--to", type=click.Path(path_type=Path, dir_okay=False), default=Path("person.zip"), show_default=True
    )
    @click.option("--number-stdin", is_flag=True, help="Read the number from standard input.")
    @click.pass_obj
    def _person(settings: Settings, why: str, reason: str, to: Path, number_stdin: bool) -> None:
        # Never by an option: those are seen by everybody on the computer, and kept in its history.
        typed = sys.stdin.readline() if number_stdin else click.prompt("Identity number", err=True)
        with sentences():
            _, id_no, problem = forms.identity("".join(typed.split()).upper())
            if problem is not None:
                raise DomainError(problem)
            words = reasons.given(why, reason, reasons.PERSON)
            _, parts = build(settings)
            with closing(parts):
                parts.access.note(
                    "copy", somebody(parts), person=id_digest(id_no), reason=words, durable=True
                )
                held = person.gather(
                    id_no, stamp(parts.clock()), parts.here.name, parts.store, parts.register,
                    parts.access, lambda _state: True, parts.cards.of(id_no),
                )  # fmt: skip
                keystore.write_private(to, b"".join(person.zipped(held, str)))
        click.echo(
            f"{to}: {len(held.cases)} cases. It is not encrypted; hand it over and delete it here.", err=True
        )


def _day(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if value and not _DAY.fullmatch(value):
        raise click.BadParameter(f"{value} is not a day; write it as 2018-02-09")
    return value


def somebody(parts: Parts) -> Staff:
    """Whoever is at the computer: a command knows no employee number."""
    return Staff("", f"命令行（{getpass.getuser()}）", parts.here.code, frozenset())
