"""A server for practice: a folder of its own with invented people and cases, the pages of this station, and nothing that leads out
or in. Makes it; what it lacks and how it is marked, station.practising; that it says so on each page and print, the templates.

Beside the real one, never in its place: another folder, another port, and the name localhost, so that browsers keep the two's
sign-ins apart.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import cycle
from pathlib import Path
from typing import Any, Final

from stdnum.cn import ric

from schemas import offers
from schemas.problems import DomainError
from station import app, codes, keys, leases
from station import staff as people
from station.app import Parts
from station.appointments import LIST, PREFIX
from station.casework import Application
from station.databases import HERE
from station.moment import stamp
from station.practising import MARK
from station.settings import Settings
from station.staff import Staff
from sync.signing import SEED_BYTES, Signer

NUMBER: Final = "L001"
PASSWORD: Final = "lianxi2018"  # noqa: S105 - it stands on the sign-in page
SUFFIX: Final = "-practice"
PORT_BEYOND: Final = 1000
TRAINED: Final = date(2018, 1, 5)
NAMES: Final = ("赵练习", "钱练习", "孙练习", "李练习", "周练习", "吴练习", "郑练习", "王练习")


def settings_for(settings: Settings) -> Settings:
    """Those of the practice beside this station. Nothing in it is worth encrypting, and nobody is above it."""
    port = settings.port + PORT_BEYOND if settings.port else 0
    return replace(
        settings, data=settings.data.with_name(settings.data.name + SUFFIX), port=port, host="127.0.0.1", parents=(), encrypt=False,
        key_file=None, backup=None, tls=False, proxies=(), hosts=("127.0.0.1", "localhost"), couchdb_url="",
    )  # fmt: skip


def build_parts(settings: Settings, **world: Any) -> Parts:
    """The parts of a practice, furnished. As station.app.build_parts, which see."""
    parts = app.build_parts(settings, practice=True, **world)
    try:
        signer = _vouched(parts)
        parts.chores.append(lambda: _lease(parts, signer))
        _lease(parts, signer)
        _furnish(parts, signer)
    except BaseException:
        parts.close()
        raise
    return parts


def _vouched(parts: Parts) -> Signer:
    """The key that vouches for the invented, and that none but this store knows."""
    here = parts.store.database(HERE)
    mark = here.get(MARK)
    assert mark is not None
    if "hub" not in mark:
        mark |= {name: parts.random(SEED_BYTES).hex() for name in ("root", "hub")}
        here.put(mark)
    root, signer = (Signer(bytes.fromhex(mark[name])) for name in ("root", "hub"))
    if not parts.identity.root:
        record = {"_id": f"{keys.HUB_KEY}{signer.public[:16]}", "type": "hub_key", "schema": 1, "key": signer.public,
                  "status": "active", "at": stamp(parts.clock())}  # fmt: skip
        keys.publish(parts.store, root, record)
        parts.identity.pin(root.public, 1)
    return signer


def _lease(parts: Parts, signer: Signer) -> None:
    """Nobody's lease ends here."""
    said = parts.appointments.staff_list()
    now = parts.clock()
    if said is None or not said.issued <= now or (now - said.issued).days >= 1:
        doc = {"_id": LIST, "type": "staff_list", "schema": 1}
        keys.publish(parts.store, signer, {**doc, **leases.fields(leases.issue(now, {}))})


def _furnish(parts: Parts, signer: Signer) -> None:
    """A person to sign in as, and some cases to work on; once."""
    here = parts.store.database(HERE)
    mark = here.get(MARK)
    assert mark is not None
    if mark.get("furnished"):
        return
    role = "township_window" if parts.here.level == "township" else "village_clerk"
    clerk = Staff(NUMBER, "练习员", parts.here.code, frozenset({role}), trained_on=TRAINED)
    code = codes.draw(parts.random)
    doc = {"_id": PREFIX + NUMBER, "type": "staff", "schema": 1}
    said = {**people.fields(clerk), "code_sha256": codes.start_digest(NUMBER, code), "status": "active"}
    keys.publish(parts.store, signer, {**doc, **said})
    accounts = parts.accounts
    accounts.sign_out(accounts.choose(accounts.sign_in(NUMBER, code), PASSWORD))
    _record(parts, clerk)
    here.put({**mark, "_rev": here.get(MARK)["_rev"], "furnished": True})  # type: ignore[index]


def _record(parts: Parts, clerk: Staff) -> None:
    """Some of each kind: taken in and sent up, being dealt with here, over."""
    of = parts.published.in_force()
    listed = [(item, offer) for item, offer in of.offers(parts.here) if offer.mode in offers.OPENS_CASES]
    own = [item for item, offer in listed if offer.mode in offers.DECIDES and item.category_code != "01"]
    others = [item for item, offer in listed if offer.mode not in offers.DECIDES]
    steps: Iterator[tuple[tuple[str, dict[str, Any]], ...]] = cycle((
        (), (("accept", {}),), (("accept", {}), ("instant_conclude", {"result": "已办理"})),
        (("notify_supplement", {"gaps": ["身份证复印件不清晰"]}),),
    ))  # fmt: skip
    for name, birth, item, following in zip(
        NAMES, _numbers(), [*others[:3], *(each for each in own if each.instant)], steps, strict=False
    ):
        form, got = parts.random(16).hex(), frozenset(each.seq for each in of.materials(item.item_code))
        given = Application(form, item.item_code, name, "111", birth, "13800000000", "练习路1号", got, True)
        case_no = parts.casework.record(clerk, given)
        if item in own:
            for event, data in following:
                with contextlib.suppress(DomainError):
                    parts.casework.act(case_no, clerk, [(event, data)])


def _numbers() -> Iterator[str]:
    """Identity numbers with right check digits, of a division that never was."""
    for n in range(1, 100):
        stem = f"999999199001{n % 28 + 1:02}{n:03}"
        yield stem + ric.calc_check_digit(stem + "0")


def is_up(port: int) -> bool:
    """Whether something answers at that port of this computer."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def clean(folder: Path) -> bool:
    """Throws a practice folder away, to begin anew; False where there is none. Never anything else: the name says what it is."""
    if not folder.name.endswith(SUFFIX) or not folder.exists():
        return False
    shutil.rmtree(folder)
    return True
