"""The kinds of field documents are made of, on marshmallow. Each field has a Chinese label and a privacy
class, and tells what is wrong as a Problem; values are checked as JSON carried them and never converted.

Knows no document type and never will.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Final, Literal, NamedTuple

from marshmallow import INCLUDE, Schema, ValidationError, fields, validates_schema

from schemas.problems import N_, Problem

Privacy = Literal["public", "personal", "secret"]
"""public: may be shown to anybody; personal: of a citizen, masked in lists and on screens, each full view
is logged; secret: opens something (a code, a password's hash), never shown, exported or logged."""

Mask = Literal["hide", "text", "name", "id_no", "phone"]
"""How a personal text is shown to those it is not for: not at all; not at all, or without the numbers in it (what was
written about a case); 张**; 510903********1234; 138****0000. Which of them for whom: masking.py."""

MISSING: Final = N_("“{label}”未填写")
WRONG_TYPE: Final = N_("“{label}”的数据类型有误")
BAD_LENGTH: Final = N_("“{label}”应为{low}至{high}个字")
BAD_FORM: Final = N_("“{label}”格式有误")
OUT_OF_RANGE: Final = N_("“{label}”应在{low}至{high}之间")
NOT_LISTED: Final = N_("“{label}”不在可选范围内")


def _says(label: str, privacy: Privacy) -> dict[str, Any]:
    """Constructor arguments of every kind: metadata, and our Problems for marshmallow's sentences."""
    missing = [Problem("missing", MISSING, {"label": label})]
    wrong_type = [Problem("wrong_type", WRONG_TYPE, {"label": label})]
    return {
        "metadata": {"label": label, "privacy": privacy},
        "error_messages": {
            "required": missing,
            "null": missing,
            "invalid": wrong_type,
            "type": wrong_type,
            "invalid_utf8": wrong_type,
        },
    }


class _Checked(fields.Field[Any]):
    """A field that is as JSON carried it or wrong. A kind overrides `wrong`."""

    def __init__(self, label: str, privacy: Privacy, *, required: bool = True) -> None:
        super().__init__(required=required, **_says(label, privacy))
        self.label = label

    def wrong(self, value: object) -> Problem | None:
        raise NotImplementedError

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        problem = self.wrong(value)
        if problem is not None:
            # marshmallow passes a list of messages through as it is, whatever they are.
            raise ValidationError([problem])
        return value

    def problem(self, code: str, text: str, **params: object) -> Problem:
        return Problem(code, text, {"label": self.label, **params})


class Text(_Checked):
    """Text of low to high characters; with `pattern`, of that form; with `among`, one of those. mask: for
    personal ones."""

    def __init__(
        self,
        label: str,
        privacy: Privacy = "public",
        *,
        low: int = 1,
        high: int = 200,
        pattern: str | None = None,
        among: Collection[str] | None = None,
        mask: Mask = "hide",
        required: bool = True,
    ) -> None:
        super().__init__(label, privacy, required=required)
        self.low, self.high, self.among, self.mask = low, high, among, mask
        self.pattern = None if pattern is None else re.compile(pattern)

    def wrong(self, value: object) -> Problem | None:
        if not isinstance(value, str):
            return self.problem("wrong_type", WRONG_TYPE)
        if self.low and not value.strip():
            return self.problem("missing", MISSING)
        if self.among is not None and value not in self.among:
            return self.problem("not_listed", NOT_LISTED)
        if self.pattern is not None and not self.pattern.fullmatch(value):
            return self.problem("bad_form", BAD_FORM)
        if not self.low <= len(value) <= self.high:
            return self.problem("bad_length", BAD_LENGTH, low=self.low, high=self.high)
        return None


class Whole(_Checked):
    """A whole number from low to high; True is none, nor is 3.0."""

    def __init__(
        self, label: str, low: int, high: int, privacy: Privacy = "public", *, required: bool = True
    ) -> None:
        super().__init__(label, privacy, required=required)
        self.low, self.high = low, high

    def wrong(self, value: object) -> Problem | None:
        if type(value) is not int:
            return self.problem("wrong_type", WRONG_TYPE)
        if not self.low <= value <= self.high:
            return self.problem("out_of_range", OUT_OF_RANGE, low=self.low, high=self.high)
        return None


class Flag(_Checked):
    """true or false, nothing that merely looks like it."""

    def wrong(self, value: object) -> Problem | None:
        return None if isinstance(value, bool) else self.problem("wrong_type", WRONG_TYPE)


class Moment(_Checked):
    """ISO 8601 with date, time and offset."""

    def wrong(self, value: object) -> Problem | None:
        if not isinstance(value, str):
            return self.problem("wrong_type", WRONG_TYPE)
        try:
            aware = datetime.fromisoformat(value).tzinfo is not None
        except ValueError:
            aware = False
        return None if aware else self.problem("bad_form", BAD_FORM)


class Day(_Checked):
    """YYYY-MM-DD."""

    def wrong(self, value: object) -> Problem | None:
        if not isinstance(value, str):
            return self.problem("wrong_type", WRONG_TYPE)
        try:
            sound = date.fromisoformat(value).isoformat() == value
        except ValueError:
            sound = False
        return None if sound else self.problem("bad_form", BAD_FORM)


class Need(NamedTuple):
    """Where `field` holds one of `values`, the others in `fields` must be filled too."""

    field: str
    values: tuple[object, ...]
    fields: tuple[str, ...]


class Shape(Schema):
    """A mapping. Keys it does not know are kept: a later version may have put them there.

    needs  what must be filled beside certain values; asked once every field by itself is sound
    """

    needs: ClassVar[tuple[Need, ...]] = ()

    class Meta:
        unknown = INCLUDE

    @validates_schema(skip_on_field_errors=True)
    def _asks_needs(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        found: dict[str, list[Problem]] = {}
        for need in self.needs:
            if data.get(need.field) in need.values:
                for name in need.fields:
                    if data.get(name) in (None, "", [], {}):
                        label = self.fields[name].metadata["label"]
                        found[name] = [Problem("missing", MISSING, {"label": label})]
        if found:
            raise ValidationError(found)

    # marshmallow puts it into a list by itself; its annotation knows only text.
    error_messages = {  # noqa: RUF012
        "type": Problem("wrong_type", WRONG_TYPE, {"label": N_("记录")})  # type: ignore[dict-item]
    }


def nested(
    shape: type[Shape], label: str, privacy: Privacy = "public", *, required: bool = True
) -> fields.Nested:
    """A mapping within."""
    return fields.Nested(shape, required=required, **_says(label, privacy))


def many(
    of: fields.Field[Any], label: str, privacy: Privacy = "public", *, required: bool = True
) -> fields.List[Any]:
    """A list of `of`, maybe empty."""
    return fields.List(of, required=required, **_says(label, privacy))
