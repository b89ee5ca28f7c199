"""The command `rebuild-register` of station and hub: the register made anew from the documents, in a terminal. Options only."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import click
from flask import Flask

from station.app import Parts
from station.settings import Settings

Build = Callable[[Settings], tuple[Flask, Parts]]


def add_to(group: click.Group, build: Build, what: str, sentences: Callable[[], Any]) -> None:
    """Gives a group the command; `sentences` turns expected errors into one sentence each."""

    @group.command(
        "rebuild-register",
        help=f"Make the register (lists, queues, counts) of this {what} anew from its documents, while it does not run.",
    )
    @click.pass_obj
    def _rebuild(settings: Settings) -> None:
        with sentences():
            _, parts = build(settings)
        with closing(parts):
            rebuild(parts, time.monotonic)


def rebuild(parts: Parts, clock: Callable[[], float]) -> None:
    """Does it, and says how far it is: on one line in a terminal, elsewhere a line for each tenth. `clock`: seconds."""
    began, live, said = clock(), sys.stderr.isatty(), -1

    def told(done: int, of: int) -> None:
        nonlocal said
        tenth = 10 * done // max(of, 1)
        if live or tenth > said:
            said = tenth
            line = f"{done:,}/{of:,} ({100 * done // max(of, 1)}%)，每秒 {done / max(clock() - began, 0.001):,.0f} 条"
            click.echo(f"\r{line}" if live else line, err=True, nl=not live)

    parts.register.rebuild(told)
    if live:
        click.echo(err=True)
    totals = parts.register.totals()
    click.echo(
        f"台账已重建：{totals['cases']:,} 件，{totals['events']:,} 条记录，用时 {clock() - began:.1f} 秒"
    )
