"""Files that came with a form which could not be saved: kept until it is, so that nobody has to choose, or scan, them again.

    here/tray:<form>:<n>    {"staff", "at", "material", "name", "media_type", "quality", "sha256"}, files "data" and "original"

Only for whoever sent them, and for half a day, or as long as a draft of their form is kept (station.drafts). Of this server alone;
nothing of it syncs.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from station.databases import HERE
from station.files import Scan
from station.moment import Clock, read, stamp
from sync import blobs
from sync.serving import ServedStore, starting

PREFIX: Final = "tray:"
KEPT: Final = timedelta(hours=12)
TIDIED: Final = timedelta(minutes=10)


class Tray:
    """Of one server."""

    def __init__(
        self, store: ServedStore, clock: Clock, kept: Callable[[str], bool] = lambda _form: False
    ) -> None:
        """`kept`: whether there is a draft of a form."""
        self._kept = kept
        self._db = store.database(HERE, create=True)
        self._clock = clock
        self._tidied: datetime | None = None

    def put(self, form: str, staff: str, scans: Iterable[Scan]) -> None:
        """Keeps these besides what is there; the same file once."""
        kept = starting(self._db, f"{PREFIX}{form}:")
        known = {(doc["material"], doc["sha256"]) for doc in kept.values()}
        last = max((int(id.rpartition(":")[2]) for id in kept), default=-1)
        new = {(each.material, blobs.digests(each.data).sha256): each for each in scans}
        fresh = [(key, scan) for key, scan in new.items() if key not in known]
        for n, ((_, sha256), scan) in enumerate(fresh, start=last + 1):
            files = {"data": scan.data} | ({"original": scan.original} if scan.original is not None else {})
            self._db.put(
                {
                    "_id": f"{PREFIX}{form}:{n:04}", "type": "tray", "schema": 1, "staff": staff, "at": stamp(self._clock()),
                    "material": scan.material, "name": scan.name, "media_type": scan.media_type, "quality": list(scan.quality),
                    "sha256": sha256,
                    "_attachments": {
                        name: {"content_type": "application/octet-stream", "data": base64.b64encode(blobs.whole(data)).decode()}
                        for name, data in files.items()
                    },
                }
            )  # fmt: skip

    def take(self, form: str, staff: str) -> dict[str, Scan]:
        """What this person's form has here, in order, by what `drop` calls it."""
        kept = starting(self._db, f"{PREFIX}{form}:")
        return {
            id.rpartition(":")[2]: self._scan(id, doc) for id, doc in kept.items() if doc["staff"] == staff
        }

    def _scan(self, id: str, doc: dict[str, Any]) -> Scan:
        files = {
            name: blobs.whole(file.data)
            for name in ("data", "original")
            if (file := self._db.attachment(id, name)) is not None and file.data is not None
        }
        quality = tuple(doc["quality"])
        return Scan(
            doc["material"], doc["name"], doc["media_type"], files["data"], quality, files.get("original")
        )

    def drop(self, form: str, staff: str, only: Iterable[str] | None = None) -> None:
        """Forgets what this person's form has here, or only some of it."""
        kept = starting(self._db, f"{PREFIX}{form}:")
        ids = kept if only is None else {f"{PREFIX}{form}:{each}" for each in only}
        self._db.purge({id: [doc["_rev"]] for id, doc in kept.items() if id in ids and doc["staff"] == staff})

    def tidy(self) -> None:
        """Forgets what nobody came back for."""
        now = self._clock()
        if self._tidied is not None and abs(now - self._tidied) < TIDIED:
            return
        self._tidied = now
        found = starting(self._db, PREFIX).items()
        old = {
            id: doc
            for id, doc in found
            if abs(now - read(doc["at"])) > KEPT and not self._kept(id.split(":")[1])
        }
        if old:
            self._db.purge({id: [doc["_rev"]] for id, doc in old.items()})
