"""From a case's events to its state and clocks. How events are read, put in order and judged is folding and what it
stands on; here only the parts are put together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from schemas.catalogue import Catalogue
from schemas.lifecycle.clocks import set_dues
from schemas.lifecycle.effects import EFFECTS, opened
from schemas.lifecycle.folding import Folder
from schemas.lifecycle.permissions import MACHINE
from schemas.lifecycle.reading import Kind
from schemas.lifecycle.state import CaseState, Document
from schemas.workdays import Calendar

_FOLDER: Final = Folder(MACHINE, Kind("case_event", "case", "create"), CaseState, EFFECTS, opened)


def fold(events: Iterable[Document], calendar: Calendar, catalogue: Catalogue | None = None) -> CaseState:
    """What these events of one case add up to.

    events     case_event documents (reading) with their `_id`; order and repetition do not matter. Events of
               another case than that of the first in order (the first create, if any) are set aside
    calendar   for due dates; where it has a gap, the date is None and state.warnings says so
    catalogue  which items there are and who decides them; the shipped one by default
    """
    state, about = _FOLDER.fold(events, catalogue)
    state.case_no = about
    set_dues(state, calendar)
    return state


def replay(counted: Sequence[Document], calendar: Calendar, catalogue: Catalogue | None = None) -> CaseState:
    """The case as it was after these events of its timeline, the first of them up to some one: as they counted, in that order."""
    state = _FOLDER.replay(counted, catalogue)
    state.case_no = str(counted[0]["case"]) if counted else ""
    set_dues(state, calendar)
    return state
