"""Finding an item: by name and parts of it, by what people say, by ear, with a slip; and never what a station may not do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import offers, tables
from schemas.finding import MODES, find, kinds, named, nearest, plain, question, question_of
from schemas.tables import Item, Station
from tests.schemas import pinyin
from tests.schemas.histories import BUREAU, ELSEWHERE, HUB, TOWNSHIP, VILLAGE

PLACES = {code: tables.station(code) for code in (VILLAGE, TOWNSHIP, BUREAU, HUB, ELSEWHERE)}
HERE = PLACES[VILLAGE]
SYNONYMS = list(tables.rows("synonyms"))
SITUATIONS = list(tables.rows("situations"))
NAMES = {item.name for item in tables.items().values()}

places = st.sampled_from([VILLAGE, TOWNSHIP, ELSEWHERE]).map(PLACES.__getitem__)


@st.composite
def offered(draw: st.DrawFn) -> tuple[Station, Item]:
    """A station and an item it has something to do with."""
    station = draw(places)
    item, _ = draw(st.sampled_from(offers.offers(station)))
    return station, item


def codes(asked: str, station: Station = HERE) -> list[str]:
    return [hit.item.item_code for hit in find(asked, station)]


def names(asked: str, station: Station = HERE) -> list[str]:
    return [hit.item.name for hit in find(asked, station)]


def letters(text: str) -> list[str]:
    return pinyin.syllables(text)


@given(offered())
def test_every_item_is_among_the_first_by_its_own_name_and_by_its_code(found: tuple[Station, Item]) -> None:
    station, item = found
    assert item.item_code in codes(item.name, station)[:2]
    assert codes(item.item_code.lower(), station) == [item.item_code]


@given(offered(), st.data())
def test_every_item_is_found_by_any_two_or_more_characters_of_its_name(
    found: tuple[Station, Item], data: st.DataObject
) -> None:
    station, item = found
    at = data.draw(st.integers(0, len(item.name) - 2))
    end = data.draw(st.integers(at + 2, len(item.name)))
    assert item.item_code in codes(item.name[at:end], station)


@given(offered())
def test_every_item_is_among_the_first_by_its_full_pinyin(found: tuple[Station, Item]) -> None:
    station, item = found
    assert item.item_code in codes("".join(letters(item.name)), station)[:3]
    assert item.item_code in codes(" ".join(letters(item.name)).upper(), station)[:3]


@given(offered())
def test_every_item_is_among_the_first_by_its_initials(found: tuple[Station, Item]) -> None:
    station, item = found
    assert item.item_code in codes("".join(each[0] for each in letters(item.name)), station)[:5]


@given(offered(), st.data())
def test_one_wrong_missing_or_added_character_does_not_hide_an_item(
    found: tuple[Station, Item], data: st.DataObject
) -> None:
    station, item = found
    name = plain(item.name)
    at = data.draw(st.integers(0, len(name) - 1))
    for slipped in (
        name[:at] + "囧" + name[at + 1 :],
        name[:at] + "囧" + name[at:],
        name[:at] + name[at + 1 :],
    ):
        assert item.item_code in codes(slipped, station)


@given(
    st.sampled_from(list(PLACES.values())),
    st.text(max_size=80) | st.sampled_from(SYNONYMS).map(lambda row: row["said"]),
)
def test_whatever_is_asked_only_what_the_station_offers_is_found_each_once_as_it_is_offered(
    station: Station, asked: str
) -> None:
    may = {item.item_code: made for item, made in offers.offers(station)}
    for hits in (find(asked, station), nearest(asked, station)):
        assert len({hit.item.item_code for hit in hits}) == len(hits)
        assert all(may[hit.item.item_code] == hit.offer for hit in hits)


@given(st.sampled_from(sorted(NAMES)))
def test_an_item_of_another_district_is_never_found_though_it_is_called_by_its_name(name: str) -> None:
    assert {hit.item.division_code for hit in find(name, PLACES[ELSEWHERE])} <= {"510900", "5109", "510922"}


def test_nothing_asked_shows_all_and_what_the_station_does_itself_comes_first() -> None:
    for asked in ("", "  ", "、（"):
        hits = find(asked, HERE)
        assert len(hits) == len(offers.offers(HERE))
        assert [MODES.index(hit.offer.mode) for hit in hits] == sorted(
            MODES.index(hit.offer.mode) for hit in hits
        )


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("盖房子", "乡村建设规划许可证核发"),
        ("我想盖房子咋个办", "乡村建设规划许可证核发"),
        ("娃儿上户口", "户口登记（出生）收件代办"),
        ("娃儿 户口", "户口登记（出生）收件代办"),
        ("准生证", "生育登记（两孩以内）"),
        ("dibao", "最低生活保障申请初审"),
        ("lnz", "老年人优待证办理"),
        ("食品经营许可（新办）怎么办", "食品经营许可（新办）"),
        ("shipin jingying", "食品经营许可（新办）"),
        ("spjyxk", "食品经营许可"),
        ("ｓｐｊｙｘｋ", "食品经营许可"),
        ("食品经营许克", "食品经营许可（新办）"),
        ("shiping jingying", "食品经营许可（新办）"),
        ("sipinjinying", "食品经营许可（新办）"),
        ("户籍 公安", ""),
        ("高龄 民政", "高龄津贴申请"),
    ],
)  # fmt: skip
def test_examples(asked: str, first: str) -> None:
    assert (names(asked) or [""])[0] == first


def test_the_better_way_comes_first_and_says_why() -> None:
    ways = [hit.way for hit in find("食品经营许可", HERE)]
    assert ways == ["name", "begins", "begins", "begins"]
    assert {(hit.way, hit.because) for hit in find("盖房子", HERE)} == {("said", "盖房子")}
    assert {(hit.way, hit.because) for hit in find("gaifangzi", HERE)} == {("pinyin", "盖房子")}
    assert {(hit.way, hit.because) for hit in find("gfz", HERE)} == {("initials", "盖房子")}
    assert {(hit.way, hit.because) for hit in find("盖防子", HERE)} == {("slip", "盖房子")}


def test_among_equals_what_the_station_does_itself_comes_first() -> None:
    hits = [hit for hit in find("登记", HERE) if hit.way == "words"]
    order = [(MODES.index(hit.offer.mode), hit.item.item_code) for hit in hits]
    assert order == sorted(order)
    assert {hit.offer.mode for hit in hits} > {"direct", "inform"}


def test_where_nothing_is_found_there_are_ideas_or_departments_to_look_in() -> None:
    asked = "外地的补偿"
    assert find(asked, HERE) == ()
    assert nearest(asked, HERE)
    assert nearest("囧囧", HERE) == ()
    for station in (PLACES[VILLAGE], PLACES[TOWNSHIP], PLACES[BUREAU], PLACES[HUB]):
        assert kinds(station)
        for kind in kinds(station):
            hits = find(kind, station)
            assert any(
                kind in (hit.item.zone, hit.item.department) and hit.offer.mode != "inform" for hit in hits
            )


def test_people_say_many_things_and_each_leads_to_items_that_exist() -> None:
    assert len({row["said"] for row in SYNONYMS}) >= 120
    assert len({(row["said"], row["towards"]) for row in SYNONYMS}) == len(SYNONYMS)
    for row in SYNONYMS:
        assert 1 <= len(named(row["towards"])) <= 6, row


@pytest.mark.parametrize("code", [VILLAGE, TOWNSHIP])
def test_what_people_say_is_found_at_a_village_and_a_township_as_it_is_said_and_by_ear(code: str) -> None:
    station = PLACES[code]
    offered_here = offers.offers(station)
    for row in SYNONYMS:
        meant = named(row["towards"])
        wanted = {item.item_code for item, _ in offered_here if item.name in meant}
        assert wanted, row
        assert wanted <= set(codes(row["said"], station)), row
        assert wanted <= set(codes("".join(letters(row["said"])), station)), row


def test_a_situation_leads_to_an_item_with_its_list_of_materials() -> None:
    for row in SITUATIONS:
        assert row["item"] in NAMES, row
    for text in {row["question"] for row in SITUATIONS}:
        asked = question_of(next(i for i in tables.items().values() if i.name == _item_of(text)), HERE)
        assert asked is not None, text
        assert len(asked.answers) == sum(row["question"] == text for row in SITUATIONS)
        for _, item in asked.answers:
            assert offers.offer(item, HERE) is not None
            assert tables.materials(item.item_code)


def _item_of(text: str) -> str:
    return next(row["item"] for row in SITUATIONS if row["question"] == text)


def test_the_question_is_asked_that_tells_the_first_hits_apart() -> None:
    asked = question(find("户口", HERE), HERE)
    assert asked is not None
    assert asked.text == "户口要办哪一样？"
    assert [item.name for answer, item in asked.answers if answer == "娃儿出生上户口"] == [
        "户口登记（出生）收件代办"
    ]
    assert question(find("准生证", HERE), HERE) is None
    assert question(find("个体工商户设立登记", PLACES[ELSEWHERE]), PLACES[ELSEWHERE]) is None


def test_the_shipped_readings_are_those_of_the_names_and_the_talk() -> None:
    assert pinyin.FILE.read_text(encoding="utf-8") == pinyin.written(), "run: make pinyin"


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("重庆", "chong qing"), ("重度残疾人", "zhong du can ji ren"), ("行政许可", "xing zheng xu ke"),
        ("银行账号", "yin hang zhang hao"), ("特种行业", "te zhong hang ye"), ("行驶证", "xing shi zheng"),
        ("长期", "chang qi"), ("调解", "tiao jie"), ("会计", "kuai ji"), ("社会", "she hui"), ("校车", "xiao che"),
        ("娱乐场所", "yu le chang suo"), ("参保登记", "can bao deng ji"), ("组织关系", "zu zhi guan xi"),
        ("退耕还林", "tui geng huan lin"), ("发卡企业", "fa ka qi ye"), ("律师", "lv shi"),
        ("种畜禽", "zhong chu qin"), ("特困人员救助供养", "te kun ren yuan jiu zhu gong yang"),
        ("满60岁", "man 60 sui"),
    ],
)  # fmt: skip
def test_characters_with_several_readings_are_read_as_in_their_word(text: str, reading: str) -> None:
    assert " ".join(pinyin.syllables(text)) == reading
