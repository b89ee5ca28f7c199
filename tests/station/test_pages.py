"""The clerk's pages over HTTP: what is refused and how it is said, and what a browser is told to keep to itself."""

from __future__ import annotations

import re
from collections.abc import Callable

import flask
import httpx
import pytest

from schemas import tables
from station.web import csrf
from tests.sync.test_scratch import CANARY, LARGE, lying  # noqa: F401  # a fixture
from tests.test_journey import INSTANT, PERMIT, record
from tests.world import HUB, TOWNSHIP, VILLAGE, Visitor, World, application

CITY_ITEM = next(each for each in tables.items().values() if each.level == "city")


@pytest.fixture
def clerk(city: World) -> Visitor:
    return city.visit(VILLAGE).sign_in("V001")


def filled(clerk: Visitor, **changes: str) -> str:
    clerk.open(f"/items/{INSTANT.item_code}/record")
    return clerk.send(f"/items/{INSTANT.item_code}/record", **{**application(clerk.form), **changes})


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "请填写申请人姓名"),
        ("id_no", "510903199003070011", "身份证号码有误"),
        ("id_no", "51090319900230001X", "身份证号码有误"),
        ("id_no", "", "身份证号码有误"),
        ("phone", "12345", "请填写 11 位手机号"),
        ("privacy_notice", "", "请先向申请人告知"),
        ("material-1", "", "还缺必交材料"),
        ("form", "x", "页面不完整"),
    ],
)
def test_a_bad_field_is_named_and_nothing_typed_is_lost(
    clerk: Visitor, field: str, value: str, said: str
) -> None:
    page = filled(clerk, **{field: value})
    assert clerk.status == 422
    assert said in page
    assert "三组12号" in page
    assert clerk.open("/cases") and clerk.cases == []


def test_an_enterprise_gives_its_credit_code(clerk: Visitor) -> None:
    filled(clerk, name="遂宁市便民商贸有限公司", id_no="91510900MA6260000K")
    assert clerk.status == 200
    assert "遂宁市便民商贸有限公司" in clerk.page


def test_saving_the_same_form_twice_records_once(clerk: Visitor) -> None:
    clerk.open(f"/items/{INSTANT.item_code}/record")
    form = application(clerk.form)
    token = re.search(r'name="csrf_token" value="([^"]+)"', clerk.page)
    assert token
    fields = {**form, "csrf_token": token[1]}
    places = {
        clerk.client.post(f"/items/{INSTANT.item_code}/record", data=fields).headers["location"]
        for _ in range(3)
    }
    assert len(places) == 1
    clerk.open("/cases")
    assert len(clerk.cases) == 1


def test_an_item_of_the_city_is_only_told_about(clerk: Visitor) -> None:
    assert "本站不收件" in clerk.open(f"/items/{CITY_ITEM.item_code}")
    clerk.open(f"/items/{CITY_ITEM.item_code}/record")
    assert clerk.status == 404


@pytest.mark.parametrize(
    "path", ["/items/none", "/items/none/record", "/cases/none", "/cases/" + "1" * 25, "/nowhere"]
)
def test_what_is_not_there_is_said_in_words(clerk: Visitor, path: str) -> None:
    assert "没有找到" in clerk.open(path)
    assert clerk.status == 404


@pytest.mark.parametrize("path", ["/", "/items", "/cases", "/sync", f"/items/{INSTANT.item_code}/record"])
def test_without_signing_in_every_page_asks_to(city: World, path: str) -> None:
    stranger = city.visit(VILLAGE)
    assert "请用本人工号登录" in stranger.open(path)


def test_a_step_that_the_rules_refuse_is_refused_with_the_reason(city: World, clerk: Visitor) -> None:
    case_no = record(city, PERMIT)
    clerk.open(f"/cases/{case_no}")
    page = clerk.send(f"/cases/{case_no}/accept")
    assert clerk.status == 409
    assert "受理" in page
    clerk.open(f"/cases/{case_no}")
    clerk.send(f"/cases/{case_no}/levitate")
    assert clerk.status == 409


def test_a_form_without_its_token_is_refused_and_explained(clerk: Visitor) -> None:
    answer = clerk.client.post(f"/items/{INSTANT.item_code}/record", data=application("a" * 32))
    assert answer.status_code == 400
    assert "页面已经过期" in answer.text


def test_another_host_name_is_refused(clerk: Visitor) -> None:
    assert clerk.client.get("/", headers={"Host": "evil.example"}).status_code == 421


def test_signing_in_never_leads_to_another_host(city: World) -> None:
    for where in (
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "/\t/evil.example",
        "/x\r\nSet-Cookie: a=b",
    ):
        visitor = city.visit(VILLAGE)
        visitor.open("/sign-in", next=where)
        assert 'name="next" value=""' in visitor.page


def test_a_page_is_for_this_person_only(clerk: Visitor) -> None:
    answer = clerk.client.get("/cases")
    assert answer.headers["cache-control"] == "no-store"
    assert "Cookie" in answer.headers["vary"]
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(city: World) -> None:
    visitor = city.visit(VILLAGE)
    visitor.open("/sign-in")
    token = re.search(r'name="csrf_token" value="([^"]+)"', visitor.page)
    assert token
    answer = visitor.client.post(
        "/sign-in", data={"employee_no": "V001", "password": "correct horse", "csrf_token": token[1]}
    )
    cookie = next(
        each for each in answer.headers.get_list("set-cookie") if each.startswith("bianmin_session")
    )
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


def test_after_signing_out_the_old_cookie_is_worth_nothing(city: World, clerk: Visitor) -> None:
    kept = dict(clerk.client.cookies)
    clerk.open("/")
    clerk.send("/sign-out")
    thief = city.visit(VILLAGE)
    thief.client.cookies.update(kept)
    assert "请用本人工号登录" in thief.open("/")


def test_english_is_a_switch_away_and_stays(clerk: Visitor) -> None:
    clerk.open("/")
    clerk.send("/language/en", next="/items")
    assert "中文" in clerk.page
    assert '<html lang="en">' in clerk.open("/cases")


def test_large_type_is_a_switch_away_and_stays(clerk: Visitor) -> None:
    clerk.open("/items")
    assert "bm-large-type" not in clerk.page
    clerk.send("/type", size="large", next="/items")
    assert (clerk.path, "标准字" in clerk.page) == ("/items", True)
    assert 'class="bm-large-type"' in clerk.open("/cases")
    clerk.send("/type", size="usual", next="/cases")
    assert "bm-large-type" not in clerk.page


def test_search_finds_by_name_number_and_identity_number(city: World, clerk: Visitor) -> None:
    case_no = record(city, INSTANT)
    for asked in (
        "赵小明",
        INSTANT.name[:3],
        case_no,
        case_no[:20],
        "510903199003070012",
        "510903 19900307 0012",
    ):
        clerk.open("/cases")
        clerk.send("/cases", q=asked)
        assert clerk.cases == [case_no], asked
    clerk.send("/cases", q="没有这个人")
    assert clerk.cases == []


def test_what_a_person_typed_is_shown_as_text(clerk: Visitor) -> None:
    page = filled(clerk, name="<script>alert(1)</script>", address='"><img src=x onerror=alert(1)>')
    assert clerk.status == 200
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_a_township_sees_what_waits_at_its_window(city: World) -> None:
    item = next(
        each
        for each in tables.items().values()
        if each.level == "township" and each.village_mode == "agency" and each.township_mode == "direct"
    )
    case_no = record(city, item)
    city.sync(VILLAGE)
    window = city.visit(TOWNSHIP).sign_in("T001")
    window.open("/cases", list="here")
    assert window.cases == [case_no]
    window.open(f"/cases/{case_no}")
    assert "accept" in window.steps
    window.send(f"/cases/{case_no}/accept")
    assert window.status == 200, window.page


def test_the_hub_leads_its_people_to_the_queue(city: World) -> None:
    assert "审批队列" in city.visit(HUB).sign_in("E001").open("/")


def test_on_a_full_disk_saving_says_so_reading_goes_on_and_the_same_form_saves_later(
    city: World, clerk: Visitor
) -> None:
    """Real SQLITE_FULL: neither file may grow past what it is."""
    kept = record(city, PERMIT)
    parts = city[VILLAGE].parts
    clerk.open(f"/items/{INSTANT.item_code}/record")
    form = clerk.form
    files = [parts.store._writer, parts.register._connection]
    for each in files:
        each.pragma("max_page_count", each.pragma("page_count"))
    page = ""
    for n in range(50):  # what is left on the last pages holds a few more
        clerk.open(f"/items/{INSTANT.item_code}/record")
        page = clerk.send(f"/items/{INSTANT.item_code}/record", **application(clerk.form if n else form))
        if clerk.status == 503:
            break
    assert clerk.status == 503
    assert "没有保存成功" in page
    clerk.open(f"/cases/{kept}")
    assert clerk.status == 200
    clerk.open("/cases")
    assert kept in clerk.cases

    for each in files:
        each.pragma("max_page_count", 2**30)
    clerk.open(f"/items/{INSTANT.item_code}/record")
    clerk.send(f"/items/{INSTANT.item_code}/record", **application(form))
    assert clerk.status == 200, clerk.page


def test_an_old_form_with_another_person_is_not_swallowed(clerk: Visitor) -> None:
    clerk.open(f"/items/{INSTANT.item_code}/record")
    form = clerk.form
    clerk.send(f"/items/{INSTANT.item_code}/record", **application(form))
    clerk.open(f"/items/{INSTANT.item_code}/record")
    page = clerk.send(
        f"/items/{INSTANT.item_code}/record", **{**application(form), "id_no": "510903199003070303"}
    )
    assert clerk.status == 409
    assert "这张登记表已保存为办件" in page


def test_rare_characters_of_names_stay(clerk: Visitor) -> None:
    """From a block newer than this Python, and from the private area that old identity systems use."""
    page = filled(clerk, name="赵\U000323afX\ue001明")
    assert clerk.status == 200
    assert "赵\U000323afX\ue001明" in page


def test_a_name_that_is_too_long_is_said_to_be_and_not_cut(clerk: Visitor) -> None:
    page = filled(clerk, name="长" * 101)
    assert clerk.status == 422
    assert "最多 100 个字" in page


def test_the_receipt_names_who_took_the_papers_whoever_prints_it(city: World) -> None:
    case_no = record(city, INSTANT)
    city.sync(VILLAGE)
    page = city.visit(TOWNSHIP).sign_in("T001").open(f"/cases/{case_no}/receipt")
    assert "经办人：王芳" in page


@pytest.mark.parametrize("page", ["0", "-3", "many", "9" * 30])
def test_a_made_up_page_number_is_the_first_page(clerk: Visitor, page: str) -> None:
    clerk.open("/cases", page=page)
    assert clerk.status == 200


def test_a_file_in_a_pages_form_waits_where_nobody_can_read_it(
    city: World,
    lying: Callable[[], dict[str, bytes]],  # noqa: F811
) -> None:
    app, seen = city[VILLAGE].app, []

    @app.route("/try", methods=["POST"])
    @csrf.exempt
    def take() -> str:
        file = flask.request.files["scan"]
        seen.append((file.read(), len(lying()), any(CANARY in data for data in lying().values())))
        return ""

    data = LARGE[: 700 * 1024]
    client = httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://127.0.0.1")
    assert client.post("/try", files={"scan": ("scan.jpg", data)}).status_code == 200
    assert seen == [(data, 1, False)]
