"""What of a document a reader may see: fields above the reader's class are masked, in the way each field says.

    reader      public fields   personal fields            secret fields
    public      as they are     masked: 张**, 510903…      left out
    personal    as they are     as they are                left out

Nobody reads secret fields here: programs compare them where they are needed. A key that no shape knows has no
class, so only a reader of personal data sees it. Holds no list of fields: the classes stand in the shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from marshmallow import Schema, fields

from schemas import numbers
from schemas.documents.fields import Mask, Text

Reader = Literal["public", "personal"]

HIDDEN: Final = "***"

_MASKS: Final[Mapping[Mask, Callable[[str], str]]] = {
    "hide": lambda text: HIDDEN if text else "",
    "name": numbers.mask_name,
    "id_no": numbers.mask_id_no,
    "phone": numbers.mask_phone,
}


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
    return _MASKS[field.mask](value) if isinstance(field, Text) and isinstance(value, str) else None
