"""The command `doctor` of station and hub: the self-check in a terminal. Options only."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import closing
from typing import Any

import click
from flask import Flask

from station import checkup, health
from station.app import Parts
from station.moment import stamp
from station.settings import Settings
from sync.errors import StoreLocked

Build = Callable[[Settings], tuple[Flask, Parts]]
MARKS = {"good": "好", "soon": "注意", "bad": "要紧"}


def add_to(group: click.Group, build: Build, what: str, sentences: Callable[[], Any]) -> None:
    """Gives a group the command; `sentences` turns expected errors into one sentence each."""

    @group.command("doctor", help=f"Check this {what} and say in plain words what is wrong and what to do. While it runs, print what it found"
        " last night. Exit status 1 where something is wrong now.")  # fmt: skip
    @click.option("--json", "as_json", is_flag=True, help="One JSON object.")
    @click.pass_obj
    def _doctor(settings: Settings, as_json: bool) -> None:
        with sentences():
            at, found = _found(settings, build)
        if as_json:
            said = [
                {
                    "subject": each.subject,
                    "level": each.level,
                    "says": str(each.says),
                    "do": str(each.do) if each.do else "",
                }
                for each in found
            ]
            click.echo(json.dumps({"at": stamp(at) if at else "", "findings": said}, ensure_ascii=False))
        else:
            click.echo(
                f"{stamp(at)[:16].replace('T', ' ')} 自检"
                if at
                else "这台服务器正在运行，还没有自检过；一分钟后再试"
            )
            for each in found:
                click.echo(
                    f"[{MARKS[each.level]}] {health.SUBJECTS[each.subject]}：{each.says}{f'。{each.do}' if each.do else ''}"
                )
        if any(each.level == "bad" for each in found):
            sys.exit(1)


def _found(settings: Settings, build: Build) -> Any:
    try:
        _, parts = build(settings)
    except StoreLocked:
        return checkup.kept(settings.data)
    with closing(parts):
        parts.checkup.check()
        return parts.checkup.last
