"""A station takes a release that came by sync: installed beside what runs, taken while nobody works, put back, gone back from."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from station import upgrading
from station.databases import PUBLIC
from station.upgrading import IDLE, Upgrading
from sync import pieces
from sync.store import schema
from tests import kits
from tests.hub import test_releases as at_hub
from tests.world import HUB, TOWNSHIP, VILLAGE, World


class Hours:
    """Seconds that a test lets pass."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hours() -> Hours:
    return Hours()


@pytest.fixture
def asked() -> list[list[str]]:
    """What a kit was asked to do, word for word."""
    return []


def of(
    city: World,
    home: Path | None,
    hours: Hours,
    *,
    by_itself: bool = True,
    kit: Callable[[list[str]], bool] | None = None,
) -> Upgrading:
    parts = city[VILLAGE].parts
    parts.upgrading = Upgrading(
        VILLAGE, parts.releases, parts.settings.data, city.time, home=home, running="0.1.0", by_itself=by_itself,
        monotonic=hours, ask_kit=kit,
    )  # fmt: skip
    return parts.upgrading


def noting(asked: list[list[str]], home: Path, *, works: bool = True) -> Callable[[list[str]], bool]:
    """A kit that installs by leaving the mark that kit.py leaves last."""

    def kit(words: list[str]) -> bool:
        asked.append(words[1:])
        if works and "--aside" in words:
            version = Path(words[0]).parent.name
            (home / "versions" / version).mkdir(parents=True)
            (home / "versions" / version / "lock.txt").write_text("")
        return works

    return kit


def a_home(tmp_path: Path) -> Path:
    home = tmp_path / "program"
    (home / "versions" / "0.1.0").mkdir(parents=True)
    (home / "in-use").write_text("0.1.0\n")
    return home


def offered(city: World, version: str = "0.2.0") -> None:
    at_hub.publish(city, version, "510903")
    city.sync(TOWNSHIP, VILLAGE)


@pytest.mark.timeout(180)
@pytest.mark.skipif(sys.platform == "win32", reason="starts what a kit of tests has installed on Linux")
def test_a_real_kit_installs_takes_and_goes_back(city: World, tmp_path: Path, hours: Hours) -> None:
    home = tmp_path / "program"
    first = kits.kit(tmp_path, "0.1.0")
    subprocess.run([sys.executable, str(first / "kit.py"), str(home)], check=True)
    offered(city)
    one = of(city, home, hours)
    one.tend()
    assert (home / "in-use").read_text().split() == ["0.1.0"], "somebody may be at work"
    assert one.standing().stage == "aside"
    hours.now += IDLE
    one.tend()
    assert (home / "in-use").read_text().split() == ["0.2.0", "0.1.0"]
    assert (home / "trial").read_text().split() == ["0.2.0", "0"]
    assert one.restarting


def test_it_is_not_taken_while_somebody_works(
    city: World, tmp_path: Path, hours: Hours, asked: list[list[str]]
) -> None:
    home = a_home(tmp_path)
    offered(city)
    one = of(city, home, hours, kit=noting(asked, home))
    hours.now += IDLE
    clerk = city.visit(VILLAGE).sign_in("V001")
    clerk.open("/cases")
    one.tend()
    assert asked == [[str(home), "--aside"]]
    hours.now += IDLE - 1
    one.tend()
    assert not one.restarting
    hours.now += 1
    one.tend()
    assert asked[1:] == [[str(home), "--take", "0.2.0"]]
    assert one.restarting


def test_programs_and_screens_are_no_work(city: World, tmp_path: Path, hours: Hours) -> None:
    one = of(city, a_home(tmp_path), hours)
    hours.now += IDLE
    city.visit(VILLAGE).open("/up")
    city.sync(VILLAGE)
    assert one.is_idle()


def test_a_person_takes_it_at_once(city: World, tmp_path: Path, hours: Hours, asked: list[list[str]]) -> None:
    home = a_home(tmp_path)
    stopped: list[bool] = []
    offered(city)
    one = of(city, home, hours, by_itself=False, kit=noting(asked, home))
    one.stop = lambda: stopped.append(True)
    clerk = city.visit(VILLAGE).sign_in("V001")
    assert "已收齐，正在准备" in clerk.open("/program")
    clerk.send("/program")
    assert clerk.status == 409
    assert "新版本还没有准备好" in clerk.page
    hours.now += 2 * IDLE
    one.tend()
    assert not one.restarting, "it takes none by itself"
    assert "现在换上 0.2.0" in clerk.open("/program")
    clerk.send("/program")
    assert "正在重新启动" in clerk.page
    assert stopped == [True]


def test_files_on_their_way_are_told_and_nothing_is_installed(
    city: World, tmp_path: Path, hours: Hours, asked: list[list[str]]
) -> None:
    home = a_home(tmp_path)
    offered(city)
    public = city[VILLAGE].parts.store.database(PUBLIC)
    some = next(row for row in public.all_docs(pieces.PREFIX, pieces.PREFIX + "\uffff", 10))
    public.purge({some.id: [some.rev]})
    one = of(city, home, hours, kit=noting(asked, home))
    one.tend()
    assert asked == []
    assert one.standing().stage == "fetching"
    assert "正在随同步接收" in city.visit(VILLAGE).sign_in("V001").open("/program")


def test_what_the_root_key_did_not_sign_is_not_installed(
    city: World, tmp_path: Path, hours: Hours, asked: list[list[str]]
) -> None:
    """The hub is broken into: it offers other bytes under a name of the signed list."""
    home = a_home(tmp_path)
    at_hub.publish(city, "0.2.0", "510903")
    office = at_hub.office(city)
    (release,) = city[HUB].parts.releases.all()
    other = next(each for each in release["content"] if each["name"] == "VERSION")
    swapped = [
        {**other, "name": "kit.py"} if each["name"] == "kit.py" else each for each in release["content"]
    ]
    office._write({**release, "content": swapped})
    city.sync(TOWNSHIP, VILLAGE)
    one = of(city, home, hours, kit=noting(asked, home))
    one.tend()
    assert asked == []
    assert "与市里签发的不符" in city.visit(VILLAGE).sign_in("V001").open("/program")


def test_a_release_without_the_roots_word_is_none(city: World, tmp_path: Path, hours: Hours) -> None:
    at_hub.publish(city, "0.2.0", "510903")
    (release,) = city[HUB].parts.releases.all()
    hub = city[HUB].parts.identity.signer
    by_itself = hub.signed("release", {"version": "0.2.0", "sums": release["root"]["sums"]})
    at_hub.office(city)._write({**release, "root": by_itself})
    city.sync(TOWNSHIP, VILLAGE)
    assert city[VILLAGE].parts.releases.all() == ()


def test_what_was_not_installed_is_told_and_tried_again_the_next_day(
    city: World, tmp_path: Path, hours: Hours, asked: list[list[str]]
) -> None:
    home = a_home(tmp_path)
    offered(city)
    one = of(city, home, hours, kit=noting(asked, home, works=False))
    one.tend()
    one.tend()
    assert len(asked) == 1
    assert "新版本没有装成" in city.visit(VILLAGE).sign_in("V001").open("/program")
    city.time.pass_(days=1)
    one.tend()
    assert len(asked) == 2


def test_a_version_that_did_not_stay_up_is_not_taken_again_by_itself(
    city: World, tmp_path: Path, hours: Hours, asked: list[list[str]]
) -> None:
    home = a_home(tmp_path)
    offered(city)
    one = of(city, home, hours, kit=noting(asked, home))
    (home / "gone-back").write_text("0.2.0 failed\n")
    hours.now += IDLE
    one.tend()
    assert asked == []
    assert "已自动退回" in city.visit(VILLAGE).sign_in("V001").open("/program")
    at_hub.publish(city, "0.3.0", "510903")
    city.sync(TOWNSHIP, VILLAGE)
    hours.now += IDLE
    one.tend()
    assert asked == [[str(home), "--aside"], [str(home), "--take", "0.3.0"]], "the next one is"


def with_a_version_before(city: World, home: Path, form: int = schema.VERSION) -> None:
    (home / "in-use").write_text("0.1.0\n0.0.9\n")
    (city[VILLAGE].parts.settings.data / "version").write_text(f"0.1.0 {schema.VERSION}\n0.0.9 {form}\n")


def test_a_person_goes_back(city: World, tmp_path: Path, hours: Hours, asked: list[list[str]]) -> None:
    home = a_home(tmp_path)
    one = of(city, home, hours, kit=noting(asked, home))
    clerk = city.visit(VILLAGE).sign_in("V001")
    clerk.open("/program")
    clerk.send("/program/back")
    assert clerk.status == 409
    assert "没有可以退回的版本" in clerk.page
    with_a_version_before(city, home)
    assert "退回 0.0.9" in clerk.open("/program")
    clerk.send("/program/back")
    assert asked == [[str(home), "--back"]]
    assert one.restarting


def test_where_the_form_of_the_data_has_changed_nobody_goes_back_by_a_button(
    city: World, tmp_path: Path, hours: Hours, asked: list[list[str]]
) -> None:
    home = a_home(tmp_path)
    of(city, home, hours, kit=noting(asked, home))
    with_a_version_before(city, home, schema.VERSION - 1)
    clerk = city.visit(VILLAGE).sign_in("V001")
    assert "不能直接退回" in clerk.open("/program")
    clerk.send("/program/back")
    assert clerk.status == 409
    assert asked == []


def test_what_is_withdrawn_is_gone_back_from_while_nobody_works(
    city: World, tmp_path: Path, hours: Hours, asked: list[list[str]]
) -> None:
    home = a_home(tmp_path)
    offered(city)
    at_hub.office(city).withdraw("0.2.0")
    city.sync(TOWNSHIP, VILLAGE)
    parts = city[VILLAGE].parts
    one = Upgrading(
        VILLAGE, parts.releases, parts.settings.data, city.time, home=home, running="0.2.0", by_itself=True,
        monotonic=hours, ask_kit=noting(asked, home),
    )  # fmt: skip
    (home / "in-use").write_text("0.2.0\n0.1.0\n")
    (parts.settings.data / "version").write_text(f"0.2.0 {schema.VERSION}\n0.1.0 {schema.VERSION}\n")
    one.tend()
    assert asked == []
    hours.now += IDLE
    one.tend()
    assert asked == [[str(home), "--back"]]


def test_a_program_that_no_kit_installed_says_so_and_does_nothing(
    city: World, hours: Hours, asked: list[list[str]]
) -> None:
    offered(city)
    one = of(city, None, hours, kit=noting(asked, Path()))
    hours.now += IDLE
    one.tend()
    assert asked == []
    assert "不是用安装包装的" in city.visit(VILLAGE).sign_in("V001").open("/program")


def test_pages_that_are_answered_end_the_trial(city: World, tmp_path: Path, hours: Hours) -> None:
    home = a_home(tmp_path)
    (home / "trial").write_text("0.1.0 1\n")
    (home / "gone-back").write_text("0.1.0\n")
    of(city, home, hours).works()
    assert not (home / "trial").exists()
    assert not (home / "gone-back").exists(), "whoever wanted it back has it back"


def test_a_kit_is_known_by_where_the_program_lies(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    assert upgrading.installed_in(home / "versions" / "0.1.0") == home
    assert upgrading.installed_in(tmp_path / ".venv") is None
    assert upgrading.failed_in(home) == ""
    (home / "gone-back").write_text("0.2.0\n")
    assert upgrading.failed_in(home) == ""
    (home / "gone-back").write_text("0.2.0 failed\n")
    assert upgrading.failed_in(home) == "0.2.0"
