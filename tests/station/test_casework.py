"""What the windows' steps do beyond the rules of schemas: numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas import numbers
from schemas.problems import DomainError
from station.casework import Application
from tests.test_journey import INSTANT
from tests.world import PEOPLE, VILLAGE, World, small_city


def record(city: World, n: int) -> str:
    application = Application(
        f"{n:032x}", INSTANT.item_code, "赵小明", "居民身份证", "510903199003070012", "13800001234", "三组",
        frozenset(range(1, 30)), True,
    )  # fmt: skip
    return city[VILLAGE].parts.casework.record(PEOPLE["V001"], application)


def test_when_a_days_numbers_are_used_up_the_clerk_is_told_and_tomorrow_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_city(tmp_path) as city:
        monkeypatch.setattr(numbers, "MAX_SERIAL", 2)
        first, second = record(city, 1), record(city, 2)
        with pytest.raises(DomainError) as refused:
            record(city, 3)
        assert refused.value.problem.code == "serials_used_up"
        city.time.pass_(days=1)
        assert len({first, second, record(city, 3)}) == 3
