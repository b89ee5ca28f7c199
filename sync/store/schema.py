"""The tables of a store, as commented SQL in numbered migrations. Holds no other code than applying them.

A store never changes what a released migration says; it adds the next one. `PRAGMA user_version` is the number of the
last migration applied, `PRAGMA application_id` tells our files from other programs'.
"""

from __future__ import annotations

from typing import Final

import apsw

APPLICATION_ID: Final = 0x6269616E  # "bian"

_FIRST = """
-- What this file is: uuid (names the server to its peers), epoch (part of its events' ids).
CREATE TABLE store (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- Numbers that only grow. `seq` orders all changes of all databases; it never goes back, not even when a database is
-- deleted. `ev/…` are the last numbers the ledger gave, the others are its callers'.
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- `incarnation` is random and part of the replication id: a database deleted and made anew is another database.
CREATE TABLE databases (
    db          INTEGER PRIMARY KEY AUTOINCREMENT,  -- a handle to a deleted one must not find the next
    name        TEXT    NOT NULL UNIQUE,
    incarnation TEXT    NOT NULL,
    created     INTEGER NOT NULL,            -- microseconds since 1970
    doc_count   INTEGER NOT NULL DEFAULT 0,  -- documents with a living winner
    del_count   INTEGER NOT NULL DEFAULT 0,  -- documents whose winner is a deletion
    security    TEXT    NOT NULL DEFAULT '{}'
) STRICT;

-- One row a document, at its newest place in the feed: an edit moves the row to the end.
-- The rowid is the sequence, so the feed over all databases is the table's own order.
CREATE TABLE documents (
    seq     INTEGER PRIMARY KEY,
    doc     INTEGER NOT NULL,                -- the sequence at which the document first came; names it from then on
    db      INTEGER NOT NULL REFERENCES databases,
    id      TEXT    NOT NULL,
    winner  TEXT    NOT NULL,                -- "3-abc", computed by revisions.winner
    deleted INTEGER NOT NULL,                -- what the winner is
    leaves  INTEGER NOT NULL,                -- how many; 1 spares a look into `revisions`
    body    INTEGER NOT NULL                 -- the winner's row in `bodies`
) STRICT;
CREATE UNIQUE INDEX documents_by_id ON documents (db, id);   -- reading by id, all_docs
CREATE INDEX documents_by_seq ON documents (db);             -- one database's feed: an index ends in the rowid

-- The edges of histories. `parents` are hashes, one generation lower, set apart by spaces: NULL for a first or stemmed
-- revision, one hash usually, several when a piece was forged. Clustered by document, so that a history is one read.
CREATE TABLE revisions (
    doc        INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    hash       TEXT    NOT NULL,
    parents    TEXT,
    deleted    INTEGER NOT NULL,
    body       INTEGER,                      -- in `bodies`; NULL once the revision is no leaf any more
    PRIMARY KEY (doc, generation, hash)
) STRICT, WITHOUT ROWID;

-- What leaves say: the JSON bytes as they came, apart from `revisions` so that histories stay small to read.
CREATE TABLE bodies (
    body        INTEGER PRIMARY KEY,         -- the sequence at which the revision came
    json        BLOB    NOT NULL,
    attachments INTEGER NOT NULL DEFAULT 0   -- how many; 0 spares a look into `attachments`
) STRICT;

CREATE TABLE attachments (
    body         INTEGER NOT NULL,
    name         TEXT    NOT NULL,
    content_type TEXT    NOT NULL,
    digest       TEXT    NOT NULL,           -- as CouchDB names it, "md5-…"
    length       INTEGER NOT NULL,
    revpos       INTEGER NOT NULL,
    sha256       TEXT    NOT NULL,
    PRIMARY KEY (body, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX attachments_by_blob ON attachments (sha256);    -- is a blob still needed?

-- Files' bytes, once each, in chunks, so that no reader needs a whole file in memory.
CREATE TABLE chunks (
    sha256 TEXT    NOT NULL,                 -- of the whole file
    n      INTEGER NOT NULL,
    data   BLOB    NOT NULL,
    PRIMARY KEY (sha256, n)
) STRICT;

-- `_local/…`: checkpoints and the like; never replicated.
CREATE TABLE local_documents (
    db   INTEGER NOT NULL,
    id   TEXT    NOT NULL,
    rev  INTEGER NOT NULL,                   -- the n of "0-n"
    json BLOB    NOT NULL,
    PRIMARY KEY (db, id)
) STRICT, WITHOUT ROWID;

-- Revisions that were refused, kept for a person to look at. Bounded a database; the same one is kept once.
CREATE TABLE quarantine (
    item    INTEGER PRIMARY KEY,
    db      INTEGER NOT NULL,
    id      TEXT    NOT NULL,
    rev     TEXT    NOT NULL,
    at      REAL    NOT NULL,                -- seconds since 1970
    reason  TEXT    NOT NULL,
    deleted INTEGER NOT NULL,
    json    BLOB    NOT NULL,
    UNIQUE (db, id, rev)
) STRICT;

-- Up to which number a writer's events are held without a gap. `held` counts them all: while it equals `n`, nothing
-- lies beyond a gap and nothing need be looked for.
CREATE TABLE runs (
    db     INTEGER NOT NULL,
    writer TEXT    NOT NULL,
    epoch  TEXT    NOT NULL,
    n      INTEGER NOT NULL,
    held   INTEGER NOT NULL,
    PRIMARY KEY (db, writer, epoch)
) STRICT, WITHOUT ROWID;
"""

_UPDATES = """
-- When each database was made or deleted, by name, for the feed of databases. Writes need no row here: a database's
-- last change is found in `documents`.
CREATE TABLE updates (
    name TEXT    PRIMARY KEY,
    n    INTEGER NOT NULL,                   -- counts makings and deletions
    seq  INTEGER NOT NULL,                   -- the last document's sequence before it
    type TEXT    NOT NULL                    -- "created" or "deleted"
) STRICT, WITHOUT ROWID;
"""

_GIVEN_UP = """
-- Events whose bodies were given up: others have them, and this server need not any more. The event is known all the same (its
-- row in `documents`, its revision), and its digest holds the writer's chain together.
CREATE TABLE given_up (
    body   INTEGER PRIMARY KEY,              -- the row in `bodies` that is gone
    digest BLOB    NOT NULL                  -- event_ids.event_digest
) STRICT;
"""

MIGRATIONS: Final[tuple[str, ...]] = (
    _FIRST,  # 1: the first shape
    _UPDATES,  # 2: the feed of databases
    _GIVEN_UP,  # 3: events kept as digests
)
VERSION: Final = len(MIGRATIONS)


def migrate(connection: apsw.Connection) -> None:
    """Brings a file of this or an older version to VERSION. Each step is one transaction together with its number."""
    done = int(connection.pragma("user_version"))
    for number, sql in enumerate(MIGRATIONS[done:], start=done + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute(sql)
            connection.execute(
                f"PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={number}; COMMIT"
            )
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
