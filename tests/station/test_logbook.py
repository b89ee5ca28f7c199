"""Words that have not their shape count for nothing, and break nothing, whoever wrote them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.world import HUB, PEOPLE, TOWNSHIP, VILLAGE, World

PATROL: dict[str, Any] = {
    "station": VILLAGE, "kind": "daily_patrol", "planned_on": "2018-02-09", "inspectors": ["V001"], "findings": [],
    "done_at": "2018-02-09T09:00:00+08:00", "conclusion": "未发现问题",
}  # fmt: skip
ASKED: dict[str, Any] = {
    "station": VILLAGE, "kind": "centre_window", "from": VILLAGE, "to": TOWNSHIP, "content": "请明确", "due": "2018-02-12",
}  # fmt: skip
SERVED: dict[str, Any] = {"station": VILLAGE, "date": "2018-02-10", "kind": "weekend", "staff": ["V001"]}


@pytest.mark.parametrize(
    ("kind", "said", "wrong"),
    [
        ("inspection", PATROL, {"findings": "none"}),
        ("inspection", PATROL, {"findings": ["none"]}),
        ("inspection", PATROL, {"findings": [{"due": 5}]}),
        ("inspection", PATROL, {"inspectors": 5}),
        ("coordination", ASKED, {"due": 5}),
        ("coordination", ASKED, {"to": None}),
        ("coordination", ASKED, {"content": ["x"]}),
        ("duty_roster", SERVED, {"staff": 5}),
        ("duty_roster", SERVED, {"date": None}),
    ],
)
def test_a_word_without_its_shape_counts_for_nothing(
    city: World, kind: str, said: dict[str, Any], wrong: dict[str, Any]
) -> None:
    village = city[VILLAGE].parts
    for n, word in enumerate((said, {**said, **wrong})):
        for form in ("a" * 32, "b" * 32) if n else ("a" * 32,):
            village.keeper.keep(VILLAGE, PEOPLE["V001"], kind, form, lambda _txn, _before, word=word: word)
    city.sync(VILLAGE, TOWNSHIP)
    for code in (VILLAGE, TOWNSHIP, HUB):
        register = city[code].parts.register
        register.catch_up()
        (known,) = register.logbook.select("type = ?", [kind])
        assert {name: known[name] for name in said} == said, (
            "the first word stands; what was never sound is not there"
        )
    for path in ("/inspections", "/coordination", "/duty"):
        clerk = city.visit(TOWNSHIP).sign_in("T001")
        clerk.open(path)
        assert clerk.status == 200
