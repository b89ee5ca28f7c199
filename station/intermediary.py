"""The intermediary services of investment projects (投资项目中介服务) for everybody to read, each with its six public fields.

A view only, of the list in force here, shipped and as the hub has published since. Nothing about a person is on it.
"""

from __future__ import annotations

from typing import Final

from flask import Blueprint, render_template, request

from station.web import parts

blueprint = Blueprint("intermediary", __name__)

LONGEST: Final = 60
"""Characters that are looked for."""


@blueprint.get("/services/intermediary")
def listed() -> str:
    """`q`: words of a service's name or of the item it is for."""
    asked = request.args.get("q", "").strip()[:LONGEST]
    every = parts().published.book().services()
    found = [each for each in every if not asked or asked in each.name or asked in each.approval_item]
    return render_template("intermediary.html", services=found, asked=asked, most=LONGEST)
