"""What the hub publishes of the catalogue reaches a station by sync, is believed only from the hub, and counts from its day on."""

from __future__ import annotations

from datetime import timedelta

from schemas import lifecycle
from schemas.catalogue import shipped
from station.databases import PUBLIC
from station.register import Register
from tests.catalogue import publish, version
from tests.test_journey import INSTANT, PERMIT, record
from tests.world import HUB, TOWNSHIP, VILLAGE, World, application

CODE = PERMIT.item_code
PAPERS = [
    {"name": "新式申请书", "required": True, "form": "form", "copies": 1, "source_channel": "applicant", "legal_basis": "《条例》第三条"},
    {"name": "身份证复印件", "required": False, "form": "copy", "copies": 1, "source_channel": "applicant"},
]  # fmt: skip
LATE = "2018-02-12"


def reaches_the_village(city: World, *docs: dict[str, object]) -> None:
    publish(city, *docs)
    city.sync(TOWNSHIP, VILLAGE)


def test_a_village_announces_a_version_and_works_by_it_from_its_day_on(city: World) -> None:
    clerk = city.visit(VILLAGE).sign_in("V001")
    assert "第 1 版" in clerk.open(f"/items/{CODE}")
    reaches_the_village(city, version(CODE, 2, LATE, materials=PAPERS))
    page = clerk.open(f"/items/{CODE}")
    assert "第 1 版" in page and f"自 {LATE} 起执行新的办事指南" in page and "新式申请书" not in page

    city.time.now += timedelta(days=3)
    clerk = city.visit(VILLAGE).sign_in("V001")
    page = clerk.open(f"/items/{CODE}")
    assert f"第 2 版，自 {LATE} 起执行" in page and "新式申请书" in page
    assert "新式申请书" in clerk.open(f"/items/{CODE}/list") and "新式申请书" in clerk.open(
        f"/items/{CODE}/poster"
    )

    state = city[VILLAGE].parts.casework.case(record(city, PERMIT))
    assert state is not None and state.item is not None
    assert state.item["version"] == 2 and [each["name"] for each in state.materials] == [
        "新式申请书",
        "身份证复印件",
    ]


def test_a_new_name_is_found_by_its_words_and_by_its_sound(city: World) -> None:
    reaches_the_village(city, version(CODE, 2, "2018-02-09", name="鲜活水产品登记"))
    clerk = city.visit(VILLAGE).sign_in("V001")
    for asked in ("水产品", "xianhuo", "xhscp"):
        assert "鲜活水产品登记" in clerk.open("/items", q=asked), asked


def test_a_list_that_changed_while_a_form_stood_open_is_checked_again(city: World) -> None:
    clerk = city.visit(VILLAGE).sign_in("V001")
    clerk.open(f"/items/{CODE}/record")
    form = clerk.form
    clerk.send(f"/items/{CODE}/draft", **application(form), version="1")
    reaches_the_village(city, version(CODE, 2, "2018-02-09", materials=PAPERS))

    page = clerk.open(f"/items/{CODE}/record", draft=form)
    assert "办事指南已经更新" in page and 'value="赵小明"' in page and "新式申请书" in page
    page = clerk.send(f"/items/{CODE}/record", **application(form), version="1")
    assert clerk.status == 422 and "办事指南已经更新" in page and 'value="赵小明"' in page
    clerk.send(f"/items/{CODE}/record", **application(form), version="2")
    assert clerk.path.startswith("/cases/"), clerk.page


def test_a_case_goes_on_by_the_list_it_was_opened_with(city: World) -> None:
    case_no = record(city, INSTANT)
    before = city[VILLAGE].parts.casework.case(case_no)
    city.sync(VILLAGE, TOWNSHIP)
    reaches_the_village(city, version(INSTANT.item_code, 2, "2018-02-09", materials=PAPERS))
    for code in (VILLAGE, TOWNSHIP, HUB):
        after = city[code].parts.casework.case(case_no)
        assert before is not None and after is not None
        assert after.materials == before.materials and not after.set_aside


def test_a_withdrawn_item_is_offered_no_more_and_its_cases_go_on(city: World) -> None:
    case_no = record(city, PERMIT)
    reaches_the_village(city, version(CODE, 2, LATE, status="withdrawn"))
    clerk = city.visit(VILLAGE).sign_in("V001")
    assert f"自 {LATE} 起停止办理" in clerk.open(f"/items/{CODE}")
    city.time.now += timedelta(days=3)
    clerk = city.visit(VILLAGE).sign_in("V001")
    clerk.open(f"/items/{CODE}")
    assert clerk.status == 404
    assert CODE not in clerk.open("/items", q=PERMIT.name)
    assert PERMIT.name in clerk.open(f"/cases/{case_no}") and clerk.status == 200


def test_what_the_hub_did_not_sign_counts_for_nothing(city: World) -> None:
    village = city[VILLAGE].parts
    village.store.database(PUBLIC, create=True).put(version(CODE, 2, "2018-02-09", name="伪造的事项"))
    assert village.published.in_force().items()[CODE].name == PERMIT.name
    assert village.published.newest() == 0


def test_an_item_that_a_station_does_not_know_yet_counts_once_it_is_known(city: World) -> None:
    """The bureau's case under a new item comes to the township before the item does."""
    doc = version(CODE, 1, "2018-02-09") | {
        "_id": "item:NEW-510903-1:1",
        "code": "NEW-510903-1",
        "name": "新设事项",
    }
    publish(city, doc)
    city.sync(TOWNSHIP, VILLAGE)
    new = city[VILLAGE].parts.published.in_force().items()["NEW-510903-1"]
    case_no = record(city, new)
    city.sync(VILLAGE, TOWNSHIP)
    hub = city[HUB].parts
    assert hub.casework.case(case_no).set_aside == ()  # type: ignore[union-attr]
    lacking = lifecycle.fold(hub.register.events(case_no), hub.almanac.calendar())
    assert len(lacking.set_aside) == len(lacking.timeline) + len(lacking.set_aside) > 0, (
        "set aside, and not lost"
    )

    # A server to which the case came before the item did.
    known = [shipped()]
    late = Register(
        hub.settings.data / "late.sqlite", hub.store, hub.almanac.calendar, lambda: known[0], hub.identity, hub.trust,
        hub.vault.key if hub.vault else None,
    )  # fmt: skip
    late.catch_up()
    assert (late.case(case_no) or {}).get("item_name") != "新设事项"
    known[0] = hub.published.book()
    publish(city, {**doc, "source": "again"})
    late.catch_up()
    assert (late.case(case_no) or {})["item_name"] == "新设事项"
    late.close()
