"""Makes a dictionary for exchange: what cases' events, what is stated of them and the hub's papers have in common.

    python -m bench._dictionary sync/exchange/dictionary-2

From invented cases of all items, recorded and decided as clerks and examiners do, at stations that no measurement uses. A
dictionary that has once been shipped is never changed: both ends must have the very same.
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

import zstandard

from schemas import tables
from schemas.problems import DomainError
from station.casework import Application
from sync.exchange import message as messages
from sync.exchange.message import Message
from tests.world import HUB, PEOPLE, TOWNSHIP, VILLAGE, World, small_city

SIZE = 32 * 1024
CASES = 400
SURNAMES, GIVEN = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平"


def live(city: World, draw: random.Random) -> None:
    """Cases from all items that a village takes, most of them ended at the hub."""
    village, hub = city[VILLAGE].parts, city[HUB].parts
    codes = [each.item_code for each in tables.items().values()]
    for _ in range(CASES * 20):
        name = draw.choice(SURNAMES) + "".join(draw.choices(GIVEN, k=draw.choice((1, 2))))
        application = Application(
            f"{draw.getrandbits(128):032x}", draw.choice(codes), name, "居民身份证", "510903199003070012",
            f"1{draw.randrange(3 * 10**9, 9 * 10**9 + 10**9 - 1):010d}"[:11], f"{draw.randint(1, 9)}组{draw.randint(1, 99)}号",
            frozenset(range(1, 30)), True,
        )  # fmt: skip
        try:
            village.casework.record(PEOPLE["V001"], application)
        except DomainError:
            continue
        if village.register.totals()["cases"] >= CASES or not village.register.catch_up():
            break
    city.sync(VILLAGE, TOWNSHIP)
    hub.register.catch_up()
    for row in hub.register.select("state = 'received'", limit=CASES):
        steps = (
            [("accept", {}), ("instant_conclude", {"result": draw.choice(("已核发", "同意", "已办结"))})],
            [("notify_supplement", {"gaps": ["身份证复印件"], "note": "请补齐后再来"})],
            [("accept", {})],
        )
        for each in draw.sample(steps, 3):
            try:
                hub.casework.act(row["case_no"], PEOPLE["E001"], each)
                break
            except DomainError:
                continue
    city.sync(TOWNSHIP, VILLAGE)


def samples(city: World) -> list[bytes]:
    """What travels, a piece at a time."""
    found = []
    parts = city[HUB].parts
    for name in parts.store.databases():
        if name.startswith("station-") or name == "public":
            database = parts.store.database(name)
            for change in database.changes(0, 100_000).results:
                for revision in database.get_revisions({change.id: change.revs}, attachments=False):
                    if not revision.attachments:
                        found.append(messages.pack(Message(documents=[(name, revision)]), messages.PLAIN))
            blank = {"head": "", "by": "", "sig": ""}  # what is drawn or computed is in no dictionary
            said = [(name, {**each._asdict(), **blank}) for each in parts.trust.statements(name)]
            head = Message("k3v7q2mh5abc", "k3v7q2mh5abc", (9999,) * 3, notes=said, room=99999)
            found += [messages.pack(head, messages.PLAIN)] * 3
    return found


def main() -> None:
    draw = random.Random(118)
    with tempfile.TemporaryDirectory() as folder, small_city(Path(folder)) as city:
        live(city, draw)
        pieces = samples(city)
    draw.shuffle(pieces)
    trained = zstandard.train_dictionary(SIZE, pieces, level=19)
    Path(sys.argv[1]).write_bytes(trained.as_bytes())
    sys.stdout.write(f"{len(pieces)} pieces, {len(trained.as_bytes())} bytes\n")


if __name__ == "__main__":
    main()
