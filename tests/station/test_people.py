"""Who is known at a window: from cases taken in there and from household cards, found by name, initials or the end of a number."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import names
from station import recording
from station.access import Asked
from station.people import People
from station.register import id_digest
from sync.store import encryption
from tests.schemas import pinyin
from tests.test_journey import INSTANT, PERMIT
from tests.world import NEIGHBOUR, TOWNSHIP, VILLAGE, Visitor, World, application

NUMBER = "510903199003070012"
WIFE = "510903198502280028"
FORM = f"{9:032x}"


@pytest.fixture
def clerk(city: World) -> Visitor:
    return city.visit(VILLAGE).sign_in("V001")


@pytest.fixture
def known(city: World, clerk: Visitor) -> People:
    taken_in(clerk)
    return city[VILLAGE].parts.people


def taken_in(clerk: Visitor, item: str = PERMIT.item_code, **changes: str) -> str:
    clerk.open(f"/items/{item}/record")
    clerk.send(f"/items/{item}/record", **application(clerk.form, **changes))
    assert clerk.status == 200, clerk.page
    return clerk.path.removeprefix("/cases/")


def asked(clerk: Visitor, **fields: str) -> str:
    """What the form says besides while it is filled."""
    clerk.open(f"/items/{INSTANT.item_code}/record")
    token = re.search(r'name="csrf_token" value="([^"]+)"', clerk.page)
    assert token
    sent = {"csrf_token": token[1], "form": FORM, "n": "1", **fields}
    return clerk.client.post(
        f"/items/{INSTANT.item_code}/draft", data=sent, headers={recording.QUIET: "1"}
    ).text


@pytest.mark.parametrize("typed", ["赵", "赵小明", "zxm", "ZX", "0012", "070012", NUMBER])
def test_whoever_was_here_is_found_by_what_a_clerk_types(known: People, typed: str) -> None:
    found = known.find(typed, VILLAGE)
    assert [(each.name, each.id_no, each.phone, each.address) for each in found] == [
        ("赵小明", NUMBER, "13800001234", "三组12号")
    ]


@pytest.mark.parametrize("typed", ["", " ", "z", "2", "012", "小明", "xm", "钱", "13800001234", "%", "_"])
def test_less_than_that_finds_nobody(known: People, typed: str) -> None:
    assert known.find(typed, VILLAGE) == []


def test_only_the_window_that_met_them_knows_them(city: World, known: People) -> None:
    city.sync(VILLAGE, TOWNSHIP)
    assert known.find("赵小明", NEIGHBOUR) == []
    for other in (TOWNSHIP, NEIGHBOUR):
        there = city[other].parts.people
        assert there.find("赵小明", other) == there.find("赵小明", VILLAGE) == []


def test_the_newest_is_what_counts(city: World, clerk: Visitor, known: People) -> None:
    city.time.pass_(minutes=1)
    taken_in(clerk, INSTANT.item_code, phone="13900005678", address="四组1号")
    [found] = known.find("zxm", VILLAGE)
    assert (found.phone, found.address) == ("13900005678", "四组1号")


def test_picking_somebody_fills_the_form_and_is_logged(city: World, clerk: Visitor, known: People) -> None:
    said = asked(clerk, name="zxm")
    assert "510903********0012" in said
    assert NUMBER not in said
    handle = known.handle(NUMBER)
    assert f'value="{handle}"' in said
    page = clerk.send(f"/items/{INSTANT.item_code}/fill", form=FORM, person=handle)
    for value in ("赵小明", NUMBER, "13800001234", "三组12号"):
        assert f'value="{value}"' in page
    [line] = city[VILLAGE].parts.access.entries(Asked(act="card"))
    assert (line.person, line.reason, line.staff) == (id_digest(NUMBER), INSTANT.name, "V001")


def test_nobody_is_offered_who_stands_there_already(clerk: Visitor, known: People) -> None:
    assert "选中就全部填好" in asked(clerk, name="赵小明")
    full = {"name": "赵小明", "id_no": NUMBER, "phone": "13800001234", "address": "三组12号"}
    assert "选中就全部填好" not in asked(clerk, n="2", **full)


def test_a_made_up_handle_fills_nothing_and_opens_nothing(city: World, clerk: Visitor, known: People) -> None:
    asked(clerk, name="钱")
    page = clerk.send(f"/items/{INSTANT.item_code}/fill", form=FORM, person="0" * 32)
    assert 'value="钱"' in page
    clerk.open(f"/people/{'0' * 32}")
    assert clerk.status == 404
    assert city[VILLAGE].parts.access.entries(Asked(act="card")) == []


def test_a_number_is_judged_as_soon_as_it_is_whole(clerk: Visitor) -> None:
    assert "号码无误：男，1990-03-07 出生" in asked(clerk, id_no=NUMBER.lower())
    assert "号码无误：女，1985-02-28 出生" in asked(clerk, n="2", id_no=WIFE)
    assert "身份证号码有误" in asked(clerk, n="3", id_no=NUMBER[:-1] + "1")
    assert "统一社会信用代码无误" in asked(clerk, n="4", id_no="91510900MA6260000K")
    assert "号码" not in re.sub(r"(?s).*id-said", "", asked(clerk, n="5", id_no=NUMBER[:-1]))


def test_a_household_card_is_kept_and_its_members_fill_forms_too(
    city: World, clerk: Visitor, known: People
) -> None:
    handle = known.handle(NUMBER)
    page = clerk.open(f"/people/{handle}")
    assert "510903********0012" in page
    assert NUMBER not in page
    page = clerk.send(f"/people/{handle}/member", name="钱小花", id_no=WIFE, relation="spouse")
    assert "钱小花" in page
    assert "配偶" in page
    [wife] = known.find("qxh", VILLAGE)
    assert (wife.phone, wife.address) == ("13800001234", "三组12号"), (
        "as the other's, where nothing else was said"
    )
    assert [each.name for each in known.household(wife)] == ["赵小明"]
    said = asked(clerk, name="赵小明")
    assert "钱小花" in said
    clerk.open(f"/people/{handle}")
    clerk.send(f"/people/{handle}", name="赵小明", phone="13700000000", address="五组3号", relation="head")
    [found] = known.find("zxm", VILLAGE)
    assert (found.phone, found.relation, [each.name for each in known.household(found)]) == (
        "13700000000", "head", ["钱小花"],
    )  # fmt: skip
    city.sync(VILLAGE, TOWNSHIP)
    assert "钱小花" not in str(
        city[TOWNSHIP].parts.store.database(f"station-{VILLAGE}").all_docs(include_docs=True)
    )


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": "钱小花", "id_no": WIFE[:-1] + "0"}, "身份证号码有误"),
        ({"name": "钱小花", "id_no": NUMBER}, "这是本人的证件号码"),
        ({"name": "", "id_no": WIFE}, "请填写申请人姓名"),
        ({"name": "钱小花", "id_no": WIFE, "phone": "1"}, "请填写 11 位手机号，或带区号的座机号"),
        ({"name": "钱小花", "id_no": WIFE, "relation": "x"}, "请从列表中选择与户主的关系"),
    ],
)
def test_a_member_who_is_badly_filled_in_is_refused_in_words(
    clerk: Visitor, known: People, fields: dict[str, str], sentence: str
) -> None:
    handle = known.handle(NUMBER)
    clerk.open(f"/people/{handle}")
    page = clerk.send(f"/people/{handle}/member", **fields)
    assert clerk.status == 422
    assert sentence in page
    assert known.find(WIFE, VILLAGE) == []


def test_a_card_is_deleted_and_told_of_before(city: World, clerk: Visitor, known: People) -> None:
    handle = known.handle(NUMBER)
    clerk.open(f"/people/{handle}")
    clerk.send(f"/people/{handle}/member", name="钱小花", id_no=WIFE)
    page = clerk.send("/person", why="self", id_no=WIFE)
    assert "户卡" in page
    assert "钱小花" in page
    clerk.send(f"/people/{known.handle(WIFE)}/delete")
    assert known.find(WIFE, VILLAGE) == []
    assert "没有保存此人的信息" in clerk.send("/person", why="self", id_no=WIFE)


def test_what_an_archived_case_said_is_known_no_more(city: World, clerk: Visitor, known: People) -> None:
    case_no = known.find("zxm", VILLAGE)[0].source
    here = city[VILLAGE].parts.store.database("here")
    here.put({"_id": f"archived:{case_no}", "case": case_no, "item": PERMIT.name, "at": "2018-06-01"})
    assert known.find("zxm", VILLAGE) == []
    assert known.find(NUMBER, VILLAGE) == []


def test_the_file_is_encrypted_and_made_anew_from_the_documents(
    city: World, clerk: Visitor, known: People
) -> None:
    parts = city[VILLAGE].parts
    clerk.open(f"/people/{known.handle(NUMBER)}")
    clerk.send(f"/people/{known.handle(NUMBER)}/member", name="钱小花", id_no=WIFE)
    assert known.find("qxh", VILLAGE)
    known.close()
    path = parts.settings.people_path
    assert encryption.is_encrypted(path)
    for file in Path(path.parent).glob("people.sqlite*"):
        file.unlink()
    anew = People(
        path, parts.store, VILLAGE, parts.accounts.secret_key(), parts.vault.key if parts.vault else None
    )
    anew.tend()
    assert [each.name for each in anew.find("qxh", VILLAGE)] == ["钱小花"]
    assert [each.name for each in anew.find("zxm", VILLAGE)] == ["赵小明"]
    parts.people = anew


def test_a_file_that_does_not_open_is_made_anew(city: World, clerk: Visitor, known: People) -> None:
    parts = city[VILLAGE].parts
    known.close()
    parts.settings.people_path.write_bytes(b"torn" * 1000)
    anew = People(
        parts.settings.people_path, parts.store, VILLAGE, b"x", parts.vault.key if parts.vault else None
    )
    assert [each.name for each in anew.find("zxm", VILLAGE)] == ["赵小明"]
    parts.people = anew


# -- initials ----------------------------------------------------------------------------------------------------------


def test_all_readings_of_a_character_find_it() -> None:
    assert set(names.initials("曾单明")) == {"zsm", "zdm", "zcm", "csm", "cdm", "ccm"}
    assert {"zengxiaoming", "cengxiaoming"} <= set(names.readings("曾小明"))
    assert set(names.readings("吕曾")) == {"lvzeng", "lvceng"}
    assert names.initials("A·B 张3") == ("abz3",)
    assert names.initials("") == ()


@given(st.text(st.sampled_from("曾单解仇查重乐行长赵小明𠮷A1 ·"), max_size=40))
def test_the_ways_are_bounded_and_of_the_names_length(name: str) -> None:
    ways = names.initials(name)
    assert len(ways) == len(set(ways)) <= names.MOST
    assert len({len(each) for each in ways}) <= 1


def test_the_shipped_letters_are_those_of_the_readings() -> None:
    assert (pinyin.DATA / "initials.csv").read_text(encoding="utf-8") == pinyin.initials(), "run: make pinyin"
