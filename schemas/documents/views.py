"""A folded case, errand or project, as one reader may see it: every text in it is masked by the class of the field it came from.

    lifecycle.fold(events) ─> view(state, reader) ─> a page

Holds no class of its own, only which field each part of the state was taken from. What decides something, decides by the
state itself and never by a view.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from typing import Any

from schemas.documents import mask
from schemas.documents.events import Applicant, Create, Deliver, Deny, Detach, File, NotifySupplement, Reason
from schemas.documents.fields import Shape
from schemas.documents.masking import Reader, masked, masked_text
from schemas.documents.works import Decline, Gap, HandOver, Opinion, Request
from schemas.lifecycle import CaseState
from schemas.lifecycle.errands import ErrandState
from schemas.lifecycle.projects import ProjectState
from schemas.lifecycle.state import Document


def view(state: CaseState, reader: Reader) -> CaseState:
    """The state for this reader. Its query code is left out for everybody: it is the applicant's."""

    text = partial(_text, reader)
    return replace(
        state,
        applicant=masked(_shape(Applicant), state.applicant or {}, reader),
        phone=text(Create, "phone", state.phone),
        address=text(Create, "address", state.address),
        receiver=text(Deliver, "receiver", state.receiver),
        decision_reason=text(Deny, "reason", state.decision_reason),
        supplement_gaps=tuple(text(NotifySupplement, "gaps", gap) for gap in state.supplement_gaps),
        files=tuple(_file(each, reader) for each in state.files),
        evaluations=(),
        query_code="",
        timeline=tuple(entry._replace(event=_event(entry.event, reader)) for entry in state.timeline),
        set_aside=tuple((_event(event, reader), problem) for event, problem in state.set_aside),
    )


def _text(reader: Reader, shape: type[Shape], name: str, value: str) -> str:
    """A text of that field of a form; of a list, one of its texts."""
    field = _shape(shape).fields[name]
    return masked_text(getattr(field, "inner", field), value, reader)


def _file(line: Document, reader: Reader) -> dict[str, Any]:
    """A scan, with what the fold says of it besides what its event did."""
    shown = {**masked(_shape(File), line, reader), **{name: line[name] for name in ("at", "station")}}
    if "detached_at" in line:
        shown |= {
            "detached_at": line["detached_at"],
            "detached_why": _text(reader, Detach, "reason", line["detached_why"]),
        }
    return shown


def errand_view(state: ErrandState, reader: Reader) -> ErrandState:
    """The same for an errand; the cases it knows are left out, each has a view of its own."""

    text = partial(_text, reader)
    return replace(
        state,
        applicant=masked(_shape(Applicant), state.applicant or {}, reader),
        phone=text(Request, "phone", state.phone),
        address=text(Request, "address", state.address),
        green_reason=text(Request, "green_reason", state.green_reason),
        reason=text(Decline, "reason", state.reason),
        receiver=text(HandOver, "receiver", state.receiver),
        cases={},
        timeline=tuple(entry._replace(event=_event(entry.event, reader)) for entry in state.timeline),
        set_aside=tuple((_event(event, reader), problem) for event, problem in state.set_aside),
    )


def project_view(state: ProjectState, reader: Reader) -> ProjectState:
    """The same for a project."""

    def opinion(said: Document) -> Document:
        return masked(_shape(Opinion), said, reader)

    return replace(
        state,
        owner=masked(_shape(Applicant), state.owner or {}, reader),
        sub_items=tuple(
            replace(each, opinions=tuple(map(opinion, each.opinions))) for each in state.sub_items
        ),
        supplement_gaps=tuple(masked(_shape(Gap), each, reader) for each in state.supplement_gaps),
        stop_reason=_text(reader, Reason, "reason", state.stop_reason),
        cases={},
        timeline=tuple(entry._replace(event=_event(entry.event, reader)) for entry in state.timeline),
        set_aside=tuple((_event(event, reader), problem) for event, problem in state.set_aside),
    )


def _event(event: Document, reader: Reader) -> dict[str, Any]:
    """An event with its data masked. What it was, when and by whom is of the office, and shown to everybody who works."""
    return {**event, "data": mask(event, reader).get("data", {})}


@cache
def _shape(shape: type[Shape]) -> Shape:
    return shape()
