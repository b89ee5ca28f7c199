"""The papers of a case: every kind of domain.md §2.2 for a real case, compared with what it has to contain; numbered, masked,
on A4. The required content is schemas/data/papers.csv, and once more, by hand, in WANTED."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Any

import pytest

from schemas import papers, tables
from schemas.document_numbers import parse_document_no, words
from schemas.lifecycle import EVENTS
from schemas.problems import DomainError
from station.numbering import next_document_no
from tests.test_journey import INSTANT, PERMIT, record, seen_in_village
from tests.world import BUREAU, HUB, PEOPLE, TOWNSHIP, VILLAGE, Visitor, World, application, small_city

SERVICE = next(
    each
    for each in tables.items().values()
    if each.division_code == "510903" and not each.instant and each.category_code != "01"
)
INSTANT_SERVICE = next(
    each
    for each in tables.items().values()
    if each.division_code == "510903" and each.instant and each.category_code != "01"
)
REASON = "经核查，经营场所与申报材料不符"
REMEDY = "可以自收到之日起六十日内申请行政复议"
SUSPEND = {"kind": "expert_review", "days": 12, "approved_by": "E002"}
Steps = tuple[tuple[str, str, Mapping[str, Any]], ...]
PASSED = (
    ("E001", "accept", {}),
    ("E001", "assign", {"to": "商事登记"}),
    ("E002", "pass_step", {"opinion": "齐全"}),
)
GRANTED = (*PASSED, ("E002", "grant", {}))
CONCLUDED = (*GRANTED, ("E001", "conclude", {"result": "许可证 川遂船字0001号"}))

# kind: how a case comes to it, and what must stand on it besides applicant, item and number of the case.
WANTED: Mapping[str, tuple[Steps, tuple[str, ...]]] = {
    "receipt": ((), ("2018年2月9日 09:00", "2018年2月22日前答复是否受理", "个工作日内办结", "船山区行政审批局", "（原件）")),
    "handover": ((), ("移交单位", "电江路社区便民服务站", "接收单位", "船山区行政审批局", "（原件）", "移交人（签名）")),
    "accept": ((("E001", "accept", {}),), ("第三十二条第一款第（五）项", "予以受理", "2018年2月13日", "2018年3月14日")),
    "refuse": (
        (("E001", "refuse", {"reason_code": "not_competent", "reason": REASON}),),
        ("依法不属于本机关职权范围", REASON, "行政复议", "行政诉讼", "不予受理"),
    ),
    "supplement": (
        (("E001", "notify_supplement", {"gaps": ["申请表缺签名", "照片不清晰"]}),),
        ("第三十二条第一款第（四）项", "一次性告知", "申请表缺签名", "照片不清晰", "2018年3月11日"),
    ),
    "special_procedure": (
        (("E001", "accept", {}), ("E001", "suspend", SUSPEND)),
        ("第四十五条", "专家评审", "预计12个工作日", "E002"),
    ),
    "extension": (
        (("E001", "accept", {}), ("B001", "extend", {"days": 5, "reason": "需要征求意见"})),
        ("第四十二条第一款", "5个工作日", "需要征求意见", "2018年2月26日", "2018年3月21日", "冯局长"),
    ),
    "grant": (GRANTED, ("第三十八条第一款", "准予行政许可", "2018年2月9日", "吴审查")),
    "deny": (
        (*PASSED, ("E002", "deny", {"reason": REASON, "remedy": REMEDY})),
        ("第三十八条第二款", "不予行政许可", REASON, REMEDY),
    ),
    "conclude": (CONCLUDED, ("许可证 川遂船字0001号", "受理当日办结", "收件凭证到电江路社区便民服务站")),
    "delivery": (
        (*CONCLUDED, ("E001", "deliver", {"receiver": "赵小明"})),
        ("准予许可决定书 (船)准字〔2018〕第", "办结通知 (船)办字〔2018〕第", "直接送达", "签收人（签名）", "送达人（签名）"),
    ),
    "withdrawal": ((("E001", "withdraw", {}),), ("申请人未说明", "终止办理", "申请人（签名）")),
    "urge": ((("S001", "urge", {"reason": "即将到期"}),), ("被督办单位", "船山区行政审批局", "已收件", "即将到期")),
}  # fmt: skip


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with small_city(tmp_path_factory.mktemp("papers")) as world:
        yield world


def driven(city: World, steps: Steps, item: tables.Item = PERMIT, case_no: str = "") -> str:
    """A case that a village recorded, and that these people then took these steps on at the hub; its number."""
    case_no = case_no or record(city, item)
    city.sync(VILLAGE, TOWNSHIP)
    for who, event, data in steps:
        city[HUB].parts.casework.act(case_no, PEOPLE[who], [(event, data)])
    return case_no


def text_of(page: str) -> str:
    """What stands on the sheets of a page, without the page around them."""
    sheets = re.findall(r"<article.*?</article>", page, re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", "", "\n".join(sheets)))


def fields_of(page: str) -> dict[str, str]:
    """What each field of the sheets says; of a list, its lines."""
    found = re.findall(r'data-field="(\w+)">(.*?)</td>', page, re.DOTALL)
    return {key: unescape(re.sub(r"<[^>]+>", " ", value)).strip() for key, value in found}


def sheets(page: str) -> list[str]:
    return re.findall(r'<article[^>]*data-kind="(\w+)"', page)


@pytest.fixture
def examiner(city: World) -> Visitor:
    return city.visit(HUB).sign_in("E001")


# --- every kind -----------------------------------------------------------------------------------------------


def test_every_kind_of_paper_is_tried_here() -> None:
    assert set(WANTED) == set(papers.kinds())
    # What has a number and is no paper of a case: the certificate of a village.
    assert {each.kind for each in words().values()} - set(papers.kinds()) == {"certificate"}


def test_every_event_that_calls_for_a_paper_is_an_event_and_calls_for_one_paper() -> None:
    events = [event for kind in papers.kinds().values() for event in kind.events]
    assert set(events) <= set(EVENTS)
    assert len(events) == len(set(events))


@pytest.mark.parametrize("kind", WANTED)
def test_a_paper_of_a_real_case_says_all_that_it_must(city: World, examiner: Visitor, kind: str) -> None:
    steps, wanted = WANTED[kind]
    case_no = driven(city, steps)
    page = examiner.open(f"/cases/{case_no}/papers/{kind}")
    assert examiner.status == 200, page
    text, fields = text_of(page), fields_of(page)
    row = papers.kinds()[kind]
    assert set(row.fields) <= fields.keys()
    blank = [key for key in row.fields if not fields[key] or fields[key] == "—"]
    assert not blank
    for label in (papers.FIELDS[key][0] for key in row.fields):
        assert label in text
    # Domain.md §2.2: number, date, seal place, applicant, item, case no., signer.
    number = re.search(r"\(\w+\)\S{1,2}字〔2018〕第\d{5}号", text)
    assert number, text
    assert words()[parse_document_no(number[0]).word].kind == kind
    for each in (
        "2018年2月9日",
        "（加盖印章处）",
        "赵小明",
        PERMIT.name,
        case_no,
        "经办人：",
        row.name,
        *wanted,
    ):
        assert each in text, each
    assert "{" not in text and "None" not in text


@pytest.mark.parametrize(
    ("item", "end", "kind", "title", "law"),
    [
        (SERVICE, "grant", "grant", "准予办理决定书", False),
        (PERMIT, "grant", "grant", "准予许可决定书", True),
        (INSTANT, "instant_conclude", "grant", "准予许可决定书", True),
        (INSTANT_SERVICE, "instant_conclude", "conclude", "办结通知", False),
    ],
)  # fmt: skip
def test_only_what_the_law_calls_a_permit_is_called_one_and_is_decided_in_writing(
    city: World, examiner: Visitor, item: tables.Item, end: str, kind: str, title: str, law: bool
) -> None:
    steps = GRANTED if end == "grant" else (("E001", "accept", {}), ("E001", end, {"result": "已核发"}))
    case_no = driven(city, steps, item)
    text = text_of(examiner.open(f"/cases/{case_no}/papers/{kind}"))
    assert title in text
    assert ("行政许可法" in text) is law
    assert ("准予行政许可" in text) is law


# --- what the state calls for ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["accept", "grant", "nonsense"])
def test_a_paper_that_the_state_does_not_call_for_is_said_not_to_be_there(
    city: World, examiner: Visitor, kind: str
) -> None:
    case_no = driven(city, ())
    page = examiner.open(f"/cases/{case_no}/papers/{kind}")
    assert examiner.status == 404
    assert "本件办到现在还没有这份文书" in page


def test_the_page_of_a_case_lists_its_papers_and_all_are_printed_in_one_go(
    city: World, examiner: Visitor
) -> None:
    case_no = driven(city, (*CONCLUDED, ("E001", "deliver", {"receiver": "赵小明"})))
    page = examiner.open(f"/cases/{case_no}")
    kinds = ["receipt", "handover", "accept", "grant", "conclude", "delivery"]
    assert re.findall(rf'href="/cases/{case_no}/papers/(\w+)"', page) == kinds
    assert sheets(examiner.open(f"/cases/{case_no}/papers")) == kinds
    city.sync(TOWNSHIP, VILLAGE)
    village = seen_in_village(city, case_no)
    assert re.findall(rf'href="/cases/{case_no}/papers/(\w+)"', village) == kinds


def test_a_paper_says_later_what_it_said_at_first(city: World, examiner: Visitor) -> None:
    """A due date that moves afterwards, and a result, do not come into the notice of acceptance."""
    case_no = driven(city, (("E001", "accept", {}),))
    before = text_of(examiner.open(f"/cases/{case_no}/papers/accept"))
    driven(city, (("B001", "extend", {"days": 5, "reason": "需要征求意见"}),), case_no=case_no)
    assert text_of(examiner.open(f"/cases/{case_no}/papers/accept")) == before


def test_supplements_that_came_in_have_a_receipt_of_their_own(city: World, examiner: Visitor) -> None:
    case_no = driven(city, WANTED["supplement"][0])
    city.sync(TOWNSHIP, VILLAGE)
    clerk = city.visit(VILLAGE).sign_in("V001")
    clerk.open(f"/cases/{case_no}")
    clerk.send(f"/cases/{case_no}/supply", note="已补齐", **{f"material-{n}": "1" for n in range(1, 20)})
    assert sheets(clerk.open(f"/cases/{case_no}/papers")) == ["receipt", "handover", "supplement", "receipt"]
    assert len(set(re.findall(r"收字〔2018〕第\d{5}号", text_of(clerk.page)))) == 2


def test_a_case_whose_supplements_never_came_ends_with_a_notice_that_says_so(
    city: World, examiner: Visitor
) -> None:
    case_no = driven(city, WANTED["supplement"][0])
    city.time.pass_(days=31)
    try:
        city[HUB].parts.casework.act(case_no, PEOPLE["E001"], [("lapse", {})])
    finally:
        city.time.pass_(days=-31)
    text = text_of(examiner.open(f"/cases/{case_no}/papers/conclude"))
    for each in ("办结通知", "补正期满未补正，终止办理", "未受理", "2018年3月12日"):
        assert each in text, each


# --- numbers --------------------------------------------------------------------------------------------------


def test_a_paper_has_the_same_number_at_the_village_as_where_it_was_made(
    city: World, examiner: Visitor
) -> None:
    case_no = driven(city, GRANTED)
    city.sync(TOWNSHIP, VILLAGE)
    clerk = city.visit(VILLAGE).sign_in("V001")
    here, there = (text_of(each.open(f"/cases/{case_no}/papers")) for each in (clerk, examiner))
    numbers = re.findall(r"\(\w+\)\S{1,2}字〔2018〕第\d{5}号", there)
    assert re.findall(r"\(\w+\)\S{1,2}字〔2018〕第\d{5}号", here) == numbers
    assert [parse_document_no(each).station for each in numbers] == [VILLAGE, VILLAGE, BUREAU, BUREAU]


def test_numbers_of_a_station_and_kind_have_no_gap_also_after_a_step_that_was_refused(city: World) -> None:
    casework, register = city[HUB].parts.casework, city[HUB].parts.register
    first, second = driven(city, ()), driven(city, ())
    register.catch_up()
    last = register.last_serial(BUREAU, "受", 2018)
    casework.act(first, PEOPLE["E001"], [("accept", {})])
    with pytest.raises(DomainError):
        casework.act(second, PEOPLE["E001"], [("accept", {}), ("grant", {})])
    casework.act(second, PEOPLE["E001"], [("accept", {})])
    register.catch_up()
    assert register.last_serial(BUREAU, "受", 2018) == last + 2
    assert register.last_serial(BUREAU, "受", 2019) == 0


def test_a_store_that_lost_its_counters_goes_on_beyond_the_numbers_it_knows(city: World) -> None:
    """As a laptop that was set up anew does, once its own cases have come back from above."""
    case_no = driven(city, ())
    register = city[HUB].parts.register
    known = register.last_serial(VILLAGE, "收", 2018)
    assert known > 0

    class Fresh:
        count = 0

        def counter(self, _name: str) -> int:
            self.count += 1
            return self.count

        def reserve(self, _name: str) -> bool:
            return True

    number = next_document_no(Fresh(), city[HUB].parts.register, "收", VILLAGE, 2018)  # type: ignore[arg-type]
    assert parse_document_no(number).serial == known + 1, case_no


# --- who sees what --------------------------------------------------------------------------------------------


def test_a_paper_is_masked_for_who_supervises_and_shows_the_query_code_only_at_the_window(
    city: World,
) -> None:
    case_no = driven(city, CONCLUDED)
    code = city[HUB].parts.casework.case(case_no).query_code
    clerk = text_of(city.visit(VILLAGE).sign_in("V001").open(f"/cases/{case_no}/receipt"))
    assert code in clerk and "赵小明" in clerk and "510903********0012" in clerk
    watcher = text_of(city.visit(HUB).sign_in("S001").open(f"/cases/{case_no}/papers"))
    assert code not in watcher and "赵小明" not in watcher and "赵**" in watcher
    assert "510903199003070012" not in clerk + watcher


def test_what_was_printed_is_in_the_access_log(city: World, examiner: Visitor) -> None:
    case_no = driven(city, ())
    examiner.open(f"/cases/{case_no}/papers")
    examiner.open(f"/cases/{case_no}/papers/receipt")
    seen = [each.act for each in city[HUB].parts.access.entries() if each.case_no == case_no]
    assert seen == ["receipt", "paper"]


# --- a day, and long ones -------------------------------------------------------------------------------------


def test_the_papers_of_a_day_are_those_that_this_window_made_then(city: World, examiner: Visitor) -> None:
    city.time.pass_(days=3)
    try:
        examiner = city.visit(HUB).sign_in("E001")
        assert "这一天本窗口没有出具文书" in examiner.open("/papers")
        case_no = driven(city, (("E001", "accept", {}),))
        assert sheets(examiner.open("/papers")) == ["accept"]
        assert case_no in examiner.page
        clerk = city.visit(VILLAGE).sign_in("V001")
        assert sheets(clerk.open("/papers")) == ["receipt", "handover"]
        assert sheets(clerk.open("/papers", day="2017-12-31")) == []
        clerk.open("/papers", day="yesterday")
        assert clerk.status == 404
    finally:
        city.time.pass_(days=-3)


def test_a_long_name_and_many_gaps_stay_on_the_paper_to_the_last_word(city: World, examiner: Visitor) -> None:
    clerk = city.visit(VILLAGE).sign_in("V001")
    clerk.open(f"/items/{PERMIT.item_code}/record")
    name = "遂宁市船山区" + "某某" * 40 + "有限责任公司"
    clerk.send(f"/items/{PERMIT.item_code}/record", **application(clerk.form, name=name))
    case_no = clerk.path.removeprefix("/cases/")
    gaps = [f"第{n}项材料" + "内容不完整" * 20 for n in range(1, 41)]
    driven(city, (("E001", "notify_supplement", {"gaps": gaps}),), case_no=case_no)
    text = text_of(examiner.open(f"/cases/{case_no}/papers/supplement"))
    assert f"{name}：" in text
    assert all(gap in text for gap in gaps)


def test_an_event_of_before_papers_were_numbered_still_makes_a_paper(city: World) -> None:
    state = city[HUB].parts.casework.case(driven(city, ()))
    for entry in state.timeline:
        entry.event["data"].pop("document_no", None)
    found = papers.of_case(state, city[HUB].parts.almanac.calendar())
    assert [each.no for each in found] == ["（未编号）", "（未编号）"]


def test_the_papers_of_a_busy_day_come_in_pages(city: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("station.papers.MOST", 2)
    made = sorted(record(city, PERMIT) for _ in range(3))
    clerk, day = city.visit(VILLAGE).sign_in("V001"), str(city.time().date())
    known = clerk.open("/papers", day=day)
    every = []
    while following := re.search(r'href="(/papers\?day=[^"]+after=[^"]+)"', known):
        every += re.findall(r"\d{20}[0-9A-Z]{5}", known)
        known = clerk._take(clerk.client.get(unescape(following[1])))
    every += re.findall(r"\d{20}[0-9A-Z]{5}", known)
    assert set(made) <= set(every)
    assert "下一批" not in known
