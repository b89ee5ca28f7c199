"""What of a document a reader may see: fields above the reader's class are masked, in the way each field says.

    reader      public fields   names   identity numbers, phones   what was written   all else personal    secret
    public      as they are     张**     510903********1234         ***                ***                  left out
    watch       as they are     张**     510903********1234         without numbers    ***                  left out
    work        as they are     as is   510903********1234         without numbers    without numbers      left out
    personal    as they are     as is   as is                      as is              as is                left out

`work` is who works on the case, `watch` who supervises it; `personal` is one view, asked for with a reason and logged
(station.access). Nobody reads secret fields here: programs compare them where they are needed. A key that no shape knows
has no class, so only `personal` sees it. Holds no list of fields: the classes stand in the shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from marshmallow import Schema, fields

from schemas import numbers
from schemas.documents.fields import Mask, Text

Reader = Literal["public", "watch", "work", "personal"]

HIDDEN: Final = "***"


def _hide(text: str) -> str:
    return HIDDEN if text else ""


_NUMBERS: Final[Mapping[Mask, Callable[[str], str]]] = {
    "id_no": numbers.mask_id_no,
    "phone": numbers.mask_phone,
}
_MASKS: Final[Mapping[str, Mapping[Mask, Callable[[str], str]]]] = {
    "public": {**_NUMBERS, "hide": _hide, "text": _hide, "name": numbers.mask_name},
    "watch": {**_NUMBERS, "hide": _hide, "text": numbers.mask_numbers, "name": numbers.mask_name},
    "work": {
        **_NUMBERS, "hide": numbers.mask_numbers, "text": numbers.mask_numbers, "name": numbers.mask_numbers,
    },
}  # fmt: skip


def masked(shape: Schema, value: Mapping[str, Any], reader: Reader) -> dict[str, Any]:
    """A copy of `value`, filled by whatever it may hold, for this reader."""
    known = {field.data_key or name: field for name, field in shape.fields.items()}
    found: dict[str, Any] = {}
    for key, inner in value.items():
        field = known.get(key)
        if field is None:
            if reader == "personal":
                found[key] = inner
        elif field.metadata["privacy"] != "secret":
            found[key] = _field(field, inner, reader)
    return found


def _field(field: fields.Field[Any], value: Any, reader: Reader) -> Any:
    if isinstance(field, fields.Nested) and field.schema.fields and isinstance(value, Mapping):
        # A personal mapping may hold public fields; its own class speaks only where nothing is known of them.
        return masked(field.schema, value, reader)
    if isinstance(field, fields.List) and isinstance(value, list):
        return [_field(field.inner, each, reader) for each in value]
    if field.metadata["privacy"] == "public" or reader == "personal":
        return value
    return _MASKS[reader][field.mask](value) if isinstance(field, Text) and isinstance(value, str) else None


def masked_text(field: fields.Field[Any], value: str, reader: Reader) -> str:
    """One text, which stands outside of its document, as its field says."""
    found = _field(field, value, reader)
    return "" if found is None else str(found)
