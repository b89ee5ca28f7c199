"""Bad ratings: seen by who supervises, rectified within their days, the applicant called back; a clerk learns nothing of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.looking import PROPOSAL
from hub.supervision import LOOKING
from station.databases import HERE
from station.staff import Staff
from sync.serving import starting
from tests.station.test_ratings import concluded
from tests.test_journey import PERMIT, record
from tests.world import HUB, TOWNSHIP, VILLAGE, Visitor, World


def rated(city: World, level: int = 5) -> str:
    """A case that its applicant was not content with; its number."""
    case_no, _ = concluded(city, city.visit(VILLAGE).sign_in("V001"))
    applicant = Staff("", "", VILLAGE, frozenset({"applicant"}))
    city[VILLAGE].parts.casework.act(case_no, applicant, [("evaluate", {"level": level})])
    city.sync(VILLAGE, TOWNSHIP)
    return case_no


def supervisor(city: World) -> Visitor:
    visitor = city.visit(HUB).sign_in("S001")
    visitor.open("/supervision/ratings")
    return visitor


def test_a_bad_rating_waits_for_what_is_done_about_it_and_then_for_the_call(city: World) -> None:
    case_no = rated(city)
    visitor = supervisor(city)
    assert case_no in visitor.page and "还剩 15 个工作日" in visitor.page
    assert "差评整改</a>" in visitor.page or "差评整改" in city.visit(HUB).sign_in("S001").open(
        "/supervision"
    )
    visitor.send(f"/supervision/ratings/{case_no}", action="约谈窗口负责人，改为一次告知", callback="")
    assert "已整改，待回访" in visitor.page
    visitor.send(f"/supervision/ratings/{case_no}", action="", callback="表示满意")
    assert "没有这样的差评" in visitor.page
    done = visitor.open("/supervision/ratings", list="over")
    assert "约谈窗口负责人" in done and "表示满意" in done
    visitor.send(f"/supervision/ratings/{case_no}", action="再次", callback="")
    assert visitor.status == 409 and "已整改并回访" in visitor.page


def test_a_good_rating_is_not_listed_and_is_nothing_to_rectify(city: World) -> None:
    case_no = rated(city, level=2)
    visitor = supervisor(city)
    assert "没有这样的差评" in visitor.page
    visitor.send(f"/supervision/ratings/{case_no}", action="x")
    assert visitor.status == 409 and "不是差评" in visitor.page


def test_the_call_comes_after_what_was_done(city: World) -> None:
    case_no = rated(city)
    visitor = supervisor(city)
    visitor.send(f"/supervision/ratings/{case_no}", action=" ", callback="满意")
    assert visitor.status == 409 and "请先写明整改措施" in visitor.page and 'value="满意"' in visitor.page


def test_a_case_nobody_rated_or_that_there_is_not_is_not_found(city: World) -> None:
    case_no = record(city, PERMIT)
    city.sync(VILLAGE, TOWNSHIP)
    visitor = supervisor(city)
    for each in (case_no, "5" * 25):
        visitor.send(f"/supervision/ratings/{each}", action="x")
        assert visitor.status == 404


def test_no_clerk_sees_it(city: World) -> None:
    case_no = rated(city)
    visitor = supervisor(city)
    visitor.send(f"/supervision/ratings/{case_no}", action="约谈", callback="表示满意")
    city.sync(TOWNSHIP, VILLAGE)
    clerk = city.visit(VILLAGE).sign_in("V001")
    for path in (f"/cases/{case_no}", "/voice", "/ratings", "/supervised"):
        assert "约谈" not in clerk.open(path) and "表示满意" not in clerk.page


@pytest.mark.parametrize(("rectify", "carded"), [(False, True), (True, False)])
def test_what_nobody_did_anything_about_is_proposed_for_a_card(
    city: World, rectify: bool, carded: bool
) -> None:
    case_no = rated(city)
    looking = city[HUB].app.extensions[LOOKING]
    looking.look()
    if rectify:
        supervisor(city).send(f"/supervision/ratings/{case_no}", action="约谈窗口负责人")
    city.time.now += timedelta(days=30)
    looking.look()
    found = starting(city[HUB].parts.store.database(HERE), PROPOSAL).values()
    assert any(each["card"]["rule"] == "R09" and each["card"]["case"] == case_no for each in found) is carded


def test_an_applicant_who_changes_their_mind_does_not_undo_what_was_done(city: World) -> None:
    case_no, code = concluded(city, city.visit(VILLAGE).sign_in("V001"))
    applicant = city.visit(VILLAGE)
    applicant.open("/rate")
    applicant.send("/rate", case_no=case_no, code=code, level="5", text="等得太久")
    city.sync(VILLAGE, TOWNSHIP)
    visitor = supervisor(city)
    assert "等得太久" in visitor.page
    visitor.send(f"/supervision/ratings/{case_no}", action="约谈窗口负责人")
    city.sync(TOWNSHIP, VILLAGE)
    applicant.open("/rate")
    applicant.send("/rate", case_no=case_no, code=code, level="4", text="后来说明了原因")
    assert applicant.status == 200, applicant.page
    city.sync(VILLAGE, TOWNSHIP)
    visitor = supervisor(city)
    assert "后来说明了原因" in visitor.page and "已整改，待回访" in visitor.page
