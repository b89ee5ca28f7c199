"""The hub's application: a station's, with the hub's gate, claims and desk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask

from hub import desk
from hub.claims import Claims
from hub.gate import HubGate
from station import app as station_app
from station.app import Parts
from station.databases import PUBLIC
from station.moment import Clock, system_clock
from station.settings import Settings

TEMPLATES = Path(__file__).parent / "templates"
CODE = "510900000000"


def build_parts(settings: Settings, *, clock: Clock = system_clock, **world: Any) -> Parts:
    """A hub's parts; as station.app.build_parts, which see."""
    parts = station_app.build_parts(
        settings, clock=clock, gate=lambda store, own: HubGate(store, own, clock=clock), house=Claims, **world
    )
    # Everybody pulls it, so it is there before the first station asks.
    parts.store.database(PUBLIC, create=True)
    assert isinstance(parts.gate, HubGate)
    parts.gate.confirm_all()
    return parts


def create_app(parts: Parts) -> Flask:
    """The hub's web application."""
    return station_app.create_app(parts, desk.blueprint, templates=TEMPLATES)
