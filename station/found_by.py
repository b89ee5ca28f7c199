"""What a case is found by when somebody types a part of a name: two tables of the register.

    “赵小明”    ─> 赵小明, 小明, 明      each tail of a name is a word; what was typed is the beginning of one
                   zxm, zhaoxiaoming     and so is how it is typed by a pinyin keyboard, in each way a character may be read
    item         ─> its name, once for all cases of it

A search looks at no more than MOST cases of each kind: who types one character is told to type more, and never waits for a city of
people with that name. Pure but for the connection; decides nothing of who may see what is found.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

import apsw

from schemas import names
from station.event_rows import SUBJECT

SCHEMA: Final = """
CREATE TABLE found_by (word TEXT NOT NULL, subject INTEGER NOT NULL, PRIMARY KEY (word, subject)) WITHOUT ROWID;
CREATE INDEX cases_item ON cases (item_code);
CREATE TABLE item_names (name TEXT NOT NULL, item_code TEXT NOT NULL, PRIMARY KEY (name, item_code)) WITHOUT ROWID;
"""
MOST: Final = 2000
LONGEST: Final = 60  # characters of a name that are looked into
SPOKEN: Final = 10  # characters of a name that are known by their sound: of a firm, nobody types more
WAYS: Final = 6
_LAST: Final = "\U0010ffff"

CONDITION: Final = f"""cases.subject IN (SELECT subject FROM (SELECT subject FROM found_by WHERE word >= ? AND word < ? LIMIT {MOST})
    UNION SELECT subject FROM (SELECT subject FROM cases WHERE item_code IN
        (SELECT item_code FROM item_names WHERE instr(name, ?)) LIMIT {MOST}))"""  # noqa: S608 - our own number


class FoundBy:
    """Works on a connection, and under the lock, of whoever owns the tables."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def note(self, row: Mapping[str, Any]) -> None:
        """A row of cases. A name that was put right is found by both."""
        words = [(word, row["case_no"]) for word in (*tails(row["applicant"]), *typed(row["applicant"]))]
        self._connection.executemany(f"INSERT OR IGNORE INTO found_by VALUES (?, {SUBJECT})", words)  # noqa: S608 - our own words
        item = (plain(row["item_name"]), row["item_code"])
        self._connection.execute("INSERT OR IGNORE INTO item_names VALUES (?, ?)", item)

    def forget(self, case_nos: Iterable[str]) -> None:
        """These cases are not here any more. Looks through all words once: an index for it would be as large as they are, and a
        case is given up where there are few (station.archive)."""
        numbers = [*case_nos]
        if numbers:
            places = ",".join("?" * len(numbers))
            sql = f"DELETE FROM found_by WHERE subject IN (SELECT subject FROM subjects WHERE number IN ({places}))"  # noqa: S608 - placeholders only
            self._connection.execute(sql, numbers)


def condition(asked: str) -> tuple[str, list[Any]]:
    """(where, args) for `Register.select`: the cases whose applicant's or item's name has this in it. Who asks for more than that says
    so as `(…) IS TRUE`: else SQLite goes by an index of theirs, and looks at a station's every case (7 ms become 200)."""
    word = plain(asked)
    return CONDITION, [word, word + _LAST, word]


def tails(name: str) -> list[str]:
    """Every tail of a name, as `plain`."""
    text = plain(name)[:LONGEST]
    return [text[at:] for at in range(len(text))]


@lru_cache(maxsize=4096)
def typed(name: str) -> frozenset[str]:
    """A name by its initials and by its sound, of each the first `WAYS`; nothing for a name that is typed as it stands."""
    text = plain(name)[:SPOKEN]
    found = {*names.initials(text)[:WAYS], *names.readings(text)[:WAYS]}
    return frozenset(found - {text})


def plain(text: str) -> str:
    """Without spaces, in small letters, full-width forms as usual ones."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
