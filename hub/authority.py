"""The city's authority for TLS: whose certificates stations and townships show, and which names each may have.

    here/authority            {"key": PEM, "certificate": PEM}           the hub's own; as all its keys, in `here`
    here/certified:<name>     {"station"}                                who a name or address belongs to
    public/authority          {"certificates": [PEM]}, signed by the hub: whom stations believe, also after enrolment

A township gets certificates for the names it asks for, but never one that is the hub's or another station's: it could pass for
them. Addresses of private networks may be several townships' (192.168.1.10 is in each office), and never the hub's.
"""

from __future__ import annotations

import ipaddress
import logging
from contextlib import suppress
from typing import Any, Final

from flask import Blueprint, Response, request

from schemas import tables
from station import certificates, keys, trust_routes, web
from station.certificates import LOOPBACK
from station.databases import HERE
from station.moment import Clock
from station.tls import Certify
from sync.endpoint import answers
from sync.errors import Conflict, Forbidden, NotFound, SyncError, Unauthorized
from sync.serving import ServedStore
from sync.signing import Signer

log = logging.getLogger("bianmin.authority")

DOC: Final = "authority"
CERTIFIED: Final = "certified:"

blueprint = Blueprint("authority", __name__, url_prefix="/trust")


@blueprint.post("/certificate")
def certificate() -> Response:
    """{"request": PEM} -> {"certificate": PEM}, for a device that shows its pass: a secret of another client's is not enough."""
    parts = web.parts()
    given = request.authorization
    if given is None or given.type != "bearer":
        raise Unauthorized("A certificate is for a device that shows its pass.")
    station = parts.gate.authenticate(request).code
    asked = trust_routes.asked("request")["request"]
    return answers.json({"certificate": Authority(parts.store, parts.clock).issue(station, asked)})


blueprint.register_error_handler(SyncError, answers.problem)


def current(store: ServedStore) -> str:
    """The authority's certificate; "" if this hub has none."""
    doc = store.database(HERE).get(DOC)
    return str(doc["certificate"]) if doc is not None else ""


def found(store: ServedStore, signer: Signer, clock: Clock) -> bool:
    """Makes the authority and tells the stations of it; False if that was done before."""
    here = store.database(HERE, create=True)
    fresh = here.get(DOC) is None
    if fresh:
        key = certificates.new_key()
        pem = certificates.make_authority(key, f"bianmin {tables.HUB}", clock())
        with suppress(Conflict):  # another web node was first
            here.put({
                "_id": DOC, "type": "authority", "schema": 1, "key": certificates.write_key(key), "certificate": pem,
            })  # fmt: skip
    doc: dict[str, Any] = {
        "_id": keys.AUTHORITY, "type": "authority", "schema": 1, "certificates": [current(store)],
    }  # fmt: skip
    keys.publish(store, signer, doc)
    return fresh


class Authority:
    """Signs requests."""

    def __init__(self, store: ServedStore, clock: Clock) -> None:
        self._here = store.database(HERE, create=True)
        self._clock = clock

    def issue(self, station: str, request: str) -> str:
        """The certificate for a station's request. Forbidden for what it may not have; NotFound if there is no authority."""
        here = tables.station(station)
        if here.level == "village":
            raise Forbidden("A village's station serves no others, and needs no certificate.")
        try:
            names = certificates.names_asked(request)
            kept = self._here.get(DOC)
            if kept is None:
                raise NotFound(
                    "This hub has no authority of its own yet. There: bianmin-hub init --name NAME."
                )
            for name in names:
                self._claim(station, name)
            signed = certificates.sign(
                certificates.read_key(kept["key"]), kept["certificate"], request, station, self._clock()
            )
        except ValueError as error:
            raise Forbidden(f"That can't be certified: {str(error)[:200]}.") from error
        log.info("%s has a certificate for %s", station, ", ".join(names))
        return signed

    def _claim(self, station: str, name: str) -> None:
        if name in LOOPBACK:
            return
        id = CERTIFIED + name
        for _ in range(2):
            kept = self._here.get(id)
            if kept is None:
                doc = {"_id": id, "type": "certified", "schema": 1, "station": station}
                with suppress(Conflict):
                    self._here.put(doc)
                    return
                continue
            if kept["station"] == station:
                return
            if station == tables.HUB:  # the hub's names are the hub's, whoever had them before
                self._here.put({**kept, "station": station})
                return
            if kept["station"] != tables.HUB and _is_private(name):
                return
            break
        raise Forbidden(f"The name {name} is another station's.")


def _is_private(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_private
    except ValueError:
        return False


def certify_own(store: ServedStore, clock: Clock) -> Certify:
    """How the hub gets certificates itself."""
    return lambda request: Authority(store, clock).issue(tables.HUB, request)
