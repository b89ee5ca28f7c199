"""The files of a case: `att:` documents beside its events (schemas.documents.places.Attachment). Finds them, and writes none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from station.databases import of_case
from sync.peer import Revision
from sync.serving import LAST, ServedStore
from sync.wire import as_dict

PREFIX: Final = "att:"
PAGE: Final = 200


def files_of(store: ServedStore, case_no: str) -> Iterator[Revision]:
    """The documents that bring this case's files, their attachments as stubs. Those given up here are not among them."""
    start = PREFIX
    if of_case(case_no) not in store.databases():
        return
    database = store.database(of_case(case_no))
    while rows := database.all_docs(start, PREFIX + LAST, PAGE, include_docs=True):
        for row in rows:
            if row.doc is not None and as_dict(row.doc).get("case") == case_no:
                yield row.doc
        start = rows[-1].id + "\x01"
