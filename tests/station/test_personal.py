"""Opening and taking away personal data over HTTP: who may, with which reason, what is logged, what the files hold."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator

import httpx
import pytest

from schemas import offers, tables
from schemas.numbers import PERSONAL_NUMBER
from station import reasons
from station.access import Asked, Seen
from station.databases import of_case
from station.files import Scan
from station.register import id_digest
from station.staff import Staff
from tests.station.test_export import read_csv, read_xlsx
from tests.test_journey import PERMIT, record
from tests.world import BUREAU, HUB, TOWNSHIP, VILLAGE, Visitor, World, small_city

SERVICE = next(
    item
    for item, offer in offers.offers(tables.station(VILLAGE))
    if item.category_code != "01" and offer.mode in offers.OPENS_CASES
)
ID_NO, PHONE, OTHER = "510903199003070012", "13800001234", "510903199003070020"


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with small_city(tmp_path_factory.mktemp("personal")) as world:
        world.appoint(HUB, Staff("C001", "陈审计", HUB, frozenset({"auditor"})))
        world.appoint(VILLAGE, Staff("C002", "陈审计", VILLAGE, frozenset({"auditor"})))
        yield world


@pytest.fixture(scope="module")
def case_no(city: World) -> str:
    made = record(city, PERMIT)
    city.sync(VILLAGE, TOWNSHIP)
    return made


@pytest.fixture
def clerk(city: World) -> Visitor:
    return city.visit(VILLAGE).sign_in("V001")


@pytest.fixture
def supervisor(city: World) -> Visitor:
    return city.visit(HUB).sign_in("S001")


@pytest.fixture
def auditor(city: World) -> Visitor:
    return city.visit(VILLAGE).sign_in("C002")


def newest(city: World, code: str = VILLAGE) -> Seen:
    return city[code].parts.access.entries(limit=1)[0]


def raw(visitor: Visitor, path: str, **fields: str) -> httpx.Response:
    """A posted form's answer as it is, for files."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', visitor.page)
    assert token
    return visitor.client.post(path, data={"csrf_token": token[1], **fields})


# -- one case in full ------------------------------------------------------------------------------------------------


def test_a_view_of_a_case_is_logged_and_its_numbers_are_masked(
    city: World, clerk: Visitor, case_no: str
) -> None:
    page = clerk.open(f"/cases/{case_no}")
    assert "510903********0012" in page
    assert "138****1234" in page
    assert ID_NO not in page
    assert PHONE not in page
    assert newest(city)[1:] == (
        "2018-02-09T09:00:00+08:00", VILLAGE, "127.0.0.1", "V001", "王芳", VILLAGE, "view", case_no, "", ""
    )  # fmt: skip


def test_with_a_reason_the_numbers_are_shown_once_and_that_is_logged(
    city: World, clerk: Visitor, case_no: str
) -> None:
    clerk.open(f"/cases/{case_no}")
    page = clerk.send(f"/full/{case_no}", why="contact", reason="通知补件")
    assert clerk.status == 200
    assert ID_NO in page
    assert PHONE in page
    assert newest(city)[7:] == ("full", case_no, "", "联系申请人：通知补件")
    assert ID_NO not in clerk.open(f"/cases/{case_no}")


def test_the_answer_with_numbers_is_kept_by_no_cache_and_not_in_the_address(
    clerk: Visitor, case_no: str
) -> None:
    clerk.open(f"/cases/{case_no}")
    answer = raw(clerk, f"/full/{case_no}", why="contact")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.url.query == b""
    assert clerk.client.get(f"/full/{case_no}").status_code == 405


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "请选择查看的理由"),
        ({"why": "because"}, "请选择查看的理由"),
        ({"why": "other"}, "选“其他”时，请写明理由"),
        ({"why": "other", "reason": " x "}, "选“其他”时，请写明理由"),
        ({"why": "contact", "reason": "长" * 201}, "理由最多 200 个字"),
    ],
)
def test_without_a_reason_nothing_is_shown_or_logged_as_seen(
    city: World, clerk: Visitor, case_no: str, fields: dict[str, str], said: str
) -> None:
    before = city[VILLAGE].parts.access.count(Asked(act="full"))
    clerk.open(f"/cases/{case_no}")
    page = clerk.send(f"/full/{case_no}", **fields)
    assert clerk.status == 422
    assert said in page
    assert ID_NO not in page
    assert city[VILLAGE].parts.access.count(Asked(act="full")) == before


def test_a_reason_keeps_no_number(city: World, clerk: Visitor, case_no: str) -> None:
    clerk.open(f"/cases/{case_no}")
    clerk.send(f"/full/{case_no}", why="other", reason=f"核对 {ID_NO}")
    assert newest(city).reason == "核对 510903********0012"
    assert reasons.given("self", "", reasons.PERSON) == "本人持有效身份证件到场申请"


def test_a_supervisor_sees_names_and_numbers_for_a_reason_only(
    city: World, supervisor: Visitor, case_no: str
) -> None:
    assert "赵小明" not in supervisor.open(f"/cases/{case_no}")
    assert "赵小明" not in supervisor.open("/desk/all")
    page = supervisor.send(f"/full/{case_no}", why="inspect")
    assert "赵小明" in page
    assert ID_NO in page
    assert newest(city, HUB).name == "孙督查"


def test_an_auditor_sees_no_case(auditor: Visitor, case_no: str) -> None:
    for path in (f"/cases/{case_no}", "/cases", "/person"):
        auditor.open(path)
        assert auditor.status == 403
    auditor.open("/sync")
    auditor.send(f"/full/{case_no}", why="inspect")
    assert auditor.status == 403


def test_where_the_log_cannot_be_written_nothing_is_opened(city: World, clerk: Visitor, case_no: str) -> None:
    connection = city[VILLAGE].parts.access._connection
    clerk.open(f"/cases/{case_no}")
    try:
        connection.execute("CREATE TEMP TABLE full_ AS SELECT 1")
        limit = connection.pragma("page_count")
        connection.pragma("max_page_count", limit)
        statuses = set()
        for _ in range(200):
            page = clerk.send(f"/full/{case_no}", why="other", reason="长" * 200)
            statuses.add(clerk.status)
            if clerk.status == 503:
                assert ID_NO not in page
                break
            clerk.open(f"/cases/{case_no}")
        assert 503 in statuses
        assert "赵小明" in clerk.open(f"/cases/{case_no}"), "reading goes on"
    finally:
        connection.pragma("max_page_count", 1_000_000)


def test_a_search_by_a_persons_number_is_logged_without_the_number(
    city: World, clerk: Visitor, case_no: str
) -> None:
    clerk.open("/cases")
    page = clerk.send("/cases", q=ID_NO.lower())
    assert case_no in page
    assert ID_NO not in page
    assert newest(city)[7:] == ("search", "", id_digest(ID_NO), "")
    clerk.send("/cases", q="赵小明")
    assert newest(city).act == "search", "a name is on every list"


# -- lists as files ----------------------------------------------------------------------------------------------------


def test_a_list_is_taken_away_masked_and_that_is_logged(city: World, clerk: Visitor, case_no: str) -> None:
    clerk.open("/cases")
    answer = raw(clerk, "/cases/export?list=open", **{"as": "csv"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="cases-2018-02-09.csv"'
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    header, *rows = read_csv(answer.content)
    assert header[:4] == ["办件编号", "申请人", "事项", "状态"]
    line = next(row for row in rows if row[0].lstrip("'") == case_no)
    assert line[1:3] == ["赵**", PERMIT.name]
    assert not PERSONAL_NUMBER.search(answer.text)
    assert newest(city).act == "list"
    assert newest(city).reason == f"办理中，{len(rows)} 件"


def test_a_list_as_xlsx_says_the_same(clerk: Visitor, case_no: str) -> None:
    clerk.open("/cases")
    answer = raw(clerk, "/cases/export?list=open", **{"as": "xlsx"})
    rows, elements = read_xlsx(answer.content)
    assert case_no in [row[0] for row in rows]
    assert set(elements) == {"v"}
    assert b"f>" not in answer.content


def test_the_hub_takes_away_what_its_reader_sees(city: World, case_no: str) -> None:
    visitor = city.visit(HUB).sign_in("X001")
    visitor.open("/desk/all")
    answer = raw(visitor, "/desk/all/export", **{"as": "csv"})
    assert case_no not in answer.text, "another district's"
    assert raw(visitor, f"/desk/all/export?district={BUREAU}").status_code == 404
    other = city.visit(HUB).sign_in("E001")
    other.open("/desk/all")
    assert case_no in raw(other, "/desk/all/export", **{"as": "csv"}).text


def test_an_unknown_list_or_kind_of_file_is_refused(clerk: Visitor) -> None:
    clerk.open("/cases")
    assert raw(clerk, "/cases/export?list=all").status_code == 404
    assert raw(clerk, "/cases/export?list=open", **{"as": "exe"}).status_code == 400


def test_a_list_too_long_for_one_file_is_refused_in_words(
    clerk: Visitor, case_no: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("station.export.MOST_ROWS", 0)
    clerk.open("/cases")
    answer = raw(clerk, "/cases/export?list=open")
    assert answer.status_code == 409
    assert "一次最多导出 0 件" in answer.text


# -- all that is held of a person --------------------------------------------------------------------------------------


def test_a_person_gets_all_that_is_held_about_them(city: World, clerk: Visitor, case_no: str) -> None:
    clerk.open("/person")
    page = clerk.send("/person", id_no=ID_NO.lower(), why="self")
    assert clerk.status == 200
    assert clerk.path == "/person"
    assert case_no in page
    assert PHONE in page
    assert newest(city)[7:] == ("person", "", id_digest(ID_NO), "本人持有效身份证件到场申请")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"id_no": "510903199003070011", "why": "self"}, "身份证号码有误"),
        ({"id_no": "", "why": "self"}, "身份证号码有误"),
        ({"id_no": ID_NO}, "请选择查看的理由"),
        ({"id_no": ID_NO, "why": "other"}, "请写明理由"),
    ],
)
@pytest.mark.parametrize("path", ["/person", "/person/copy"])
def test_a_person_is_looked_up_by_a_right_number_and_for_a_reason(
    city: World, clerk: Visitor, path: str, fields: dict[str, str], said: str
) -> None:
    clerk.open("/person")
    before = city[VILLAGE].parts.access.count()
    page = clerk.send(path, **fields)
    assert clerk.status == 422
    assert said in page
    assert city[VILLAGE].parts.access.count() == before


def test_somebody_of_whom_nothing_is_held_is_told_so(clerk: Visitor) -> None:
    clerk.open("/person")
    assert "没有保存此人的信息" in clerk.send("/person", id_no=OTHER, why="self")


def test_a_bureau_finds_the_persons_cases_of_its_district_and_says_that_there_are_more(
    city: World, case_no: str
) -> None:
    visitor = city.visit(HUB).sign_in("X001")
    visitor.open("/person")
    page = visitor.send("/person", id_no=ID_NO, why="self")
    assert case_no not in page
    assert re.search(r"另有 \d+ 件不在您的辖区", page)


def test_the_copy_holds_every_record_and_file_and_no_code(city: World, clerk: Visitor, case_no: str) -> None:
    with_file(city, case_no, b"%PDF-1.4 the scan")
    clerk.open("/person")
    answer = raw(clerk, "/person/copy", id_no=ID_NO, why="self")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="person-2018-02-09.zip"'
    held = zipfile.ZipFile(io.BytesIO(answer.content))
    assert held.testzip() is None
    said = json.loads(held.read("person.json"))
    case = next(each for each in said["cases"] if each["case_no"] == case_no)
    assert {each["event"] for each in case["events"]} >= {"create", "receive", "forward"}
    assert case["events"][0]["data"]["applicant"]["id_no"] == ID_NO
    assert "query_code" not in held.read("person.json").decode()
    (file,) = [each for each in case["files"] if each["called"] == "扫描.pdf"]
    assert held.read(file["name"]) == b"%PDF-1.4 the scan"
    (away,) = [each for each in case["files"] if each["called"] == "在途.pdf"]
    assert (file["here"], away["here"], away["name"] in held.namelist()) == (True, False, False)
    assert {"view"} <= {each["act"] for each in case["seen"]}
    rows = read_csv(held.read("person.csv"))
    assert ["申请人 证件号码", f"'{ID_NO}"] in [row[5:] for row in rows]
    assert ["联系电话", PHONE] in [row[5:] for row in rows]
    assert newest(city)[7:] == ("copy", "", id_digest(ID_NO), "本人持有效身份证件到场申请")


def with_file(city: World, case_no: str, content: bytes) -> None:
    """A scan of this case, and another of which nothing is here yet."""
    parts = city[VILLAGE].parts
    staff = parts.appointments.staff("V001")
    assert staff is not None
    here, away = (
        Scan(1, name, "application/pdf", data)
        for name, data in (("扫描.pdf", content), ("在途.pdf", b"%PDF-"))
    )
    parts.casework.attach(case_no, staff, [here, away])
    database = parts.store.database(of_case(case_no))
    ids = [f"chunk:{each}" for each in away.line["index"]]
    database.purge({id: [rev for rev, _ in database.leaves(id)] for id in ids})


# -- the log's page and command ----------------------------------------------------------------------------------------


def test_the_auditor_sees_who_looked_and_that_is_seen_too(
    city: World, clerk: Visitor, auditor: Visitor, case_no: str
) -> None:
    clerk.open(f"/cases/{case_no}")
    page = auditor.open("/audit", case=case_no, staff="V001")
    assert "王芳" in page
    assert "查看办件" in page
    assert not PERSONAL_NUMBER.search(page)
    seen = newest(city)
    assert (seen.act, seen.staff, seen.reason) == ("log", "C002", f"staff=V001 case_no={case_no}")


@pytest.mark.parametrize(
    "query", [{"since": "yesterday"}, {"act": "x"}, {"page": "-1"}, {"until": "2018-02-09' OR 1"}]
)
def test_a_filter_that_says_nothing_filters_nothing(auditor: Visitor, query: dict[str, str]) -> None:
    assert "访问记录" in auditor.open("/audit", **query)
    assert auditor.status == 200


def test_the_log_is_taken_away_as_a_table(auditor: Visitor, clerk: Visitor, case_no: str) -> None:
    clerk.open(f"/cases/{case_no}")
    auditor.open("/audit")
    answer = raw(auditor, f"/audit?case={case_no}&act=view", **{"as": "csv"})
    header, *rows = read_csv(answer.content)
    assert header[:3] == ["时间", "工号", "姓名"]
    assert {row[4] for row in rows} == {"查看办件"}


@pytest.mark.parametrize("who", ["V001", "T001"])
def test_only_auditors_read_the_log(city: World, who: str) -> None:
    visitor = city.visit(VILLAGE if who == "V001" else TOWNSHIP).sign_in(who)
    visitor.open("/audit")
    assert visitor.status == 403


# -- the notice of collection ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("item", "kept"), [(PERMIT, "10 年、30 年或者永久"), (SERVICE, "保存 10 年，期满")])
def test_the_receipt_tells_what_the_data_is_for(city: World, clerk: Visitor, item: object, kept: str) -> None:
    made = record(city, item)
    page = clerk.open(f"/cases/{made}/receipt")
    for told in ("第十七条", "第三十五条", "目的和依据", "种类和方式", "您的权利", "联系方式", kept):
        assert told in page, told
    assert "查询码" in page
    assert ID_NO not in page
