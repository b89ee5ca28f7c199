"""The documents are a contract: every setting, command and exit status that exists is written down."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from hub.cli import main as hub
from hub.demo.cli import main as demo
from station.cli import main as station
from sync.cli import main as sync

ROOT = Path(__file__).parent.parent


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("command", [station, hub])
def test_every_setting_is_in_the_manual(command: click.Group) -> None:
    manual = text("docs/running.md")
    for param in command.params:
        if isinstance(param, click.Option) and param.envvar:
            assert f"`{param.opts[-1]}`" in manual or f"`{param.opts[0]}`" in manual, param.name
            assert f"`{param.envvar}`" in manual, param.name


@pytest.mark.parametrize("name", ["bianmin-station", "bianmin-hub", "bianmin-sync", "bianmin-demo"])
def test_every_command_is_in_the_readme(name: str) -> None:
    assert name in text("README.md")


@pytest.mark.parametrize("command", [station, hub, sync, demo])
def test_every_command_and_subcommand_explains_itself(command: click.Command) -> None:
    assert command.help
    if isinstance(command, click.Group):
        for each in command.commands.values():
            assert each.help, each.name


def test_the_two_commands_are_on_the_first_screen() -> None:
    first = "\n".join(text("README.md").splitlines()[:25])
    assert "make demo" in first
    assert "make test" in first


def test_links_between_documents_lead_somewhere() -> None:
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"
