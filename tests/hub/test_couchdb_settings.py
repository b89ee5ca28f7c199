"""Where a hub keeps its databases: said by option, environment or file; refused with a sentence; never with a password."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.cli import main as hub
from station.cli import main as station
from tests.couch import Way

URL = "http://admin:hush@127.0.0.1:5984"


def run(*args: str, command: Any = hub, **env: str) -> Result:
    return CliRunner().invoke(command, list(args), env=env)


def test_the_address_is_shown_without_its_password() -> None:
    for args in (("config",), ("config", "--json")):
        shown = run(*args, BIANMIN_COUCHDB_URL=URL)
        assert shown.exit_code == 0, shown.output
        assert "http://admin:***@127.0.0.1:5984" in shown.output
        assert "hush" not in shown.output
    found = json.loads(run("config", "--json", BIANMIN_COUCHDB_URL=URL).output)
    assert found["couchdb_url"]["source"] == "environment"


def test_without_an_address_the_hub_keeps_a_file() -> None:
    assert json.loads(run("config", "--json").output)["couchdb_url"]["value"] == "(not set)"


def test_the_file_may_name_it(tmp_path: Path) -> None:
    file = tmp_path / "hub.toml"
    file.write_text(f'couchdb_url = "{URL}"\n')
    found = json.loads(run("--config", str(file), "config", "--json").output)
    assert found["couchdb_url"] == {"value": "http://admin:***@127.0.0.1:5984", "source": "file"}


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://admin:hush@8.8.8.8:5984", "--couchdb-public"),
        ("127.0.0.1:5984", "no address of a CouchDB"),
        ("http://admin:hush@127.0.0.1:5984/db/x", "no address of a CouchDB"),
    ],
)
def test_an_address_that_is_refused_and_why(url: str, why: str) -> None:
    refused = run("config", BIANMIN_COUCHDB_URL=url)
    assert refused.exit_code == 2
    assert why in " ".join(refused.output.replace("│", " ").split())
    assert "hush" not in refused.output


def test_a_public_address_is_taken_when_that_is_meant() -> None:
    shown = run("--couchdb-public", "config", BIANMIN_COUCHDB_URL="http://admin:hush@8.8.8.8:5984")
    assert shown.exit_code == 0, shown.output


def test_a_station_has_no_such_setting() -> None:
    refused = run("--code", "510903001001", "--couchdb-url", URL, "config", command=station)
    assert refused.exit_code == 2
    assert "couchdb" not in run("--code", "510903001001", "config", command=station).output


def test_a_hub_whose_couchdb_does_not_answer_does_not_start(way: Way, tmp_path: Path) -> None:
    way.close_down()
    done = run("--data", str(tmp_path / "hub"), "device", "510903001001", BIANMIN_COUCHDB_URL=way.url)
    assert done.exit_code == 3
    assert "No answer from CouchDB" in done.output


def test_a_device_is_let_in_by_a_hub_on_couchdb(couchdb: str, tmp_path: Path) -> None:
    done = run("--data", str(tmp_path / "hub"), "device", "510903001001", BIANMIN_COUCHDB_URL=couchdb)
    assert done.exit_code == 0, done.output
    assert done.output.startswith("510903001001 ")
    assert not (tmp_path / "hub" / "store.sqlite").exists()
