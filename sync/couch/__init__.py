"""A server's databases kept in an Apache CouchDB 3 cluster: what `sync.serving` promises, on python-couchdb.

    session.py    the way to the cluster: deadlines, no redirects, nothing cached, another node when one is away
    calls.py      one request and its answer as JSON; CouchDB's errors as ours
    address.py    which addresses are taken, and what of them may be shown
    journal.py    a local file: what this web node has heard of, as one sequence over all databases. May be deleted
    follower.py   the thread that listens to the cluster and keeps the journal up
    database.py   one database: a peer, and its documents one at a time
    store.py      all of them together
    ledger.py     numbers without gaps where nobody holds a lock over everybody

Any number of web nodes may work on one cluster, each with a journal of its own. Nothing is kept here that is not in
the cluster, so a web node can be thrown away.
"""

from sync.couch import address
from sync.couch.address import Address, parse
from sync.couch.database import CouchDatabase
from sync.couch.ledger import CouchLedger
from sync.couch.store import CouchStore

__all__ = ["Address", "CouchDatabase", "CouchLedger", "CouchStore", "address", "parse"]
