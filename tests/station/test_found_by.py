"""Cases are found by any part of a name, however it is typed, and never by reading all of them."""

from __future__ import annotations

from collections.abc import Iterator

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from station import event_rows, forms, found_by
from station.event_rows import SUBJECT
from station.found_by import FoundBy

NAMES = st.text(st.sampled_from("赵钱孙李小明 ＡaBb1２"), max_size=12)


@pytest.fixture
def connection() -> Iterator[apsw.Connection]:
    with apsw.Connection(":memory:") as opened:
        opened.execute(
            "CREATE TABLE cases (subject INTEGER PRIMARY KEY, case_no TEXT UNIQUE, item_code TEXT)"
        )
        opened.execute(event_rows.SCHEMA)
        opened.execute(found_by.SCHEMA)
        yield opened
    opened.close()


def add(connection: apsw.Connection, case_no: str, applicant: str, item: str = "食品经营许可") -> None:
    connection.execute("INSERT OR IGNORE INTO subjects (number) VALUES (?)", (case_no,))
    connection.execute(f"INSERT OR REPLACE INTO cases VALUES ({SUBJECT}, ?, ?)", (case_no, case_no, item))
    FoundBy(connection).note(
        {"case_no": case_no, "applicant": applicant, "item_code": item, "item_name": item}
    )


def found(connection: apsw.Connection, asked: str) -> list[str]:
    where, args = found_by.condition(asked)
    return [str(row[0]) for row in connection.execute(f"SELECT case_no FROM cases WHERE {where}", args)]


@pytest.mark.parametrize("asked", ["赵小明", "小明", "明", "赵 小明", "赵小"])
def test_a_part_of_a_name_finds_its_case(connection: apsw.Connection, asked: str) -> None:
    add(connection, "1", "赵小明")
    add(connection, "2", "钱大海")
    assert found(connection, asked) == ["1"]


@pytest.mark.parametrize("asked", ["zxm", "ZX", "zhaoxiaoming", "zhaox", "zhao xiao"])
def test_a_name_is_found_by_its_initials_and_its_sound(connection: apsw.Connection, asked: str) -> None:
    add(connection, "1", "赵小明")
    add(connection, "2", "钱大海")
    assert found(connection, asked) == ["1"]


def test_a_name_of_eighteen_letters_is_no_number() -> None:
    asked = "ouyangzhuangzhuang"
    assert len(asked) == 18
    assert "found_by" in forms.search(asked)[0]


def test_letters_are_found_small_large_and_full_width(connection: apsw.Connection) -> None:
    add(connection, "1", "ABC建材")
    assert found(connection, "abc") == found(connection, "ＢＣ建") == ["1"]


def test_the_name_of_an_item_finds_all_its_cases(connection: apsw.Connection) -> None:
    add(connection, "1", "赵小明", "食品经营许可")
    add(connection, "2", "钱大海", "食品经营许可")
    add(connection, "3", "孙食品", "户口登记")
    assert found(connection, "食品") == ["1", "2", "3"]
    assert found(connection, "户口") == ["3"]


def test_a_name_that_was_put_right_is_found_by_both(connection: apsw.Connection) -> None:
    add(connection, "1", "赵小朋")
    add(connection, "1", "赵小明")
    assert found(connection, "小朋") == found(connection, "小明") == ["1"]


def test_nothing_of_a_case_that_went_stays(connection: apsw.Connection) -> None:
    add(connection, "1", "赵小朋")
    add(connection, "1", "赵小明")
    add(connection, "2", "钱大海")
    FoundBy(connection).forget(["1", "unknown"])
    left = connection.execute("SELECT DISTINCT number FROM found_by JOIN subjects USING (subject)").fetchall()
    assert left == [("2",)]


@pytest.mark.parametrize("asked", ["明", "许可"])
def test_a_search_looks_at_no_more_than_so_many(
    connection: apsw.Connection, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connection:
        for n in range(found_by.MOST + 10):
            add(connection, str(n), "赵小明")
    assert len(found(connection, asked)) == found_by.MOST


def test_a_search_reads_indexes_alone(connection: apsw.Connection) -> None:
    where, args = found_by.condition("明")
    plan = connection.execute(f"EXPLAIN QUERY PLAN SELECT case_no FROM cases WHERE {where}", args)
    scans = [str(row[3]) for row in plan if "SCAN" in str(row[3])]
    assert [each for each in scans if "item_names" not in each and "(" not in each] == []


@given(name=NAMES, start=st.integers(0, 11), length=st.integers(1, 12))
def test_whatever_stands_in_a_name_finds_it(name: str, start: int, length: int) -> None:
    asked = found_by.plain(found_by.plain(name)[start : start + length])
    assert not asked or any(word.startswith(asked) for word in found_by.tails(name))
