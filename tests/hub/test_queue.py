"""The queue's page: what it is narrowed to, what goes first and why, views of one's own, and work that a head gives out."""

from __future__ import annotations

import pytest

from hub.queue_asked import Asked, of_text, text
from hub.saved_views import MOST, SavedViews
from schemas.catalogue import shipped
from tests.station.test_errand_pages import LIST, assigned
from tests.test_journey import INSTANT, PERMIT, record
from tests.world import BUREAU, HUB, NEIGHBOUR, TOWNSHIP, VILLAGE, World


@pytest.fixture
def cases(city: World) -> list[str]:
    made = [record(city, PERMIT), record(city, INSTANT, NEIGHBOUR, "V002")]
    city.sync(VILLAGE, NEIGHBOUR, TOWNSHIP)
    return made


def lodge(city: World, case_no: str, **asked: str) -> None:
    """An errand of the village that lodged this case."""
    clerk = city.visit(VILLAGE).sign_in("V001")
    errand_no = assigned(city, clerk, entrusted_by="signature", **asked)
    clerk.open(f"/errands/{errand_no}")
    clerk.send(f"/errands/{errand_no}/collect", **LIST)
    clerk.send(f"/errands/{errand_no}/lodge", case=case_no)
    assert clerk.status == 200, clerk.page
    city.sync(VILLAGE, TOWNSHIP)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"item": PERMIT.item_code}, [0]),
        ({"department": INSTANT.department, "item": INSTANT.item_code}, [1]),
        ({"town": TOWNSHIP}, [1, 0]),
        ({"stage": "acceptance"}, [1, 0]),
        ({"stage": "review"}, []),
        ({"overdue": "1"}, []),
        ({"priority": "green_channel"}, []),
        ({"mine": "1"}, []),
    ],
)
def test_a_queue_is_narrowed_to_what_is_asked(
    city: World, cases: list[str], query: dict[str, str], found: list[int]
) -> None:
    examiner = city.visit(HUB).sign_in("E001")
    examiner.open("/desk", **query)
    assert sorted(examiner.cases) == sorted(cases[n] for n in found)


@pytest.mark.parametrize(
    "query",
    [
        {"item": "X"},
        {"department": "没有"},
        {"town": VILLAGE},
        {"priority": "first"},
        {"overdue": "2"},
        {"stage": "x"},
    ],
)
def test_what_does_not_exist_is_not_found(city: World, query: dict[str, str]) -> None:
    examiner = city.visit(HUB).sign_in("E001")
    examiner.open("/desk", **query)
    assert examiner.status == 404


def test_what_is_past_its_day_is_overdue(city: World, cases: list[str]) -> None:
    city.time.pass_(days=14)
    examiner = city.visit(HUB).sign_in("E001")
    page = examiner.open("/desk", overdue="1")
    assert sorted(examiner.cases) == sorted(cases)
    assert "已超期" in page


@pytest.mark.parametrize("asked", ["赵小明", "小明", "zxm", "zhaoxiao", "ZHAO XIAO MING"])
def test_a_queue_is_searched_by_name_sound_and_initials(city: World, cases: list[str], asked: str) -> None:
    examiner = city.visit(HUB).sign_in("E001")
    examiner.open("/desk")
    page = examiner.send("/desk", q=asked)
    assert sorted(examiner.cases) == sorted(cases)
    assert "在队列里找到 2 件" in page
    examiner.send("/desk?stage=review", q=asked)
    assert examiner.cases == []


def test_a_queue_is_searched_by_number(city: World, cases: list[str]) -> None:
    examiner = city.visit(HUB).sign_in("E001")
    examiner.open("/desk")
    examiner.send("/desk", q=cases[1])
    assert examiner.cases == [cases[1]]


def test_tabs_tell_how_many_wait_by_zone_and_stage(city: World, cases: list[str]) -> None:
    counts = city[HUB].parts.register.queue.counts([BUREAU])
    assert sum(counts.values()) == 2
    assert {key[2] for key in counts} == {"acceptance"}
    assert {key[1] for key in counts} == {PERMIT.zone, INSTANT.zone}


def test_green_channel_goes_first_and_says_why_to_who_works_on_it(city: World) -> None:
    other, green = record(city, INSTANT), record(city, PERMIT)
    city.sync(VILLAGE, TOWNSHIP)
    lodge(city, green, green_channel="1", green_reason="透析病人", green_approved_by="T001")
    examiner = city.visit(HUB).sign_in("E001")
    page = examiner.open("/desk")
    assert examiner.cases == [green, other]
    assert "绿色通道" in page and "透析病人" in page
    assert "透析病人" not in city.visit(HUB).sign_in("S001").open("/desk")
    examiner.open("/desk", priority="green_channel")
    assert examiner.cases == [green]
    before = city[HUB].parts.register.queue.rows([other, green])
    city[HUB].parts.register.rebuild()
    assert city[HUB].parts.register.queue.rows([other, green]) == before


def test_a_view_is_kept_for_who_named_it_and_dropped(city: World, cases: list[str]) -> None:
    examiner = city.visit(HUB).sign_in("E001")
    examiner.open("/desk", overdue="1")
    page = examiner.send(f"/desk/views?overdue=1&town={TOWNSHIP}", name="本镇超期")
    assert f'href="/desk?town={TOWNSHIP}&amp;overdue=1">本镇超期</a>' in page
    assert "本镇超期" not in city.visit(HUB).sign_in("E002").open("/desk")
    assert "本镇超期" not in examiner.send("/desk/views", drop="本镇超期")


def test_a_view_without_a_name_and_one_too_many_are_refused_in_words(city: World) -> None:
    examiner = city.visit(HUB).sign_in("E001")
    examiner.open("/desk")
    assert "请给视图起个名字，最多 20 个字" in examiner.send("/desk/views", name=" ")
    assert examiner.status == 422
    views = SavedViews(city[HUB].parts.store)
    for n in range(MOST):
        views.keep("E001", f"视图{n}", "overdue=1")
    assert "最多保存 12 个视图" in examiner.send("/desk/views", name="又一个")
    views.keep("E001", "视图0", "mine=1")
    assert views.of("E001")[-1].asked == "mine=1"


def test_a_question_survives_its_address() -> None:
    asked = Asked(zone="商事登记", overdue="1", town=TOWNSHIP)
    assert of_text(text(asked), [BUREAU], shipped()) == asked
    assert of_text("zone=没有", [BUREAU], shipped()) is None


def test_a_head_gives_out_many_at_once_and_each_refused_is_named(city: World, cases: list[str]) -> None:
    window, head = city.visit(HUB).sign_in("E003"), city.visit(HUB).sign_in("E002")
    window.open(f"/cases/{cases[0]}")
    window.send(f"/desk/{cases[0]}/claim")
    page = head.open("/desk")
    assert page.count('name="case"') == 2
    answer = head.client.post("/desk/assign", data={"csrf_token": _token(page), "case": cases, "to": "E001"})
    assert "已分派 1 件给周审查" in answer.text
    assert cases[0] in answer.text and "钱窗口已在办理本件" in answer.text
    mine = city.visit(HUB).sign_in("E001")
    mine.open("/desk", mine="1")
    assert mine.cases == [cases[1]]
    assert "我在办的（1）" in mine.open("/desk")


def test_who_is_no_head_and_whom_the_bureau_does_not_know_are_told_so(city: World, cases: list[str]) -> None:
    window, head = city.visit(HUB).sign_in("E003"), city.visit(HUB).sign_in("E001")
    assert 'name="case"' not in window.open("/desk")
    window.send("/desk/assign", case=cases[0], to="E003")
    assert "只有审批区、审批局负责人可以分派本局的件" in window.page
    head.open("/desk")
    for number in ("X001", "S001", "9999"):
        assert "接收人不是本局的窗口或审查人员，请核对工号" in head.send(
            "/desk/assign", case=cases[0], to=number
        )
    assert "请先勾选要分派的件，并填写接收人工号" in head.send("/desk/assign", to="E003")
    assert head.status == 422


def _token(page: str) -> str:
    return page.partition('name="csrf_token" value="')[2].partition('"')[0]
