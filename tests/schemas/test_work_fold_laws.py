"""Laws of the folds of projects and errands: whatever was written by whom, in whatever order it arrives."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.lifecycle import CaseState, Folded, errands, projects
from schemas.lifecycle.state import Document
from schemas.tables import NEW
from schemas.workdays import calendar
from tests.schemas.histories import BUREAU, HUB, TOWNSHIP, VILLAGE, all_seen
from tests.schemas.test_case_fold_laws import JSON
from tests.schemas.works import ERRAND_ROLES, PROJECT_ROLES, Errand, Project

CASES = {
    "C1": CaseState(state="received", received_at=None),
    "C2": CaseState(state="withdrawn", final=True),
}
Fold = Callable[[list[Document]], Folded]
WRITERS = {VILLAGE: (VILLAGE,), TOWNSHIP: (TOWNSHIP, VILLAGE), HUB: (BUREAU, HUB)}
KINDS: Mapping[str, tuple[Any, Fold, tuple[str, ...]]] = {
    "project": (
        Project,
        lambda events: projects.fold(events, calendar(), CASES),
        ("open", "plan", "accept_jointly", "dispatch", "opinion", "suspend", "resume", "extend", "conclude"),
    ),
    "errand": (
        Errand,
        lambda events: errands.fold(events, calendar(), CASES),
        ("request", "assign", "collect", "lodge", "relay_supplement", "lodge", "fetch_result", "hand_over"),
    ),
}


@st.composite
def histories(draw: st.DrawFn, name: str) -> list[dict[str, Any]]:
    """A stretch of the usual line, then anything by anybody who had seen some of it; some of it broken."""
    make, _, line = KINDS[name]
    walk = make(tells=True)
    for event in line[: draw(st.integers(0, len(line)))]:
        walk.does(event)
    for i in range(draw(st.integers(1, 6))):
        writer = draw(st.sampled_from(sorted(WRITERS)))
        known = walk.events[: draw(st.integers(0, len(walk.events)))]
        event = draw(st.sampled_from(sorted(make().forms())))
        usual = PROJECT_ROLES.get(event) or ERRAND_ROLES.get(event, ("agent",))[0]
        data = copy.deepcopy(make().forms()[event])
        if draw(st.integers(0, 4)) == 0:
            data |= draw(st.dictionaries(st.sampled_from(sorted(data) or ["x"]), JSON))
        doc = {
            "_id": f"ev:{writer}:later:{i + 1}",
            "type": make.type,
            "schema": 1,
            make.key: walk.case,
            "event": event,
            "lamport": 1 + max((each["lamport"] for each in known), default=0),
            "at": f"2018-02-{draw(st.integers(1, 28)):02}T09:00:00+08:00",
            "station": draw(st.sampled_from(WRITERS[writer])),
            "actor": {"staff": draw(st.sampled_from(["E1", "A1"])), "name": "", "role": usual},
            "data": data,
        }
        if draw(st.booleans()):
            doc["seen"] = all_seen(known)
        if draw(st.integers(0, 9)) == 0:
            doc[draw(st.sampled_from(sorted(doc)))] = draw(JSON)
        if isinstance(doc["lamport"], int) and isinstance(doc["_id"], str) and doc["_id"].count(":") == 3:
            walk.events.append(doc)
    return list(walk.events)


@pytest.mark.parametrize("name", KINDS)
@given(data=st.data())
def test_order_and_repetition_of_arrival_do_not_matter(name: str, data: st.DataObject) -> None:
    fold, events = KINDS[name][1], data.draw(histories(name))
    again = data.draw(st.lists(st.sampled_from(events), max_size=4)) if events else []
    arrived = data.draw(st.permutations([*events, *copy.deepcopy(again)]))
    assert fold(arrived) == fold(events)


@pytest.mark.parametrize("name", KINDS)
@given(data=st.data())
def test_every_event_counts_or_is_kept_aside_with_a_reason(name: str, data: st.DataObject) -> None:
    fold = KINDS[name][1]
    events = data.draw(histories(name))
    state = fold(events)
    kept = [entry.event for entry in state.timeline] + [doc for doc, _ in state.set_aside]
    assert sorted(map(_text, kept)) == sorted({_text(each) for each in events})
    assert all(str(problem) for _, problem in state.set_aside)
    at = NEW
    for _, before, after in state.timeline:
        assert before == at
        at = after
    assert state.state == at
    assert getattr(state, "used_days", None) is None or getattr(state, "used_days", 0) >= 0


def _text(doc: Document) -> str:
    return json.dumps(doc, sort_keys=True)
