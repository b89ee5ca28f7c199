"""Printed numbers and division codes: what is given out leads back to its station, and no two are the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import numbers, tables
from schemas.document_numbers import DocumentNo, abbreviations, document_no, parse_document_no, words
from schemas.problems import DomainError
from tests.schemas.histories import BUREAU, HUB, TOWNSHIP, VILLAGE

PAPERS = st.builds(
    DocumentNo,
    st.sampled_from(sorted(tables.stations())),
    st.sampled_from(sorted(words())),
    st.integers(2017, 2099),
    st.integers(1, 99_999),
)


def code_of(ask, *args: object) -> str:
    with pytest.raises(DomainError) as error:
        ask(*args)
    return error.value.problem.code


def written(paper: DocumentNo) -> str:
    return document_no(paper.station, paper.word, paper.year, paper.serial)


@pytest.mark.parametrize(
    ("station", "text"),
    [
        (HUB, "(遂)受字〔2018〕第00001号"),
        (BUREAU, "(船)受字〔2018〕第00001号"),
        (TOWNSHIP, "(船001)受字〔2018〕第00001号"),
        (VILLAGE, "(船001001)受字〔2018〕第00001号"),
    ],
)
def test_a_number_names_its_station(station: str, text: str) -> None:
    assert document_no(station, "受", 2018, 1) == text


@given(PAPERS)
def test_a_number_is_read_back(paper: DocumentNo) -> None:
    assert parse_document_no(written(paper)) == paper


@given(PAPERS, PAPERS)
def test_two_papers_never_have_the_same_number(one: DocumentNo, other: DocumentNo) -> None:
    assert (written(one) == written(other)) is (one == other)


def test_no_two_stations_of_the_city_can_give_out_the_same_number() -> None:
    assert len({document_no(code, "受", 2018, 1) for code in tables.stations()}) == 2330


@given(PAPERS)
def test_a_number_may_be_typed_loosely(paper: DocumentNo) -> None:
    text = written(paper)
    loose = text.replace("(", "（").replace("〔", " [").replace("〕", "]").replace("1", "１")
    assert parse_document_no(f" {loose}\u3000") == paper


@pytest.mark.parametrize(
    "text",
    [
        "",
        "船受字〔2018〕第00001号",
        "(成)受字〔2018〕第00001号",
        "(船)授字〔2018〕第00001号",
        "(船)受字〔2018〕第00000号",
        "(船)受字〔2018〕第1号",
        "(船999)受字〔2018〕第00001号",
        "(船001000)受字〔2018〕第00001号",
        "(船000)受字〔2018〕第00001号",
        "(遂001)受字〔2018〕第00001号",
        "(船001001)受字〔2018〕第00001号之一",
    ],
)
def test_what_is_no_number_of_this_city_is_refused(text: str) -> None:
    assert code_of(parse_document_no, text) == "bad_document_no"


def test_the_hundred_thousandth_paper_of_a_year_has_no_number() -> None:
    assert code_of(document_no, VILLAGE, "受", 2018, 100_000) == "document_serials_used_up"


@pytest.mark.parametrize(
    ("station", "word", "serial"), [("5109", "受", 1), (VILLAGE, "授", 1), (VILLAGE, "受", 0)]
)
def test_a_number_of_nonsense_is_a_mistake_of_the_caller(station: str, word: str, serial: int) -> None:
    with pytest.raises(ValueError, match="no document number"):
        document_no(station, word, 2018, serial)


def test_every_district_has_its_own_character_and_every_word_its_own_paper() -> None:
    assert set(abbreviations()) == {each.district_code for each in tables.stations().values()}
    assert len(set(abbreviations().values())) == 6
    assert len({paper.name for paper in words().values()}) == len(words()) == 14


# --- division codes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("510000", "province"),
        ("510900", "prefecture"),
        ("510903", "county"),
        ("510903001", "township"),
        ("510903001000", "township"),
        ("510903 001001", "village"),
        ("441900003", "township"),
    ],
)
def test_a_division_code_tells_its_level(text: str, level: str) -> None:
    assert numbers.division_code(text).level == level


@pytest.mark.parametrize("code", [VILLAGE, TOWNSHIP, BUREAU])
def test_shorter_forms_of_a_code_mean_the_same_place(code: str) -> None:
    for digits in (6, 9, 12):
        if not code[digits:].strip("0"):
            assert numbers.division_code(code[:digits]).code == code


@given(st.sampled_from(sorted(tables.stations())))
def test_every_station_stands_in_a_division(code: str) -> None:
    levels = {"city": "prefecture", "district": "county", "township": "township", "village": "village"}
    assert numbers.division_code(code) == numbers.Division(code, levels[tables.station(code).level])


@pytest.mark.parametrize(
    "text",
    ["", "5109", "5109030", "00" * 6, "99" + "0903", "510003", "510903000001", "51090A", "510903001001000"],
)
def test_what_is_no_division_code_is_refused(text: str) -> None:
    assert code_of(numbers.division_code, text) == "bad_division_code"
