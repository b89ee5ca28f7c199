"""Pages of household cards: who is known here, one person's card with their household, and what changes it.

Views only. Opening a card, and filling a form from one, is in the access log, on the disk, before anything is shown; no address names
a number. Who is found is station.people's, what is kept station.cards', what is well filled station.forms'.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for

from schemas import numbers
from schemas.problems import N_, Problem
from station import forms
from station.cards import RELATIONS
from station.pages import me, window
from station.people import Person
from station.register import id_digest
from station.web import parts, staff_only

blueprint = Blueprint("cards", __name__)


def opened(handle: str, reason: str) -> Person | None:
    """Who that is, and a line in the access log about it; None where this window knows nobody of that handle."""
    person = parts().people.get(handle, window())
    if person is not None:
        parts().access.note(
            "card", me(), person=id_digest(person.id_no), reason=reason, address=request.remote_addr or "", durable=True
        )  # fmt: skip
    return person


@blueprint.route("/people", methods=["GET", "POST"])
@staff_only("record")
def listed() -> str:
    """Who is known here by what was typed; posted, so that no name is in an address."""
    asked = forms.text(request.form, "q", 40)
    found = parts().people.find(asked, window(), 30) if asked else []
    return render_template(
        "people.html",
        asked=numbers.mask_numbers(asked),
        found=found,
        names=RELATIONS,
        mask=numbers.mask_id_no,
    )


@blueprint.get("/people/<handle>")
@staff_only("record")
def card(handle: str) -> Any:
    return _card_page(_person(handle), {})


@blueprint.post("/people/<handle>")
@staff_only("record")
def save(handle: str) -> Any:
    """Telephone, address and relation of this person."""
    person = _person(handle)
    fields, problems = forms.card(request.form, tuple(RELATIONS))
    if problems:
        return _card_page(person, problems), 422
    fields = {**fields, "name": fields["name"] or person.name, "id_type": person.id_type}
    parts().cards.save(me(), person.id_no, fields)
    return redirect(url_for("cards.card", handle=handle), 303)


@blueprint.post("/people/<handle>/member")
@staff_only("record")
def member(handle: str) -> Any:
    """Somebody else of the same household."""
    person = _person(handle)
    fields, problems = forms.card(request.form, tuple(RELATIONS))
    id_type, id_no, problem = forms.identity(forms.text(request.form, "id_no", 30).upper().replace(" ", ""))
    if problem is not None:
        problems["id_no"] = problem
    elif id_no == person.id_no:
        problems["id_no"] = Problem("same_number", N_("这是本人的证件号码"), {})
    if not fields["name"]:
        problems["name"] = Problem("name_missing", N_("请填写申请人姓名"), {})
    if problems:
        return _card_page(person, {}, problems), 422
    fields = {
        **fields,
        "id_type": id_type,
        "phone": fields["phone"] or person.phone,
        "address": fields["address"] or person.address,
    }
    parts().cards.save(me(), id_no, fields, with_=person)
    return redirect(url_for("cards.card", handle=handle), 303)


@blueprint.post("/people/<handle>/delete")
@staff_only("record")
def delete(handle: str) -> Any:
    parts().cards.delete(_person(handle).id_no)
    return redirect(url_for("cards.listed"), 303)


def _person(handle: str) -> Person:
    found = opened(handle, "")
    if found is None:
        abort(404)
    return found


def _card_page(
    person: Person, problems: dict[str, Problem], of_member: dict[str, Problem] | None = None
) -> str:
    return render_template(
        "card.html", person=person, members=parts().people.household(person), relations=RELATIONS, problems=problems,
        of_member=of_member or {}, id_no=numbers.mask_id_no(person.id_no), mask=numbers.mask_id_no,
        has_card=parts().cards.of(person.id_no) is not None,
    )  # fmt: skip
