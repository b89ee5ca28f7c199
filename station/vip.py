"""The log of one-to-one service (一对一服务记录) to an errand or a project: 咨询、协办、代办、督办 (seed row 18), a line each time, in the logbook of
the station that leads it. Reads a form and keeps a line; shows nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from schemas.problems import N_, Problem
from station import forms
from station.moment import stamp
from station.pages import me
from station.web import parts

ENTRY: Final = "vip_entry"
KINDS: Final = {"consult": N_("咨询"), "assist": N_("协办"), "agency": N_("代办"), "urge": N_("督办")}
MOST: Final = 500
"""Lines that a page shows."""


def log_of(number: str) -> list[dict[str, Any]]:
    """What was done for it, as it was done. The register has caught up."""
    return parts().register.logbook.select(
        "subject = ? AND type = ?", (number, ENTRY), order="at, key", limit=MOST
    )


def note(number: str, form: Mapping[str, str]) -> Problem | None:
    """Adds a line by the reader, or says what is missing."""
    kind, said = form.get("service", ""), forms.text(form, "note", 1000)
    if kind not in KINDS:
        return Problem("no_service", N_("请选择服务类别：咨询、协办、代办或者督办"), {})
    if not said:
        return Problem("no_note", N_("请填写服务内容"), {})
    if not forms.FORM_TOKEN.fullmatch(form.get("form", "")):
        return Problem("form_token", N_("页面不完整，请重新打开登记表"), {})
    line = {
        "project": number,
        "kind": kind,
        "staff": me().employee_no,
        "at": stamp(parts().clock()),
        "note": said,
    }
    parts().keeper.keep(number[1:13], me(), ENTRY, form["form"], lambda _txn, before: before or line)
    return None
