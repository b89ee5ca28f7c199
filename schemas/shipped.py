"""The package's own data files. Knows their format and none of their content."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from importlib import resources


def rows(name: str) -> Iterator[dict[str, str]]:
    """The rows of data/<name>.csv as dicts of text, in file order."""
    text = (resources.files("schemas") / "data" / f"{name}.csv").read_text(encoding="utf-8")
    yield from csv.DictReader(io.StringIO(text))
