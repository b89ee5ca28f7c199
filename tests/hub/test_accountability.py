"""Who is held to account for what: only for what stands, with a measure, a reason and a person, once a form."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from typing import Any

import pytest

from hub.accountability import ground
from tests.world import BUREAU, HUB, PEOPLE, TOWNSHIP, VILLAGE, Visitor, World

AT = "2018-02-08T09:00:00+08:00"
FOUND = {"code": "absent", "severity": 3, "note": "下午无人", "due": "2018-02-13"}
VISIT: dict[str, Any] = {
    "station": VILLAGE, "kind": "open_visit", "planned_on": "2018-02-08", "inspectors": ["S001"], "findings": [FOUND],
    "done_at": AT, "conclusion": "限期整改",
}  # fmt: skip


def visited(city: World, station: str = VILLAGE, form: str = "a" * 32, **said: Any) -> str:
    """The key of a visit that found something."""
    word = {**VISIT, "station": station, **said}
    return city[HUB].parts.keeper.keep(
        station, PEOPLE["S001"], "inspection", form, lambda _txn, _before: word
    )


def decided(city: World, key: str, who: str = "S001", **said: str) -> Visitor:
    visitor = city.visit(HUB).sign_in(who)
    visitor.open("/supervision/accountability", because=key)
    visitor.send(
        "/supervision/accountability",
        **{
            "form": visitor.form,
            "because": key,
            "staff": "V001",
            "measure": "talk",
            "reason": "多次脱岗",
            **said,
        },
    )
    return visitor


def test_a_decision_is_listed_counted_and_taken_away_as_a_table(city: World) -> None:
    key = visited(city)
    visitor = city.visit(HUB).sign_in("S001")
    assert "追究责任" in visitor.open(f"/supervision/visits/{key}")
    visitor = decided(city, key)
    assert "多次脱岗" in visitor.page and "约谈 1" in visitor.page and "王芳（V001）" in visitor.page
    answer = visitor.client.get("/supervision/accountability.xlsx")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        assert "多次脱岗" in book.read("xl/sharedStrings.xml").decode()
    city.time.now += timedelta(days=365)
    later = city.visit(HUB).sign_in("S001")
    assert "这一年没有责任追究" in later.open("/supervision/accountability")
    assert "多次脱岗" in later.open("/supervision/accountability", year="2018")


def test_a_form_sent_twice_decides_once_and_nothing_of_it_leaves_the_hub(city: World) -> None:
    key = visited(city)
    decided(city, key, form="b" * 32)
    assert decided(city, key, form="b" * 32).page.count("多次脱岗") == 1
    city.sync(TOWNSHIP, VILLAGE)
    for code in (TOWNSHIP, VILLAGE):
        store = city[code].parts.store
        assert not any(
            "多次脱岗" in repr(store.database(name).get(change.id))
            for name in store.databases()
            for change in store.database(name).changes(0, 10_000).results
        )


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"because": "nonsense"}, "依据须为"),
        ({"because": f"L{VILLAGE}:{'9' * 32}"}, "依据须为"),
        ({"staff": "N999"}, "没有这个工号"),
        ({"staff": ""}, "没有这个工号"),
        ({"measure": "prison"}, "请选择处理方式"),
        ({"reason": ""}, "请写明决定的理由"),
        ({"form": ""}, "页面不完整"),
    ],
)
def test_what_is_missing_is_said(city: World, said: dict[str, str], words: str) -> None:
    visitor = decided(city, visited(city), **said)
    assert visitor.status == 409 and words in visitor.page
    assert "这一年没有责任追究" in visitor.open("/supervision/accountability")


def test_a_district_decides_in_its_own_district_and_sees_no_other(city: World) -> None:
    elsewhere = visited(city, "510922000000", "c" * 32)
    district = city.visit(HUB).sign_in("D001")
    assert "依据须为" in district.open("/supervision/accountability", because=elsewhere)
    said = {"form": "d" * 32, "because": elsewhere, "staff": "X001", "measure": "talk", "reason": "越界"}
    district.send("/supervision/accountability", **said)
    assert district.status == 409 and "依据须为" in district.page
    assert decided(city, elsewhere).status == 200
    assert "多次脱岗" not in district.open("/supervision/accountability")
    assert decided(city, visited(city, BUREAU), "D001", staff="E001").status == 200


@pytest.mark.parametrize(
    ("doc", "stands"),
    [
        ({"type": "supervision_card", "outcome": "upheld"}, True),
        ({"type": "supervision_card", "outcome": "rectified"}, True),
        ({"type": "supervision_card", "outcome": "issued"}, False),
        ({"type": "supervision_card", "outcome": "revoked"}, False),
        ({"type": "complaint", "upheld": True}, True),
        ({"type": "complaint", "upheld": False}, False),
        ({"type": "complaint"}, False),
        ({"type": "inspection", "done_at": AT, "findings": [FOUND]}, True),
        ({"type": "inspection", "findings": [FOUND]}, False),
        ({"type": "inspection", "done_at": AT, "findings": []}, False),
        ({"type": "evaluation", "level": 5}, False),
        (None, False),
    ],
)
def test_nobody_is_held_to_account_for_what_does_not_stand(doc: dict[str, Any] | None, stands: bool) -> None:
    assert (ground(doc) is None) is stands
