"""What the form and the case must say before an event may happen, rule by rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from schemas.catalogue import Catalogue, Version, shipped
from schemas.lifecycle import STATES, case_item, choices, fold, problem
from schemas.lifecycle.forms import FILE_BYTES
from schemas.tables import Item
from schemas.workdays import calendar
from tests.schemas.histories import (
    BUREAU,
    HUB,
    ID_NO,
    NEIGHBOUR,
    TOWNSHIP,
    VILLAGE,
    History,
    a_file,
    actor,
    an_item,
    ask,
    case_at,
    code,
    forms,
    lines,
    moment,
    permit,
    the_table_lets,
    township_item,
    village_item,
)


@pytest.mark.parametrize(
    ("wanted", "where", "role", "expected"),
    [
        ({"level": "district", "division_code": "510903"}, VILLAGE, "village_clerk", None),
        ({"level": "district", "division_code": "510922"}, VILLAGE, "village_clerk", "not_offered"),
        ({"level": "city"}, VILLAGE, "village_clerk", "not_offered"),
        ({"level": "city"}, HUB, "city_window", None),
        ({"village_mode": "inform"}, VILLAGE, "village_clerk", "not_offered"),
        ({"village_mode": "inform"}, TOWNSHIP, "township_window", None),
    ],
)
def test_a_case_opens_only_where_its_item_is_taken_in(
    wanted: dict[str, object], where: str, role: str, expected: str | None
) -> None:
    form = forms(an_item(**wanted))["create"]
    assert code(problem(None, "create", actor(where, role), form)) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"item": {**case_item(permit()), "code": "SN-X-1"}}, "unknown_item"),
        ({"item": None}, "unknown_item"),
        ({"item": {**case_item(permit()), "version": ["1"]}}, None),
        ({"item": {**case_item(permit()), "code": ["SN"]}}, "unknown_item"),
        ({"item": {**case_item(permit()), "promised_days": 21}}, "bad_item_copy"),
        ({"item": {**case_item(permit()), "promised_days": True}}, "bad_item_copy"),
        ({"item": {**case_item(permit()), "instant": 0}}, "bad_item_copy"),
        ({"applicant": {"name": "张三", "id_type": "111", "id_no": ID_NO[:-1] + "1"}}, "bad_id_no"),
        ({"applicant": {"name": " ", "id_type": "111", "id_no": ID_NO}}, "no_applicant"),
        ({"applicant": {"name": "张三", "id_type": "111"}}, "no_id_no"),
        ({"applicant": {"name": "某公司", "id_type": "001", "id_no": "91110000600037342L"}}, "bad_uscc"),
        ({"applicant": {"name": "某公司", "id_type": "001", "id_no": "91110000600037341L"}}, None),
        ({"applicant": {"name": "Smith", "id_type": "414", "id_no": "E12345678"}}, None),
    ],
)
def test_a_case_opens_only_with_a_sound_item_and_applicant(
    change: dict[str, object], expected: str | None
) -> None:
    assert ask(None, "create", "village_clerk", VILLAGE, **change) == expected


@pytest.mark.parametrize(
    ("event", "data", "expected"),
    [
        ("receive", {"materials": []}, "no_checklist"),
        ("receive", {"materials": [{"name": "表"}]}, "no_checklist"),
        ("receive", {"materials": [{"name": "表", "got": True, "required": "1"}]}, "no_checklist"),
        ("receive", {"privacy_notice": 1}, "no_privacy_notice"),
        ("receive", {"query_code": "12345"}, "no_query_code"),
        ("receive", {"query_code": "１２３４５６"}, "no_query_code"),
        ("notify_supplement", {"gaps": []}, "no_gaps"),
        ("notify_supplement", {"gaps": ["执照", " "]}, "no_gaps"),
        ("notify_supplement", {"gaps": "执照"}, "no_gaps"),
        ("supply", {"materials": None}, "no_checklist"),
        ("correct_on_spot", {"changes": {}}, "no_changes"),
        ("correct_on_spot", {"changes": {"state": "accepted"}}, "no_changes"),
        ("correct_on_spot", {"changes": {"phone": 1}}, "no_changes"),
        ("correct_on_spot", {"changes": {"applicant": {"name": "张"}}}, "no_id_no"),
        *(
            ("attach", {"files": files}, "no_files")
            for files in (
                None,
                [],
                ["x"],
                [a_file()] * 51,
                [a_file(material=True)],
                [a_file(name="")],
                [a_file(name="长" * 121)],
                [a_file(media_type="text/html")],
                [a_file(media_type="image/svg+xml")],
                [a_file(size=0)],
                [a_file(size=FILE_BYTES + 1)],
                [a_file(sha256="0" * 63)],
                [a_file(index=[])],
                [a_file(index=["1" * 64] * 9)],
                [a_file(index=["../" + "1" * 61])],
            )
        ),
        ("attach", {"files": [a_file(material=2)]}, "not_a_material"),
        ("void", {"reason": ""}, "no_reason"),
        ("deliver", {"receiver": ""}, "no_receiver"),
        ("instant_conclude", {"result": ""}, "no_result"),
    ],
)
def test_a_clerks_form_must_say_what_the_table_asks(
    event: str, data: dict[str, object], expected: str
) -> None:
    state = next(state for state in STATES if the_table_lets(event, state))
    case = case_at(VILLAGE, state, village_item(), accepted_at=None)
    role = "station_head" if event == "void" else "village_clerk"
    assert ask(case, event, role, VILLAGE) is None
    assert ask(case, event, role, VILLAGE, **data) == expected


@pytest.mark.parametrize(
    ("event", "role", "data", "expected"),
    [
        ("refuse", "examiner", {"reason_code": "busy"}, "no_reason_code"),
        ("refuse", "examiner", {"reason": "不归我们管。    "}, "reason_too_short"),
        ("assign", "zone_head", {"to": ""}, "no_assignee"),
        ("pass_step", "examiner", {"opinion": "  "}, "no_opinion"),
        ("return_step", "examiner", {"reason": None}, "no_reason"),
        ("suspend", "examiner", {"kind": "holiday"}, "no_suspend_kind"),
        ("suspend", "examiner", {"days": 0}, "no_suspend_days"),
        ("suspend", "examiner", {"approved_by": ""}, "no_approval"),
        ("resume", "examiner", {"result": ""}, "no_result"),
        ("extend", "bureau_head", {"days": 11}, "bad_extension"),
        ("extend", "bureau_head", {"reason": ""}, "no_reason"),
        ("deny", "zone_head", {"reason": ""}, "no_reason"),
        ("deny", "zone_head", {"remedy": ""}, "no_remedy"),
        ("submit_upward", "examiner", {"to": TOWNSHIP}, "not_higher"),
        ("submit_upward", "examiner", {"to": ["x"]}, "not_higher"),
        ("conclude", "district_window", {"result": ""}, "no_result"),
        ("pre_review_pass", "district_window", {"query_code": None}, "no_query_code"),
        ("pre_review_return", "district_window", {"gaps": []}, "no_gaps"),
        ("pre_review_return", "district_window", {"reason": ""}, "no_reason"),
        ("submit_online", "applicant", {"materials": []}, "no_checklist"),
        ("evaluate", "applicant", {"level": 6}, "no_level"),
        ("urge", "district_supervisor", {"reason": ""}, "no_reason"),
    ],
)
def test_a_bureaus_form_must_say_what_the_table_asks(
    event: str, role: str, data: dict[str, object], expected: str
) -> None:
    state = next(state for state in STATES if the_table_lets(event, state))
    case = case_at(BUREAU, state)
    assert ask(case, event, role, BUREAU) is None
    assert ask(case, event, role, BUREAU, **data) == expected


@pytest.mark.parametrize(("key", "expected"), [("note", "no_note"), ("cosigned_by", "no_cosign")])
def test_a_record_is_corrected_only_with_a_cosign(key: str, expected: str) -> None:
    case = case_at(BUREAU, "concluded")
    assert ask(case, "correct_record", "hub_administrator", HUB) is None
    assert ask(case, "correct_record", "hub_administrator", HUB, **{key: ""}) == expected


@pytest.mark.parametrize(
    ("item", "where", "to", "expected"),
    [
        (permit(), VILLAGE, TOWNSHIP, None),
        (permit(), VILLAGE, BUREAU, None),
        (permit(), VILLAGE, HUB, "not_on_the_way"),
        (permit(), VILLAGE, NEIGHBOUR, "not_on_the_way"),
        (permit(), VILLAGE, "510922000000", "not_on_the_way"),
        (permit(), TOWNSHIP, BUREAU, None),
        (permit(), TOWNSHIP, VILLAGE, "not_on_the_way"),
        (township_item(), VILLAGE, TOWNSHIP, None),
        (township_item(), VILLAGE, BUREAU, "not_on_the_way"),
        (village_item(), VILLAGE, TOWNSHIP, None),
        (village_item(), VILLAGE, BUREAU, "not_on_the_way"),
    ],
)
def test_a_case_goes_up_to_where_it_is_decided_and_no_further(
    item: Item, where: str, to: str, expected: str | None
) -> None:
    decider = {permit(): BUREAU, township_item(): TOWNSHIP, village_item(): VILLAGE}[item]
    role = "village_clerk" if where == VILLAGE else "township_window"
    assert ask(case_at(where, item=item, decider=decider), "forward", role, where, to=to) == expected


@pytest.mark.parametrize(
    ("item", "where", "role", "expected"),
    [
        (village_item(), VILLAGE, "village_clerk", None),
        (township_item(), VILLAGE, "village_clerk", "not_decided_here"),
        (permit(), VILLAGE, "village_clerk", "not_decided_here"),
        (township_item(), TOWNSHIP, "township_window", None),
        (permit(), TOWNSHIP, "township_window", "not_decided_here"),
        (permit(), BUREAU, "examiner", None),
        (permit(), BUREAU, "district_window", None),
    ],
)
def test_a_station_accepts_what_it_decides_itself(
    item: Item, where: str, role: str, expected: str | None
) -> None:
    assert ask(case_at(where, item=item), "accept", role, where) == expected


def test_nothing_is_accepted_while_a_required_material_is_missing() -> None:
    missing = case_at(BUREAU, materials=tuple(lines(True, False, False)))
    found = problem(missing, "accept", actor(BUREAU, "examiner"), {})
    assert found is not None
    assert str(found) == "必要材料不齐，不能受理：材料2、材料3"
    optional = ({**lines(False)[0], "required": False},)
    assert ask(case_at(BUREAU, materials=optional), "accept", "examiner", BUREAU) is None


def test_supplements_are_asked_for_once() -> None:
    assert (
        ask(case_at(VILLAGE, supplements=1), "notify_supplement", "village_clerk", VILLAGE)
        == "second_supplement"
    )


def test_only_instant_items_are_concluded_instantly() -> None:
    assert ask(case_at(BUREAU, "accepted"), "instant_conclude", "district_window", BUREAU) == "not_instant"


def test_who_accepted_a_permit_does_not_review_it() -> None:
    mine = case_at(BUREAU, "reviewing", accepted_by="E1")
    assert ask(mine, "pass_step", "examiner", BUREAU) == "same_person"
    assert ask(replace(mine, accepted_by="E2"), "pass_step", "examiner", BUREAU) is None
    service = an_item(level="district", division_code="510903", category_code="10")
    assert ask(replace(mine, item=case_item(service)), "pass_step", "examiner", BUREAU) is None


def test_nothing_is_granted_unreviewed_but_it_may_be_denied() -> None:
    unseen = case_at(BUREAU, "reviewing", steps_passed=0)
    assert ask(unseen, "grant", "zone_head", BUREAU) == "not_reviewed"
    assert ask(unseen, "deny", "zone_head", BUREAU) is None


def test_a_period_is_extended_once() -> None:
    assert (
        ask(case_at(BUREAU, "reviewing", extended_days=5), "extend", "bureau_head", BUREAU)
        == "second_extension"
    )


def test_once_accepted_only_the_city_voids() -> None:
    accepted = case_at(TOWNSHIP, "accepted")
    assert ask(accepted, "void", "station_head", TOWNSHIP) == "accepted_already"
    assert ask(accepted, "void", "city_supervisor", HUB) is None
    assert ask(accepted, "void", "station_head", TOWNSHIP, reason="", successor="x") == "accepted_already"


def test_who_recorded_a_case_takes_it_back_until_somebody_acts_on_it() -> None:
    me = actor(VILLAGE, "village_clerk").staff
    own = case_at(VILLAGE, "received", created_by=me, accepted_at=None)
    assert ask(own, "void", "village_clerk", VILLAGE) is None
    assert ask(replace(own, current_station=BUREAU), "void", "village_clerk", VILLAGE) is None, (
        "wherever it is"
    )
    assert ask(own, "void", "village_clerk", VILLAGE, reason="") == "no_reason"
    other = replace(own, created_by=me + "9")
    assert ask(other, "void", "village_clerk", VILLAGE) == "not_your_entry"
    assert ask(replace(own, supplements=1), "void", "village_clerk", VILLAGE) == "acted_on"


def test_a_case_is_rated_once_and_amended_once() -> None:
    for given, expected in ((0, None), (1, None), (2, "rated_already")):
        case = case_at(VILLAGE, "concluded", evaluations=({"level": 1},) * given)
        assert ask(case, "evaluate", "applicant", VILLAGE) == expected


def test_only_its_author_deletes_a_draft() -> None:
    draft = case_at(VILLAGE, "draft")
    assert ask(draft, "discard", "village_clerk", VILLAGE) is None
    assert ask(replace(draft, created_by="E7"), "discard", "village_clerk", VILLAGE) == "not_author"


# --- the day ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "role", "due", "good", "late", "expected"),
    [
        (
            "notify_supplement",
            "district_window",
            "acceptance_due",
            "2018-02-22",
            "2018-02-23",
            "notice_too_late",
        ),
        ("extend", "bureau_head", "legal_due", "2018-02-22", "2018-02-23", "legal_due_passed"),
        ("deemed_accept", "system", "acceptance_due", "2018-02-23", "2018-02-22", "acceptance_runs"),
        ("lapse", "system", "supplement_due", "2018-02-23", "2018-02-22", "supplement_runs"),
    ],
)
def test_whoever_is_about_to_act_is_asked_for_the_day(
    event: str, role: str, due: str, good: str, late: str, expected: str
) -> None:
    state = next(state for state in STATES if the_table_lets(event, state))
    case = case_at(BUREAU, state, **{due: date(2018, 2, 22)})
    assert ask(case, event, role, BUREAU, at=f"{good}T23:59:59+08:00") is None
    assert ask(case, event, role, BUREAU, at=f"{late}T00:00:00+08:00") == expected
    assert ask(case, event, role, BUREAU) is None


def test_an_instant_case_missed_on_its_chinese_day_still_has_an_end_and_its_clerk_is_warned() -> None:
    case = case_at(VILLAGE, "accepted", village_item())
    for at, expected in (
        ("2018-02-09T15:59:59+00:00", None),
        ("2018-02-09T16:00:00+00:00", "not_same_day"),
    ):
        assert ask(case, "instant_conclude", "village_clerk", VILLAGE, at=at) is None
        found = choices(case, actor(VILLAGE, "village_clerk"), moment(at))
        [choice] = [each for each in found if each.transition.event == "instant_conclude"]
        assert (choice.problem, code(choice.warning)) == (None, expected)


def test_a_rating_is_amended_within_five_working_days() -> None:
    walk = History().granted().add("conclude", "district_window", BUREAU)
    walk.add("evaluate", "applicant", VILLAGE, "2018-02-09T09:00:00+08:00")
    rated = walk.sound()
    assert rated.amend_until == date(2018, 2, 22)
    assert ask(rated, "evaluate", "applicant", VILLAGE, at="2018-02-22T23:00:00+08:00") is None
    assert ask(rated, "evaluate", "applicant", VILLAGE, at="2018-02-23T00:00:00+08:00") == "amend_too_late"


# --- catalogue: versions and transfers ----------------------------------------------------------------------------


def on_day(day: str, item: Item, catalogue: Catalogue, **who: str) -> str | None:
    form = forms(item)["create"]
    person = replace(actor(VILLAGE, "village_clerk"), **who)
    return code(problem(None, "create", person, form, moment(f"{day}T09:00:00+08:00"), catalogue))


def test_a_case_opens_under_the_version_of_its_day_and_keeps_it() -> None:
    first = permit()
    second = replace(first, version=2, promised_days=2)
    both = shipped().with_versions(
        [Version(first, None, date(2018, 2, 28)), Version(second, date(2018, 3, 1), date(2018, 12, 31))]
    )
    assert on_day("2018-02-28", first, both) is None
    assert on_day("2018-02-28", second, both) == "other_version"
    assert on_day("2018-03-01", first, both) == "other_version"
    assert on_day("2018-03-01", second, both) is None
    assert on_day("2019-01-01", second, both) == "not_in_force"
    state = fold(History(first).accepted().events, calendar(), both)
    assert state.item == case_item(first)
    assert state.promise_due == date(2018, 2, 13)


def test_a_recorded_case_counts_where_the_catalogue_is_older_than_it() -> None:
    newer = replace(permit(), version=7)
    assert fold(History(newer).received().events, calendar()).state == "received"
    assert ask(None, "create", "village_clerk", VILLAGE, item=case_item(newer)) is None


def test_an_item_that_only_another_catalogue_has_opens_under_that_one() -> None:
    new = replace(permit(), item_code="SN-903-9001")
    form = forms(new)["create"]
    assert code(problem(None, "create", actor(VILLAGE, "village_clerk"), form)) == "unknown_item"
    assert on_day("2018-02-09", new, shipped().with_versions([Version(new)])) is None


@pytest.mark.parametrize(
    ("day", "department", "expected"),
    [
        ("2017-11-19", "old", None),
        ("2018-01-09", "old", None),  # on trial: both
        ("2018-01-10", "old", "transferred"),
        ("2018-01-10", "", None),
        ("2018-01-10", "另一部门", None),
    ],
)
def test_the_old_department_accepts_until_the_day_of_transfer(
    day: str, department: str, expected: str | None
) -> None:
    moved = shipped().transfer(permit().item_code)
    assert moved is not None
    department = moved.from_department if department == "old" else department
    assert on_day(day, permit(), shipped(), department=department) == expected
    person = replace(actor(BUREAU, "examiner"), department=department)
    found = problem(case_at(BUREAU), "accept", person, {}, moment(f"{day}T09:00:00+08:00"))
    assert code(found) == expected
