"""A hub's office of staff for one store: signs people into its `public`, as they would have come from above.

Root and hub key are made here and pinned; records, codes, list and accounts are the real ones.
"""

from __future__ import annotations

import secrets
from typing import Any

from hub import staff
from schemas import tables
from station import keys
from station.accounts import Accounts, Keeping
from station.app import Parts
from station.appointments import Appointments
from station.identity import Identity
from station.moment import Clock, stamp
from station.staff import Staff
from sync.serving import ServedStore
from sync.signing import SEED_BYTES, Signer
from tests.world import PASSWORD, VILLAGE


class Office:
    """Appoints people in a store that is not enrolled anywhere."""

    def __init__(self, store: ServedStore, clock: Clock, identity: Identity | None = None) -> None:
        root, self.signer = (Signer(secrets.token_bytes(SEED_BYTES)) for _ in range(2))
        self.store, self.clock = store, clock
        self.identity = identity or Identity(store, VILLAGE, secrets.token_bytes)
        key = self.signer.public
        record = {"_id": f"{keys.HUB_KEY}{key[:16]}", "type": "hub_key", "schema": 1, "key": key,
                  "status": "active", "at": stamp(clock())}  # fmt: skip
        keys.publish(store, root, record)
        self.identity.pin(root.public, 1)
        self.renew = staff.Renewal(store, lambda: self.signer, clock)
        self.renew()

    @classmethod
    def of(cls, parts: Parts) -> Office:
        """In the store of a server."""
        return cls(parts.store, parts.clock, parts.identity)

    def appoint(self, person: Staff) -> str:
        """A start code for this person, who may have been appointed before."""
        if any(each.employee_no == person.employee_no for each, _ in staff.everybody(self.store)):
            staff.change(self.store, self.signer, person)
            return staff.new_code(self.store, self.signer, person.employee_no, secrets.token_bytes)
        return staff.add(self.store, self.signer, person, secrets.token_bytes)

    def enter(self, accounts: Accounts, person: Staff, password: str = PASSWORD) -> str:
        """Appoints them, and they take up their account; the secret of the session they are in then."""
        code = self.appoint(person)
        return accounts.choose(accounts.sign_in(person.employee_no, code), password)

    def accounts(self, at: str, hasher: Any, *people: Staff, vault: Keeping | None = None) -> Accounts:
        """The accounts of the server `at`, with the people who took theirs up there and signed out again."""
        known = keys.Keys(self.store, lambda: self.identity.root)
        here = tables.station(at)
        appointments = Appointments(self.store, known, self.clock, is_hub=here.level == "city")
        made = Accounts(
            self.store,
            appointments,
            here,
            clock=self.clock,
            random=secrets.token_bytes,
            hasher=hasher,
            vault=vault,
        )
        for person in people:
            made.sign_out(self.enter(made, person))
        return made
