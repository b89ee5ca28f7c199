"""The demo as a person starts it: a small journey with a power cut on the way, its last line, and free ports after."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys

import pytest

from hub.demo.people import invent
from hub.demo.tally import Books, Tally, tally
from schemas import numbers
from sync.ledger import event_id


def run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hub.demo.cli", *options],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


def test_a_small_journey_with_two_power_cuts_loses_nothing() -> None:
    done = run("--once", "--count", "18", "--chaos", "2", "--patience", "90")
    assert done.returncode == 0, done.stdout + done.stderr
    counts = json.loads(done.stdout.splitlines()[-1])
    assert counts.pop("seconds") > 0
    assert counts.pop("scans") >= 6
    assert counts == {"recorded": 18, "queued": 18, "decided": 18, "returned": 18, "lost": 0, "duplicated": 0}


def test_a_small_journey_with_the_hub_on_couchdb_and_a_power_cut(couchdb_server: str) -> None:
    done = run("--once", "--count", "6", "--chaos", "1", "--patience", "90", "--couchdb", couchdb_server)
    assert done.returncode == 0, done.stdout + done.stderr
    counts = json.loads(done.stdout.splitlines()[-1])
    assert counts.pop("seconds") > 0
    assert counts.pop("scans") >= 2
    assert counts == {"recorded": 6, "queued": 6, "decided": 6, "returned": 6, "lost": 0, "duplicated": 0}


def test_a_couchdb_that_does_not_answer_is_told() -> None:
    done = run("--once", "--couchdb", "http://127.0.0.1:1")
    assert done.returncode == 2
    assert "No answer from CouchDB" in done.stderr


def test_a_folder_in_use_is_not_touched(tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    (folder / "letter.txt").write_text("mine")
    done = run("--once", "--data", str(folder))
    assert done.returncode == 2
    assert "is not empty" in done.stderr
    assert [each.name for each in folder.iterdir()] == ["letter.txt"]


def test_help_has_examples() -> None:
    assert "--chaos" in run("--help").stdout


def test_invented_people_have_valid_and_different_numbers() -> None:
    people = invent(7, 500)
    assert len({each.id_no for each in people}) == 500
    for each in people:
        assert numbers.id_no(each.id_no).text == each.id_no


# -- the count itself: each kind of trouble must show ---------------------------------------------------------------


@pytest.fixture
def books() -> tuple[Books, dict[str, Books]]:
    """One case, the same at hub and village; the events are bare, since only identity is compared."""
    village = "510903001001"
    case_no = f"{village}201802090001F"
    id_ = event_id(village, "aaaaaaaa", 1)
    event = {"_id": id_, "_rev": "1-" + "a" * 32, "event": "create", "case": case_no}

    def one() -> Books:
        from schemas.lifecycle import CaseState

        return Books({case_no: {id_: dict(event)}}, {case_no: CaseState(case_no=case_no)})

    return one(), {village: one()}


def counted(books: tuple[Books, dict[str, Books]], *acknowledged: str) -> Tally:
    return tally(books[0], books[1], acknowledged)


def test_a_case_missing_at_the_hub_is_lost(books: tuple[Books, dict[str, Books]]) -> None:
    hub, stations = books
    assert counted(books).lost == set()
    hub.events.clear()
    hub.states.clear()
    assert len(counted((hub, stations)).lost) == 1


def test_a_case_is_lost_without_a_scan_of_it(books: tuple[Books, dict[str, Books]]) -> None:
    hub, stations = books
    for each in (hub, *stations.values()):
        each.scans = {case_no: {"a" * 64: True} for case_no in each.events}
    assert (counted(books).lost, counted(books).scans) == (set(), 1)
    hub.scans = {case_no: {"a" * 64: False} for case_no in hub.events}
    assert len(counted(books).lost) == 1


def test_a_changed_event_is_lost(books: tuple[Books, dict[str, Books]]) -> None:
    hub, _ = books
    next(iter(next(iter(hub.events.values())).values()))["_rev"] = "1-" + "b" * 32  # type: ignore[index]
    assert len(counted(books).lost) == 1


def test_an_acknowledged_case_that_no_store_holds_is_lost(books: tuple[Books, dict[str, Books]]) -> None:
    assert counted(books, "x" * 25).lost == {"x" * 25}


def test_two_cases_of_one_form_are_duplicated(books: tuple[Books, dict[str, Books]]) -> None:
    from schemas.lifecycle import CaseState

    _, stations = books
    village = next(iter(stations.values()))
    village.events["other"] = {"ev:510903001001:aaaaaaaa:2": {"_rev": "1-c", "event": "create"}}
    village.states["other"] = CaseState(case_no="other")
    assert len(counted(books).duplicated) == 2


def test_an_undecided_case_is_stuck(books: tuple[Books, dict[str, Books]]) -> None:
    assert len(counted(books).stuck) == 1


def test_looking_around_ends_cleanly_with_ctrl_c_and_frees_its_ports() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "hub.demo.cli"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever starts the tests in the background may have told them, and so their children, to ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if "Ctrl-C" in line:
            break
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=60)
    assert process.returncode == 0, rest + errors
    assert "Traceback" not in errors
    ports = [int(each) for each in re.findall(r"http://127\.0\.0\.1:(\d+)", said)]
    assert len(ports) == 7
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
