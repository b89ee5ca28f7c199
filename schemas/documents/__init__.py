"""Is a document well filled, and how is an old one read?

    from the wire ─> load(doc)  brought up to the present structure ─> whoever reads it
                  ─> problems(doc)  () : well filled; else shown to a person, never dropped

A document of a newer structure than this program knows is answered with "needs_update" and otherwise left
alone. Documents are upgraded when read and never rewritten: two places rewriting one document would make a
conflict of it.

Only this package imports marshmallow (start-up time, memory); import it where it is used. Holds no rule
about what is allowed: that is lifecycle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Final

from schemas.documents.events import DATA, CaseEvent
from schemas.documents.fields import Shape
from schemas.documents.others import OTHERS
from schemas.problems import N_, Problem

__all__ = ["CURRENT", "DATA", "SHAPES", "UPCASTS", "load", "problems"]

Document = Mapping[str, Any]

SHAPES: Final[Mapping[str, type[Shape]]] = {"case_event": CaseEvent, **OTHERS}
"""The shape of each document type at its present structure."""

UPCASTS: Final[Mapping[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]]] = {}
"""(type, schema n) -> what makes a document of structure n one of n+1. Empty while all are at their first."""

CURRENT: Final[Mapping[str, int]] = {
    name: 1 + max((n for kind, n in UPCASTS if kind == name), default=0) for name in SHAPES
}
"""The structure number of each type that this program writes."""


def load(doc: Document) -> dict[str, Any]:
    """A copy of `doc` at the present structure, all its keys kept. One of a newer structure, or of no type
    or number known here, is copied as it is. Says nothing about how well it is filled."""
    found = dict(doc)
    kind, schema = found.get("type"), found.get("schema")
    while isinstance(kind, str) and type(schema) is int and (kind, schema) in UPCASTS:
        found = UPCASTS[kind, schema](found)
        schema += 1
        found["schema"] = schema
    return found


def problems(doc: Document) -> tuple[Problem, ...]:
    """Everything wrong with how `doc` is filled; () if it is well filled.

    Each Problem of a field has params["label"], its Chinese name, and params["field"], its path, as in
    "data.applicant.id_no".
    """
    kind, schema = doc.get("type"), doc.get("schema")
    if not isinstance(kind, str) or kind not in SHAPES:
        return (Problem("unknown_type", N_("不认识的文档类型“{type}”"), {"type": str(kind)}),)
    if type(schema) is int and schema > CURRENT[kind]:
        return (Problem("needs_update", N_("文档由新版本程序写成，请升级本站程序后查看")),)
    present = load(doc)
    found = tuple(_check(SHAPES[kind], present, ""))
    if found or kind != "case_event":
        return found
    data = DATA.get(present["event"])
    if data is None:
        text = N_("不认识的办理动作“{event}”")
        return (Problem("unknown_event", text, {"event": present["event"]}),)
    return tuple(_check(data, present["data"], "data."))


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
