"""The form of databases' names. Pure.

CouchDB's rule without the slash and the signs nobody needs: a name is a path segment as it stands.
"""

from __future__ import annotations

import re
from typing import Final

from sync.errors import IllegalDatabaseName

_DATABASE: Final = re.compile(r"[a-z][a-z0-9_-]{0,127}", re.ASCII)


def is_database(name: str) -> bool:
    """Whether a database can have this name."""
    return _DATABASE.fullmatch(name) is not None


def check_database(name: str) -> None:
    """IllegalDatabaseName unless a database can have this name."""
    if not is_database(name):
        raise IllegalDatabaseName(
            f"{name[:80]!r}: a database's name begins with a-z and goes on with a-z, 0-9, _ and -."
        )
