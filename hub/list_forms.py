"""Forms of the lists that the catalogue office keeps besides the items: their fields, and what was typed as a draft. Pure.

    draft ─> values(fields, draft) ─> the page ─> read(fields, form, draft) ─> draft

Nothing that was typed is refused here: what is no number stays as it was typed, and is told with the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from station.forms import text


class Field(NamedTuple):
    """A field of a draft.

    longest   characters; width: of twelve columns; rows: of a text of several lines, 0 for one line
    type      text, date, file (read as the text that the field of this name holds); whole: a number; each: a line is an entry of a list
    options   (value, as it is called), if one is to be chosen; empty: what choosing none of them is called
    """

    name: str
    label: str
    longest: int
    width: int = 6
    rows: int = 0
    type: str = "text"
    whole: bool = False
    each: bool = False
    options: Sequence[tuple[str, str]] = ()
    empty: str | None = None
    hint: str = ""

    def told(self, value: object) -> list[str]:
        """A value as lines to read: what was chosen as it is called."""
        if isinstance(value, list):
            return [str(each) for each in value]
        if self.options and (value or self.empty):
            return [dict(self.options).get(str(value or ""), self.empty or str(value))]
        return [str(value)] if value not in (None, "") else []


def values(fields: Sequence[Field], doc: Mapping[str, Any]) -> dict[str, str]:
    """A draft as the form shows it."""
    return {each.name: _shown(doc.get(each.name)) for each in fields}


def read(
    fields: Sequence[Field], form: Mapping[str, str], files: Mapping[str, str], doc: Mapping[str, Any]
) -> dict[str, Any]:
    """The draft as the form brings it; what the form has no field for stays, what is left blank is not in it. `files`: the texts of
    those that were chosen."""
    found = dict(doc)
    for field in fields:
        if field.type == "file":
            found.update({field.name: files[field.name]} if field.name in files else {})
            continue
        value: Any = text(form, field.name, field.longest)
        if field.each:
            value = [line.strip() for line in value.splitlines() if line.strip()]
        elif field.whole and value.isascii() and value.isdecimal():
            value = int(value)
        elif field.rows:
            value = value.replace("\r\n", "\n")
        found[field.name] = value
    return {name: value for name, value in found.items() if value not in ("", [])}


def _shown(value: object) -> str:
    if isinstance(value, list):
        return "\n".join(map(str, value))
    return "" if value is None else str(value)
