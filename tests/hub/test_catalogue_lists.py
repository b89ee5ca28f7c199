"""The lists of the catalogue office: drafted by one person, published by another, held by the village, and then they count."""

from __future__ import annotations

import re
from datetime import datetime
from html import unescape

import pytest

from hub.list_pages import KINDS
from station.moment import ZONE
from tests.test_journey import INSTANT, record
from tests.world import HUB, TOWNSHIP, VILLAGE, Visitor, World

YEAR = "date,kind,name\n2027-01-01,放假,元旦\n2027-01-04,放假,调休\n2027-01-09,上班,调休\n"
LAST_DAYS = datetime(2026, 12, 29, 9, 0, tzinfo=ZONE)


def editor(city: World, employee_no: str = "C001") -> Visitor:
    return city.visit(HUB).sign_in(employee_no)


def rev(page: str) -> str:
    return re.findall(r'name="rev" value="([^"]+)"', page)[0]


def filled(page: str, **typed: str) -> dict[str, str]:
    """What the form on the page would send."""
    form = page[page.index('enctype="multipart/form-data"') : page.rindex('class="mt-3"')]
    inputs = dict(
        re.findall(r'<input (?![^>]*type="(?:file|hidden)")[^>]*name="([a-z_]+)"[^>]* value="([^"]*)"', form)
    )
    texts = dict(re.findall(r'<textarea [^>]*name="([a-z_]+)"[^>]*>(.*?)</textarea>', form, re.S))
    chosen = {name: (re.findall(r'value="([^"]+)" selected', body) or [""])[0] for name, body in re.findall(r'<select [^>]*name="([a-z_]+)">(.*?)</select>', form, re.S)}  # fmt: skip
    return {
        **{name: unescape(value) for name, value in (inputs | texts).items()},
        **chosen,
        "rev": rev(page),
        **typed,
    }


def drafted(city: World, kind: str, begun: dict[str, str], **typed: str) -> Visitor:
    """A draft, and the editor who has just saved it."""
    visitor = editor(city)
    visitor.open(f"/catalogue/{kind}")
    visitor.send(f"/catalogue/{kind}", **begun)
    assert visitor.path.startswith(f"/catalogue/{kind}/"), visitor.page
    visitor.send(visitor.path, **filled(visitor.page, **typed))
    assert "草稿已保存" in visitor.page, visitor.page
    return visitor


def published(city: World, kind: str, begun: dict[str, str], **typed: str) -> Visitor:
    """A draft by one editor that another has published, and the other."""
    first = drafted(city, kind, begun, **typed)
    assert "没有发现问题" in first.page, first.page
    second = editor(city, "C002")
    second.open(first.path)
    second.send(f"{first.path}/publish", rev=rev(second.page))
    assert "已经发布" in second.page, second.page
    return second


def due(city: World, code: str, case_no: str) -> object:
    register = city[code].parts.register
    register.catch_up()
    row = register.case(case_no)
    assert row is not None
    return row["due"]


# -- every list: `begun` and `typed` make a draft that may be published -----------------------------------------------

SOUND: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "days": ({"key": "2027"}, {"lines": YEAR}),
}


def test_every_list_is_tested() -> None:
    assert set(SOUND) == {kind.name for kind in KINDS}


@pytest.mark.parametrize("kind", SOUND)
def test_who_drafted_does_not_publish_and_a_second_person_does(city: World, kind: str) -> None:
    begun, typed = SOUND[kind]
    first = drafted(city, kind, begun, **typed)
    assert "没有发现问题" in first.page and f'action="{first.path}/publish"' not in first.page, first.page
    draft, before = first.path, city[HUB].parts.store.database("public").update_seq
    page = first.send(f"{draft}/publish", rev=rev(first.page))
    assert first.status == 409 and "起草人不能发布" in page
    assert city[HUB].parts.store.database("public").update_seq == before, "nothing was published"

    second = editor(city, "C002")
    assert "与现行的相比" in second.open(draft)
    assert "已经发布" in second.send(f"{draft}/publish", rev=rev(second.page))
    second.open(draft)
    assert second.status == 404, "the draft is gone"

    for code in (TOWNSHIP, VILLAGE):
        city.sync(code)
    city.sync(VILLAGE, TOWNSHIP)
    assert "2 个站点已全部收到" in second.open("/catalogue/stations")


@pytest.mark.parametrize("kind", SOUND)
def test_two_editors_do_not_overwrite_each_other(city: World, kind: str) -> None:
    begun, typed = SOUND[kind]
    first = drafted(city, kind, begun, **typed)
    draft, old = first.path, first.page
    second = editor(city, "C002")
    second.open(draft)
    second.send(draft, **filled(second.page))
    kept = filled(second.page)
    for there in ("", "/publish", "/drop"):
        first.page = old
        page = first.send(f"{draft}{there}", **filled(old, **typed))
        assert first.status == 409 and "刚被别人改过" in page
    assert filled(second.open(draft)) == kept


@pytest.mark.parametrize("kind", SOUND)
def test_a_draft_is_thrown_away_and_nothing_has_changed(city: World, kind: str) -> None:
    begun, typed = SOUND[kind]
    first = drafted(city, kind, begun, **typed)
    draft, before = first.path, city[HUB].parts.store.database("public").update_seq
    assert "草稿已删除" in first.send(f"{draft}/drop", rev=rev(first.page))
    first.open(draft)
    assert first.status == 404 and city[HUB].parts.store.database("public").update_seq == before


@pytest.mark.parametrize("kind", SOUND)
def test_a_draft_that_stands_is_listed_and_gone_on_with(city: World, kind: str) -> None:
    begun, typed = SOUND[kind]
    draft = drafted(city, kind, begun, **typed).path
    second = editor(city, "C002")
    assert f'href="{draft}"' in second.open(f"/catalogue/{kind}")


# -- the calendar -----------------------------------------------------------------------------------------------------


def test_a_year_that_was_published_moves_due_dates_at_the_village(city: World) -> None:
    city.time.now = LAST_DAYS
    city.sync(TOWNSHIP, VILLAGE)
    case_no = record(city, INSTANT)
    city.sync(VILLAGE, TOWNSHIP)
    assert due(city, VILLAGE, case_no) is None
    first = drafted(city, "days", {"key": "2027"}, lines=YEAR)
    assert "1 件在办件的办理期限可能变动" in first.page
    assert "2027-01-04 星期一" in first.page and "放假（调休）" in first.page
    second = editor(city, "C002")
    second.open(first.path)
    second.send(f"{first.path}/publish", rev=rev(second.page))
    assert "2027-01-09" in second.open("/catalogue/days", year="2027")
    city.sync(TOWNSHIP, VILLAGE)
    for code in (VILLAGE, TOWNSHIP, HUB):
        assert due(city, code, case_no) == "2027-01-07"
    # A holiday that was taken back is a working day again.
    published(city, "days", {"key": "2027"}, lines=YEAR.replace("2027-01-04,放假,调休\n", ""))
    city.sync(TOWNSHIP, VILLAGE)
    assert due(city, VILLAGE, case_no) == "2027-01-06"


def test_a_file_is_read_as_the_list_also_as_a_spreadsheet_writes_it(city: World) -> None:
    visitor = editor(city)
    visitor.open("/catalogue/days")
    visitor.send("/catalogue/days", key="2027")
    page = visitor.upload(visitor.path, ("lines", "2027.csv", YEAR.encode("gb18030")), **filled(visitor.page))
    assert "2027-01-04,放假,调休" in page and "没有发现问题" in page


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("", "没有日期"),
        ("2027-02-30,holiday,x", "第 1 行的日期不对"),
        ("2027-01-01,party,x", "第 1 行的种类不对"),
        ("2026-01-01,holiday,x", "不在 2027 年"),
        (YEAR + "2027-01-01,holiday,元旦", "第 5 行的 2027-01-01 前面已经列过"),
        ("2027-01-04,上班,x", "本来就是工作日"),
    ],
)
def test_a_year_that_is_wrong_is_kept_and_told_by_line(city: World, lines: str, said: str) -> None:
    first = drafted(city, "days", {"key": "2027"}, lines=lines)
    assert said in first.page and filled(first.page)["lines"].strip() == lines.strip()
    second = editor(city, "C002")
    second.open(first.path)
    second.send(f"{first.path}/publish", rev=rev(second.page))
    assert second.status == 409 and not city[HUB].parts.almanac.calendar().covers(2027)


@pytest.mark.parametrize("year", ["", "27", "二〇二七", "1999"])
def test_a_draft_is_of_a_year(city: World, year: str) -> None:
    visitor = editor(city)
    visitor.open("/catalogue/days")
    page = visitor.send("/catalogue/days", key=year)
    assert visitor.status == 422 and "请填写四位年份" in page
