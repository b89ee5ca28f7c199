"""bianmin-sync, as an operator uses it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from sync.cli import main
from sync.store import Store
from tests.sync.neighbours import Gate, application, contents, documents, listening
from tests.sync.test_peers import revision


def run(*args: str, status: int = 0) -> str:
    result = CliRunner().invoke(main, args)
    assert result.exit_code == status, result.output
    return result.output


@pytest.fixture
def village(tmp_path: Path) -> Path:
    with Store.open(tmp_path / "village.sqlite") as store:
        store.database("things", create=True).put_many(documents(12))
    return tmp_path / "village.sqlite"


def test_a_stick_carries_what_there_is(village: Path, tmp_path: Path) -> None:
    stick = tmp_path / "stick.sqlite"
    said = json.loads(run("replicate", f"{village}#things", f"{stick}#carried", "--create"))
    assert (said["written"], said["refused"]) == (12, [])
    again = json.loads(run("replicate", f"{village}#things", f"{stick}#carried"))
    assert again["changes"] == 0


def test_two_databases_of_one_file(village: Path) -> None:
    assert json.loads(run("replicate", f"{village}#things", f"{village}#copy", "--create"))["written"] == 12
    with Store.open(village) as store:
        assert contents(store.database("copy")) == contents(store.database("things"))


def test_over_http_with_a_password(village: Path, store: Store, gate: Gate) -> None:
    with listening(application(store, gate)) as url:
        at = url.replace("http://", "http://anybody:p%40ss@") + "/things"
        assert json.loads(run("replicate", f"{village}#things", at, "--create"))["written"] == 12
        assert json.loads(run("info", at))["doc_count"] == 12
        assert "Who are you?" in run("info", at.replace("anybody", "stranger"), status=2)


def test_refusals_are_shown_and_counted_as_failure(village: Path, store: Store, gate: Gate) -> None:
    gate.refuse = lambda revision: "Not yours." if revision.id == "doc-0003" else None
    with listening(application(store, gate)) as url:
        said = json.loads(run("replicate", f"{village}#things", f"{url}/things", "--create", status=1))
    assert [(refusal["id"], refusal["reason"]) for refusal in said["refused"]] == [("doc-0003", "Not yours.")]


@pytest.mark.parametrize(
    "peer", ["nothing", "#things", "absent.sqlite#things", "http://127.0.0.1:9/db/things", "x#_users"]
)
def test_what_cannot_be_reached_is_said_in_a_sentence(
    peer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = run("info", peer, status=2)
    assert "Error: " in said and "Traceback" not in said
    assert list(tmp_path.glob("*.sqlite")) == []


def test_config_names_the_bounds() -> None:
    assert json.loads(run("config"))["checkpoints_remembered"] >= 20


def test_a_revision_refused_by_the_target_is_in_its_quarantine(village: Path, tmp_path: Path) -> None:
    with Store.open(tmp_path / "stick.sqlite") as stick:
        stick.database("things", create=True).add_revisions(
            [revision("doc-0000", f"2-{i}", "1-a") for i in range(32)]
        )
    run("replicate", f"{village}#things", f"{tmp_path / 'stick.sqlite'}#things", status=1)
    with Store.open(tmp_path / "stick.sqlite") as stick:
        assert [kept.id for kept in stick.database("things").quarantine()] == ["doc-0000"]
