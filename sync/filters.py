"""Which documents of a feed are wanted: by id, by selector, or design documents. Pure but for `docs`, which it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from sync import mango
from sync.errors import BadRequest
from sync.peer import Change, Filter

MAX_IDS: Final = 10_000


def read_filter(name: str, body: Mapping[str, Any]) -> Filter:
    """The filter `name` (`_doc_ids`, `_selector`, `_design`) with what it needs; BadRequest."""
    if name == "_doc_ids":
        ids = body.get("doc_ids")
        if type(ids) is not list or len(ids) > MAX_IDS or not all(type(id) is str for id in ids):
            raise BadRequest(f"doc_ids is a list of at most {MAX_IDS} ids.")
        return Filter(doc_ids=tuple(ids))
    if name == "_selector":
        mango.selector(body.get("selector"))
        return Filter(selector=body["selector"])
    return Filter(design=True)


def chosen(
    only: Filter, changes: Sequence[Change], docs: Callable[[Iterable[Change]], Iterable[dict[str, Any]]]
) -> list[Change]:
    """Those of `changes` that are wanted. `docs`: their winners, for a selector; one that is gone is not wanted."""
    if only.doc_ids is not None:
        ids = set(only.doc_ids)
        return [change for change in changes if change.id in ids]
    if only.design:
        return [change for change in changes if change.id.startswith("_design/")]
    matches = mango.selector(only.selector)
    passed = {doc["_id"] for doc in docs(changes) if matches(doc)}
    return [change for change in changes if change.id in passed]
