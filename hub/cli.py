"""bianmin-hub: run the hub, let stations in, add staff, show settings. Options only; the work is elsewhere."""

from __future__ import annotations

from typing import Any, TextIO

import click
from flask import Flask

from hub import days, devices, report
from hub.app import CODE, build_parts, create_app
from schemas import workdays
from station import commands
from station.app import Parts
from station.settings import Settings, settings_from, settings_options


def build(settings: Settings) -> tuple[Flask, Parts]:
    """The hub's application and parts."""
    parts = build_parts(settings)
    return create_app(parts), parts


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@settings_options(data="bianmin-hub-data", port=8000, code=CODE, hub=True)
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
@click.argument("file", type=click.File(encoding="utf-8-sig"))
@click.pass_obj
def calendar(settings: Settings, file: TextIO) -> None:
    """Publish the holidays and make-up workdays of whole years from a csv file: date,kind,name (while the hub is not
    running). Kinds: holiday, makeup_workday. Days already published are replaced."""
    with commands.sentences():
        docs = days.read_days(file.read())
        parts = build_parts(settings)
        try:
            click.echo(f"{days.publish(parts.store, docs)} of {len(docs)} days are new or changed")
        finally:
            parts.close()


@main.command(name="report")
@click.argument("year", type=click.IntRange(2017, 2099))
@click.option("--demo", is_flag=True, help="Of an invented year, without opening a store.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def annual_report(settings: Settings, year: int, demo: bool, as_json: bool) -> None:
    """Print the annual report's figures of a year, each with numerator, denominator and base (while the hub is not
    running)."""
    with commands.sentences():
        if demo:
            found = report.invented(year, workdays.calendar())
        else:
            parts = build_parts(settings)
            try:
                found = report.from_store(parts.store, year, parts.almanac.calendar())
            finally:
                parts.close()
        lines = found.lines(year)
    click.echo(report.as_json(year, lines) if as_json else report.as_text(year, lines))


commands.add_to(main, build, "hub")


if __name__ == "__main__":
    main()
