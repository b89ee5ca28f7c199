"""The calendar of a year to come: published once at the hub, in force everywhere after a sync."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub import days
from hub.cli import main
from schemas.problems import DomainError
from station.moment import ZONE
from tests.test_journey import INSTANT, record
from tests.world import HUB, TOWNSHIP, VILLAGE, World

FILE = (
    "date,kind,name\n2027-01-01,holiday,元旦\n2027-01-04,holiday,调休\n2027-01-09,makeup_workday,调休上班\n"
)
LAST_DAYS = datetime(2026, 12, 29, 9, 0, tzinfo=ZONE)


def due(world: World, code: str, case_no: str) -> object:
    register = world[code].parts.register
    register.catch_up()
    row = register.case(case_no)
    assert row is not None
    return row["due"]


def test_a_year_nobody_knows_yet_leaves_the_date_open_and_says_so(city: World) -> None:
    city.time.now = LAST_DAYS
    city.sync(TOWNSHIP, VILLAGE)
    case_no = record(city, INSTANT)
    assert due(city, VILLAGE, case_no) is None
    page = city.visit(VILLAGE).sign_in("V001").open(f"/cases/{case_no}")
    assert "2027年的节假日安排尚未载入" in page


def test_published_days_set_the_dates_of_open_cases_on_every_node(city: World) -> None:
    city.time.now = LAST_DAYS
    city.sync(TOWNSHIP, VILLAGE)
    case_no = record(city, INSTANT)
    city.sync(VILLAGE, TOWNSHIP)
    assert due(city, HUB, case_no) is None
    assert days.publish(city[HUB].parts.store, city[HUB].parts.identity.signer, days.read_days(FILE)) == 3
    city.sync(TOWNSHIP, VILLAGE)
    # Received on Tuesday 29 December; days 1 and 2 are the 30th and 31st, 1 and 4 January are free: 5, 6, 7 January.
    for code in (VILLAGE, TOWNSHIP, HUB):
        assert due(city, code, case_no) == "2027-01-07"


def test_publishing_the_same_days_again_writes_nothing(city: World) -> None:
    store, signer = city[HUB].parts.store, city[HUB].parts.identity.signer
    days.publish(store, signer, days.read_days(FILE))
    before = store.update_seq
    assert days.publish(store, signer, days.read_days(FILE)) == 0
    assert store.update_seq == before


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "days_none"),
        ("date,kind,name\n", "days_none"),
        ("date,kind,name\n2027-02-30,holiday,x\n", "day_wrong"),
        ("date,kind,name\n2027-01-01,party,x\n", "kind_wrong"),
        ("a,b\n1,2\n", "day_wrong"),
    ],
)
def test_a_file_that_can_not_be_read_is_refused_whole(text: str, code: str) -> None:
    with pytest.raises(DomainError) as caught:
        days.read_days(text)
    assert caught.value.problem.code == code


def test_the_command_says_how_many(tmp_path: Path) -> None:
    path = tmp_path / "2027.csv"
    path.write_text(FILE, encoding="utf-8-sig")
    run = CliRunner().invoke(main, ["--data", str(tmp_path / "hub"), "calendar", str(path)])
    assert run.exit_code == 0, run.output
    assert "3 of 3 days" in run.output
    path.write_text("date,kind,name\n2027-01-01,party,x\n")
    run = CliRunner().invoke(main, ["--data", str(tmp_path / "hub"), "calendar", str(path)])
    assert run.exit_code == 2
