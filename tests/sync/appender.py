"""A child process for tests: appends events to a store and says each id only once it is durable."""

from __future__ import annotations

import sys

from sync.ledger import Ledger
from sync.store import Store

if __name__ == "__main__":
    with Store.open(sys.argv[1]) as store:
        ledger = Ledger(store, sys.argv[2])
        while True:
            for event in ledger.append(
                "station", lambda txn: [{"serial": txn.counter("case")}, {"serial": 0}]
            ):
                print(event["_id"], event["_rev"], flush=True)
