"""Applications that are not saved yet: kept at each change, offered again, thrown away and brought back, and never sent anywhere."""

from __future__ import annotations

import html
import re

import pytest

from schemas.problems import DomainError
from station import drafts, forms, recording
from station.databases import HERE
from station.drafts import Drafts
from tests.payloads import PAYLOADS
from tests.rights.test_web import Scanner
from tests.test_journey import INSTANT, PERMIT
from tests.world import PEOPLE, TOWNSHIP, VILLAGE, Visitor, World, application

FORM = f"{7:032x}"
RECORD = f"/items/{PERMIT.item_code}/record"
DRAFT = f"/items/{PERMIT.item_code}/draft"


@pytest.fixture
def clerk(city: World) -> Visitor:
    visitor = city.visit(VILLAGE).sign_in("V001")
    visitor.open(RECORD)
    return visitor


def kept(city: World) -> Drafts:
    return city[VILLAGE].parts.drafts


def type_in(clerk: Visitor, n: int, **fields: str) -> str:
    """As the page's script sends a change."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', clerk.page)
    assert token
    sent = {"csrf_token": token[1], "form": FORM, "n": str(n), **fields}
    answer = clerk.client.post(DRAFT, data=sent, headers={recording.QUIET: "1"})
    clerk.status = answer.status_code
    return answer.text


def test_each_change_is_kept_and_found_again(city: World, clerk: Visitor) -> None:
    assert "已存草稿 09:00:00，断电不会丢" in type_in(clerk, 1, name="赵小")
    type_in(clerk, 2, name="赵小明", id_no="51090319", privacy_notice="1", **{"material-2": "1"})
    page = clerk.open("/")
    assert "没填完的登记" in page
    assert "赵小明" in page
    assert PERMIT.name in page
    page = clerk.open(RECORD)
    assert "还有没填完的登记" in page
    assert 'value="赵小明"' not in page, "somebody else may stand at the window now"
    page = clerk.open(RECORD, draft=FORM)
    assert 'value="赵小明"' in page
    assert 'value="51090319"' in page
    assert re.search(r'id="material-2" value="1" checked', page)
    assert not re.search(r'id="material-1" value="1" checked', page)
    assert re.search(r'id="privacy_notice" value="1" checked', page)


def test_it_is_on_the_disk_before_the_answer(city: World, clerk: Visitor) -> None:
    type_in(clerk, 1, name="赵小明")
    there = city[VILLAGE].parts.store.database(HERE).get_local(drafts.PREFIX + FORM)
    assert there is not None
    assert there["fields"] == {"name": "赵小明"}


def test_a_change_that_was_overtaken_puts_nothing_back(city: World, clerk: Visitor) -> None:
    type_in(clerk, 2, name="赵小明")
    assert type_in(clerk, 1, name="赵小") == "这张表在另一个窗口里改过，请刷新本页再填"
    assert clerk.status == 409
    found = kept(city).get(FORM, "V001")
    assert found is not None
    assert found.fields == {"name": "赵小明"}


def test_saving_ends_the_draft_and_a_change_that_comes_after_it_makes_none(
    city: World, clerk: Visitor
) -> None:
    type_in(clerk, 1, name="赵小明")
    clerk.send(RECORD, **application(FORM))
    assert "已保存在本机" in clerk.page
    assert kept(city).of("V001") == []
    assert "已存草稿" not in type_in(clerk, 2, name="赵小明")
    assert kept(city).of("V001") == []
    case_no = clerk.path.removeprefix("/cases/")
    clerk.open(RECORD, draft=FORM)
    assert clerk.path == f"/cases/{case_no}", "who goes back to the form is led to its case"


def test_a_form_that_must_be_mended_is_a_draft_without_a_script_too(city: World, clerk: Visitor) -> None:
    clerk.send(RECORD, **application(FORM, phone="1"))
    assert clerk.status == 422
    found = kept(city).get(FORM, "V001")
    assert found is not None
    assert found.fields["phone"] == "1"


def test_it_is_thrown_away_and_comes_back_within_a_day(city: World, clerk: Visitor) -> None:
    type_in(clerk, 1, name="赵小明")
    clerk.open("/")
    page = clerk.send(f"/drafts/{FORM}/throw")
    assert "已删除，一天内可以恢复" in page
    clerk.open(RECORD, draft=FORM)
    assert 'value="赵小明"' not in clerk.page
    page = clerk.send(f"/drafts/{FORM}/back")
    assert 'value="赵小明"' in page
    clerk.send(f"/drafts/{FORM}/throw")
    city.time.pass_(hours=25)
    city.tend(VILLAGE)
    assert kept(city).of("V001") == []


def test_a_form_that_was_emptied_comes_back(city: World, clerk: Visitor) -> None:
    page = clerk.send(DRAFT, form=FORM, name="赵小明", clear="1")
    assert 'value="赵小明"' not in page
    assert "恢复" in page
    assert 'value="赵小明"' in clerk.send(f"/drafts/{FORM}/back")


def test_all_materials_are_ticked_in_one_go(city: World, clerk: Visitor) -> None:
    page = clerk.send(DRAFT, form=FORM, name="赵小明", all="1")
    boxes = re.findall(r'name="material-\d+" id="material-\d+" value="1" (checked)?', page)
    assert len(boxes) > 1
    assert all(boxes)
    assert 'value="赵小明"' in page


def test_an_empty_form_is_no_draft(city: World, clerk: Visitor) -> None:
    type_in(clerk, 1, name="赵")
    type_in(clerk, 2, name="")
    assert kept(city).of("V001") == []


def test_drafts_go_nowhere_and_to_nobody_else(city: World, clerk: Visitor) -> None:
    before = city[VILLAGE].parts.store.update_seq
    type_in(clerk, 1, name="赵小明", id_no="510903199003070012")
    assert city[VILLAGE].parts.store.update_seq == before, "nothing that a peer could ask for"
    city.sync(VILLAGE, TOWNSHIP)
    city.appoint(
        VILLAGE,
        PEOPLE["V001"].__class__(
            "V009", "何丽", VILLAGE, frozenset({"village_clerk"}), trained_on=PEOPLE["V001"].trained_on
        ),
    )
    other = city.visit(VILLAGE).sign_in("V009")
    assert "赵小明" not in other.open("/")
    assert "赵小明" not in other.open(RECORD, draft=FORM)
    other.send(f"/drafts/{FORM}/throw")
    assert kept(city).get(FORM, "V001") is not None


def test_old_drafts_are_swept_and_newer_ones_are_not(city: World, clerk: Visitor) -> None:
    type_in(clerk, 1, name="赵小明")
    city.time.pass_(days=89)
    city.tend(VILLAGE)
    assert len(kept(city).of("V001")) == 1
    city.time.pass_(days=2)
    city.tend(VILLAGE)
    assert kept(city).of("V001") == []


def test_too_many_are_told_of_and_nothing_is_thrown_away_for_it(
    city: World, monkeypatch: pytest.MonkeyPatch, clerk: Visitor
) -> None:
    monkeypatch.setattr(drafts, "MOST", 1)
    kept(city).save(f"{1:032x}", "V001", INSTANT.item_code, {"name": "钱多"})
    with pytest.raises(DomainError, match="没填完的登记已有 1 份"):
        kept(city).save(FORM, "V001", PERMIT.item_code, {"name": "赵小明"})
    assert type_in(clerk, 1, name="赵小明") == "没填完的登记已有 1 份，请先在首页办完或删除一些"
    page = clerk.send(DRAFT, form=FORM, name="赵小明")
    assert "没填完的登记已有 1 份" in page
    assert 'value="赵小明"' in page, "what was typed stands there"
    assert len(kept(city).of("V001")) == 1


def test_a_locked_page_keeps_what_was_typed_for_who_typed_it(city: World, clerk: Visitor) -> None:
    city.time.pass_(minutes=11)
    type_in(clerk, 1, name="赵小明")
    assert clerk.status == 302
    clerk.sign_in("V001")
    page = clerk.open("/sign-in/go-on")
    action = re.search(r'<form method="post" action="(/items[^"]+)"', page)
    assert action
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))
    assert 'value="赵小明"' in clerk.send(
        action[1], **{key: value for key, value in fields.items() if key != "csrf_token"}
    )


@pytest.mark.parametrize("payload", PAYLOADS[::5])
def test_what_stands_in_a_draft_is_text_wherever_it_is_shown(clerk: Visitor, payload: str) -> None:
    shown = forms.text({"x": payload}, "x", forms.LONGEST)
    if not shown:
        return
    pages = [type_in(clerk, 1, name=payload, id_no=payload, address=payload)]
    pages += [clerk.open("/"), clerk.open(RECORD), clerk.open(RECORD, draft=FORM)]
    for page in pages:
        scanner = Scanner()
        scanner.feed(page)
        assert scanner.found == []
    assert html.escape(shown).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in pages[1]
