"""No page shows an identity number or a telephone unasked: every route of the URL maps, as every kind of reader, with a case
that has numbers in each text that somebody can fill."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from schemas.numbers import PERSONAL_NUMBER
from station.staff import Staff
from tests.rights.tables import AT, PROGRAMS, routes
from tests.test_journey import PERMIT
from tests.world import HUB, TOWNSHIP, VILLAGE, Visitor, World, application, small_city

ID_NO, PHONE, NAME, STREET = "510903199003070012", "13800001234", "赵小明", "三组12号"
NUMBERS = f"身份证{ID_NO}，电话 {PHONE}"
READERS = {"village": ("V001", "S002"), "township": ("T001",), "hub": ("E001", "E002", "S001", "C001")}
# What a person asked for, with a reason; each is a POST, and tested in test_personal.
OPENED = {"/full/<case_no>", "/person", "/person/copy"}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with small_city(tmp_path_factory.mktemp("masking")) as world:
        world.appoint(VILLAGE, Staff("S002", "李督查", HUB, frozenset({"city_supervisor"})))
        world.appoint(HUB, Staff("C001", "陈审计", HUB, frozenset({"auditor"})))
        yield world


@pytest.fixture(scope="module")
def cases(city: World) -> list[str]:
    """A case that is denied, with numbers in every field that takes a text, and one that waits for a supplement."""
    clerk = city.visit(VILLAGE).sign_in("V001")
    made = []
    for n in range(2):
        clerk.open(f"/items/{PERMIT.item_code}/record")
        page = clerk.send(
            f"/items/{PERMIT.item_code}/record",
            **application(clerk.form, address=f"{STREET} {NUMBERS}", name=f"{NAME}{n}"),
        )
        assert clerk.status == 200, page
        made.append(clerk.path.removeprefix("/cases/"))
    city.sync(VILLAGE, TOWNSHIP)
    first, second = city.visit(HUB).sign_in("E001"), city.visit(HUB).sign_in("E002")
    act(first, made[0], "accept")
    act(second, made[0], "pass_step", opinion=NUMBERS)
    act(second, made[0], "deny", reason=NUMBERS, remedy="可申请行政复议")
    act(first, made[1], "notify_supplement", gaps=f"{NUMBERS}\n{NUMBERS}的复印件", note=NUMBERS)
    city.sync(TOWNSHIP, VILLAGE)
    return made


@pytest.fixture(scope="module")
def errand_no(city: World) -> str:
    """An errand with numbers in every field that takes a text."""
    clerk = city.visit(VILLAGE).sign_in("V001")
    clerk.open("/errands/new")
    asked = {"kind": "vip", "name": NAME, "id_no": ID_NO, "phone": PHONE, "address": f"{STREET} {NUMBERS}"}
    green = {"green_channel": "1", "green_reason": NUMBERS, "green_approved_by": "T001"}
    clerk.send("/errands/new", form=clerk.form, **asked, **green)
    assert clerk.status == 200, clerk.page
    errand_no = clerk.path.removeprefix("/errands/")
    clerk.send(f"/errands/{errand_no}/log", service="consult", note=NUMBERS, form="a" * 32)
    clerk.open("/guidance")
    clerk.send("/guidance", form="b" * 32, note=NUMBERS)
    said = {
        "kind": "complaint",
        "channel": "phone",
        "matter": "other",
        "content": NUMBERS,
        "phone": PHONE,
        "name": NAME,
    }
    clerk.open("/voice")
    clerk.send("/voice", form=clerk.form, **said)
    assert clerk.status == 200, clerk.page
    certified = {"name": NAME, "id_no": ID_NO, "facts": NUMBERS, "second_checker": "T001"}
    clerk.send("/certificates/KEEP-01", form="c" * 32, **certified)
    assert clerk.status == 200, clerk.page
    city.sync(VILLAGE, TOWNSHIP)
    return errand_no


def act(visitor: Visitor, case_no: str, event: str, **fields: str) -> None:
    visitor.open(f"/cases/{case_no}")
    visitor.send(f"/desk/{case_no}/claim")
    visitor.send(f"/cases/{case_no}/{event}", **fields)
    assert visitor.status == 200, visitor.page


def shown(page: str) -> str:
    """What a page holds but for the forms' tokens."""
    return re.sub(r'name="(?:csrf_token|form)" value="[^"]*"', "", page)


@pytest.mark.parametrize(("at", "who"), [(at, who) for at, them in READERS.items() for who in them])
def test_no_page_shows_a_number_unasked(
    city: World, cases: list[str], errand_no: str, at: str, who: str
) -> None:
    visitor = city.visit(AT[at]).sign_in(who)
    seen = ""
    for method, route in sorted(routes(city[AT[at]].app)):
        if route.startswith(PROGRAMS) or "filename" in route or route == "/sign-out":
            continue
        for case_no in cases:
            path = route.replace("<code>", PERMIT.item_code).replace("<case_no>", case_no)
            path = (
                path.replace("<errand_no>", errand_no)
                .replace("/work/<kind>", "/work/mine")
                .replace("<form>", "c" * 32)
            )
            path = path.replace("<event>", "deliver").replace("<any(zh, en):language>", "zh")
            visitor.open("/sync")
            if method == "GET":
                page = visitor.open(path)
            elif route in OPENED:
                page = visitor.send(path)  # without a reason
            else:
                page = visitor.send(path, q=ID_NO, **{"as": "csv"})
            found = PERSONAL_NUMBER.search(shown(page))
            assert not found, f"{method} {path}: {found and found[0]}"
            seen += page
    if who != "C001":
        assert "510903********0012" in seen, "there was something to mask"


@pytest.mark.parametrize(("at", "who", "sees"), [
    ("village", "V001", True), ("township", "T001", True), ("hub", "E001", True), ("hub", "S001", False),
    ("village", "S002", False),
])  # fmt: skip
def test_names_are_for_those_who_work_on_the_case(
    city: World, cases: list[str], at: str, who: str, sees: bool
) -> None:
    visitor = city.visit(AT[at]).sign_in(who)
    lists = {"village": [("/cases", {"list": "supplement"})], "hub": [("/desk/all", {})], "township": []}
    for path, query in [(f"/cases/{cases[0]}", {}), (f"/cases/{cases[0]}/receipt", {}), *lists[at]]:
        page = visitor.open(path, **query)
        assert (NAME in page) == sees, path
        if not sees:
            assert "赵**" in page, path
    assert (STREET in visitor.open(f"/cases/{cases[0]}")) == sees
