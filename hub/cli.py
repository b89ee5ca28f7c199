"""bianmin-hub: run the hub, let stations in, add staff, show settings. Options only; the work is elsewhere."""

from __future__ import annotations

from typing import Any

import click
from flask import Flask

from hub import devices
from hub.app import CODE, build_parts, create_app
from station import commands
from station.app import Parts
from station.settings import Settings, settings_from, settings_options


def build(settings: Settings) -> tuple[Flask, Parts]:
    """The hub's application and parts."""
    parts = build_parts(settings)
    return create_app(parts), parts


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@settings_options(data="bianmin-hub-data", port=8000, code=CODE)
@click.version_option(package_name="bianmin")
@click.pass_context
def main(ctx: click.Context, /, **values: Any) -> None:
    """The city hub: approval queues of the pilot districts, and the top of the sync tree.

    \b
    Examples:
      bianmin-hub --data /srv/bianmin serve
      bianmin-hub --data /srv/bianmin device 510903001001
      bianmin-hub --data /srv/bianmin staff E001 --name 李明 --station 510903000000 --role examiner --role district_window
      bianmin-hub --config hub.toml config --json
    """
    ctx.obj = settings_from(ctx, values)


@main.command()
@click.pass_obj
def serve(settings: Settings) -> None:
    """Run the hub until Ctrl-C."""
    commands.serve(settings, build)


@main.command()
@click.argument("codes", nargs=-1, required=True)
@click.option("--revoke", is_flag=True, help="Let the devices of these stations in no more.")
@click.pass_obj
def device(settings: Settings, codes: tuple[str, ...], revoke: bool) -> None:
    """Make a secret for each station of these codes, printed once (while the hub is not running)."""
    with commands.sentences():
        parts = build_parts(settings)
        try:
            for code in codes:
                if revoke:
                    devices.revoke_device(parts.store, code)
                    click.echo(f"{code} revoked")
                else:
                    click.echo(f"{code} {devices.admit_device(parts.store, code, parts.random)}")
        finally:
            parts.close()


@main.command()
@commands.staff_options
@click.pass_obj
def staff(settings: Settings, /, **given: Any) -> None:
    """Add a member of staff, or replace their record (while the hub is not running)."""
    commands.set_staff(settings, build, **given)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def config(settings: Settings, as_json: bool) -> None:
    """Print the settings in force and where each comes from."""
    commands.show_config(settings, as_json)


if __name__ == "__main__":
    main()
