"""What differs between servers about touching a case: who may see it, and whether it must be claimed first.

A station's rules: whoever is signed in at the window sees its cases and acts. The hub brings rules of its own.
Never holds what the law or the transition table says; that is schemas.lifecycle and is asked besides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.lifecycle import CaseState
from station.staff import Staff


class HouseRules:
    """A station's."""

    def may_see(self, staff: Staff, state: CaseState) -> bool:
        """A station's store holds its own cases only (and a township's its villages'), so all of them."""
        return True

    def claim_needed(self, staff: Staff, row: Mapping[str, Any], state: CaseState) -> bool:
        """Whether this person must claim the case before anything can be done with it."""
        return False

    def working(self, staff: Staff, row: Mapping[str, Any], state: CaseState) -> None:
        """This person works on the case at this moment: whoever holds it, holds it longer."""

    def check(self, staff: Staff, state: CaseState) -> None:
        """Raises DomainError if this person may not act on the case at this moment; asked inside the transaction."""
