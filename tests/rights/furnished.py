"""What a city has in it that the tests of rights ask for: a card, a notice. Asks for nothing itself."""

from __future__ import annotations

from station import keys
from tests.rights.tables import BUREAU
from tests.world import HUB, PEOPLE, TOWNSHIP, VILLAGE, World

NOTICE = "notice:notice:1"
CARD = "c" * 32


def cards(world: World) -> None:
    """A card about each server's people, which was issued and revoked: there is nothing left to say of it."""
    said = {
        "rule": "R03", "colour": "yellow", "staff": "", "points": "1", "evidence": {"measure": "promise_overdue"}, "answer_due": "2018-02-13",
        "issued_at": "2018-02-09T09:00:00+08:00", "outcome": "issued", "late_evidence": False,
    }  # fmt: skip
    over = {
        "outcome": "revoked",
        "ruling": "补登记",
        "revoke_at": "2018-02-09T10:00:00+08:00",
        "revoke_by": "S001",
    }
    for code in (BUREAU, TOWNSHIP, VILLAGE):
        for more in ({}, over):
            word = {**said, "station": code, **more}
            world[HUB].parts.keeper.keep(
                code, PEOPLE["S001"], "supervision_card", CARD, lambda _txn, _before, word=word: word
            )
    world.sync(TOWNSHIP, VILLAGE)


def notice(world: World) -> None:
    """A notice for everybody."""
    hub = world[HUB].parts
    said = {
        "type": "notice",
        "schema": 1,
        "kind": "notice",
        "title": "通知",
        "body": "请核对。",
        "at": "2018-02-09T09:00:00+08:00",
        "audience": "all",
    }
    keys.publish(hub.store, hub.identity.signer, {**said, "_id": NOTICE, "needs_receipt": True})
    world.sync(TOWNSHIP, VILLAGE)
