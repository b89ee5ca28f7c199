"""Is a document well filled, how is an old one read, and what of it may a reader see?

    from the wire ─> load(doc)            brought up to the present structure ─> whoever reads it
                  ─> problems(doc)        () : well filled; else shown to a person, never dropped
                  ─> mask(doc, reader)    what goes on lists and public screens

A document of a newer structure than this program knows is answered with "needs_update" and otherwise left
alone: kept byte for byte and passed on. Documents are upgraded when read and never rewritten (upcasts.py).

    envelope, fields      what every document has; the kinds of field, each with a label and a privacy class
    events, works         events of cases; of projects and errands; and what each carries
    catalogue, places, oversight, others      all other types
    upcasts, masking      reading old ones, hiding what is not for everybody

Only this package imports marshmallow (start-up time, memory); import it where it is used. Holds no rule
about what is allowed: that is lifecycle and publishing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

from schemas.documents.catalogue import CATALOGUE
from schemas.documents.events import DATA, CaseEvent
from schemas.documents.fields import Shape
from schemas.documents.masking import Reader, masked
from schemas.documents.others import OTHERS
from schemas.documents.oversight import OVERSIGHT
from schemas.documents.places import PLACES
from schemas.documents.upcasts import UPCASTS, Upcasts
from schemas.documents.works import ERRAND_DATA, PROJECT_DATA, WORKS
from schemas.problems import N_, Problem

__all__ = [
    "CURRENT",
    "DATA",
    "EVENT_DATA",
    "SHAPES",
    "UPCASTS",
    "Library",
    "Reader",
    "load",
    "mask",
    "problems",
]

Document = Mapping[str, Any]

SHAPES: Final[Mapping[str, type[Shape]]] = {
    "case_event": CaseEvent,
    **WORKS,
    **CATALOGUE,
    **PLACES,
    **OVERSIGHT,
    **OTHERS,
}
"""The shape of each document type at its present structure."""

EVENT_DATA: Final[Mapping[str, Mapping[str, type[Shape]]]] = {
    "case_event": DATA,
    "project_event": PROJECT_DATA,
    "errand_event": ERRAND_DATA,
}
"""What the events of each machine carry in `data`, by type and event."""


@dataclass(frozen=True)
class Library:
    """The types a program knows, and how it reads older ones. A test may hold another than ours.

    shapes   type -> shape at the present structure
    upcasts  (type, n) -> steps from structure n to n+1
    """

    shapes: Mapping[str, type[Shape]]
    upcasts: Upcasts

    def current(self, kind: str) -> int:
        """The present structure number of a type."""
        return 1 + max((n for name, n in self.upcasts if name == kind), default=0)

    def load(self, doc: Document) -> dict[str, Any]:
        """A copy of `doc` at the present structure, all its keys kept. One of a newer structure, or of no type
        or number known here, is copied as it is. Says nothing about how well it is filled."""
        found = dict(doc)
        kind, schema = found.get("type"), found.get("schema")
        while isinstance(kind, str) and type(schema) is int and (kind, schema) in self.upcasts:
            for step in self.upcasts[kind, schema]:
                step(found)
            schema += 1
            found["schema"] = schema
        return found

    def problems(self, doc: Document) -> tuple[Problem, ...]:
        """Everything wrong with how `doc` is filled; () if it is well filled.

        Each Problem of a field has params["label"], its Chinese name, and params["field"], its path, as in
        "data.applicant.id_no".
        """
        kind = doc.get("type")
        if not isinstance(kind, str) or kind not in self.shapes:
            return (Problem("unknown_type", N_("不认识的文档类型“{type}”"), {"type": str(kind)}),)
        if self._newer(doc):
            return (Problem("needs_update", N_("文档由新版本程序写成，请升级本站程序后查看")),)
        present = self.load(doc)
        found = tuple(_check(self.shapes[kind], present, ""))
        if found or kind not in EVENT_DATA:
            return found
        data = EVENT_DATA[kind].get(present["event"])
        if data is None:
            text = N_("不认识的办理动作“{event}”")
            return (Problem("unknown_event", text, {"event": present["event"]}),)
        return tuple(_check(data, present["data"], "data."))

    def mask(self, doc: Document, reader: Reader) -> dict[str, Any]:
        """`doc` at the present structure with what is not for this reader masked (masking.py). Of a type or
        structure not known here only the envelope is left: nobody here knows what else is whose."""
        kind = doc.get("type")
        if not isinstance(kind, str) or kind not in self.shapes or self._newer(doc):
            return {key: doc[key] for key in ("_id", "_rev", "type", "schema") if key in doc}
        present = self.load(doc)
        found = masked(_shape(self.shapes[kind]), present, reader)
        if kind in EVENT_DATA:
            data = EVENT_DATA[kind].get(str(present.get("event")))
            inner = present.get("data")
            if data is None or not isinstance(inner, Mapping):
                found["data"] = {}
            else:
                found["data"] = masked(_shape(data), inner, reader)
        return found

    def _newer(self, doc: Document) -> bool:
        schema = doc.get("schema")
        return type(schema) is int and schema > self.current(str(doc.get("type")))


_LIBRARY: Final = Library(SHAPES, UPCASTS)

CURRENT: Final[Mapping[str, int]] = {name: _LIBRARY.current(name) for name in SHAPES}
"""The structure number of each type that this program reads as its own."""

load = _LIBRARY.load
problems = _LIBRARY.problems
mask = _LIBRARY.mask


@cache
def _shape(shape: type[Shape]) -> Shape:
    return shape()


def _check(shape: type[Shape], value: Document, path: str) -> Iterator[Problem]:
    yield from _flat(_shape(shape).validate(value), path)


def _flat(found: Any, path: str) -> Iterator[Problem]:
    """marshmallow's tree of messages, {field: {index: [Problem]}}, as Problems that carry their path."""
    if isinstance(found, Mapping):
        for key, inner in found.items():
            # "_schema" is marshmallow's word for: the mapping itself.
            yield from _flat(inner, path if key == "_schema" else f"{path}{key}.")
    else:
        for problem in found:
            yield replace(problem, params={**problem.params, "field": path.rstrip(".")})
