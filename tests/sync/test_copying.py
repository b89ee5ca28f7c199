"""Moving a server: every database, with conflicts, deletions and files; broken off and gone on; compared afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sync import blobs
from sync.cli import main
from sync.peer import Attachment
from sync.store import Store
from tests.sync.neighbours import Gate, application, contents, documents, listening
from tests.sync.test_peers import event, revision

TEXT = "审批材料".encode() * 300


def run(*args: object) -> Result:
    return CliRunner().invoke(main, ["replicate-all", *map(str, args)])


def summary(result: Result) -> dict[str, int]:
    found: dict[str, int] = json.loads(result.stdout.splitlines()[-1])
    return found


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """A hub's file as it may be after a while."""
    with Store.open(tmp_path / "hub.sqlite") as store:
        store.database("public", create=True).put_many(documents(7))
        station = store.database("station-510903001001", create=True)
        file = Attachment("text/plain", blobs.digests(TEXT).md5, len(TEXT), 1, TEXT)
        station.add_revisions(
            [
                *(event(n) for n in range(1, 30)),
                revision("torn", "2-b", "1-a", n=1),
                revision("torn", "2-c", "1-a", n=2.5),
                revision("gone", "2-d", "1-a", deleted=True),
                revision("with-file", "1-f")._replace(attachments={"说明.txt": file}),
            ]
        )
        station.put_local("mark", {"stays": "here"})
        store.database("here", create=True).put({"_id": "staff:E001", "name": "周"})
        store.database("empty", create=True)
    return tmp_path / "hub.sqlite"


def test_a_hub_moves_to_couchdb_and_back_into_a_file(full: Path, couchdb: str, tmp_path: Path) -> None:
    there = run(full, couchdb)
    assert there.exit_code == 0, there.output
    assert summary(there) == {"databases": 4, "documents": 40, "written": 41, "refused": 0, "differences": 0}
    assert "[4/4] station-510903001001: 32 documents, 33 written, equal" in there.output
    again = run(full, couchdb)
    assert (again.exit_code, summary(again)["written"]) == (0, 0)
    back = run(couchdb, tmp_path / "backup.sqlite")
    assert back.exit_code == 0, back.output
    with Store.open(full) as one, Store.open(tmp_path / "backup.sqlite") as other:
        assert one.databases() == other.databases()
        for name in one.databases():
            assert contents(one.database(name)) == contents(other.database(name))
        assert other.database("station-510903001001").get_local("mark") is None
        kept = other.database("station-510903001001").attachment("with-file", "说明.txt")
        assert kept is not None and blobs.whole(kept.data or b"") == TEXT
        assert other.database("station-510903001001").runs() == one.database("station-510903001001").runs()


def test_a_copy_that_was_broken_off_goes_on(full: Path, couchdb: str, tmp_path: Path) -> None:
    with Store.open(tmp_path / "half.sqlite") as half:
        half.database("station-510903001001", create=True).add_revisions([event(n) for n in range(1, 11)])
    assert summary(run(tmp_path / "half.sqlite", couchdb))["written"] == 10
    assert summary(run(full, couchdb))["written"] == 31


def test_a_difference_is_found_and_named(full: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite"
    assert run(full, copy).exit_code == 0
    with Store.open(copy) as store:
        store.database("public").add_revisions([revision("extra", "1-x"), revision("doc-0001", "9-z")])
    with Store.open(full) as store:
        store.database("here").put({"_id": "staff:E002"})
        store.database("empty").add_revisions([revision("same", "1-s", n=1)])
    with Store.open(copy) as store:
        store.database("empty").add_revisions([revision("same", "1-s", n=2)])
    found = run("--verify-only", full, copy)
    assert found.exit_code == 1
    assert summary(found)["differences"] == 4
    for words in (
        "extra: only in the copy",
        "staff:E002: missing in the copy",
        "doc-0001: leaves",
        "same: 1-s says",
    ):
        assert words in found.output


def test_a_database_that_is_missing_is_a_difference(full: Path, tmp_path: Path) -> None:
    Store.open(tmp_path / "empty.sqlite").close()
    found = run("--verify-only", full, tmp_path / "empty.sqlite")
    assert (found.exit_code, summary(found)["differences"]) == (1, 4)


def test_what_the_target_refuses_is_told(full: Path, store: Store, gate: Gate) -> None:
    gate.refuse = lambda each: "Not here." if each.id == "gone" else None
    with listening(application(store, gate)) as url:
        result = run(full, url)
    assert result.exit_code == 1
    assert "refused: gone 2-d: Not here." in result.output
    assert summary(result)["refused"] == 1


@pytest.mark.parametrize("text", ["hub.sqlite#things", "ftp://x/y", "http://u:hush@127.0.0.1/a/b/c"])
def test_what_is_no_server_is_refused(full: Path, text: str) -> None:
    result = run(full, text)
    assert result.exit_code == 2
    assert "no server" in result.output or "no address" in result.output
    assert "hush" not in result.output


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    result = run(tmp_path / "nothing.sqlite", tmp_path / "copy.sqlite")
    assert result.exit_code == 2
    assert not (tmp_path / "nothing.sqlite").exists()
