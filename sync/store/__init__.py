"""The embedded peer: one SQLite file a server. `Store.open(path)` is the way in.

store.py       the file: opening, the one writer, readers, the feed over all databases
database.py    one database: a peer, and its documents
reading.py     SELECTs        writing.py   taking revisions in, a batch at a time
schema.py      the tables     connection.py  pragmas, lock, errors   encryption.py  plain files made encrypted
"""

from sync.serving import Row, StoreChange
from sync.store.database import Database, Quarantined
from sync.store.store import Store
from sync.store.transaction import Transaction

__all__ = ["Database", "Quarantined", "Row", "Store", "StoreChange", "Transaction"]
