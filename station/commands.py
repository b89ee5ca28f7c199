"""What the commands of station and hub share: sentences instead of traces, exit statuses, serving, unlock, config.

0 done   1 refused   2 wrong options or settings   3 the store can't be used   4 the port can't be used
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import Flask

from schemas.problems import DomainError
from station import (
    backup_commands,
    health_commands,
    keystore,
    logs,
    personal_commands,
    register_commands,
    server,
    stick_commands,
    sync_report,
    transport,
    upgrading,
    vault,
)
from station.app import Parts
from station.certificates import BadName
from station.sealing import KeyRefused
from station.settings import Settings
from sync.errors import SyncError
from sync.stick.file import BadStick


@contextmanager
def sentences() -> Iterator[None]:
    """Turns expected errors into one sentence on standard error and an exit status."""
    try:
        yield
    except DomainError as error:
        stop(2, error.problem.text.format(**error.problem.params))
    except KeyRefused as error:
        stop(1, error.reason)
    except BadStick as error:
        stop(1, error.reason)
    except SyncError as error:
        stop(3, error.reason)
    except BadName as error:
        stop(2, str(error))
    except server.CannotListen as error:
        stop(4, str(error))
    except OSError as error:
        stop(
            3,
            f"{error.filename or 'the data folder'}: {error.strerror or error}. Choose another --data folder or mend its rights",
        )


def stop(status: int, sentence: str) -> None:
    """Says it and exits."""
    click.echo(f"Error: {sentence}", err=True)
    sys.exit(status)


Build = Callable[[Settings], tuple[Flask, Parts]]


def add_to(group: click.Group, build: Build, what: str) -> None:
    """Gives a group the commands that every server has; `build` makes its application and parts, `what` names it."""

    @group.command("serve", help=f"Run the {what} until Ctrl-C.")
    @click.pass_obj
    def _serve(settings: Settings) -> None:
        serve(settings, build)

    @group.command(
        "unlock",
        help="Bring the key of the encrypted files back into this computer's keystore (or the --key-file), by a member of"
        " staff's password, or by the file that `bianmin-hub recover` made.",
    )
    @click.option("--staff", "employee_no", metavar="NO", help="Whose password; it is asked for.")
    @click.option(
        "--recovered",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="The file that the hub made; its passphrase is asked for.",
    )
    @click.option(
        "--password-stdin", is_flag=True, help="Read the password or passphrase from standard input."
    )
    @click.pass_obj
    def _unlock(
        settings: Settings, employee_no: str | None, recovered: Path | None, password_stdin: bool
    ) -> None:
        unlock(settings, employee_no, recovered, password_stdin)

    backup_commands.add_to(group, build, what, sentences)
    health_commands.add_to(group, build, what, sentences)
    register_commands.add_to(group, build, what, sentences)
    personal_commands.add_to(group, build, what, sentences)
    stick_commands.add_to(group, build, what, sentences)

    if what == "station":
        group.add_command(status)

    @group.command("config", help="Print the settings in force and where each comes from.")
    @click.option("--json", "as_json", is_flag=True, help="One JSON object.")
    @click.pass_obj
    def _config(settings: Settings, as_json: bool) -> None:
        show_config(settings, as_json)


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def status(settings: Settings, as_json: bool) -> None:
    """Print how this station stands towards the hub: what waits, how sync went, the line. While it runs or not."""
    try:
        report = sync_report.read(settings.data)
    except FileNotFoundError:
        stop(1, f"nothing is written down yet in {settings.data}: start the station once with `serve`")
    except (OSError, ValueError) as error:
        stop(3, f"{settings.data / sync_report.FILE} can't be read: {error}")
    click.echo(json.dumps(report, ensure_ascii=False) if as_json else "\n".join(sync_report.lines(report)))


def serve(settings: Settings, build: Build, ready: Callable[[str], None] = lambda _url: None) -> None:
    """Serves until stopped; `ready` hears the address once pages are answered. The port is taken before the store is touched, and released in
    every case."""
    logs.set_up(settings.log_format)
    with sentences():
        for parent in settings.parents:
            transport.check_above(parent)
        bound = server.listen(settings.host, settings.port)
        try:
            app, parts = build(settings)

            def told(url: str) -> None:
                click.echo(f"{parts.here.name} {settings.code} ready on {url}")
                ready(url)

            server.serve(app, parts, bound, ready=told)
        finally:
            bound.close()
        home = upgrading.installed_in()
        if parts.upgrading.restarting and home is not None:
            upgrading.start_again(home)


def unlock(settings: Settings, employee_no: str | None, recovered: Path | None, password_stdin: bool) -> None:
    """Puts the key back where the next start looks for it. Opens no store."""
    if (employee_no is None) == (recovered is None):
        raise click.UsageError("Name either --staff NO or --recovered FILE.")
    words = ask("Password" if employee_no else "Passphrase", password_stdin)
    with sentences():
        keeper = keystore.keeper(settings.key_file)
        if employee_no is not None:
            where = vault.unlock(settings.data, keeper, employee_no, words)
        else:
            assert recovered is not None
            sealed = recovered.read_bytes()
            where = vault.unlock_recovered(settings.data, settings.store_path, keeper, sealed, words)
    click.echo(f"The key is in {where} again.")


def ask(what: str, from_stdin: bool, *, twice: bool = False) -> str:
    """A secret that is typed, unseen, or comes by standard input. Not by an option: those are seen by everybody."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt(what, hide_input=True, confirmation_prompt=twice, err=True))


def show_config(settings: Settings, as_json: bool) -> None:
    """Prints what is in force and where each value comes from."""
    rows = settings.report()
    if as_json:
        click.echo(
            json.dumps(
                {name: {"value": value, "source": source} for name, value, source in rows}, ensure_ascii=False
            )
        )
        return
    width = max(len(name) for name, _, _ in rows)
    for name, value, source in rows:
        click.echo(f"{name:<{width}}  {value}  ({source})")
