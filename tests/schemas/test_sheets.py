"""Departments' sheets: their columns as data, and which cases belong on which."""

from __future__ import annotations

import pytest

from schemas import sheets, tables
from schemas.lifecycle import CaseState

TAKEN = {"id_type": "111", "name": "赵小明", "id_no": "510903199003070012"}


def test_every_sheet_says_who_asked_for_what_and_when() -> None:
    for name, columns in sheets.sheets().items():
        assert {"name", "id_no", "item", "received_on", "case_no"} <= {each.source for each in columns}, name
        headings = [each.heading for each in columns]
        assert len(set(headings)) == len(headings), name
        assert sheets.departments(name), name


def test_an_item_of_two_departments_is_on_both_sheets() -> None:
    assert "残联、民政" in sheets.departments("残联") & sheets.departments("民政")
    assert "农业（畜牧）" in sheets.departments("农业")
    assert "民政（退役军人）" not in sheets.departments("农业")
    assert sheets.departments(sheets.ALL) == {item.department for item in tables.items().values()}


def test_birth_and_sex_come_from_the_number_and_are_left_out_with_it() -> None:
    columns = [each.source for each in sheets.sheets()["公安"]]
    line = dict(zip(columns, sheets.line("公安", 3, CaseState(applicant=TAKEN)), strict=True))
    assert (line["n"], line["sex"], line["birth"]) == (3, "男", "1990-03-07")
    masked = CaseState(applicant={**TAKEN, "id_no": "510903********0012"})
    line = dict(zip(columns, sheets.line("公安", 1, masked), strict=True))
    assert (line["sex"], line["birth"]) == ("", "")


@pytest.mark.parametrize("name", sheets.sheets())
def test_a_case_of_which_nothing_is_known_makes_a_line_all_the_same(name: str) -> None:
    assert len(sheets.line(name, 1, CaseState())) == len(sheets.sheets()[name])
