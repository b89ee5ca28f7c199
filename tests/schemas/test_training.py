"""Who may take an item in: those who were trained, in the groups that they are authorised for."""

from __future__ import annotations

from datetime import date

from schemas import tables, training

TODAY = date(2018, 2, 9)
DISTRICT = next(item for item in tables.items().values() if item.zone == "商事登记")
GRASSROOTS = next(item for item in tables.items().values() if item.level == "township" and not item.zone)


def refusal(item: tables.Item | None, trained_on: date | None, groups: set[str]) -> str | None:
    found = training.problem(item, trained_on, groups, TODAY)
    return None if found is None else found.code


def test_an_untrained_clerk_is_refused_an_item_group() -> None:
    group = training.group_of(DISTRICT)
    assert refusal(DISTRICT, None, {group}) == "not_trained"
    assert refusal(DISTRICT, TODAY, {group}) is None
    assert refusal(DISTRICT, TODAY, {"社会事务"}) == "group_not_yours"
    found = training.problem(DISTRICT, TODAY, {"社会事务"}, TODAY)
    assert "商事登记" in str(found)


def test_a_training_that_is_still_to_come_does_not_count() -> None:
    assert refusal(DISTRICT, date(2018, 2, 10), set()) == "not_trained"


def test_who_is_authorised_for_no_group_by_name_is_for_all() -> None:
    assert refusal(DISTRICT, TODAY, set()) is None
    assert refusal(GRASSROOTS, TODAY, set()) is None


def test_a_group_is_the_zone_or_where_there_is_none_the_department() -> None:
    assert training.group_of(DISTRICT) == "商事登记"
    assert training.group_of(GRASSROOTS) == GRASSROOTS.department
    assert {"商事登记", GRASSROOTS.department} <= training.groups()


def test_an_item_nobody_knows_is_another_rules_business() -> None:
    assert refusal(None, None, set()) is None
