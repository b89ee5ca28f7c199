"""`audit` and `person` as commands: the same as the pages, logged in the name of the computer's user."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from station.app import build_parts
from station.casework import Application
from station.cli import main
from station.settings import Settings
from tests.station.test_export import read_csv
from tests.test_journey import INSTANT
from tests.world import PEOPLE, QUICK, VILLAGE

ID_NO = "510903199003070012"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The folder of a station with one case, seen once."""
    settings = Settings(data=tmp_path / "data", code=VILLAGE, encrypt=False)
    parts = build_parts(settings, hasher=QUICK)
    form = Application(
        "0" * 32,
        INSTANT.item_code,
        "赵小明",
        "111",
        ID_NO,
        "13800001234",
        "三组12号",
        frozenset(range(1, 30)),
        True,
    )
    case_no = parts.casework.record(PEOPLE["V001"], form)
    parts.access.note("view", PEOPLE["V001"], case_no=case_no)
    parts.close()
    return settings.data


def run(data: Path, *args: str, typed: str = "") -> Result:
    return CliRunner().invoke(
        main, ["--data", str(data), "--code", VILLAGE, "--no-encrypt", *args], input=typed
    )


def test_the_log_is_printed_as_a_table_and_reading_it_is_in_it(data: Path) -> None:
    first = run(data, "audit", "--staff", "V001")
    assert first.exit_code == 0, first.output
    header, *rows = read_csv(first.stdout_bytes)
    assert header[0] == "时间"
    assert [row[4] for row in rows] == ["查看办件"]
    again = read_csv(run(data, "audit", "--act", "log").stdout_bytes)
    assert [row[7] for row in again[1:]] == ["act=log", "staff=V001"]
    assert again[1][2].startswith("命令行（")


def test_a_day_that_is_none_is_refused(data: Path) -> None:
    answer = run(data, "audit", "--since", "yesterday")
    assert answer.exit_code == 2
    assert "write it as 2018-02-09" in answer.output


def test_a_persons_copy_is_written_for_its_owner_alone(data: Path, tmp_path: Path) -> None:
    to = tmp_path / "out.zip"
    answer = run(data, "person", "--why", "self", "--to", str(to), "--number-stdin", typed=ID_NO + "\n")
    assert answer.exit_code == 0, answer.output
    assert ID_NO not in answer.output
    assert ID_NO in zipfile.ZipFile(to).read("person.csv").decode("utf-8-sig")
    assert to.stat().st_mode & 0o077 == 0
    assert [row[4] for row in read_csv(run(data, "audit").stdout_bytes)[1:]] == [
        "查看访问记录",
        "导出个人信息",
        "查看办件",
    ]


@pytest.mark.parametrize(
    ("args", "typed", "status"),
    [
        (("--why", "self"), "510903199003070011\n", 2),
        (("--why", "other"), ID_NO + "\n", 2),
        (("--why", "curious"), ID_NO + "\n", 2),
        ((), ID_NO + "\n", 2),
    ],
)
def test_a_wrong_number_or_no_reason_writes_nothing(
    data: Path, tmp_path: Path, args: tuple[str, ...], typed: str, status: int
) -> None:
    to = tmp_path / "out.zip"
    answer = run(data, "person", *args, "--to", str(to), "--number-stdin", typed=typed)
    assert answer.exit_code == status
    assert not to.exists()
