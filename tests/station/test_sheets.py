"""Cases taken away as a department's sheet, over HTTP: columns in order, masked or for a reason in full, and logged."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from schemas import sheets
from station.access import Asked
from tests.station.test_export import read_csv, read_xlsx
from tests.station.test_personal import ID_NO, PHONE, newest, raw
from tests.test_journey import PERMIT, record
from tests.world import HUB, TOWNSHIP, VILLAGE, Visitor, World, small_city

PERIOD = {"since": "2018-02-01", "until": "2018-02-28"}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with small_city(tmp_path_factory.mktemp("sheets")) as world:
        record(world, PERMIT)
        world.sync(VILLAGE, TOWNSHIP)
        yield world


@pytest.fixture
def clerk(city: World) -> Visitor:
    visitor = city.visit(VILLAGE).sign_in("V001")
    assert "按部门导出" in visitor.open("/sheets")
    return visitor


def test_the_columns_are_those_of_the_department_and_numbers_are_masked(city: World, clerk: Visitor) -> None:
    made = raw(clerk, "/sheets", sheet="全部", **PERIOD, **{"as": "xlsx"})
    (header, line), elements = read_xlsx(made.content)
    assert header == [each.heading for each in sheets.sheets()["全部"]]
    said = dict(zip(header, line, strict=False))
    assert said["申请人"] == "赵小明"
    assert said["证件号码"] == "510903********0012"
    assert said["联系电话"] == "138****1234"
    assert said["收件日期"] == "2018-02-09"
    assert set(elements) == {"v"}
    assert newest(city).reason == "全部，2018-02-01 至 2018-02-28，1 件"


def test_full_numbers_need_a_reason_and_each_case_is_logged(city: World, clerk: Visitor) -> None:
    refused = raw(clerk, "/sheets", sheet="全部", **PERIOD, full="1")
    assert refused.status_code == 422
    assert "请选择查看的理由" in refused.text
    assert ID_NO not in refused.text
    made = raw(clerk, "/sheets", sheet="全部", **PERIOD, full="1", why="verify", **{"as": "csv"})
    said = dict(zip(*read_csv(made.content), strict=True))
    assert said["证件号码"] == "'" + ID_NO, "a text, which no program rounds"
    assert said["联系电话"] == PHONE
    access = city[VILLAGE].parts.access
    assert access.entries(Asked(act="full"), limit=1)[0].case_no == said["办件编号"].removeprefix("'")
    assert newest(city).reason.endswith("，1 件；核对身份或者材料")


def test_who_supervises_sees_no_name_on_a_sheet(city: World) -> None:
    supervisor = city.visit(HUB).sign_in("S001")
    supervisor.open("/sheets")
    made = raw(supervisor, "/sheets", sheet="全部", **PERIOD, **{"as": "csv"})
    assert "赵小明" not in made.content.decode()


@pytest.mark.parametrize(
    ("period", "sentence"),
    [
        ({"since": "", "until": "2018-02-28"}, "请填写起止日期，例如 2018-02-01"),
        ({"since": "2018-03-01", "until": "2018-02-28"}, "开始日期在结束日期之后，请改正"),
    ],
)
def test_a_period_that_is_none_is_refused_in_words(
    clerk: Visitor, period: dict[str, str], sentence: str
) -> None:
    answer = raw(clerk, "/sheets", sheet="全部", **period)
    assert answer.status_code == 422
    assert sentence in answer.text


def test_more_than_a_file_may_hold_is_refused_in_words(
    clerk: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("station.sheets.MOST", 0)
    assert "请分几段导出" in raw(clerk, "/sheets", sheet="全部", **PERIOD).text


def test_another_departments_cases_and_another_months_are_not_on_it(clerk: Visitor) -> None:
    other = raw(clerk, "/sheets", sheet="残联", **PERIOD, **{"as": "csv"})
    later = raw(clerk, "/sheets", sheet="全部", since="2018-02-10", until="2018-03-10", **{"as": "csv"})
    assert [len(read_csv(each.content)) for each in (other, later)] == [1, 1]
    assert raw(clerk, "/sheets", sheet="没有的").status_code == 400
