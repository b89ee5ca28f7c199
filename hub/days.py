"""Publishing days of the calendar: the holidays and make-up workdays of a year to come, as the State Council announces
them each autumn. Every station pulls them; due dates beyond a year that is not complete stay open and say so.

    public/day:<YYYY-MM-DD>   {"type": "calendar_day", "kind": "holiday" | "makeup_workday", "name", "year_complete"}
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from schemas.problems import N_, DomainError, Problem
from schemas.workdays import KINDS
from station import keys
from sync.serving import ServedStore
from sync.signing import Signer


def read_days(text: str) -> list[dict[str, Any]]:
    """Documents from a csv with the columns date, kind, name (as the shipped calendar's); every year in it is complete.

    DomainError names the first line that can't be read; nothing is published then.
    """
    docs = []
    for number, row in enumerate(csv.DictReader(io.StringIO(text)), 2):
        try:
            day = date.fromisoformat((row.get("date") or "").strip())
        except ValueError:
            raise DomainError(
                Problem("day_wrong", N_("第 {line} 行的日期不对，应为 2027-01-01 的样子"), {"line": number})
            ) from None
        kind = (row.get("kind") or "").strip()
        if kind not in KINDS:
            raise DomainError(
                Problem(
                    "kind_wrong",
                    N_("第 {line} 行的种类不对，应为 {kinds}"),
                    {"line": number, "kinds": ", ".join(map(str, KINDS))},
                )
            )
        docs.append({
            "_id": f"day:{day}", "type": "calendar_day", "schema": 1, "kind": kind,
            "name": (row.get("name") or "").strip(), "year_complete": True,
        })  # fmt: skip
    if not docs:
        raise DomainError(Problem("days_none", N_("文件里没有日期；第一行应为 date,kind,name"), {}))
    return docs


def publish(store: ServedStore, signer: Signer, docs: Iterable[Mapping[str, Any]]) -> int:
    """Writes what is new or changed into `public`; returns how many days that were."""
    return sum(keys.publish(store, signer, doc) for doc in docs)
