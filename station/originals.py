"""Photos as they came from the camera, where the setting says so: on this computer alone, until the hub's receipt reaches the
record that names what was made of them.

    here/original:<case_no>:<sha256 of what was made of it>    file "data"

Nothing of it syncs. Given up then, for what the hub has is what counts; and with its case, whatever becomes of that.
"""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from typing import Final

from station.databases import HERE, of_case
from station.files import Scan, lines_of
from station.moment import Clock
from station.register import Register
from sync import blobs
from sync.ledger import parse_event_id
from sync.seals import Run
from sync.serving import ServedStore, starting

PREFIX: Final = "original:"
TENDED: Final = timedelta(minutes=1)


class Originals:
    """Of one server."""

    def __init__(self, store: ServedStore, register: Register, clock: Clock) -> None:
        self._db = store.database(HERE, create=True)
        self._register = register
        self._clock = clock
        self._tended: datetime | None = None

    def keep(self, case_no: str, scan: Scan) -> None:
        """Keeps what the scan was made of, if that came with it."""
        id = _id(case_no, blobs.digests(scan.data).sha256)
        if scan.original is not None and not self._db.bodies([id]):
            file = {
                "content_type": "application/octet-stream",
                "data": base64.b64encode(blobs.whole(scan.original)).decode(),
            }
            self._db.put({"_id": id, "type": "original", "schema": 1, "_attachments": {"data": file}})

    def get(self, case_no: str, sha256: str) -> bytes | None:
        """The photo as it came; None where it is not kept, or not any more."""
        file = self._db.attachment(_id(case_no, sha256), "data")
        return blobs.whole(file.data) if file is not None and file.data is not None else None

    def tend(self) -> None:
        """Gives up what the hub has confirmed."""
        now = self._clock()
        if self._tended is not None and abs(now - self._tended) < TENDED:
            return
        self._tended = now
        for id, doc in starting(self._db, PREFIX).items():
            _, case_no, sha256 = id.split(":")
            if self._is_confirmed(case_no, sha256):
                self._db.purge({id: [doc["_rev"]]})

    def _is_confirmed(self, case_no: str, sha256: str) -> bool:
        """Whether the hub has confirmed a record that names the file, or the case is not here any more."""
        events = self._register.events(case_no)
        for event in events:
            number = parse_event_id(str(event["_id"]))
            if number is not None and any(line["sha256"] == sha256 for line in lines_of(event)):
                run = Run(number.writer, number.epoch)
                if self._register.confirmed(of_case(case_no), run) >= number.n:
                    return True
        return not events


def _id(case_no: str, sha256: str) -> str:
    return f"{PREFIX}{case_no}:{sha256}"
