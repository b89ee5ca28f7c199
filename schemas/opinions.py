"""Phrases that an examiner may begin from (常用语), and what a supplement notice has to list: by step and field, filled from the case.

    data/opinions.csv: event, field, title, text with {item}

A phrase is an offer; what is sent is what a person leaves in the field. Holds no rule about who may do what.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from schemas.lifecycle.state import CaseState
from schemas.shipped import rows


class Phrase(NamedTuple):
    title: str
    text: str


@cache
def _table() -> dict[tuple[str, str], tuple[Phrase, ...]]:
    found: dict[tuple[str, str], tuple[Phrase, ...]] = {}
    for row in rows("opinions"):
        key = (row["event"], row["field"])
        found[key] = (*found.get(key, ()), Phrase(row["title"], row["text"]))
    return found


def phrases(event: str, field: str, state: CaseState) -> tuple[Phrase, ...]:
    """Those for a field of a step of this case."""
    item = str((state.item or {}).get("name", ""))
    return tuple(each._replace(text=each.text.format(item=item)) for each in _table().get((event, field), ()))


def chosen(event: str, field: str, state: CaseState, number: str) -> str:
    """The text of the phrase with this number, from 1; "" for none."""
    offered = phrases(event, field, state)
    n = int(number) if number.isascii() and number.isdecimal() else 0
    return offered[n - 1].text if 1 <= n <= len(offered) else ""


def missing(state: CaseState) -> list[str]:
    """The names of the required materials that were not handed in."""
    return [str(each["name"]) for each in state.materials if each.get("required") and not each.get("got")]


def gaps(state: CaseState) -> str:
    """What a supplement notice has to list by the checklist: a line each, to be completed by who looked at the rest."""
    return "\n".join(f"缺少“{name}”" for name in missing(state))
