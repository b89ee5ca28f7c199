"""bianmin-hub: run the hub, let stations in, appoint people, show settings. Options only; the work is elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TextIO

import click
from flask import Flask

from hub import authority, days, devices, releases, report, root, staff_commands
from hub.app import CODE, build_parts, create_app
from hub.enrolment import enrolment_of
from schemas import workdays
from station import certificates, commands, keystore, sealing, transport
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
      bianmin-hub --data /srv/bianmin init --name hub.example --ip 10.0.0.5
      bianmin-hub --data /srv/bianmin --host 0.0.0.0 serve
      bianmin-hub --data /srv/bianmin enrol 510903001001
      bianmin-hub --data /srv/bianmin staff add E001 --name 李明 --station 510903000000 --role examiner --trained-on 2018-01-05
      bianmin-hub --config hub.toml config --json
    """
    ctx.obj = settings_from(ctx, values)


@main.command()
@click.option(
    "--name",
    "names",
    multiple=True,
    help="A host name that stations and browsers reach the hub by; repeat it.",
)
@click.option("--ip", "addresses", multiple=True, help="An address likewise; repeat it.")
@click.pass_obj
def init(settings: Settings, names: tuple[str, ...], addresses: tuple[str, ...]) -> None:
    """Make the city's own authority for TLS, and the hub's certificate for these names (while the hub is not running). Again with
    other names, the certificate is made anew for those; the authority stays as it is."""
    with commands.sentences():
        parts = build_parts(settings)
        try:
            for line in initialise(parts, (*names, *addresses)):
                click.echo(line)
        finally:
            parts.close()


def initialise(parts: Parts, names: tuple[str, ...]) -> list[str]:
    """Does what `init` says; what was done, in lines."""
    if names:
        names = tuple(map(certificates.normal_name, names))
    fresh = authority.found(parts.store, parts.identity.signer, parts.clock)
    said = ["the city's authority is made" if fresh else "the city's authority is there already, and stays"]
    if names:
        parts.tls.want(names)
    outward = transport.outward_names(parts.settings)
    if parts.tls.is_due(outward) or (
        names and set(parts.tls.names) != {*names, *outward, *certificates.LOOPBACK}
    ):
        parts.tls.renew(outward, parts.certify)
        said.append(f"the hub's certificate is made, for {', '.join(parts.tls.names)}")
    else:
        said.append(f"the hub's certificate is there already, for {', '.join(parts.tls.names)}")
    said.append(
        f"it ends on {certificates.end_of(parts.tls.certificate):%Y-%m-%d}, and is renewed by itself before"
    )
    file = parts.tls.write_authority(parts.settings.data)
    said.append(
        f"{file} is for browsers and proxies; its SHA-256 is {certificates.fingerprint(file.read_text())}"
    )
    if parts.settings.proxies:
        folder = parts.settings.data / "tls"
        parts.tls.write_files(folder)
        said.append(f"{folder} holds server.pem and server.key for the proxy")
    return said


@main.command()
@click.argument("codes", nargs=-1, required=True)
@click.pass_obj
def enrol(settings: Settings, codes: tuple[str, ...]) -> None:
    """Draw a one-time code for each of these stations, good for 72 hours (while the hub is not running). On the
    station's laptop it is given to `bianmin-station join`."""
    with commands.sentences():
        parts = build_parts(settings)
        try:
            for code in codes:
                click.echo(f"{code} {enrolment_of(parts).draw(code)}")
        finally:
            parts.close()


@main.command()
@click.argument("codes", nargs=-1, required=True)
@click.option("--revoke", is_flag=True, help="Let devices and clients of these stations in no more.")
@click.pass_obj
def device(settings: Settings, codes: tuple[str, ...], revoke: bool) -> None:
    """Make a secret, printed once, with which another CouchDB client may act as the station; or revoke all that may (while
    the hub is not running). Stations themselves need none: see `enrol`."""
    with commands.sentences():
        parts = build_parts(settings)
        try:
            for code in codes:
                if revoke:
                    devices.revoke_device(parts.store, parts.identity.signer, code)
                    click.echo(f"{code} revoked")
                else:
                    secret = devices.give_secret(parts.store, parts.identity.signer, code, parts.random)
                    click.echo(f"{code} {secret}")
        finally:
            parts.close()


@main.command(name="rotate-key")
@click.argument("root_key", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.pass_obj
def rotate_key(settings: Settings, root_key: Path) -> None:
    """Give the hub a new key, vouched for by the root key in this file, and end the old one (while the hub is not running).
    Stations take it at their next sync."""
    with commands.sentences():
        parts = build_parts(settings)
        try:
            new = root.rotate(parts.store, parts.identity, root_key, clock=parts.clock, random=parts.random)
            click.echo(f"the hub signs with {new} from now on")
        except ValueError as error:
            raise click.ClickException(str(error)) from error
        finally:
            parts.close()


@main.command(name="sign-release")
@click.argument("kit", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("root_key", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def sign_release(kit: Path, root_key: Path) -> None:
    """Sign the KIT that `make offline-kit` made with the root key in this file, on the computer where that key is kept. Opens no
    store. Then carry the folder into `releases` of the hub's data folder."""
    try:
        click.echo(f"{kit} is signed as version {releases.sign(kit, root.read_root(root_key))}")
    except ValueError as error:
        raise click.ClickException(str(error)) from error


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
            click.echo(
                f"{days.publish(parts.store, parts.identity.signer, docs)} of {len(docs)} days are new or changed"
            )
        finally:
            parts.close()


@main.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--identity",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="The age identity file that belongs to the recipient stations seal to.",
)
@click.option(
    "--to",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("recovered.age"),
    show_default=True,
    help="Where to write the key for the station.",
)
@click.option("--passphrase-stdin", is_flag=True, help="Read the passphrase from standard input.")  # fmt: skip
def recover(file: Path, identity: Path, to: Path, passphrase_stdin: bool) -> None:
    """Open a station's recovery.age and seal its key anew under a passphrase, which is asked for. Send the file to the
    station, tell the passphrase by another way; there: bianmin-station unlock --recovered FILE."""
    with commands.sentences():
        key = sealing.open_sealed(file.read_bytes(), identity.read_text(encoding="utf-8", errors="replace"))
        words = commands.ask("Passphrase for the station", passphrase_stdin, twice=True)
        keystore.write_private(to, sealing.seal_with_words(key, words))


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
                found = report.from_store(parts.store, year, parts.almanac.calendar(), parts.published.book())
            finally:
                parts.close()
        lines = found.lines(year)
    click.echo(report.as_json(year, lines) if as_json else report.as_text(year, lines))


commands.add_to(main, build, "hub")
staff_commands.add_to(main, build_parts)


if __name__ == "__main__":
    main()
