"""What watches a hub from outside: whether it is ready, and figures for Prometheus. No personal data, no page for people.

    GET /up/ready    200, or 503 with what is wrong, in JSON: the register has caught up, the store takes writes
    GET /metrics     Prometheus' text format; from this computer, or with the token in the file `metrics-token` of the data folder

Measures nothing itself: counts are kept where the work is done. No figure is counted without an index.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final, NamedTuple, cast

from flask import Blueprint, Response, abort, current_app, request

from hub import durations
from hub.gate import HubGate
from schemas import tables
from station import transport
from station.databases import HERE
from station.web import parts
from sync.errors import SyncError
from sync.serving import ServedStore

blueprint = Blueprint("watching", __name__)

TOKEN: Final = "metrics-token"  # noqa: S105  # a file's name
BEHIND: Final = 500  # changes that the register may be behind while it works
SINCE: Final = (
    ("5m", timedelta(minutes=5)),
    ("1h", timedelta(hours=1)),
    ("1d", timedelta(days=1)),
    ("7d", timedelta(days=7)),
)
"""Stations by last contact: within so long, and not within the one before."""


class Sample(NamedTuple):
    labels: Mapping[str, str]
    value: float
    ending: str = ""
    """What its name has after that of its figure."""


@blueprint.get("/up/ready")
def ready() -> tuple[dict[str, Any], int]:
    wrong = []
    behind = parts().store.update_seq - parts().register.position
    if behind > BEHIND:
        wrong.append(f"the register is {behind} changes behind the store")
    if problem := _unwritable(parts().store):
        wrong.append(problem)
    return {"ready": not wrong, "wrong": wrong, "behind": behind}, 503 if wrong else 200


def _unwritable(store: ServedStore) -> str:
    try:
        store.gathered(lambda: store.database(HERE).put_local("ready", {}))
    except SyncError as error:
        return f"the store takes no writes: {error.error}"
    return ""


@blueprint.get("/metrics")
def metrics() -> Response:
    if not _may_read():
        abort(403)
    lines = [
        line for name, kind, words, samples in _figures() for line in _written(name, kind, words, samples)
    ]
    return Response("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")


def _may_read() -> bool:
    if transport.is_loopback(request.remote_addr or ""):
        return True
    file = parts().settings.data / TOKEN
    given = request.authorization
    if given is None or given.type != "bearer" or not given.token or not file.exists():
        return False
    wanted = file.read_text(encoding="utf-8").strip()
    return bool(wanted) and hmac.compare_digest(given.token.encode(), wanted.encode())


def _figures() -> Iterator[tuple[str, str, str, list[Sample]]]:
    """(name, kind, what it is, samples)."""
    here, register = parts(), parts().register
    yield (
        "bianmin_store_sequence",
        "counter",
        "Changes of all databases.",
        [Sample({}, here.store.update_seq)],
    )
    yield (
        "bianmin_register_behind_changes", "gauge", "Changes that the register has not followed yet.",
        [Sample({}, here.store.update_seq - register.position)],
    )  # fmt: skip
    bridge = current_app.extensions.get("bianmin-bridge")
    if bridge is not None:
        crowd = bridge.admission
        yield (
            "bianmin_exchange_requests_total",
            "counter",
            "Exchanges, and challenges before them.",
            [Sample({}, crowd.done)],
        )
        yield (
            "bianmin_exchange_work_seconds_total",
            "counter",
            "Seconds of work they took.",
            [Sample({}, crowd.worked)],
        )
        yield (
            "bianmin_exchange_put_off_total",
            "counter",
            "Requests asked to come later (429).",
            [Sample({}, crowd.put_off)],
        )
        yield (
            "bianmin_exchange_waiting",
            "gauge",
            "Requests that wait for a turn.",
            [Sample({}, crowd.waiting)],
        )
    yield "bianmin_request_seconds", "histogram", "How long requests took, by kind of page.", _durations()
    queues = register.groups("current", "stage > ''")
    yield (
        "bianmin_queue_cases", "gauge", "Cases in the approval queue of a bureau.",
        [Sample({"bureau": code or ""}, count) for code, count in sorted(queues.items(), key=str)],
    )  # fmt: skip
    yield (
        "bianmin_disputes",
        "gauge",
        "Statements that contradict events here.",
        [Sample({}, len(register.disputes()))],
    )
    yield "bianmin_stations", "gauge", "Stations by how long ago they were heard of.", _stations()


def _durations() -> list[Sample]:
    found: durations.Durations = current_app.extensions[durations.EXTENSION]
    samples = []
    for kind, buckets, seconds in found.all():
        samples += [Sample({"pages": kind, "le": end}, count, "_bucket") for end, count in buckets]
        samples.append(Sample({"pages": kind}, round(seconds, 6), "_sum"))
        samples.append(Sample({"pages": kind}, buckets[-1][1], "_count"))
    return samples


def _stations() -> list[Sample]:
    contacts, now = cast("HubGate", parts().gate).contacts.all(), parts().clock()
    counts = dict.fromkeys((*(name for name, _ in SINCE), "longer", "never"), 0)
    for code, station in tables.stations().items():
        if station.level in ("township", "village"):
            found = contacts.get(code)
            name = (
                "never"
                if found is None
                else next((n for n, span in SINCE if now - found.at <= span), "longer")
            )
            counts[name] += 1
    return [Sample({"heard_within": name}, count) for name, count in counts.items()]


def _written(name: str, kind: str, words: str, samples: list[Sample]) -> Iterator[str]:
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} {kind}"
    for labels, value, ending in samples:
        said = ",".join(f'{key}="{text}"' for key, text in labels.items())
        yield f"{name}{ending}{{{said}}} {value:.15g}" if said else f"{name}{ending} {value:.15g}"
