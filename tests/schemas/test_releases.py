"""Which release a station should run, and the list of a kit's files."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import releases

VILLAGE = "510903001001"


def release(version: str, *to: str, withdrawn: bool = False) -> dict[str, Any]:
    return {"version": version, "to": list(to), "withdrawn": withdrawn}


def test_the_newest_that_is_offered_here_is_wanted() -> None:
    every = [
        release("0.9.0", "5109"),
        release("0.10.0", "510903"),
        release("0.11.0", "510922"),
        release("0.12.0"),
    ]
    assert releases.wanted(every, VILLAGE, "0.8.0") == every[1]
    assert releases.wanted(every, "510921001001", "0.8.0") == every[0]
    assert releases.wanted(every, VILLAGE, "0.10.0") is None, "it runs it"
    assert releases.wanted(every, VILLAGE, "1.0.0") is None, "and nobody goes down by an offer"


def test_a_single_station_can_be_first() -> None:
    assert releases.wanted([release("0.9.0", VILLAGE)], VILLAGE, "0.8.0")
    assert releases.wanted([release("0.9.0", VILLAGE)], "510903001002", "0.8.0") is None


def test_an_empty_place_is_no_place() -> None:
    assert not releases.is_for(release("0.9.0", ""), VILLAGE)


def test_what_is_withdrawn_is_offered_to_nobody_and_who_runs_it_knows() -> None:
    gone = release("0.9.0", "5109", withdrawn=True)
    assert releases.wanted([gone], VILLAGE, "0.8.0") is None
    assert releases.is_withdrawn([gone], "0.9.0")
    assert not releases.is_withdrawn([gone], "0.8.0")


def test_versions_are_compared_by_their_numbers() -> None:
    assert releases.order("0.10.0") > releases.order("0.9.9") > releases.order("0.9")
    for none in ("", "1", "v1.0", "1.0.0rc1", "1.0/../2"):
        assert releases.order(none) == ()


def test_a_list_of_files_names_no_place_outside_the_kit() -> None:
    good = f"{'a' * 64}  kit.py\n{'b' * 64}  wheels/flask-3.0-py3-none-any.whl\n"
    assert set(releases.read_sums(good)) == {"kit.py", "wheels/flask-3.0-py3-none-any.whl"}
    for name in ("../kit.py", "/etc/passwd", "wheels/../kit.py", ".hidden", "a/b", "C:\\kit.py", ""):
        with pytest.raises(ValueError, match="another form"):
            releases.read_sums(f"{'a' * 64}  {name}\n")
