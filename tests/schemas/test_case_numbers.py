"""Numbers: what is given out can be read back, and what was copied wrongly is noticed."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schemas import numbers
from schemas.problems import DomainError

STATIONS = st.text("0123456789", min_size=12, max_size=12)
DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
SERIALS = st.integers(1, 9999) | st.integers(10_000, numbers.MAX_SERIAL + numbers.LETTERED)
CASE_NUMBERS = st.builds(numbers.case_no, STATIONS, DAYS, SERIALS)


def code_of(ask, *args: object) -> str:
    with pytest.raises(DomainError) as error:
        ask(*args)
    return error.value.problem.code


@given(STATIONS, DAYS, SERIALS)
def test_a_case_number_is_read_back(station: str, day: date, serial: int) -> None:
    text = numbers.case_no(station, day, serial)
    assert len(text) == 25
    assert numbers.parse_case_no(text) == numbers.CaseNo(station, day, serial)


@given(CASE_NUMBERS, st.integers(0, 24), st.sampled_from(numbers.ALPHABET))
def test_one_wrong_character_is_noticed(text: str, place: int, wrong: str) -> None:
    assume(text[place] != wrong)
    assert code_of(numbers.parse_case_no, text[:place] + wrong + text[place + 1 :]) == "bad_case_no"


@given(CASE_NUMBERS, st.integers(0, 23))
def test_two_neighbours_swapped_are_noticed(text: str, place: int) -> None:
    assume(text[place] != text[place + 1])
    swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    assert code_of(numbers.parse_case_no, swapped) == "bad_case_no"


@given(CASE_NUMBERS)
def test_a_case_number_may_be_typed_loosely(text: str) -> None:
    loose = f" {text[:12]}-{text[12:20]} {text[20:].lower()}\u3000".replace("1", "１")
    assert numbers.parse_case_no(loose) == numbers.parse_case_no(text)


@pytest.mark.parametrize("text", ["", "12", "5109030010012018023000075", "５" * 25, "O" * 25])
def test_what_is_no_case_number_is_refused(text: str) -> None:
    assert code_of(numbers.parse_case_no, text) == "bad_case_no"


def test_a_right_check_does_not_excuse_a_day_that_is_none() -> None:
    right = numbers.case_no("510903001001", date(2018, 2, 28), 1)
    digits = right[:18] + "30" + right[20:24]
    candidates = [digits + check for check in numbers.ALPHABET]
    assert {code_of(numbers.parse_case_no, each) for each in candidates} == {"bad_case_no"}


def test_no_case_is_the_noughth_of_a_day() -> None:
    digits = numbers.case_no("510903001001", date(2018, 2, 9), 1)[:20] + "0000"
    candidates = [digits + check for check in numbers.ALPHABET]
    assert {code_of(numbers.parse_case_no, each) for each in candidates} == {"bad_case_no"}


def test_serials_beyond_9999_begin_with_a_letter() -> None:
    day, last = date(2018, 2, 9), numbers.MAX_SERIAL + numbers.LETTERED
    written = [numbers.case_no("510903001001", day, n)[20:24] for n in (9999, 10_000, 10_001, last)]
    assert written == ["9999", "A000", "A001", "YYYY"]
    with pytest.raises(ValueError, match="no case number"):
        numbers.case_no("510903001001", day, last + 1)


@pytest.mark.parametrize(("station", "serial"), [("510903", 1), ("510903001001", 0), ("51090300100x", 1)])
def test_a_case_number_of_nonsense_is_a_mistake_of_the_caller(station: str, serial: int) -> None:
    with pytest.raises(ValueError, match="no case number"):
        numbers.case_no(station, date(2018, 2, 9), serial)


def test_a_query_code_has_six_digits_whatever_chance_says() -> None:
    asked: list[int] = []

    def rand(below: int) -> int:
        asked.append(below)
        return 42

    assert numbers.query_code(rand) == "000042"
    assert asked == [1_000_000]


def test_an_identity_number_tells_division_birth_and_sex() -> None:
    assert numbers.id_no("11010519491231002x") == numbers.IdNo(
        "11010519491231002X", "110105", date(1949, 12, 31), "female"
    )
    assert numbers.id_no("360426199101010071").sex == "male"


def test_an_identity_number_of_a_dissolved_or_later_county_is_good() -> None:
    # 安居区 was founded in 2003; a number given to a resident of it then may well say 1980.
    body = "51090419800101123"
    checks = [c for c in "0123456789X" if _good(body + c)]
    assert len(checks) == 1


def _good(text: str) -> bool:
    try:
        return numbers.id_no(text).text == text
    except DomainError:
        return False


@given(st.integers(0, 17), st.sampled_from("0123456789X"))
def test_one_wrong_character_of_an_identity_number_is_noticed(place: int, wrong: str) -> None:
    text = "11010519491231002X"
    assume(text[place] != wrong)
    assert code_of(numbers.id_no, text[:place] + wrong + text[place + 1 :]) == "bad_id_no"


def test_an_identity_number_may_be_typed_in_full_width() -> None:
    assert numbers.id_no("1101051949123100２x").text == "11010519491231002X"


@pytest.mark.parametrize(
    "text",
    ["", "110105491231002", "11010519490230002X", "1" * 18, "X" * 18, "\u0661\u0661010519491231002X"],
)
def test_what_is_no_identity_number_is_refused(text: str) -> None:
    assert code_of(numbers.id_no, text) == "bad_id_no"


def test_nobody_is_born_tomorrow() -> None:
    assert numbers.id_no("11010519491231002X", on=date(1949, 12, 31)).birth == date(1949, 12, 31)
    assert code_of(lambda: numbers.id_no("11010519491231002X", on=date(1949, 12, 30))) == "bad_id_no"


def test_a_credit_code_is_read_and_a_wrong_one_refused() -> None:
    assert numbers.uscc("9111 0000 600037341l") == "91110000600037341L"
    assert code_of(numbers.uscc, "91110000600037342L") == "bad_uscc"
    assert code_of(numbers.uscc, "") == "bad_uscc"


@pytest.mark.parametrize(("name", "masked"), [("张三丰", "张**"), ("张三", "张**"), ("", "")])
def test_a_masked_name_keeps_the_surname_and_hides_its_length(name: str, masked: str) -> None:
    assert numbers.mask_name(name) == masked


@pytest.mark.parametrize(
    ("number", "masked"),
    [("510903198001011234", "510903********1234"), ("E12345678", "E*******8"), ("123", "***"), ("", "")],
)
def test_a_masked_number_hides_birth_and_order(number: str, masked: str) -> None:
    assert numbers.mask_id_no(number) == masked


@pytest.mark.parametrize(
    ("number", "masked"),
    [("13800001234", "138****1234"), ("0825-22334455", "082******4455"), ("8822", "****"), ("", "")],
)
def test_a_masked_telephone_hides_its_middle(number: str, masked: str) -> None:
    assert numbers.mask_phone(number) == masked
