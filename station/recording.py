"""The record form: an application taken in at the window, kept as a draft while it is filled, saved as a case.

    record ─> the form <─> draft (each change; station.drafts) ─> record_post ─> casework ─> the case's page or its receipt

Views only: what is well filled is station.forms', what a draft is station.drafts', what a case is schemas.lifecycle's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext

from schemas import numbers, offers, posters, tables
from schemas.problems import N_, DomainError, Problem
from station import card_pages, forms, scans
from station.casework import Application
from station.drafts import Draft
from station.pages import barred, case_page, me, name_of, new_form, offered_here, visible, window
from station.register import id_digest
from station.web import parts, say, staff_only

blueprint = Blueprint("recording", __name__)

NUMBER = 18
"""Characters of an identity number, and of a credit code."""
ASKED_ONCE = ("name", "id_no", "phone", "address")
"""What is known of a person from then on."""
QUIET = "X-Draft"
"""A header: the page's script sends this, and wants parts of the page and not the whole."""


@blueprint.get("/items/<code>/record")
@staff_only("record")
def record(code: str) -> Any:
    """An empty form, or the draft that is asked for."""
    found, offer = _taken_in(code)
    if not (asked := request.args.get("draft", "")):
        return _record_page(found, offer, {"form": new_form()}, ticked=set(), problems={}, fresh=True)
    draft = parts().drafts.get(asked, me().employee_no) if forms.FORM_TOKEN.fullmatch(asked) else None
    if draft is not None and draft.item == code:
        newer = _newer(found, draft.fields)
        return _record_page(found, offer, *_drafted(draft, found), problems={"": newer} if newer else {})
    parts().register.catch_up()
    if case_no := parts().register.case_of_form(asked):
        return redirect(url_for("pages.case", case_no=case_no))
    return redirect(url_for("recording.record", code=code))


@blueprint.post("/items/<code>/record")
@staff_only("record")
def record_post(code: str) -> Any:
    found, offer = _taken_in(code)
    sent = scans.sent()
    entered, ticked, problems = forms.application(request.form, materials_of(code), sent.materials)
    if (open_already := _open_already(entered["id_no"], code, entered["form"])) and request.form.get(
        "again"
    ) != "1":
        problems["again"] = open_already
    if newer := _newer(found, request.form):
        problems, ticked = {**problems, "": newer}, set()
    if problems:
        sent.put_aside(me())
        if "" not in problems or newer:
            with suppress(DomainError):  # there are too many; the page still has it all
                _keep(code, None)
        return _record_page(found, offer, entered, ticked, problems, sent.refused), 422
    try:
        application = Application(item_code=code, got=frozenset(ticked), **entered)
        case_no = parts().casework.record(me(), application, sent.scans)
    except DomainError as error:
        sent.put_aside(me())
        return _record_page(found, offer, entered, ticked, {"": error.problem}, sent.refused), 409
    sent.saved(case_no, me())
    parts().drafts.drop(application.form, me().employee_no)
    if sent.refused:
        return case_page(case_no, refused=sent.refused, saved=True)
    if "print" in request.form:
        return redirect(url_for("papers.receipt", case_no=case_no, print=1), 303)
    return redirect(url_for("pages.case", case_no=case_no, saved=1), 303)


# -- drafts ----------------------------------------------------------------------------------------------------------


@blueprint.post("/items/<code>/draft")
@staff_only("record")
def draft(code: str) -> Any:
    """Keeps what stands in the form. From the page's script: answered with parts of the page; from a button: the form again,
    with all boxes ticked (`all`), or empty (`clear`), for what stood there can be brought back."""
    found, _ = _taken_in(code)
    form = request.form.get("form", "")
    if not forms.FORM_TOKEN.fullmatch(form):
        return redirect(url_for("recording.record", code=code), 303)
    sent = scans.sent()
    sent.put_aside(me())
    quiet = QUIET in request.headers
    try:
        kept = _keep(code, request.form.get("n", 0, type=int) if quiet else None)
    except DomainError as error:
        return (
            (say(error.problem), 409, {"Content-Type": "text/plain; charset=utf-8"})
            if quiet
            else _again(code, error.problem)
        )
    if quiet:
        files = scans.put_aside_of(form, me()) if sent.new or sent.refused else None
        return render_template(
            "draft_said.html",
            draft=kept,
            files=files,
            refused=sent.refused,
            materials=materials_of(found.item_code),
            **_met(code, {**(kept.fields if kept else {}), "form": form}),
        )
    if "clear" in request.form:
        parts().drafts.throw(form, me().employee_no)
        return redirect(url_for("recording.record", code=code), 303)
    return redirect(url_for("recording.record", code=code, draft=form), 303)


@blueprint.post("/items/<code>/missing")
@staff_only("record")
def missing(code: str) -> Any:
    """All that is still missing, on one sheet for the applicant to take home: told once (Licensing Law art. 32). Records nothing but the draft."""
    found, offer = _taken_in(code)
    entered, ticked, problems = forms.application(request.form, materials_of(code), scans.sent().materials)
    if "" in problems:
        raise DomainError(problems[""])
    with suppress(DomainError):
        _keep(code, None)
    lacking = [each for each in materials_of(code) if each.seq not in ticked]
    return render_template(
        "missing.html", item=found, decider=name_of(offer.decided_at), station=tables.station(window()), who=entered["name"],
        lacking=[each for each in lacking if each.required], besides=[each for each in lacking if not each.required],
        wrong=[problems[name] for name in ("name", "id_no", "phone") if name in problems], today=parts().clock().date(), form=entered["form"], complaints=posters.COMPLAINTS,
    )  # fmt: skip


@blueprint.post("/items/<code>/fill")
@staff_only("record")
def fill(code: str) -> Any:
    """The draft of this form, with what is known of the person who was picked."""
    found, _ = _taken_in(code)
    form, staff = request.form.get("form", ""), me().employee_no
    if not forms.FORM_TOKEN.fullmatch(form):
        return redirect(url_for("recording.record", code=code), 303)
    if person := card_pages.opened(request.form.get("person", ""), found.name):
        kept = parts().drafts.get(form, staff)
        known = {name: value for name in ASKED_ONCE if (value := getattr(person, name))}
        parts().drafts.save(form, staff, code, {**(kept.fields if kept else {}), **known})
    return redirect(url_for("recording.record", code=code, draft=form), 303)


@blueprint.post("/drafts/<form>/throw")
@staff_only("record")
def throw(form: str) -> Any:
    parts().drafts.throw(form, me().employee_no)
    return redirect(url_for("pages.home", _anchor="drafts"), 303)


@blueprint.post("/drafts/<form>/back")
@staff_only("record")
def back(form: str) -> Any:
    """Brings one back that was thrown away, and opens it."""
    parts().drafts.bring_back(form, me().employee_no)
    kept = parts().drafts.get(form, me().employee_no)
    there = url_for("recording.record", code=kept.item, draft=form) if kept else url_for("pages.home")
    return redirect(there, 303)


@blueprint.post("/cases/<case_no>/undo")
@staff_only("record")
def undo(case_no: str) -> Any:
    """Takes back what was recorded by a slip: the case is voided, and all that stood in its form, its scans too, is a draft again."""
    state = visible(case_no)
    reason = forms.text(request.form, "reason", forms.LONGEST) or gettext("登记有误，由登记人撤销")
    try:
        parts().casework.act(case_no, me(), [("void", {"reason": reason})], check=parts().house.check)
    except DomainError as error:
        return case_page(case_no, problem=error.problem), 409
    code, form, staff = str((state.item or {}).get("code", "")), new_form(), me().employee_no
    applicant = state.applicant or {}
    fields = {
        "name": applicant.get("name", ""),
        "id_no": applicant.get("id_no", ""),
        "phone": state.phone,
        "address": state.address,
    }
    got = {f"material-{each['seq']}": "1" for each in state.materials if each["got"]}
    parts().drafts.save(
        form, staff, code, {name: str(value) for name, value in fields.items() if value} | got
    )
    parts().tray.put(form, staff, scans.whole_of(state))
    return redirect(url_for("recording.record", code=code, draft=form), 303)


def _keep(code: str, n: int | None) -> Draft | None:
    """The form of this request as a draft; None where nothing stands in it."""
    fields, staff, form = (
        forms.draft(request.form, materials_of(code)),
        me().employee_no,
        request.form["form"],
    )
    if "all" in request.form:
        fields |= {f"material-{each.seq}": "1" for each in materials_of(code)}
    if not fields and not scans.put_aside_of(form, me()):
        parts().drafts.drop(form, staff)
        return None
    if version := request.form.get("version", ""):
        fields["version"] = version
    parts().register.catch_up()
    if parts().register.case_of_form(form):
        return None  # it was saved, and this change was on its way
    return parts().drafts.save(form, staff, code, fields, n)


def _drafted(draft: Draft, found: tables.Item) -> tuple[dict[str, Any], set[int]]:
    """What the form shows of a draft, and the ticked materials; of another version's list none."""
    entered = {
        **draft.fields,
        "form": draft.form,
        "n": draft.n,
        "privacy_notice": "privacy_notice" in draft.fields,
    }
    return entered, set() if _newer(found, draft.fields) else forms.ticked(draft.fields)


def _again(code: str, problem: Problem) -> tuple[str, int]:
    found, offer = _taken_in(code)
    entered, ticked, _ = forms.application(request.form, materials_of(code))
    return _record_page(found, offer, entered, ticked, {"": problem}), 409


def _met(code: str, fields: Mapping[str, str]) -> dict[str, Any]:
    """What a form says besides while it is filled: who is known of that name or number, with their household; and what is right or
    wrong about the number."""
    name, typed = fields.get("name", ""), fields.get("id_no", "").upper().replace(" ", "")
    people, number, wrong = parts().people, None, None
    found = (
        people.find(name, window()) if name and not typed else people.find(typed, window()) if typed else []
    )
    if len(found) == 1:
        found += people.household(found[0])
    if len(typed) >= NUMBER:
        id_type, id_no, wrong = forms.identity(typed)
        number = numbers.id_no(id_no) if wrong is None and id_type == "111" else None
    before = _open_already(typed, code, fields.get("form", "")) if len(typed) >= NUMBER else None
    entered = tuple(fields.get(key, "") for key in ASKED_ONCE)
    here = [each for each in found if tuple(getattr(each, key) for key in ASKED_ONCE) != entered]
    return {
        "people": here,
        "number": number,
        "wrong": wrong,
        "whole": len(typed) >= NUMBER,
        "before": before,
        "mask": numbers.mask_id_no,
    }


def _open_already(id_no: str, code: str, form: str) -> Problem | None:
    """This person's application for the same item that is still open at this window, other than what this form has become."""
    register = parts().register
    register.catch_up()
    rows = register.select(
        "id_digest = ? AND item_code = ? AND final = 0 AND (origin = ? OR current = ?)",
        (id_digest(id_no), code, window(), window()),
        limit=1,
    )
    if not rows or register.case_of_form(form):
        return None
    text = N_("此人的这个事项已有一件没有办完：{case_no}")
    return Problem("open_already", text, {"case_no": rows[0]["case_no"]})


# -- what views share ------------------------------------------------------------------------------------------------


def _taken_in(code: str) -> tuple[tables.Item, offers.Offer]:
    """The item, if this window and whoever asks may take it in."""
    found, offer = offered_here(code, open_only=True)
    if why := barred(found):
        raise DomainError(why)
    return found, offer


def _newer(found: tables.Item, fields: Mapping[str, str]) -> Problem | None:
    """Whether another version of the item is in force by now than when its list was shown."""
    if fields.get("version", "") in ("", str(found.version)):
        return None
    return Problem("list_changed", N_("本事项的办事指南已经更新，材料清单有变化，请重新核对后再保存"), {})


def materials_of(code: str) -> tuple[tables.Material, ...]:
    """What the item asks for today."""
    return parts().published.in_force().materials(code)


def _record_page(
    found: tables.Item,
    offer: offers.Offer,
    entered: Mapping[str, Any],
    ticked: set[int],
    problems: Mapping[str, Problem],
    refused: Sequence[Problem] = (),
    *,
    fresh: bool = False,
) -> str:
    """`fresh`: nobody has typed anything, so what was begun before is offered."""
    began = [each for each, _ in listed() if each.item == found.item_code] if fresh else []
    return render_template(
        "record.html", kept=scans.put_aside_of(entered["form"], me()), refused=refused, item=found, offer=offer, materials=materials_of(found.item_code), entered=entered,
        ticked=ticked, problems=problems, decider=name_of(offer.decided_at), drafts=began,
        **_met(found.item_code, entered),
    )  # fmt: skip


def listed() -> list[tuple[Draft, str]]:
    """The reader's drafts, each with its item's name, for the first page. What became a case in the moment the power went is none."""
    found = parts().drafts.of(me().employee_no)
    known = parts().published.book()
    return [
        (each, item.name if (item := known.item(each.item)) else gettext("未知事项"))
        for each in found
        if parts().register.case_of_form(each.form) is None
    ]
