"""bianmin-station: run a station, let it join its city, show settings. Options only; the work is elsewhere."""

from __future__ import annotations

from typing import Any

import click
from flask import Flask

from station import commands, enrolment, practice
from station.app import Parts, build_parts, create_app
from station.settings import Settings, settings_from, settings_options


def build(settings: Settings) -> tuple[Flask, Parts]:
    """A station's application and parts."""
    parts = build_parts(settings)
    return create_app(parts), parts


def build_practice(settings: Settings) -> tuple[Flask, Parts]:
    """A practice's application and parts."""
    parts = practice.build_parts(settings)
    return create_app(parts), parts


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@settings_options(data="bianmin-data", port=8100)
@click.version_option(package_name="bianmin")
@click.pass_context
def main(ctx: click.Context, /, **values: Any) -> None:
    """A service station of a village or township.

    \b
    Examples:
      bianmin-station --code 510903001001 --parent http://127.0.0.1:8001 --parent http://127.0.0.1:8000 serve
      bianmin-station --config station.toml join https://hub.example K3V7-Q2MH-8RTY-0ZB4
      bianmin-station --config station.toml serve
      bianmin-station --config station.toml config
    """
    ctx.obj = settings_from(ctx, values)


@main.command()
@click.argument("url")
@click.argument("code")
@click.pass_obj
def join(settings: Settings, url: str, code: str) -> None:
    """Enrol this device with the hub at URL, by the one-time CODE that the hub drew (`bianmin-hub enrol`)."""
    with commands.sentences():
        parts = build_parts(settings)
        try:
            number = enrolment.let_in(parts, url, code)
            click.echo(f"this is device {number} of {parts.here.code} {parts.here.name}")
        finally:
            parts.close()


@main.command("practice")
@click.option("--fresh", is_flag=True, help="Throw what was practised away first.")
@click.pass_obj
def _practice(settings: Settings, fresh: bool) -> None:
    """Run a practice beside this station: invented people and cases in a folder of its own, marked on every page and print, that
    never syncs. On the station's port plus 1000."""
    own = practice.settings_for(settings)
    if fresh and practice.clean(own.data):
        click.echo(f"{own.data} begins anew")
    click.echo(f"sign in as {practice.NUMBER}, password {practice.PASSWORD}")
    commands.serve(own, build_practice)


commands.add_to(main, build, "station")


if __name__ == "__main__":
    main()
