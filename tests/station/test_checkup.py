"""The self-check of a real server: what it finds by itself, on its page, on the first page and by `doctor`."""

from __future__ import annotations

import json
import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from station.cli import main as station
from station.health import Finding
from sync.store import Store
from tests.test_journey import INSTANT, record
from tests.world import HUB, TOWNSHIP, VILLAGE, World

Usage = namedtuple("Usage", "total used free")


def found(city: World, code: str = VILLAGE) -> dict[str, Finding]:
    return {each.subject: each for each in city[code].parts.checkup.check()}


@pytest.fixture
def kept(city: World, tmp_path: Path) -> World:
    """A city whose village has a backup and has been in touch."""
    backups = city[VILLAGE].parts.backups
    assert backups is not None
    backups.into = tmp_path / "stick"
    backups.into.mkdir()
    record(city, INSTANT)
    city.sync(VILLAGE, TOWNSHIP, VILLAGE)
    backups.make(backups.into)
    return city


def test_a_village_that_works_has_nothing_wrong_but_where_its_backup_lies(kept: World) -> None:
    wrong = {subject: str(each.says) for subject, each in found(kept).items() if each.level != "good"}
    assert wrong == {"backup": "备份和数据在同一块硬盘上，硬盘坏了会一起丢"}
    assert {"store", "disk", "clock", "contact", "sending", "lease"} <= found(kept).keys()
    assert str(found(kept)["sending"].says) == "记录全部已送达市中心"


def test_a_hub_checks_itself_too(kept: World) -> None:
    assert found(kept, HUB)["store"].level == "good"


def test_days_without_a_line_are_said_on_the_first_page_with_what_to_do(kept: World) -> None:
    clerk = kept.visit(VILLAGE).sign_in("V001")
    kept.time.pass_(days=6)
    parts = kept[VILLAGE].parts
    parts.checkup.tend()
    page = clerk.sign_in("V001").open("/")
    assert "已有 6 天没有和市中心联系" in page
    assert "用“U盘传送”把记录送到市中心" in page
    assert "/health" in page
    page = clerk.open("/health")
    assert page.index("已有 6 天没有和市中心联系") < page.index("逐页检查过，没有损坏")
    clerk.send("/language/en", next="/health")
    assert "逐页" not in clerk.open("/health")


def test_it_is_made_once_a_day_and_at_once_on_the_page(kept: World) -> None:
    checkup = kept[VILLAGE].parts.checkup
    checkup.tend()
    first, _ = checkup.last
    kept.time.pass_(hours=1)
    checkup.tend()
    assert checkup.last[0] == first
    clerk = kept.visit(VILLAGE).sign_in("V001")
    clerk.open("/health")
    clerk.send("/health")
    assert "2018-02-09 10:00 检查" in clerk.page


def test_a_clock_that_is_wrong_is_seen_by_the_servers_above(kept: World) -> None:
    """The village's own clock runs ahead: what it hears from above with its next pass tells."""
    parts = kept[VILLAGE].parts
    assert parts.agent.clock_ahead() == pytest.approx(0, abs=1)
    bearer = next(iter(parts.agent._bearers.values()))
    bearer._clock = lambda: kept.time().replace(minute=20)
    bearer.spoiled()
    bearer._until = 0.0
    record(kept, INSTANT)
    kept.sync(VILLAGE)
    assert parts.agent.clock_ahead() == pytest.approx(1200, abs=1)
    assert str(found(kept)["clock"].says) == "电脑时间比上级快约 20 分钟"


def test_a_damaged_store_is_found(kept: World) -> None:
    parts = kept[VILLAGE].parts
    path = parts.settings.store_path
    with parts.store.read() as connection:  # type: ignore[attr-defined]
        connection.wal_checkpoint()
    parts.store.close()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert parts.vault is not None
    parts.checkup._store = Store.open(path, key=parts.vault.key)
    assert parts.checkup._store_facts()["integrity"] != "ok"
    parts.checkup._store.close()


def test_a_full_disk_is_found(kept: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10**10, 10**10, 10**8))
    assert str(found(kept)["disk"].says) == "硬盘只剩 0.1 GB，快要不能保存了"


# -- in a terminal ---------------------------------------------------------------------------------------------------


def doctor(city: World, *args: str) -> Result:
    settings = city[VILLAGE].parts.settings
    options = ["--data", str(settings.data), "--code", VILLAGE, "--key-file", str(settings.key_file)]
    return CliRunner().invoke(station, [*options, "doctor", *args])


def test_while_the_station_runs_the_command_tells_what_it_found_last(kept: World) -> None:
    assert "还没有自检过" in doctor(kept).output
    kept[VILLAGE].parts.checkup.check()
    said = doctor(kept)
    assert said.exit_code == 0
    assert "2018-02-09 09:00 自检" in said.output
    assert "[好] 数据：逐页检查过，没有损坏" in said.output


def test_while_it_is_stopped_the_command_checks_and_tells_programs_too(kept: World) -> None:
    kept[VILLAGE].parts.close()
    said = doctor(kept, "--json")
    told = json.loads(said.output)
    assert said.exit_code == 1, "today is years after the last contact"
    levels = {each["subject"]: each["level"] for each in told["findings"]}
    assert (levels["store"], levels["contact"]) == ("good", "bad")
