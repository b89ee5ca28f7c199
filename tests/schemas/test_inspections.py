"""What an inspection may say, and which words on it count: whoever looks says what was found, the visited only how it was put right."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import inspections
from schemas.inspections import counted, done, due, finding, fixed, open_findings, with_finding
from schemas.problems import Problem
from schemas.tables import HUB
from tests.world import NEIGHBOUR, TOWNSHIP, VILLAGE

AT = "2018-02-09T09:00:00+08:00"
VISIT: dict[str, Any] = {
    "station": VILLAGE, "kind": "open_visit", "planned_on": "2018-02-09", "inspectors": ["S001"],
}  # fmt: skip
FOUND: dict[str, Any] = {"code": "absent", "severity": 2, "note": "下午无人", "due": "2018-02-13"}
FOUND_TOO: dict[str, Any] = {**FOUND, "code": "records", "due": "2018-02-12"}
TOLD: dict[str, Any] = {**VISIT, "findings": [FOUND, FOUND_TOO], "done_at": AT, "conclusion": "限期整改"}
PATROL: dict[str, Any] = {**TOLD, "kind": "daily_patrol"}


def put_right(doc: dict[str, Any], n: int = 0) -> dict[str, Any]:
    found = fixed(doc, n, "已安排顶岗", AT, "V001")
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (("", "2", "下午无人"), "no_finding_code"),
        (("nonsense", "2", "下午无人"), "no_finding_code"),
        (("absent", "4", "下午无人"), "no_severity"),
        (("absent", "", "下午无人"), "no_severity"),
        (("absent", "2", ""), "no_finding_note"),
    ],
)
def test_a_finding_has_a_kind_a_weight_and_words(said: tuple[str, str, str], code: str) -> None:
    problem = finding(*said, date(2018, 2, 13))
    assert isinstance(problem, Problem)
    assert problem.code == code


def test_a_finding_as_it_is_kept() -> None:
    assert finding("absent", "2", "下午无人", date(2018, 2, 13)) == FOUND


def test_an_inspection_takes_fifty_findings_and_no_more() -> None:
    doc: Any = VISIT
    for _ in range(inspections.MOST):
        doc = with_finding(doc, FOUND)
    assert len(doc["findings"]) == 50
    problem = with_finding(doc, FOUND)
    assert isinstance(problem, Problem)
    assert problem.code == "many_findings"


def test_an_inspection_ends_once_and_with_a_conclusion() -> None:
    for doc, conclusion, code in ((VISIT, "", "no_conclusion"), (TOLD, "再说一次", "inspection_done")):
        problem = done(doc, AT, conclusion)
        assert isinstance(problem, Problem)
        assert problem.code == code
    assert done(VISIT, AT, "未发现问题") == {**VISIT, "done_at": AT, "conclusion": "未发现问题"}


def test_a_finding_is_put_right_once_and_with_words() -> None:
    for n, text, code in ((2, "好了", "no_finding"), (-1, "好了", "no_finding"), (0, "", "no_fix")):
        problem = fixed(TOLD, n, text, AT, "V001")
        assert isinstance(problem, Problem)
        assert problem.code == code
    again = fixed(put_right(TOLD), 0, "又好了", AT, "V001")
    assert isinstance(again, Problem)
    assert again.code == "finding_fixed"


def test_the_next_day_on_which_something_has_to_be_put_right() -> None:
    assert (due(VISIT), open_findings(VISIT)) == (None, 0)
    assert (due(TOLD), open_findings(TOLD)) == ("2018-02-12", 2)
    assert (due(put_right(TOLD, 1)), open_findings(put_right(TOLD, 1))) == ("2018-02-13", 1)
    assert (due(put_right(put_right(TOLD, 1))), open_findings(put_right(put_right(TOLD, 1)))) == (None, 0)


@pytest.mark.parametrize(
    ("writer", "word", "may"),
    [
        (HUB, VISIT, True),
        (HUB, PATROL, True),
        (VILLAGE, PATROL, True),
        (TOWNSHIP, PATROL, True),
        (VILLAGE, VISIT, False),
        (TOWNSHIP, {**VISIT, "kind": "unannounced"}, False),
        (NEIGHBOUR, PATROL, False),
        (HUB, {**VISIT, "kind": "nonsense"}, False),
        (VILLAGE, {**PATROL, "station": "no station"}, False),
    ],
)
def test_who_may_begin_one(writer: str, word: dict[str, Any], may: bool) -> None:
    assert (counted([(writer, word)]) is not None) is may


def test_the_visited_says_how_it_was_put_right() -> None:
    assert counted([(HUB, VISIT), (HUB, TOLD), (VILLAGE, put_right(TOLD))]) == put_right(TOLD)


@pytest.mark.parametrize(
    "word",
    [
        {**TOLD, "findings": []},
        {**TOLD, "findings": [FOUND]},
        {**TOLD, "findings": [{**FOUND, "severity": 1}, FOUND_TOO]},
        {**TOLD, "findings": [FOUND, FOUND_TOO, FOUND]},
        {**TOLD, "conclusion": "没有问题"},
        {**put_right(TOLD), "inspectors": ["V001"]},
        {**TOLD, "station": TOWNSHIP},
        {**TOLD, "findings": [FOUND, {**FOUND_TOO, "due": "2019-02-13", "fixed_at": AT, "fix": "好"}]},
    ],
)
def test_the_visited_changes_nothing_of_what_was_found(word: dict[str, Any]) -> None:
    assert counted([(HUB, TOLD), (VILLAGE, word)]) == TOLD


def test_what_was_put_right_is_told_once() -> None:
    first = put_right(TOLD)
    other = {
        **TOLD,
        "findings": [{**FOUND, "fixed_at": AT, "fixed_by": "V002", "fix": "没有的事"}, FOUND_TOO],
    }
    assert counted([(HUB, TOLD), (VILLAGE, first), (VILLAGE, other)]) == first


def test_who_patrolled_goes_on_with_it_and_nobody_else_does() -> None:
    more = {**PATROL, "findings": [FOUND, FOUND_TOO, FOUND]}
    assert counted([(TOWNSHIP, PATROL), (TOWNSHIP, more)]) == more
    assert counted([(TOWNSHIP, PATROL), (VILLAGE, more)]) == PATROL
    assert counted([(TOWNSHIP, PATROL), (HUB, more)]) == more


@given(
    st.lists(
        st.tuples(
            st.sampled_from([HUB, TOWNSHIP, VILLAGE, NEIGHBOUR]),
            st.sampled_from([VISIT, TOLD, PATROL, put_right(TOLD), put_right(put_right(TOLD, 1)), {**TOLD, "findings": []}]),
        ),
        max_size=8,
    )
)  # fmt: skip
def test_whatever_is_written_no_finding_is_lost(words: list[tuple[str, dict[str, Any]]]) -> None:
    least = 0
    for n in range(len(words) + 1):
        doc = counted(words[:n])
        found = len((doc or {}).get("findings", ()))
        assert found >= least
        least = found
