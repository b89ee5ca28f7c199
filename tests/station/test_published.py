"""What the hub publishes of the catalogue reaches a station by sync, is believed only from the hub, and counts from its day on."""

from __future__ import annotations

from datetime import timedelta

from schemas import lifecycle, listings, tables
from schemas.catalogue import shipped
from station.databases import PUBLIC
from station.register import Register
from station.staff import Staff
from tests.catalogue import publish, version
from tests.test_journey import INSTANT, PERMIT, record, step
from tests.world import BUREAU, HUB, TOWNSHIP, TRAINED, VILLAGE, World, application

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


# -- transfers ---------------------------------------------------------------------------------------------------------

CITY_ITEM = next(
    each for each in tables.items().values() if each.level == "city" and each.category_code == "01" and not each.instant
)  # fmt: skip
ORDER = {
    "key": "1", "items": [CITY_ITEM.item_code], "from_department": CITY_ITEM.department, "to_bureau": BUREAU, "formal_from": LATE,
    "document": "市政府令第1号",
}  # fmt: skip
AROUND = {"station": HUB, "created_at": "2018-02-09T09:00:00+08:00", "created_by": "C001"}


def transfers() -> list[dict[str, object]]:
    return [{**doc, **AROUND} for doc in listings.transfer_documents(ORDER)]


def test_an_item_that_passed_to_a_bureau_is_taken_in_for_it_from_that_day_and_decided_there(
    city: World,
) -> None:
    reaches_the_village(city, *transfers())
    clerk = city.visit(VILLAGE).sign_in("V001")
    assert "这个事项本站不收件" in clerk.open(f"/items/{CITY_ITEM.item_code}")
    clerk.open(f"/items/{CITY_ITEM.item_code}/record")
    assert clerk.status == 404
    city.time.now += timedelta(days=3)
    clerk = city.visit(VILLAGE).sign_in("V001")
    page = clerk.open(f"/items/{CITY_ITEM.item_code}")
    assert "由船山区行政审批局决定" in page
    assert "划转前：" in clerk.open(f"/items/{CITY_ITEM.item_code}/poster")
    case_no = record(city, CITY_ITEM)
    city.sync(VILLAGE, TOWNSHIP)
    assert case_no in city.visit(HUB).sign_in("E001").open("/desk")
    step(city, "E001", case_no, "accept")
    state = city[HUB].parts.casework.case(case_no)
    assert state is not None and (state.decider, state.state) == (BUREAU, "reviewing")


def test_a_case_is_decided_where_it_was_by_the_day_it_was_opened(city: World) -> None:
    """What was taken in before the day goes on at the city, wherever the transfer is known when."""
    city.appoint(HUB, Staff("W001", "彭窗口", HUB, frozenset({"city_window"}), trained_on=TRAINED))
    early = record(city, CITY_ITEM, HUB, "W001")
    reaches_the_village(city, *transfers())
    city.time.now += timedelta(days=3)
    state = city[HUB].parts.casework.case(early)
    assert state is not None and state.decider == HUB and not state.set_aside


def test_a_relay_that_learns_of_a_transfer_after_the_case_folds_it_as_everybody_does(city: World) -> None:
    publish(city, *transfers())
    city.carry(VILLAGE)  # by stick: its township has not heard
    city.time.now += timedelta(days=3)
    case_no = record(city, CITY_ITEM)
    city[VILLAGE].parts.agent.sync_once()
    township = city[TOWNSHIP].parts
    assert township.register.fold(township.register.events(case_no)).item is None, (
        "not offered, as far as is known"
    )
    city.sync(TOWNSHIP, VILLAGE)
    found = [city[code].parts.casework.case(case_no) for code in (VILLAGE, TOWNSHIP, HUB)]
    assert {(each.decider, each.state, each.set_aside) for each in found if each} == {
        (BUREAU, "received", ())
    }
    rows = [city[code].parts.register.case(case_no) for code in (VILLAGE, TOWNSHIP, HUB)]
    assert all(row is not None and row["state"] == "received" for row in rows)


def test_a_transfer_that_somebody_else_signed_counts_for_nothing(city: World) -> None:
    public = city[HUB].parts.store.database(PUBLIC)
    for doc in transfers():
        public.put(city[VILLAGE].parts.identity.signer.signed("public", {**doc, "serial": 1}))
    assert city[HUB].parts.published.book().transfer(CITY_ITEM.item_code) is None
    assert city[HUB].parts.published.newest() == 0
