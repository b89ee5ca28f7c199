"""Names in the reader's language for what rows and documents hold as identifiers; templates call these.

States, events, roles and reasons are named in schemas.lifecycle; here only what catalogue and pages add. An identifier
that nobody knows (a newer version's) is shown as it is.
"""

from __future__ import annotations

from flask_babel import gettext

from schemas import lifecycle
from schemas.lifecycle.words import QUALITY
from schemas.problems import N_

MODES = {
    "direct": N_("本站直办"), "agency": N_("代办"), "assist": N_("协办"), "inform": N_("告知"), "own": N_("本级办理"),
}  # fmt: skip
FORMS = {"original": N_("原件"), "copy": N_("复印件"), "electronic": N_("电子件"), "form": N_("表格")}
RESULTS = {"granted": N_("准予许可"), "denied": N_("不予许可"), "concluded": N_("办结")}
# The five approval service zones, in the order of the report (domain.md §1 row 52).
ZONES = {
    "商事登记": N_("商事登记"), "社会事务": N_("社会事务"), "交通农业": N_("交通农业"), "经济建设": N_("经济建设"),
    "综合事务": N_("综合事务"),
}  # fmt: skip


def state(name: str) -> str:
    return str(gettext(lifecycle.STATE_NAMES.get(name, name)))


def event(name: str) -> str:
    return str(gettext(lifecycle.EVENT_NAMES.get(name, name)))


def role(name: str) -> str:
    return str(gettext(lifecycle.ROLE_NAMES.get(name, name)))


def mode(name: str) -> str:
    return str(gettext(MODES.get(name, name)))


def form(name: str) -> str:
    return str(gettext(FORMS.get(name, name)))


def result(name: str | None) -> str:
    return str(gettext(RESULTS.get(name or "", name or "—")))


def zone(name: str) -> str:
    return str(gettext(ZONES.get(name, name))) if name else ""


def quality(name: str) -> str:
    return str(gettext(QUALITY.get(name, name)))


def refuse_reasons() -> list[tuple[str, str]]:
    """(code, words) of the reasons not to accept an application."""
    return [(code, gettext(text)) for code, text in lifecycle.REFUSE_REASONS.items()]
