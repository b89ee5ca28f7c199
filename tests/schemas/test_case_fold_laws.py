"""Laws of the fold over random histories: two to four writers who know of each other only now and then, what they
do legal and illegal, sound and broken; then shuffled and repeated."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from schemas.lifecycle import AUTHORITY, EVENTS, NEW, choices, fold, problem
from schemas.lifecycle.permissions import MACHINE, ROLES
from schemas.tables import Item, station, transitions
from schemas.workdays import calendar
from tests.schemas.histories import (
    BUREAU,
    HUB,
    TOWNSHIP,
    VILLAGE,
    History,
    actor,
    all_seen,
    forms,
    permit,
    township_item,
    village_item,
)

ITEMS = (permit(), township_item(), village_item())
WRITERS = {VILLAGE: (VILLAGE,), TOWNSHIP: (TOWNSHIP, VILLAGE), HUB: (BUREAU, HUB)}
STEPS = {row.event: row for row in transitions() if row.machine == "case"}

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def usual_line(item: Item) -> list[dict[str, Any]]:
    """From the village's window to the applicant's hand, with all that may happen on the way once."""
    walk = (
        History(item, tells=True)
        .received()
        .add("notify_supplement", "village_clerk")
        .add("supply", "village_clerk")
    )
    if item == village_item():
        walk.add("accept", "village_clerk").add("instant_conclude", "village_clerk")
    elif item == township_item():
        walk.add("forward", "village_clerk", to=TOWNSHIP)
        walk.add("accept", "township_window", TOWNSHIP).add("instant_conclude", "township_window", TOWNSHIP)
    else:
        walk.add("forward", "village_clerk", to=TOWNSHIP).add(
            "forward", "township_window", TOWNSHIP, to=BUREAU
        )
        walk.add("accept", "district_window", BUREAU, staff="E9").add("assign", "zone_head", BUREAU)
        walk.add("suspend", "examiner", BUREAU).add("resume", "examiner", BUREAU)
        walk.add("extend", "bureau_head", BUREAU).add("pass_step", "examiner", BUREAU)
        walk.add("grant", "zone_head", BUREAU).add("conclude", "district_window", BUREAU)
    return walk.add("deliver", "village_clerk").events


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Events as several servers wrote them, each knowing what it had last been told.

    A case that has come some way along the usual line, of which each server knows a different stretch; then whatever
    they do without knowing of each other.
    """
    item = draw(st.sampled_from(ITEMS))
    line = usual_line(item)
    written = line[: draw(st.integers(0, len(line)))]
    own = {
        writer: [i for i, each in enumerate(written, 1) if each["_id"][3:15] == writer] for writer in WRITERS
    }
    told = {  # who wrote an event had all before it
        writer: written[: draw(st.integers(max(own[writer], default=0), len(written)))] for writer in WRITERS
    }
    filled = forms(item)
    for _ in range(draw(st.integers(1, 10))):
        writer = draw(st.sampled_from(sorted(WRITERS)))
        place = draw(st.sampled_from(WRITERS[writer]))
        known = told[writer]
        state = fold(known, calendar())
        roles = {
            choice.transition.event: choice.role
            for choice in choices(state, actor(place, *ROLES))
            if choice.role
        }
        if roles and draw(st.integers(0, 4)):  # mostly what is allowed as far as this writer knows
            event = draw(st.sampled_from(sorted(roles)))
            role = roles[event]
        else:
            event, role = draw(st.sampled_from(EVENTS)), draw(st.sampled_from(sorted(ROLES)))
        data = copy.deepcopy(filled[event])
        if event == "forward":
            data["to"] = draw(st.sampled_from([TOWNSHIP, BUREAU]))
        if draw(st.integers(0, 9)) == 0:
            data = draw(st.dictionaries(st.sampled_from(sorted(data) or ["x"]), JSON)) | {"more": draw(JSON)}
        day = draw(st.integers(1, 28))
        doc = {
            "_id": f"ev:{writer}:abcdefgh:{1 + sum(each['_id'][3:15] == writer for each in written)}",
            "type": "case_event",
            "schema": 1,
            "case": History(item).case,
            "event": event,
            "lamport": state.lamport + 1,
            "at": f"2018-02-{day:02}T09:00:00+08:00",
            "station": place,
            "actor": {"staff": draw(st.sampled_from(["E1", "E2"])), "name": "", "role": role},
            "data": data,
        }
        written.append(doc)
        if draw(st.integers(0, 4)):  # else an older program, which does not say what it had seen
            doc["seen"] = all_seen(known)
        known.append(doc)
        if draw(st.booleans()):  # a sync: two servers tell each other everything
            other = draw(st.sampled_from(sorted(WRITERS)))
            both = {each["_id"]: each for each in (*known, *told[other])}
            told[writer], told[other] = list(both.values()), list(both.values())
    return written


@st.composite
def damaged(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A history in which some events have lost, or had overwritten, parts of what they say."""
    events = copy.deepcopy(draw(histories()))
    for event in events:
        if draw(st.integers(0, 2)) == 0:
            key = draw(st.sampled_from(sorted(event)))
            if draw(st.booleans()):
                del event[key]
            else:
                event[key] = draw(JSON)
    return events


@given(histories() | damaged(), st.data())
def test_order_and_repetition_of_arrival_do_not_matter(
    events: list[dict[str, Any]], data: st.DataObject
) -> None:
    again = data.draw(st.lists(st.sampled_from(events), max_size=5))
    arrived = data.draw(st.permutations([*events, *copy.deepcopy(again)]))
    assert fold(arrived, calendar()) == fold(events, calendar())


@given(histories() | damaged())
def test_every_event_counts_or_is_kept_aside_with_a_reason(events: list[dict[str, Any]]) -> None:
    state = fold(events, calendar())
    kept = [entry.event for entry in state.timeline] + [doc for doc, _ in state.set_aside]
    assert _texts(kept) == sorted(set(_texts(events)))
    assert all(str(problem) for _, problem in state.set_aside)


@given(histories() | damaged())
def test_the_timeline_is_a_way_through_the_table(events: list[dict[str, Any]]) -> None:
    state = fold(events, calendar())
    at = NEW
    for doc, before, after in state.timeline:
        row = STEPS[doc["event"]]
        assert before == at
        assert before in row.from_states
        assert after == (row.to_state or before)
        at = after
    assert state.state == at


@given(histories())
def test_the_fold_refuses_exactly_what_the_page_would_have_refused(events: list[dict[str, Any]]) -> None:
    """What counted, written one after the other by people who knew it all, is allowed and adds up to the same."""
    state = fold(events, calendar())
    counted = [in_turn(i, entry.event) for i, entry in enumerate(state.timeline, 1)]
    for i, doc in enumerate(counted):
        before = fold(counted[:i], calendar())
        who = actor(doc["station"], doc["actor"]["role"], staff=doc["actor"]["staff"])
        assert problem(before, doc["event"], who, doc["data"]) is None
    again = fold(counted, calendar())
    assert [entry[1:] for entry in again.timeline] == [entry[1:] for entry in state.timeline]
    again.timeline, again.set_aside, again.lamport = state.timeline, state.set_aside, state.lamport
    if not counted:  # nothing says which case it is
        again.case_no = state.case_no
    assert again == state


@given(histories())
def test_a_final_case_stays_as_it_is(events: list[dict[str, Any]]) -> None:
    state = fold(events, calendar())
    if state.final:
        ways = {choice.transition.to_state for choice in choices(state, actor(BUREAU, *ROLES))}
        assert ways <= {None}
        assert state.due is None


@given(histories())
def test_nobody_counts_before_what_they_had_seen(events: list[dict[str, Any]]) -> None:
    counted = [entry.event for entry in fold(events, calendar()).timeline]
    for i, later in enumerate(counted):
        assert not [each for each in counted[i + 1 :] if saw(later, each)]


@given(histories(), st.data())
def test_a_decided_case_stays_decided_whatever_comes_late_from_below(
    events: list[dict[str, Any]], data: st.DataObject
) -> None:
    """All through a decision that its writer took in good faith, nothing changes."""
    state = fold(events, calendar())
    decisions = [
        i
        for i, entry in enumerate(state.timeline)
        if entry.event["event"] in MACHINE.decisive and in_good_faith(entry.event, events)
    ]
    assume(decisions)
    at = data.draw(st.sampled_from(decisions))
    decision = state.timeline[at].event
    below = [writer for writer in WRITERS if rank(writer) < rank(decision["_id"][3:15])]
    assume(below)
    writer = data.draw(st.sampled_from(below))
    item = next(item for item in ITEMS if item.item_code == state.item["code"])  # type: ignore[index]
    told = [each for each in events if not saw(each, decision) and each is not decision]
    known = closed(told[: data.draw(st.integers(0, len(told)))], events)
    if decision in known:
        known = []
    event = data.draw(st.sampled_from(EVENTS))
    late = {
        "_id": f"ev:{writer}:latelate:1",
        "type": "case_event",
        "schema": 1,
        "case": state.case_no,
        "event": event,
        "lamport": 1 + max((each["lamport"] for each in known), default=0),
        "at": "2018-02-10T09:00:00+08:00",
        "station": data.draw(st.sampled_from(WRITERS[writer])),
        "actor": {"staff": "E1", "name": "", "role": data.draw(st.sampled_from(sorted(ROLES)))},
        "data": forms(item)[event],
    }
    if data.draw(st.booleans()):
        late["seen"] = all_seen(known)
    after = fold([*events, late], calendar())
    assert after.timeline[: at + 1] == state.timeline[: at + 1]
    assert (after.decided_at, after.result, after.ended_at) == (
        state.decided_at,
        state.result,
        state.ended_at,
    )


@given(histories() | damaged())
def test_used_days_and_visits_are_never_negative(events: list[dict[str, Any]]) -> None:
    state = fold(events, calendar())
    assert state.used_days is None or state.used_days >= 0
    assert state.suspended_days >= 0
    assert state.visits == len(set(state.occasions))


@given(st.sampled_from(ITEMS))
def test_the_usual_line_counts_from_end_to_end(item: Item) -> None:
    state = fold(usual_line(item), calendar())
    assert (state.state, state.set_aside) == ("delivered", ())


def in_turn(i: int, doc: dict[str, Any]) -> dict[str, Any]:
    """The same event as the i-th of a line."""
    return {key: value for key, value in {**doc, "lamport": i}.items() if key != "seen"}


def saw(later: dict[str, Any], earlier: dict[str, Any]) -> bool:
    stream, _, n = earlier["_id"].removeprefix("ev:").rpartition(":")
    own, _, mine = later["_id"].removeprefix("ev:").rpartition(":")
    return int(n) < int(mine) if own == stream else later.get("seen", {}).get(stream, 0) >= int(n)


def closed(events: list[dict[str, Any]], among: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """These events and all that their writers had seen, and so on."""
    found = {each["_id"]: each for each in events}
    for each in reversed(among):  # whoever saw was written after what they saw
        if each["_id"] not in found and any(saw(later, each) for later in found.values()):
            found[each["_id"]] = each
    return list(found.values())


def in_good_faith(decision: dict[str, Any], events: list[dict[str, Any]]) -> bool:
    if "seen" not in decision:
        return False
    past = [each for each in closed([decision], events) if each is not decision]
    who = actor(decision["station"], decision["actor"]["role"], staff=decision["actor"]["staff"])
    return problem(fold(past, calendar()), decision["event"], who, decision["data"]) is None


def rank(writer: str) -> int:
    return AUTHORITY[station(writer).level]


def _texts(events: list[Any]) -> list[str]:
    return sorted(json.dumps(event, sort_keys=True) for event in events)
