"""The shipped tables: how many there are of each, and that they hang together."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from schemas import tables
from schemas.problems import DomainError
from schemas.tables import parse_actors, station, stations
from schemas.transitions import non_final


def items_of(**wanted: object) -> list[tables.Item]:
    found = tables.items().values()
    return [item for item in found if all(getattr(item, key) == value for key, value in wanted.items())]


def test_the_city_has_one_hub_five_districts_118_townships_and_2206_villages() -> None:
    levels = Counter(each.level for each in stations().values())
    assert levels == {"city": 1, "district": 5, "township": 118, "village": 2206}
    assert len(tables.districts()) == 5


def test_every_station_but_the_hub_is_below_one_of_the_next_level() -> None:
    for each in stations().values():
        if each.code == tables.HUB:
            assert each.parent_code is None
            continue
        above = station(str(each.parent_code))
        assert tables.LEVELS.index(above.level) == tables.LEVELS.index(each.level) + 1
        assert above.level == "city" or above.district_code == each.district_code
        assert tables.ancestors(each.code)[-1] == tables.HUB


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("510900000000", "遂宁市人民政府政务服务中心"),
        ("510903000000", "船山区行政审批局"),
        ("510903001000", "南津路街道便民服务中心"),
        ("510903001001", "电江路社区便民服务站"),
    ],
)
def test_a_station_is_named_as_on_its_sign(code: str, name: str) -> None:
    assert station(code).name == name


def test_no_sign_names_a_committee() -> None:
    assert [each.name for each in stations().values() if "委员会" in each.name or "委会" in each.name] == []


def test_an_unknown_station_is_told_as_a_problem() -> None:
    with pytest.raises(DomainError) as error:
        station("000000000000")
    assert error.value.problem.code == "unknown_station"
    assert "000000000000" in str(error.value)


def test_two_districts_have_an_approval_bureau() -> None:
    founded = {each.division_name: each.bureau_founded for each in tables.districts() if each.bureau_founded}
    assert founded == {"船山区": date(2018, 1, 10), "射洪县": date(2018, 1, 16)}


def test_the_city_keeps_227_items_of_which_151_are_instant() -> None:
    assert len(items_of(level="city")) == 227
    assert len(items_of(level="city", instant=True)) == 151


@pytest.mark.parametrize(("division", "count", "departments"), [("510903", 130, 19), ("510922", 122, 22)])
def test_the_pilot_districts_took_over_their_items(division: str, count: int, departments: int) -> None:
    found = items_of(level="district", division_code=division)
    assert len(found) == count
    assert len({item.department for item in found}) == departments


def test_the_first_pilot_works_in_five_zones() -> None:
    assert {item.zone for item in items_of(division_code="510903")} == {
        *("商事登记", "社会事务", "交通农业", "经济建设", "综合事务")
    }
    assert {item.zone for item in items_of(level="city")} == {None}


def test_ninety_nine_items_are_served_at_the_grassroots() -> None:
    found = items_of(division_code="5109")
    assert Counter(item.village_mode for item in found) == {
        "agency": 67,
        "direct": 25,
        "inform": 4,
        "assist": 3,
    }
    assert Counter(item.township_mode for item in found) == {"direct": 92, "assist": 7}


def test_promises_keep_within_the_law_and_instant_items_promise_the_same_day() -> None:
    for item in tables.items().values():
        assert 1 <= item.promised_days <= item.legal_days
        assert not item.instant or item.promised_days == 1


def test_every_item_has_its_materials_in_order() -> None:
    for code in tables.items():
        found = tables.materials(code)
        assert [line.seq for line in found] == list(range(1, len(found) + 1))
        assert found
    assert sum(len(tables.materials(code)) for code in tables.items()) == 2198
    assert tables.materials("SN-X-0000") == ()


def test_thirteen_certificates_are_kept_and_253_abolished() -> None:
    found = tables.certificates()
    assert Counter(each.status for each in found) == {"retained": 13, "abolished": 253}
    for each in found:
        assert (each.validity_days is not None) is (each.status == "retained")
        if each.status == "retained":
            assert each.legal_basis
            assert each.check_method


def test_twenty_eight_intermediary_services_have_their_six_public_fields() -> None:
    found = tables.intermediaries()
    assert len(found) == 28
    for each in found:
        public = (each.legal_basis, each.process, each.materials, each.fee_basis, each.fee_standard)
        assert all((*public, *each.materials))
    # A supervisor works as long as the building site does.
    assert [each.name for each in found if each.service_days is None] == ["工程监理"]


def test_the_three_machines_have_53_transitions() -> None:
    machines = Counter(row.machine for row in tables.transitions())
    assert machines == {"case": 33, "project": 11, "agency": 9}


def test_the_table_is_read_for_what_it_says() -> None:
    rows = {row.event: row for row in tables.transitions() if row.machine == "case"}
    assert rows["create"].from_states == (tables.NEW,)
    assert rows["discard"].to_state == "discarded"
    assert rows["extend"].to_state is None
    assert rows["suspend"].from_states == ("accepted", "reviewing")
    assert rows["submit_online"].offline is False
    assert set(rows["urge"].from_states) == {
        *("draft", "submitted", "received", "supplementing", "accepted"),
        *("reviewing", "suspended", "decided", "concluded"),
    }


@pytest.mark.parametrize(
    ("cell", "rules"),
    [
        ("examiner (zone_head approves)", [("examiner", "zone_head approves")]),
        (
            "station head; hub supervisor if accepted",
            [("station_head", ""), ("city_supervisor", "if accepted")],
        ),
        ("examiner|system at planned end", [("examiner", ""), ("system", "at planned end")]),
        ("lead_department|lead window only", [("lead_department", ""), ("lead_window", "only")]),
    ],
)
def test_an_actors_cell_is_read_into_roles_and_provisos(cell: str, rules: list[tuple[str, str]]) -> None:
    assert [(rule.role, rule.qualifier) for rule in parse_actors(cell)] == rules


def test_a_role_the_reader_does_not_know_is_noticed_at_once() -> None:
    with pytest.raises(ValueError, match="caretaker"):
        parse_actors("examiner|caretaker")


def test_a_state_that_is_left_only_for_itself_is_final() -> None:
    table = [
        {"machine": "case", "from_state": "-", "to_state": "open"},
        {"machine": "case", "from_state": "open|shut", "to_state": "shut"},
        {"machine": "case", "from_state": "any non-final", "to_state": "(same)"},
        {"machine": "case", "from_state": "shut", "to_state": "(same)"},
        {"machine": "agency", "from_state": "shut", "to_state": "open"},
    ]
    assert non_final("case", table) == {"open"}
