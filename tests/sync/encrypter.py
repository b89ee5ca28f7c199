"""A child process for tests: opens a plain store with a key and says so once it has been encrypted."""

from __future__ import annotations

import sys

from sync.store import Store

if __name__ == "__main__":
    print("opening", flush=True)
    with Store.open(sys.argv[1], key=bytes.fromhex(sys.argv[2]), create=False):
        print("open", flush=True)
