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

KEY = bytes(range(32))


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


def test_encrypted_files_are_read_with_their_key_and_what_is_made_has_it_too(tmp_path: Path) -> None:
    village, stick, key_file = (tmp_path / name for name in ("village.sqlite", "stick.sqlite", "key"))
    with Store.open(village, key=KEY) as store:
        store.database("things", create=True).put_many(documents(12))
    ways = f"{village}#things", f"{stick}#things", "--create"
    assert "opened without a key" in run("replicate", *ways, status=2)
    key_file.write_text("x" * 64)
    assert "no key file" in run("--key-file", str(key_file), "replicate", *ways, status=2)
    assert not stick.exists()
    key_file.write_text(KEY.hex())
    assert json.loads(run("--key-file", str(key_file), "replicate", *ways))["written"] == 12
    assert ": 12 documents, 0 written, equal" in run(
        "--key-file", str(key_file), "replicate-all", str(village), str(stick)
    )
    with Store.open(stick, key=KEY) as store:
        assert len(store.database("things").all_docs()) == 12


def test_a_plain_store_is_not_encrypted_by_being_copied(village: Path, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY.hex())
    run("--key-file", str(tmp_path / "key"), "info", f"{village}#things")
    Store.open(village).close()


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
