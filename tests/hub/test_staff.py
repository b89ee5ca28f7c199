"""Appointing people at the hub: what is published, what is refused, the list that is issued anew each day, the commands."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub import app as hub_app
from hub import cli, staff
from hub.staff import Renewal
from schemas import documents
from schemas.problems import DomainError
from station import codes, keys, leases
from station.app import Parts
from station.databases import PUBLIC
from station.settings import Settings
from station.staff import ROLES, Staff
from sync.signing import Signer
from tests.world import HUB, PEOPLE, QUICK, VILLAGE, Time

CLERK = PEOPLE["V001"]


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def hub(tmp_path: Path, time: Time) -> Iterator[Parts]:
    parts = hub_app.build_parts(
        Settings(data=tmp_path / "hub", code=HUB, encrypt=False), clock=time, hasher=QUICK
    )
    yield parts
    parts.close()


def add(hub: Parts, person: Staff) -> str:
    return staff.add(hub.store, hub.identity.signer, person, hub.random)


def leave(hub: Parts, number: str, **ago: float) -> None:
    now = hub.clock()
    staff.leave(hub.store, hub.identity.signer, number, now - timedelta(**ago), now)


def said(hub: Parts, id: str) -> dict[str, object]:
    doc = hub.store.database(PUBLIC).get(id)
    assert doc is not None
    assert hub.keys.is_from_hub(doc)
    assert documents.problems({name: doc[name] for name in doc if name != "_rev"}) == ()
    return doc


def test_a_record_is_signed_and_tells_neither_code_nor_password(hub: Parts) -> None:
    code = add(hub, CLERK)
    doc = said(hub, "staff:V001")
    assert doc["code_sha256"] == codes.start_digest("V001", code)
    assert code not in str(doc) and code.replace("-", "") not in str(doc)
    assert not any("password" in name for name in doc)
    assert hub.appointments.staff("V001") == CLERK


def test_a_start_code_is_one_persons(hub: Parts) -> None:
    code = add(hub, CLERK)
    published = codes.start_digest("V001", code)
    assert codes.is_start_code(code.lower().replace("-", " "), "V001", published)
    assert not codes.is_start_code(code, "V002", published)
    assert not codes.is_start_code("", "V001", published)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"employee_no": ""}, "number_form"),
        ({"employee_no": "V 1"}, "number_form"),
        ({"employee_no": "V" * 41}, "number_form"),
        ({"employee_no": "王"}, "number_form"),
        ({"name": " "}, "name_form"),
        ({"name": "王" * 101}, "name_form"),
        ({"roles": frozenset()}, "role_missing"),
        ({"roles": frozenset({"emperor"})}, "role_unknown"),
        ({"roles": frozenset({"examiner"})}, "role_misplaced"),
        ({"station": "999999999999"}, "unknown_station"),
        ({"zones": frozenset({"没有这个区"})}, "zone_unknown"),
        ({"groups": frozenset({"没有这个组"})}, "group_unknown"),
    ],
)
def test_a_bad_record_is_refused_and_nothing_published(
    hub: Parts, changes: dict[str, object], code: str
) -> None:
    before = hub.store.database(PUBLIC).update_seq
    with pytest.raises(DomainError) as caught:
        add(hub, replace(CLERK, **changes))  # type: ignore[arg-type]
    assert caught.value.problem.code == code
    assert str(caught.value)
    assert hub.store.database(PUBLIC).update_seq == before


@pytest.mark.parametrize("role", ROLES)
def test_every_role_has_a_place(hub: Parts, role: str) -> None:
    places = (VILLAGE, "510903001000", "510903000000", HUB)
    fits = []
    for n, code in enumerate(places):
        try:
            add(hub, Staff(f"N{n}", "某人", code, frozenset({role})))
            fits.append(code)
        except DomainError as error:
            assert error.problem.code == "role_misplaced"
    assert len(fits) == (4 if role in ("auditor", "station_head") else 1)


def test_a_number_is_given_once(hub: Parts) -> None:
    add(hub, CLERK)
    with pytest.raises(DomainError) as caught:
        add(hub, replace(CLERK, name="李四"))
    assert caught.value.problem.code == "number_taken"
    leave(hub, "V001")
    for again in (lambda: add(hub, CLERK), lambda: leave(hub, "V001")):
        with pytest.raises(DomainError) as caught:
            again()
        assert caught.value.problem.code in ("number_taken", "number_left")
    signer = hub.identity.signer
    for refused in (
        lambda: staff.change(hub.store, signer, CLERK),
        lambda: staff.new_code(hub.store, signer, "V001", hub.random),
    ):
        with pytest.raises(DomainError) as caught:
            refused()
        assert caught.value.problem.code == "number_left"


def test_nobody_is_changed_who_was_not_appointed(hub: Parts) -> None:
    for number in ("V404", "no number", ""):
        with pytest.raises(DomainError) as caught:
            staff.current(hub.store, number)
        assert caught.value.problem.code == "number_unknown"


def test_nobody_leaves_in_advance(hub: Parts) -> None:
    add(hub, CLERK)
    with pytest.raises(DomainError) as caught:
        leave(hub, "V001", days=-1)
    assert caught.value.problem.code == "leave_later"
    assert hub.appointments.staff("V001") == CLERK


# -- the list ----------------------------------------------------------------------------------------------------------


def test_there_is_a_list_before_the_first_station_asks(hub: Parts, time: Time) -> None:
    found = leases.read(said(hub, "staff-list"))
    assert (found.issued, found.until) == (time(), time() + timedelta(days=14))


def renewal(hub: Parts) -> Renewal:
    """What issues the list anew as a running hub looks after itself."""
    return next(each for each in hub.chores if isinstance(each, Renewal))


def test_the_list_is_issued_once_a_day_and_not_more_often(hub: Parts, time: Time) -> None:
    serials = []
    for _ in range(8):
        renewal(hub)()
        serials.append(said(hub, "staff-list")["serial"])
        time.pass_(hours=8)
    assert serials == [1, 1, 1, 2, 2, 2, 3, 3]


def test_a_hub_that_was_off_for_a_week_issues_at_its_start(hub: Parts, time: Time) -> None:
    time.pass_(days=7)
    staff.Renewal(hub.store, lambda: hub.identity.signer, time)()
    assert leases.read(said(hub, "staff-list")).issued == time()


def test_a_clock_that_was_ahead_is_forgotten_by_the_next_list(hub: Parts, time: Time) -> None:
    time.pass_(days=4000)
    renewal(hub)()
    time.pass_(days=-4000)
    renewal(hub)()
    found = hub.appointments.staff_list()
    assert found is not None and found.until == time() + timedelta(days=14)


def test_who_leaves_is_on_every_list_from_then_on(hub: Parts, time: Time) -> None:
    add(hub, CLERK)
    add(hub, PEOPLE["V002"])
    leave(hub, "V001", days=1)
    since = time() - timedelta(days=1)
    assert leases.read(said(hub, "staff-list")).left == {"V001": since}
    time.pass_(days=2)
    renewal(hub)()
    leave(hub, "V002")
    assert set(leases.read(said(hub, "staff-list")).left) == {"V001", "V002"}
    assert hub.appointments.staff("V001") is None
    assert [(each.employee_no, works) for each, works in staff.everybody(hub.store)] == [
        ("V001", False),
        ("V002", False),
    ]


def test_a_list_and_a_record_that_somebody_else_signed_say_nothing(hub: Parts) -> None:
    add(hub, CLERK)
    stranger = Signer(secrets.token_bytes(32))
    for id in ("staff:V001", "staff-list"):
        doc = hub.store.database(PUBLIC).get(id)
        assert doc is not None
        keys.publish(hub.store, stranger, keys.unsigned(doc))
    assert hub.appointments.staff("V001") is None
    assert hub.appointments.staff_list() is None


# -- the commands ------------------------------------------------------------------------------------------------------


def run(data: Path, *args: str) -> Result:
    return CliRunner().invoke(cli.main, ["--data", str(data), "staff", *args])


NEW = ("--name", "王芳", "--station", VILLAGE, "--role", "village_clerk")


def test_the_commands_appoint_change_renew_list_and_end(tmp_path: Path) -> None:
    data = tmp_path / "hub"
    added = run(data, "add", "V001", *NEW, "--trained-on", "2018-01-05", "--group", "民政")
    assert added.exit_code == 0, added.output
    code = re.search(r"start code ((?:[0-9A-Z]{4}-){3}[0-9A-Z]{4})", added.output)
    assert code
    changed = run(data, "change", "V001", "--name", "王小芳", "--group", "all")
    assert changed.exit_code == 0, changed.output
    assert (
        "王小芳" in changed.output and "民政" not in changed.output and "trained 2018-01-05" in changed.output
    )
    renewed = run(data, "code", "V001")
    assert renewed.exit_code == 0 and code[1] not in renewed.output
    assert "V001  王小芳" in run(data, "list").output
    assert run(data, "leave", "V001", "--since", "2018-01-31").exit_code == 0
    assert run(data, "list").output == ""
    assert "left" in run(data, "list", "--all").output


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("code", "V404"), "没有工号 V404"),
        (("leave", "V404"), "没有工号 V404"),
        (("change", "V404", "--name", "王芳"), "没有工号 V404"),
        (("add", "V001", *NEW[:4], "--role", "examiner"), "没有这个岗位"),
        (("add", "V001", *NEW[:4], "--role", "emperor"), "emperor"),
        (("add", "V001", *NEW, "--trained-on", "yesterday"), "yesterday"),
        (("add", "V001", "--name", "王芳"), "--station"),
    ],
)
def test_a_command_that_is_refused_says_why(tmp_path: Path, args: tuple[str, ...], said: str) -> None:
    done = run(tmp_path / "hub", *args)
    assert done.exit_code == 2
    assert said in done.output and "Traceback" not in done.output


def test_a_training_day_is_a_date(hub: Parts) -> None:
    add(hub, replace(CLERK, trained_on=date(2018, 1, 5)))
    assert said(hub, "staff:V001")["trained_on"] == "2018-01-05"
