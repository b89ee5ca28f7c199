"""One request a sync: what is new here for what is new there, and nothing twice."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.errors import Unreachable
from sync.exchange import message as messages
from sync.exchange.calling import NothingInCommon
from sync.exchange.message import Message
from sync.peer import Refusal, Revision
from tests.sync.exchange.two import Two


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    pair = Two(tmp_path)
    yield pair
    pair.close()


def test_what_is_new_on_both_sides_is_exchanged_in_one_request(two: Two) -> None:
    two.sync()
    two.put(two.village, "a", name="赵小明")
    two.put(two.hub, "b", decision="准予")
    two.put(two.hub, "item", db="public", name="食品经营许可")
    two.line.sent.clear()
    outcome = two.sync()
    assert (outcome.calls, outcome.given, outcome.taken) == (1, 1, 2)
    assert two.bodies(two.village) == two.bodies(two.hub)
    assert set(two.bodies(two.village)) == {"a", "b"}
    assert set(two.bodies(two.village, "public")) == {"item"}


def test_an_idle_sync_is_one_small_request(two: Two) -> None:
    two.put(two.village, "a", n=1)
    two.sync()
    two.put(two.village, "b", n=1)
    two.sync()
    two.line.sent.clear()
    for _ in range(3):
        outcome = two.sync()
        assert (outcome.given, outcome.taken, outcome.calls) == (0, 0, 1)
    assert all(up < 60 and down < 10 for up, down in two.line.sent)


def test_nothing_that_came_from_the_other_end_is_given_back(two: Two) -> None:
    two.sync()
    for n in range(20):
        two.put(two.village, f"v{n}", n=n)
        two.put(two.hub, f"h{n}", n=n)
        outcome = two.sync()
        assert (outcome.given, outcome.taken) == (1, 1)
    outcome = two.sync()
    assert (outcome.given, outcome.taken) == (0, 0)


def test_edits_conflicts_deletions_and_small_files_arrive(two: Two) -> None:
    two.sync()
    two.put(two.hub, "notice", db="public", n=1)
    two.sync()
    two.put(two.hub, "notice", db="public", n=2)
    two.put(two.village, "notice", db="public", n=3)
    two.put(two.village, "gone", n=1)
    two.sync()
    database = two.village.database("station-1")
    kept = database.get("gone")
    assert kept is not None
    database.put({"_id": "gone", "_rev": kept["_rev"], "_deleted": True})
    two.put(two.village, "scan", _attachments={"a.txt": {"content_type": "text/plain", "data": "5L2g5aW9"}})
    two.sync()
    for db in ("public", "station-1"):
        here, there = two.village.database(db), two.hub.database(db)
        for change in here.changes(0, 100).results:
            assert here.leaves(change.id) == there.leaves(change.id)
    assert len(two.hub.database("public").leaves("notice")) == 2
    file = two.hub.database("station-1").attachment("scan", "a.txt")
    assert file is not None
    assert file.length == 6


def test_a_document_with_a_large_file_goes_by_the_other_dialect_and_exchange_goes_on(two: Two) -> None:
    two.sync()
    data = {"a.jpg": {"content_type": "image/jpeg", "data": "AAAA" * 30_000}}
    two.put(two.village, "before", n=1)
    two.put(two.village, "scan", _attachments=data)
    two.put(two.village, "after", n=1)
    two.line.lose = ["", "request"]
    for _ in range(2):
        with contextlib.suppress(Unreachable), pytest.raises(NothingInCommon):
            two.calling.call(two.way, "/x")
        assert set(two.bodies(two.hub)) == {"before"}
    two.sync()
    assert set(two.bodies(two.hub)) == {"before", "after", "scan"}
    outcome = two.sync()
    assert (outcome.given, outcome.taken) == (0, 0)


def test_what_is_refused_is_told_and_the_rest_goes_on(two: Two) -> None:
    two.sync()
    two.at_hub.admit = lambda _db, each: (
        Refusal(each.id, each.rev, "forbidden", "不是本站的") if each.id == "bad" else None
    )
    for id in ("a", "bad", "c"):
        two.put(two.village, id, n=1)
    outcome = two.sync()
    assert [(db, each.id, each.reason) for db, each in outcome.refused] == [
        ("station-1", "bad", "不是本站的")
    ]
    assert set(two.bodies(two.hub)) == {"a", "c"}
    assert two.sync().given == 0


def test_statements_travel_beside_and_only_new_ones(two: Two) -> None:
    two.sync()
    two.at_village.stated["station-1"] = [{"kind": "seal", "sig": "s1"}]
    two.put(two.village, "a", n=1)
    assert two.sync().notes == 1
    assert two.at_hub.stated == two.at_village.stated
    two.at_hub.stated["station-1"].append({"kind": "receipt", "sig": "r1"})
    two.sync()
    assert [each["sig"] for each in two.at_village.stated["station-1"]] == ["s1", "r1"]
    assert two.sync().notes == 0


@pytest.mark.parametrize("lost", ["request", "answer"])
def test_after_a_cut_nothing_that_landed_is_sent_again(two: Two, lost: str) -> None:
    two.sync()
    for n in range(30):
        two.put(two.village, f"v{n}", n=n, text="同意" * 50)
    two.put(two.hub, "h", n=1)
    two.line.lose = [lost]
    with pytest.raises(Unreachable):
        two.sync()
    two.line.sent.clear()
    outcome = two.sync()
    assert outcome.given == (30 if lost == "request" else 0)
    assert two.bodies(two.village) == two.bodies(two.hub)


def test_a_large_backlog_goes_in_several_messages_each_no_larger_than_the_link_likes(two: Two) -> None:
    two.sync()
    for n in range(400):
        two.put(two.village, f"v{n}", text="".join(two.draw.choices("甲乙丙丁戊己庚辛壬癸", k=300)))
    two.calling.room = 8192
    two.line.sent.clear()
    outcome = two.sync()
    assert outcome.given == 400
    assert outcome.calls >= 2
    assert two.line.sent[0][0] < 2 * 8192
    assert two.bodies(two.village) == two.bodies(two.hub)


def test_events_go_before_the_catalogue_and_pieces_of_files_last(two: Two) -> None:
    two.sync()
    two.put(two.village, "chunk:1", data="A" * 60_000)
    for n in range(50):
        two.put(two.village, f"item{n}", db="public", text=f"{two.draw.getrandbits(4000):x}")
    two.put(two.village, "ev", n=1)
    two.calling.room = 4096
    two.line.lose = ["", "request"]
    with pytest.raises(Unreachable):
        two.sync()
    assert set(two.bodies(two.hub)) == {"ev"}
    two.sync()
    assert set(two.bodies(two.hub)) == {"ev", "chunk:1"}


STEPS = st.lists(
    st.sampled_from(
        ["write here", "write there", "edit here", "sync", "cut request", "cut answer", "start again", "back up here",
         "back up there", "put back here", "put back there"]
    ),
    max_size=30,
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS, st.integers(1, 10**6))
def test_whatever_is_cut_or_put_back_all_that_exists_is_everywhere_in_the_end(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str], seed: int
) -> None:
    folder = tmp_path_factory.mktemp("two")
    two = Two(folder, seed)
    try:
        for n, step in enumerate(steps):
            what, _, where = step.partition(" ")
            store = two.village if step.endswith("here") else two.hub
            if what == "write":
                two.put(store, f"{where}{n}", n=n)
            elif what == "edit":
                two.put(two.hub, "notice", db="public", n=n)
            elif what == "sync":
                two.sync()
            elif what == "cut":
                two.line.lose = [where]
                with contextlib.suppress(Unreachable):
                    two.sync()
                two.line.lose = []
            elif step == "start again":
                two.again()
            elif step.startswith("back up"):
                kept = folder / f"kept-{step[8:]}"
                kept.unlink(missing_ok=True)
                store.backup(kept)
            elif step.startswith("put back") and (kept := folder / f"kept-{step[9:]}").exists():
                two.close()
                name = folder / ("village.sqlite" if step.endswith("here") else "hub.sqlite")
                for file in folder.glob(name.name + "*"):
                    file.unlink()
                shutil.copy(kept, name)
                two.open()
        two.sync()
        two.sync()
        for db in ("station-1", "public"):
            assert two.bodies(two.village, db) == two.bodies(two.hub, db)
        outcome = two.sync()
        assert (outcome.given, outcome.taken) == (0, 0)
    finally:
        two.close()
        shutil.rmtree(folder)


def test_where_the_other_end_begins_another_era_meanwhile_nothing_is_agreed(two: Two) -> None:
    two.put(two.village, "a", n=1)
    beginning = two.calling.beginning(two.way, "/x")
    two.hub.renew_epoch()
    two.calling.agree(two.way, "/x", two.village.update_seq, beginning)
    with pytest.raises(NothingInCommon):
        two.calling.call(two.way, "/x")
    two.sync()
    assert two.bodies(two.village) == two.bodies(two.hub)


def test_edited_documents_between_others_are_not_passed_over_however_small_the_parts(two: Two) -> None:
    two.sync()
    for n in range(60):
        two.put(two.hub, f"n{n}", db="public", text=f"{two.draw.getrandbits(2000):x}")
        if n % 3 == 0:
            two.put(two.hub, f"n{n}", db="public", text=f"{two.draw.getrandbits(2000):x}", again=True)
        if n % 7 == 0:
            two.put(
                two.hub,
                f"n{n}-file",
                db="public",
                _attachments={"a": {"content_type": "text/plain", "data": "5L2g"}},
            )
    two.calling.room = 4096
    two.line.lose = ["", "", "answer"]
    for _ in range(3):
        with contextlib.suppress(Unreachable):
            two.sync()
    assert two.bodies(two.village, "public") == two.bodies(two.hub, "public")


def test_a_document_in_conflict_travels_with_all_its_leaves_or_waits(two: Two) -> None:
    two.sync()
    for n in range(20):
        for text in ("a", "b"):
            path = (f"2-{text * 32}", f"1-{n:032x}")
            revision = Revision(f"n{n}", path, False, b'{"text":"%b"}' % (f"{text}{n}" * 200).encode())
            two.hub.database("public", create=True).add_revisions([revision])
    two.calling.room = 4096
    two.sync()
    here, there = two.village.database("public"), two.hub.database("public")
    assert all(here.leaves(f"n{n}") == there.leaves(f"n{n}") for n in range(20))


def test_a_server_that_does_not_know_the_dictionary_gets_messages_without_one(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    two.sync()
    newer = 9
    monkeypatch.setattr(two.calling, "_how", newer)
    packs = messages.pack

    def pack(message: Message, how: int = messages.DICTIONARY_1, level: int = 9) -> bytes:
        packed = packs(message, messages.DICTIONARY_1 if how == newer else how, level)
        return bytes([newer]) + packed[1:] if how == newer and packed[0] else packed

    monkeypatch.setattr(messages, "pack", pack)
    for n in range(20):
        two.put(two.village, f"v{n}", text="同意" * 20)
    assert two.sync().given == 20
    assert two.calling._how == messages.ZSTD
    assert two.bodies(two.village) == two.bodies(two.hub)


def with_long_backlogs(two: Two) -> None:
    """Both ends have agreed, and have much to give since, over a line that stays as it is."""
    two.sync()
    for store, name in ((two.village, "v"), (two.hub, "h")):
        database = store.database("station-1", create=True)
        database.put_many(
            [{"_id": f"{name}{n}", "text": f"{two.draw.getrandbits(1200):x}"} for n in range(900)]
        )
    two.calling.room = 16 * 1024
    two.calling._monotonic = lambda: 0.0


def test_two_long_backlogs_go_past_each_other_without_breaking_off_answers(two: Two) -> None:
    with_long_backlogs(two)
    outcome = two.sync()
    assert (outcome.given, outcome.taken) == (900, 900)
    assert outcome.calls <= 4


class Impatient(threading.Event):
    """News again and again, for a while."""

    left = 6

    def is_set(self) -> bool:
        self.left -= 1
        return self.left > 0


def test_after_answers_that_were_broken_off_nothing_comes_back_that_was_given(two: Two) -> None:
    with_long_backlogs(two)
    two.calling._news = Impatient()
    outcome = two.sync()
    assert outcome.calls > 4
    assert (outcome.given, outcome.taken) == (900, 900)
    assert two.bodies(two.village) == two.bodies(two.hub)


class Newcomer(threading.Event):
    """Asked between the parts of a message; by then a village has called for the first time."""

    def __init__(self, calls: Callable[[], None]) -> None:
        super().__init__()
        self._calls = [calls]

    def is_set(self) -> bool:
        while self._calls:
            self._calls.pop()()
        return False


def test_a_database_that_begins_between_the_parts_of_a_message_is_not_passed_over(two: Two) -> None:
    two.sync()
    for n in range(30):
        two.put(two.village, f"own{n}", text=f"{two.draw.getrandbits(4000):x}")

    def calls() -> None:
        two.put(two.village, "new1", db="station-2")
        two.put(two.village, "own-later")

    two.calling.room = 8192
    two.calling._news = Newcomer(calls)
    two.sync()
    assert two.bodies(two.hub) == two.bodies(two.village)
    assert list(two.bodies(two.hub, "station-2")) == ["new1"]
