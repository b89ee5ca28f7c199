"""bianmin-sync stick: the same two commands for whichever server the settings name. `sync` knows none of it; it finds this by the
entry point `bianmin.sync` of pyproject.toml."""

from __future__ import annotations

from typing import Any

import click
from click.core import ParameterSource
from flask import Flask

from hub import cli as hub_cli
from hub.app import CODE
from station import cli as station_cli
from station import commands, stick_commands
from station.app import Parts
from station.settings import Settings, settings_from, settings_options


def build(settings: Settings) -> tuple[Flask, Parts]:
    """The application and parts of the server with this code."""
    return hub_cli.build(settings) if settings.code == CODE else station_cli.build(settings)


@click.group("stick", context_settings={"help_option_names": ["-h", "--help"]})
@settings_options(data="bianmin-data", port=8100, hub=True)
@click.pass_context
def stick(ctx: click.Context, /, **values: Any) -> None:
    """Sync by a stick, of the station or hub that the settings name (while it is not running).

    \b
    Examples:
      bianmin-sync stick --config village.toml write /media/usb
      bianmin-sync stick --config hub.toml --code 510900000000 read /media/usb
    """
    if ctx.get_parameter_source("encrypt") is ParameterSource.DEFAULT:
        values["encrypt"] = values["code"] != CODE  # as each of the two has it
    ctx.obj = settings_from(ctx, values)


stick_commands.add_both(stick, build, commands.sentences)
