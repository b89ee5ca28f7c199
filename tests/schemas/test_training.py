"""Who may take an item in: those who were trained, in the groups that they are authorised for."""

from __future__ import annotations

from datetime import date

import pytest

from schemas import tables, training

TODAY = date(2018, 2, 9)
DISTRICT = next(item for item in tables.items().values() if item.zone == "商事登记")
GRASSROOTS = next(item for item in tables.items().values() if item.level == "township" and not item.zone)


def refusal(item_code: object, trained_on: date | None, groups: set[str]) -> str | None:
    found = training.problem(item_code, trained_on, groups, TODAY)
    return None if found is None else found.code


def test_an_untrained_clerk_is_refused_an_item_group() -> None:
    group = training.group_of(DISTRICT)
    assert refusal(DISTRICT.item_code, None, {group}) == "not_trained"
    assert refusal(DISTRICT.item_code, TODAY, {group}) is None
    assert refusal(DISTRICT.item_code, TODAY, {"社会事务"}) == "group_not_yours"
    found = training.problem(DISTRICT.item_code, TODAY, {"社会事务"}, TODAY)
    assert "商事登记" in str(found)


def test_a_training_that_is_still_to_come_does_not_count() -> None:
    assert refusal(DISTRICT.item_code, date(2018, 2, 10), set()) == "not_trained"


def test_who_is_authorised_for_no_group_by_name_is_for_all() -> None:
    assert refusal(DISTRICT.item_code, TODAY, set()) is None
    assert refusal(GRASSROOTS.item_code, TODAY, set()) is None


def test_a_group_is_the_zone_or_where_there_is_none_the_department() -> None:
    assert training.group_of(DISTRICT) == "商事登记"
    assert training.group_of(GRASSROOTS) == GRASSROOTS.department
    assert {"商事登记", GRASSROOTS.department} <= training.groups()


@pytest.mark.parametrize("code", ["nobody knows it", None, 7])
def test_an_item_nobody_knows_is_another_rules_business(code: object) -> None:
    assert refusal(code, None, set()) is None
