"""bianmin-station: run a station, let it join its city, show settings. Options only; the work is elsewhere."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Any

import click
from flask import Flask

from station import commands, enrolment, launcher, practice, transport
from station.app import Parts, build_parts, create_app
from station.settings import CONFIG, Settings, settings_from, settings_options


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


@main.command("open")
@click.pass_obj
def _open(settings: Settings) -> None:
    """Start the station unless it runs, and show its pages in the browser. What the icon on the desktop calls."""
    scheme = "https" if transport.speaks_tls(settings) else "http"
    if settings.port and practice.is_up(settings.port):
        _show(f"{scheme}://127.0.0.1:{settings.port}")
    else:
        commands.serve(settings, build, ready=_show)


def _show(url: str) -> None:
    webbrowser.open(url + "/")


@main.command("launcher")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--system",
    type=click.Choice(sorted(launcher.NAMES)),
    default=launcher.THIS,
    show_default=True,
    help="Which kind of computer.",
)
@click.pass_context
def _launcher(ctx: click.Context, folder: Path, system: str) -> None:
    """Write a file into FOLDER, such as the desktop, that starts the station and opens its pages at a click."""
    config = ctx.meta.get(CONFIG)
    if config is None:
        raise click.UsageError("Name the settings file with --config: the icon starts the station by it.")
    try:
        made = launcher.write(folder, system, launcher.program(), config)
    except ValueError as error:
        raise click.UsageError(f"{error}. Move {config} to a plain path.") from None
    click.echo(made)


commands.add_to(main, build, "station")


if __name__ == "__main__":
    main()
