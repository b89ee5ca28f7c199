"""create_app: the one place where a server's parts are put together. Everything else gets its parts as arguments.

Starts no thread and opens no port (station.server does); a test or a simulation hands in its own clock, randomness
and transports.
"""

from __future__ import annotations

import logging
import secrets
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
from flask import Flask, Request
from flask_bootstrap import Bootstrap5

from schemas import tables
from schemas.tables import Station
from station import drives, enrolment, files, keystore, practising, sealing, upgrades, web
from station.access import Access
from station.accounts import Accounts
from station.agent import DIALECT, Agent
from station.almanac import Almanac
from station.appointments import Appointments
from station.archive import Archive
from station.backups import Backups
from station.cards import Cards
from station.carriage import Below
from station.casework import Casework
from station.checkup import Checkup
from station.databases import HERE, station_of
from station.drafts import Drafts
from station.drives import Drive
from station.errands import Errands
from station.gate import Gate
from station.house import HouseRules
from station.identity import Identity
from station.keys import Keys
from station.lives import SUFFIX, Lives, this_machine
from station.logbook import Keeper
from station.moment import Clock, system_clock
from station.notices import Notices
from station.originals import Originals
from station.pacing import Flow
from station.paper_imports import PaperImports
from station.passes import Passes
from station.people import People
from station.published import Published
from station.recovery import Recovery
from station.register import Register
from station.releases import Releases
from station.reporting import Reporting
from station.settings import Settings
from station.stick import Sticks
from station.sync_report import SyncReport
from station.tls import Certify, Tls
from station.transport import Proxied, is_loopback, speaks_tls
from station.tray import Tray
from station.trust import Trust
from station.upgrading import Upgrading, failed_in, installed_in
from station.vault import Vault, open_vault
from sync.endpoint import create_endpoint
from sync.errors import StoreMissing
from sync.exchange.answering import Answering
from sync.exchange.route import create_route
from sync.exchange.side import Rights
from sync.ledger import EventLedger, Ledger
from sync.serving import ServedStore
from sync.store import Store

log = logging.getLogger("bianmin.app")

MAX_FORM_BYTES = (
    256 * 1024
)  # of fields; Werkzeug reads a form with files in steps of 64 KiB, and counts those too
MAX_FORM_PARTS = 200  # fields of a form; each file is one


@dataclass(frozen=True)
class Lamp:
    """The plain lamp of every page: when the hub last confirmed, when it was last reached or heard of by stick, how many cases wait."""

    confirmed_at: str | None
    reached_at: str
    waiting: int
    trouble: bool


@dataclass
class Parts:
    """What a running server is made of."""

    settings: Settings
    here: Station
    practice: bool
    """For practice with invented people: pages alone, nothing goes in or out."""
    clock: Clock
    store: ServedStore
    register: Register
    almanac: Almanac
    published: Published
    notices: Notices
    ledger: EventLedger
    casework: Casework
    errands: Errands
    keeper: Keeper
    appointments: Appointments
    accounts: Accounts
    access: Access
    agent: Agent
    gate: Gate
    house: HouseRules
    identity: Identity
    keys: Keys
    passes: Passes
    trust: Trust
    tls: Tls
    certify: Certify
    random: Callable[[int], bytes]
    archive: Archive
    sync_report: SyncReport
    tray: Tray
    drafts: Drafts
    people: People
    cards: Cards
    originals: Originals
    paper_imports: PaperImports
    challenges: Flow
    vault: Vault | None
    recovery: Recovery | None
    lives: Lives | None
    """Who has the key; None where nothing is encrypted."""
    backups: Backups | None
    """None where the databases are in a cluster, which has its own."""
    checkup: Checkup
    releases: Releases
    upgrading: Upgrading
    sticks: Sticks
    drives: Callable[[], list[Drive]]
    """The sticks that are in this computer."""
    started: list[subprocess.Popen[bytes]]
    """Processes that end with this one: the practice."""
    chores: list[Callable[[], None]]
    """What is looked after again and again while the server runs; each quick where there is nothing to do."""

    def lamp(self) -> Lamp | None:
        """The sync state in figures; None at the hub, which has nobody above. `waiting` counts cases the hub has not
        confirmed by a receipt."""
        if self.here.level == "city" or self.practice:
            return None
        self.register.catch_up()
        status = self.agent.status()
        return Lamp(
            confirmed_at=self.register.last_receipt(),
            reached_at=max(status["last_reached"], self.sticks.heard_from_above()),
            waiting=len(self.register.waiting()),
            trouble=bool(status["last"].get("trouble")) and not status["last"].get("parent"),
        )

    def close(self) -> None:
        """Closes the files; nothing may use the parts afterwards."""
        for process in self.started:
            process.terminate()
        self.agent.close()
        self.register.close()
        self.access.close()
        self.people.close()
        self.store.close()


Kept = tuple[ServedStore, Callable[[], EventLedger]]
"""A server's store, and what makes the ledger that numbers its events in it, asked once the register has looked."""


def keep_in_file(settings: Settings, clock: Clock, random: Callable[[int], bytes], key: bytes | None) -> Kept:
    """The embedded store: one file, one process."""
    if settings.register_path.exists() and not settings.store_path.exists():
        raise StoreMissing(
            f"{settings.store_path} is gone, though this station has worked before ({settings.register_path.name} is"
            " there). Put the store back from its backup. To begin anew with an empty one, move"
            f" {settings.register_path.name} away first."
        )
    store = Store.open(settings.store_path, clock=lambda: clock().timestamp(), random=random, key=key)
    return store, lambda: Ledger(store, settings.code)


def build_parts(
    settings: Settings,
    *,
    clock: Clock = system_clock,
    random: Callable[[int], bytes] = secrets.token_bytes,
    transport_for: Callable[[str], httpx.BaseTransport | None] = lambda _url: None,
    keep: Callable[[Settings, Clock, Callable[[int], bytes], bytes | None], Kept] = keep_in_file,
    gate: Callable[[ServedStore, Identity, Keys, Passes, Trust, Register], Gate] = (
        lambda store, identity, keys, passes, _trust, _register: Gate(store, identity, keys, passes)
    ),
    house: Callable[[ServedStore, Register, Clock], HouseRules] = lambda _store, _register, _clock: (
        HouseRules()
    ),
    wrapping: sealing.Cost = sealing.COST,
    machine: str = this_machine(),
    practice: bool = False,
    **accounts: Any,
) -> Parts:
    """Opens the store and puts the parts around it. Raises DomainError for an unknown station code, and the store's
    own errors (a full disk, a second process, a newer version) before anything is changed. `keep` opens another store
    than the embedded one. `practice`: a server for practice, which nothing comes into and nothing goes out of (station.practising)."""
    here = tables.station(settings.code)
    home = None if practice else installed_in()
    # Citizens' data: nobody else on this computer may look in.
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    vault, key = None, None
    if settings.encrypt:
        keeper = keystore.keeper(settings.key_file)
        vault = open_vault(settings.data, settings.store_path, keeper, random=random, cost=wrapping)
        key = vault.key
    if not settings.couchdb_url:
        upgrades.guard(settings, key, clock(), failed=failed_in(home))
    store, ledger_of = keep(settings, clock, random, key)
    try:
        practising.check(store, practice)
        identity = Identity(store, settings.code, random, shared=bool(settings.couchdb_url))
        lives = None
        if isinstance(store, Store):
            mark = keystore.folder(settings.key_file) / f"{store.uuid}{SUFFIX}"
            lives = Lives(mark, identity, random=random, machine=machine)
            if lives.begin(store.update_seq):
                log.warning(
                    "this store is a copy, or was put back to an earlier day: it goes on in a new epoch"
                )
                store.renew_epoch()
        keys = Keys(store, lambda: identity.root)
        almanac, published = Almanac(store, keys), Published(store, keys, clock)
        trust = Trust(store, identity, keys)
        register = Register(
            settings.register_path, store, almanac.calendar, published.book, identity, trust, key
        )
        ledger = ledger_of()
        begin_epoch(store, identity, trust, ledger.epoch)
        recovery = None
        if isinstance(store, Store) and isinstance(ledger, Ledger):
            recovery = Recovery(store, ledger, register, identity, trust, clock)
        tls = Tls(store, lambda: keys.authorities() or ((identity.ca,) if identity.ca else ()), clock)
        passes = Passes(store, clock=clock, random=random)
        access = Access(
            settings.access_path, settings.code, clock=clock, keep_days=settings.access_log_days, key=key
        )
        appointments = Appointments(store, keys, clock, is_hub=here.level == "city")
        people = Accounts(store, appointments, here, clock=clock, random=random, vault=vault, **accounts)

        def above() -> tuple[str, ...]:
            return settings.parents or ((identity.hub,) if identity.hub else ())

        agent: Agent = cast("Agent", practising.Silent()) if practice else Agent(
            store, identity, trust, recovery, parents=above, tls=tls, clock=clock, random=random, transport_for=transport_for
        )  # fmt: skip
        drafts = Drafts(store, clock)
        known = People(settings.people_path, store, settings.code, people.secret_key(), key)
        tray, originals = Tray(store, clock, drafts.kept), Originals(store, register, clock)
        report = SyncReport(
            settings.data, settings.code, store, register, agent, clock, lambda: files.waiting(store, agent.carried)
        )  # fmt: skip
        door = gate(store, identity, keys, passes, trust, register)
        casework = Casework(store, ledger, register, identity, clock=clock, random=random)
        backups = None
        if isinstance(store, Store):
            backups = Backups(
                store,
                access,
                settings.data,
                settings.code,
                settings.backup,
                key=key,
                clock=clock,
                random=random,
            )
        sticks = Sticks(store, identity, keys, trust, door, register, recovery, clock=clock, random=random)
        checkup = Checkup(
            settings.data, store, agent=agent, report=report, backups=backups, appointments=appointments, identity=identity, tls=tls,
            almanac=almanac, heard=sticks.heard_from_above, is_hub=here.level == "city", clock=clock,
        )  # fmt: skip
        releases = Releases(store, keys, lambda: identity.root)
        upgrading = Upgrading(
            settings.code, releases, settings.data, clock, home=home, running=upgrades.running(), by_itself=settings.upgrades == "idle"
        )  # fmt: skip
        book = Keeper(ledger, register, clock)
        notices = Notices(store, keys, register, book, clock)
        own = (
            []
            if here.level == "city"
            else [
                report.tend,
                Reporting(
                    settings.code, book, register, published, almanac, releases, door.who_came, clock
                ).tend,
            ]
        )
        imports = PaperImports(store, casework, appointments, here, clock, random)
        return Parts(
            settings=settings, here=here, practice=practice, clock=clock, store=store, register=register, almanac=almanac, published=published, notices=notices, ledger=ledger,
            casework=casework, keeper=book,
            errands=Errands(ledger, register, identity, clock=clock),
            appointments=appointments, accounts=people, access=access,
            chores=[people.tidy, tray.tidy, drafts.tidy, known.tend, originals.tend, imports.tend, *own],
            agent=agent, sync_report=report, tray=tray, drafts=drafts, people=known, cards=Cards(store, known, clock, random), originals=originals, paper_imports=imports,
            gate=door, house=house(store, register, clock),
            identity=identity, keys=keys, passes=passes, trust=trust, tls=tls,
            certify=lambda request: enrolment.certify(identity, tls, above(), request, transport_for), random=random,
            challenges=Flow(),
            vault=vault, backups=backups, recovery=recovery, lives=lives, archive=Archive(store, register, here, clock, agent.carried),
            sticks=sticks, checkup=checkup, releases=releases, upgrading=upgrading,
            drives=drives.removable, started=[],
        )  # fmt: skip
    except BaseException:
        store.close()
        raise


def _who_exchanges(parts: Parts) -> Callable[[Request], tuple[str, Rights]]:
    """Each device has a log of its own, and the rights the gate gives it."""

    def who(request: Request) -> tuple[str, Rights]:
        principal = parts.gate.authenticate(request)
        rights = Below(parts.store, parts.trust, parts.gate, principal, parts.recovery)
        return parts.gate.shelf(principal).strip("/"), rights

    return who


def begin_epoch(store: ServedStore, identity: Identity, trust: Trust, epoch: str) -> None:
    """Before anything of a new epoch is written: vouches for what was written in the one before. It is all ours still; what
    comes in under it from now on is not."""
    if identity.epoch and identity.epoch != epoch:
        for name in store.databases():
            if station_of(name) is not None:
                trust.seal(name)
    identity.note_epoch(epoch)


def create_app(
    parts: Parts, *blueprints: Any, programs: Sequence[Any] = (), templates: Path | None = None
) -> Flask:
    """The web application of a server: pages, sign-in, and, for programs, the CouchDB dialect under /db and /trust.

    The hub adds its own `blueprints` of pages, others for `programs`, and a folder of `templates` that are looked up first.
    """
    from station import (
        audit,
        backup_pages,
        board,
        bulk,
        card_pages,
        coordination_pages,
        errand_pages,
        guide,
        health_pages,
        inspected,
        intermediary,
        notice_pages,
        pages,
        paper_pages,
        papers,
        personal,
        posters,
        practice_pages,
        query,
        ratings,
        recording,
        roster_pages,
        scans,
        screens,
        sheets,
        signin,
        start,
        stick_pages,
        supervised,
        touch,
        upgrade_pages,
        viewer,
        village_certificates,
        voice,
        worklist,
    )

    app = Flask("station")
    app.config.update(
        SECRET_KEY=parts.accounts.secret_key(),
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_HTTPONLY=True,
        WTF_CSRF_TIME_LIMIT=12 * 3600,
        BOOTSTRAP_SERVE_LOCAL=True,
        BABEL_TRANSLATION_DIRECTORIES="translations",
        # For pages; the endpoint bounds its own bodies, which may be large.
        MAX_FORM_MEMORY_SIZE=MAX_FORM_BYTES,
        MAX_FORM_PARTS=MAX_FORM_PARTS,
    )
    app.extensions["bianmin"] = parts
    Bootstrap5(app)
    web.install(app)
    if parts.here.level == "village":
        blueprints = (village_certificates.blueprint, *blueprints)
    first = (
        (start.blueprint, bulk.blueprint, practice_pages.blueprint, upgrade_pages.blueprint)
        if parts.here.level != "city"
        else ()
    )
    own = (
        signin.blueprint, pages.blueprint, recording.blueprint, query.blueprint, card_pages.blueprint, papers.blueprint, posters.blueprint, scans.blueprint, viewer.blueprint, personal.blueprint, audit.blueprint, stick_pages.blueprint,
        worklist.blueprint, errand_pages.blueprint, ratings.blueprint, voice.blueprint, supervised.blueprint, inspected.blueprint, coordination_pages.blueprint, roster_pages.blueprint, notice_pages.blueprint,
        sheets.blueprint, paper_pages.blueprint, backup_pages.blueprint, health_pages.blueprint,
        screens.blueprint, touch.blueprint, board.blueprint, guide.blueprint, intermediary.blueprint,
    )  # fmt: skip
    for blueprint in (*first, *own, *blueprints):
        app.register_blueprint(blueprint)
    if not parts.practice:
        _answer_programs(app, parts, programs)
    # On another address than loopback without TLS it is behind a proxy, or it does not start.
    plain = not is_loopback(parts.settings.host) and not speaks_tls(parts.settings)
    proxied = Proxied(app.wsgi_app, parts.settings.proxies, plain=plain)
    app.wsgi_app = proxied  # type: ignore[method-assign]
    if templates is not None:
        from jinja2 import ChoiceLoader, FileSystemLoader

        assert app.jinja_loader is not None
        app.jinja_loader = ChoiceLoader([FileSystemLoader(templates), app.jinja_loader])
    return app


def _answer_programs(app: Flask, parts: Parts, programs: Sequence[Any]) -> None:
    """The CouchDB dialect, exchange, and what devices ask besides."""
    from station import trust_routes

    endpoint = create_endpoint(parts.store, parts.gate, secret=parts.accounts.secret_key())
    app.extensions["bianmin-endpoint"] = endpoint
    apis = [endpoint, trust_routes.blueprint, *programs]
    if isinstance(parts.store, Store):
        answering = Answering(parts.store, parts.store.database(HERE), parts.random)
        exchange = create_route(answering, _who_exchanges(parts))
        app.extensions["bianmin-exchange"] = exchange
        apis.append(exchange)
    for api in apis:
        web.csrf.exempt(api)
        app.register_blueprint(api, url_prefix=DIALECT if api is endpoint else None)
