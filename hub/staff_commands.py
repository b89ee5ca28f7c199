"""bianmin-hub staff …: appoint people, change what they may, give a new start code, end their work, list them.

Options only; the work is hub.staff's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import click

from hub import staff as office
from schemas import tables
from station import commands
from station.app import Parts
from station.moment import ZONE
from station.settings import Settings
from station.staff import ROLES, Staff

DAY = click.DateTime(formats=["%Y-%m-%d"])


def details(*, new: bool) -> Callable[[Any], Any]:
    """The options that say who somebody is and what they may; of somebody `new`, some have to be given."""
    stays = "" if new else " Left away: as it is."
    options = [
        click.option("--name", required=new, help=f"The person's name as it appears on documents.{stays}"),
        click.option("--station", required=new, help=f"Where they act: a station's, bureau's or the hub's code.{stays}"),
        click.option("--role", "roles", multiple=True, required=new, type=click.Choice(ROLES), help=f"May be repeated.{stays}"),
        click.option("--zone", "zones", multiple=True, help="Approval service zones they handle; none means all, `all` too."),
        click.option("--group", "groups", multiple=True,
                     help="Item groups they may take in: zones, or departments as in the catalogue; none means all, `all` too."),
        click.option("--trained-on", type=DAY, help="The day they were trained. Who was not, takes nothing in."),
    ]  # fmt: skip

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def add_to(group: click.Group, build: Callable[[Settings], Parts]) -> None:
    """Gives the hub's group the commands about staff."""

    @contextmanager
    def opened(settings: Settings) -> Iterator[Parts]:
        with commands.sentences():
            parts = build(settings)
            try:
                yield parts
            finally:
                parts.close()

    @group.group()
    def staff() -> None:
        """The people of the city: who works where, as what. While the hub is not running; stations hear of it at their next
        sync.

        \b
        Examples:
          bianmin-hub staff add V001 --name 王芳 --station 510903001001 --role village_clerk --trained-on 2018-01-05
          bianmin-hub staff change V001 --group 民政 --group 残联
          bianmin-hub staff code V001
          bianmin-hub staff leave V001
        """

    @staff.command()
    @click.argument("employee_no")
    @details(new=True)
    @click.pass_obj
    def add(settings: Settings, /, **given: Any) -> None:
        """Appoint somebody; prints their start code, once. With it they sign in the first time and choose a password."""
        with opened(settings) as parts:
            person = merged(Staff(given["employee_no"], "", "", frozenset()), given)
            code = office.add(parts.store, parts.identity.signer, person, parts.random)
            click.echo(f"{person.employee_no} {person.name} start code {code}")

    @staff.command()
    @click.argument("employee_no")
    @details(new=False)
    @click.pass_obj
    def change(settings: Settings, /, **given: Any) -> None:
        """Change what is said of somebody. They sign in anew, with the password they have."""
        with opened(settings) as parts:
            person = merged(office.current(parts.store, given["employee_no"]), given)
            office.change(parts.store, parts.identity.signer, person)
            click.echo(line(person, works=True))

    @staff.command()
    @click.argument("employee_no")
    @click.pass_obj
    def code(settings: Settings, employee_no: str) -> None:
        """A new start code, printed once, for a forgotten password, or one that somebody else knows: it is void."""
        with opened(settings) as parts:
            drawn = office.new_code(parts.store, parts.identity.signer, employee_no, parts.random)
            click.echo(f"{employee_no} start code {drawn}")

    @staff.command()
    @click.argument("employee_no")
    @click.option(
        "--since", type=DAY, help="The day from which on nothing of theirs is in order; now, if left away."
    )
    @click.pass_obj
    def leave(settings: Settings, employee_no: str, since: datetime | None) -> None:
        """Somebody works here no more. Final: who comes back gets a new number."""
        with opened(settings) as parts:
            now = parts.clock()
            at = since.replace(tzinfo=ZONE) if since else now
            office.leave(parts.store, parts.identity.signer, employee_no, at, now)
            click.echo(f"{employee_no} left")

    @staff.command(name="list")
    @click.option("--all", "also_left", is_flag=True, help="With those who left.")
    @click.pass_obj
    def list_(settings: Settings, also_left: bool) -> None:
        """List the people of the city."""
        with opened(settings) as parts:
            for person, works in office.everybody(parts.store):
                if works or also_left:
                    click.echo(line(person, works))


def merged(staff: Staff, given: dict[str, Any]) -> Staff:
    """The person with what was given on the command line; what was not, stays."""
    trained: date | None = given["trained_on"].date() if given["trained_on"] else None
    return replace(
        staff,
        name=given["name"] or staff.name,
        station=given["station"] or staff.station,
        roles=frozenset(given["roles"]) or staff.roles,
        zones=frozenset(given["zones"]) - {"all"} if given["zones"] else staff.zones,
        groups=frozenset(given["groups"]) - {"all"} if given["groups"] else staff.groups,
        trained_on=trained or staff.trained_on,
    )


def line(staff: Staff, works: bool) -> str:
    """One person in a line."""
    said = [
        staff.employee_no, staff.name, staff.station, tables.station(staff.station).name, ",".join(sorted(staff.roles)),
        f"trained {staff.trained_on}" if staff.trained_on else "not trained",
    ]  # fmt: skip
    said += [",".join(sorted(each)) for each in (staff.zones, staff.groups) if each]
    return "  ".join([*said, *([] if works else ["left"])])
