"""The hub's application: a station's, with the hub's gate, claims and desk, and, if it is told to, its databases in a
CouchDB cluster instead of a file."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask

from hub import (
    accountability,
    annual,
    authority,
    bad_ratings,
    bulletin_pages,
    catalogue_pages,
    desk,
    durations,
    enrolment,
    figures,
    liaison_pages,
    list_pages,
    online,
    overseeing,
    project_pages,
    queues,
    release_pages,
    releases,
    root,
    sampling_pages,
    staff,
    stations,
    supervision,
    visit_pages,
    wall,
    watching,
)
from hub.bulletin_office import BulletinOffice
from hub.catalogue_office import CatalogueOffice
from hub.claims import Claims
from hub.gate import HubGate
from hub.healing import Healing
from hub.liaison import Liaison
from hub.looking import Looking
from hub.marks import Marks
from hub.projects import Projects
from hub.sampling import Sampling
from hub.visits import Visits
from station import app as station_app
from station.app import Kept, Parts
from station.databases import PUBLIC
from station.moment import Clock, system_clock
from station.settings import Settings
from station.upgrading import installed_in
from sync.couch import CouchLedger, CouchStore, address

log = logging.getLogger("bianmin.hub")

TEMPLATES = Path(__file__).parent / "templates"
CODE = "510900000000"


def build_parts(settings: Settings, *, clock: Clock = system_clock, **world: Any) -> Parts:
    """A hub's parts; as station.app.build_parts, which see."""
    keep = keep_in_cluster if settings.couchdb_url else station_app.keep_in_file
    parts = station_app.build_parts(
        settings,
        clock=clock,
        keep=keep,
        gate=partial(HubGate, clock=clock),
        house=Claims,
        **world,
    )
    # Everybody pulls it, so it is there before the first station asks.
    parts.store.database(PUBLIC, create=True)
    if made := root.found_city(parts.store, parts.identity, settings.data, clock=clock, random=parts.random):
        log.warning(
            "%s holds the city's root key: carry it to a safe place, in two copies, and delete it here", made
        )
    parts.certify = authority.certify_own(parts.store, clock)
    assert isinstance(parts.gate, HubGate)
    assert isinstance(parts.house, Claims)
    if parts.recovery is not None:
        healing = Healing(parts.store, parts.keys, lambda: parts.ledger.epoch, clock)
        parts.gate.healing = parts.house.healing = healing
    parts.gate.confirm_all()
    renewal = staff.Renewal(parts.store, lambda: parts.identity.signer, clock)
    renewal()  # nobody could record anything before the first list
    parts.chores += [renewal, parts.gate.contacts.tend]
    return parts


def keep_in_cluster(
    settings: Settings, clock: Clock, random: Callable[[int], bytes], key: bytes | None
) -> Kept:
    """The databases of a CouchDB cluster, which other web nodes of this hub may have open as well. What the cluster keeps,
    it encrypts or not; `key` is for the register alone."""
    where = address.parse(settings.couchdb_url, public=settings.couchdb_public)
    store = CouchStore.open(where, settings.journal_path, random=random)
    return store, lambda: CouchLedger(store, settings.code)


def create_app(parts: Parts) -> Flask:
    """The hub's web application."""
    app = station_app.create_app(
        parts,
        annual.blueprint,
        desk.blueprint,
        queues.blueprint,
        overseeing.blueprint,
        stations.blueprint,
        watching.blueprint,
        wall.blueprint,
        catalogue_pages.blueprint,
        list_pages.blueprint,
        online.blueprint,
        figures.blueprint,
        supervision.blueprint,
        bulletin_pages.blueprint,
        project_pages.blueprint,
        bad_ratings.blueprint,
        sampling_pages.blueprint,
        visit_pages.blueprint,
        accountability.blueprint,
        liaison_pages.blueprint,
        release_pages.blueprint,
        programs=[enrolment.blueprint, authority.blueprint],
        templates=TEMPLATES,
    )
    app.extensions["bianmin-annual"] = annual.create(
        parts.store, parts.almanac.calendar, parts.published.book, parts.clock
    )
    app.extensions[catalogue_pages.OFFICE] = CatalogueOffice(
        parts.store, parts.published, parts.identity, parts.clock, parts.here.code
    )
    list_pages.install(app, parts)
    durations.install(app, durations.Durations())
    marks = Marks(parts.store, parts.register, parts.clock, parts.random)
    looking = Looking(parts, marks)
    app.extensions[supervision.LOOKING] = looking
    app.extensions[sampling_pages.SERVICE] = Sampling(parts.store, parts.register, marks, parts.clock)
    app.extensions[liaison_pages.SERVICE] = Liaison(parts.store, parts.register, parts.clock)
    app.extensions[release_pages.OFFICE] = releases.Office(
        parts.store, parts.identity, parts.releases, parts.clock, parts.settings.data / releases.FOLDER, releases.locks_in(installed_in())
    )  # fmt: skip
    app.extensions[visit_pages.SERVICE] = Visits(parts.store, parts.register, parts.keeper, parts.clock)
    app.extensions[project_pages.SERVICE] = Projects(
        parts.ledger, parts.register, parts.casework, parts.identity, parts.clock
    )
    app.extensions[bulletin_pages.OFFICE] = BulletinOffice(
        parts.store, parts.register, parts.notices, marks, parts.identity, parts.clock, parts.random
    )
    parts.chores += [marks.tend, looking.tend]
    return app
