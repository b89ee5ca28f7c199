"""bianmin-demo: a city on loopback, for looking at (until Ctrl-C) or as one journey that ends with a count."""

from __future__ import annotations

import json
import random
import secrets
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unicodedata import east_asian_width

import click

from hub.demo import journey
from hub.demo.city import City
from hub.demo.tally import Tally, read_books, read_cluster, tally
from schemas import tables
from station.databases import of_station
from sync.couch import address
from sync.couch.calls import Calls
from sync.errors import SyncError


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--once", is_flag=True, help="Walk the whole journey without a person, count, and end.")
@click.option(
    "--count", default=200, show_default=True, type=click.IntRange(1, 20000), help="Applications to record."
)
@click.option(
    "--chaos",
    default=0,
    show_default=True,
    type=click.IntRange(0, 1000),
    metavar="N",
    help="Kill a random server (kill -9) N times on the way and start it again.",
)
@click.option(
    "--seed",
    default=None,
    type=int,
    help="Seed of invented people and of chaos; printed, for doing it again.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Keep the stores in this new folder; without it they are thrown away at the end.",
)
@click.option(
    "--patience",
    default=240,
    show_default=True,
    type=click.IntRange(10, 86400),
    metavar="SECONDS",
    help="When to give up on a case that does not move.",
)
@click.option(
    "--couchdb",
    default="",
    metavar="URL",
    help="Keep the hub's databases in this CouchDB (http://user:password@127.0.0.1:5984), under names of their own that"
    " are removed at the end.",
)
@click.version_option(package_name="bianmin")  # fmt: skip
def main(
    once: bool, count: int, chaos: int, seed: int | None, data: Path | None, patience: int, couchdb: str
) -> None:
    """A city on this computer: the hub, and a township with two villages in each of the two pilot districts.

    \b
    Examples:
      bianmin-demo                     look around; Ctrl-C stops everything
      bianmin-demo --once              200 applications, half of them recorded offline, there and back
      bianmin-demo --once --chaos 10   the same while servers are killed ten times
      bianmin-demo --once --couchdb http://admin:secret@127.0.0.1:5984
    """
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    if data is not None and data.exists() and any(data.iterdir()):
        raise click.UsageError(f"{data} is not empty; name a new folder")
    folder = data or Path(tempfile.mkdtemp(prefix="bianmin-demo-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with hub_on(couchdb) as where:
            if once:
                status = run_once(folder, count, chaos, seed, patience, where)
            else:
                status = look_around(folder, seed, where)
    finally:
        if data is None:
            shutil.rmtree(folder, ignore_errors=True)
    sys.exit(status)


@contextmanager
def hub_on(couchdb: str) -> Iterator[str]:
    """The address of databases that nobody else has, in that CouchDB; they are removed in the end. "" for ""."""
    if not couchdb:
        yield ""
        return
    prefix = f"demo-{secrets.token_hex(4)}-"
    url = ",".join(f"{node.strip().rstrip('/')}/{prefix}" for node in couchdb.split(","))
    try:
        calls = Calls(address.parse(url))
        calls.ask("GET")
    except SyncError as error:
        raise click.UsageError(error.reason) from error
    try:
        yield url
    finally:
        for name in calls.ask("GET", "_all_dbs"):
            if name.startswith(calls.address.prefix):
                calls.ask("DELETE", name)
        calls.close()


def run_once(folder: Path, count: int, chaos: int, seed: int, patience: int, couchdb: str) -> int:
    """The journey of `count` applications; 0 if every one came back, else 1."""
    began = time.monotonic()
    city = City(folder, interval=1.0, couchdb=couchdb)
    trouble = ""
    progress = journey.Progress(deadline=began + patience)
    try:
        city.prepare()
        city.start()
        click.echo(
            f"seed {seed}: {len(city.servers)} servers up after {time.monotonic() - began:.1f} s", err=True
        )
        killer = Chaos(city, progress, chaos, count, seed)
        killer.start()
        try:
            journey.run(city, progress, count, seed)
        except journey.GaveUp as error:
            trouble = str(error)
        killer.finish()
    finally:
        stubborn = city.stop()
    hub = read_cluster(couchdb) if couchdb else read_books(city.hub.settings.store_path)
    own = {
        station.code: read_books(station.settings.store_path, [of_station(station.code)], key=station.key)
        for station in city.stations
    }  # fmt: skip
    counts = tally(hub, own, progress.recorded)
    show(counts, killer.killed, stubborn, trouble)
    seconds = round(time.monotonic() - began, 1)
    click.echo(json.dumps({
        "recorded": counts.recorded, "queued": counts.queued, "decided": counts.decided, "returned": counts.returned,
        "scans": counts.scans, "lost": len(counts.lost), "duplicated": len(counts.duplicated), "seconds": seconds,
    }))  # fmt: skip
    return 0 if counts.good(count) and len(killer.killed) == chaos and not stubborn else 1


def look_around(folder: Path, seed: int, couchdb: str) -> int:
    """Starts the city, records some applications, and stays until Ctrl-C."""
    city = City(folder, couchdb=couchdb)
    try:
        city.prepare()
        city.start()
        rows = [("站点", "地址", "工号 姓名")]
        for server in city.servers:
            rows.append(
                (server.name, server.url, "，".join(f"{number} {name}" for number, name in server.who))
            )
        for name, url, who in rows:
            click.echo(f"{pad(name, 32)}{pad(url, 26)}{who}")
        click.echo(f"所有演示账号的密码：{city.password}")
        for n, station in enumerate(city.stations):
            progress = journey.Progress(deadline=time.monotonic() + 60)
            browser = journey.Browser(station, station.who[0][0], city.password, progress)
            for errand in journey.errands(station.code, 4, seed + n):
                journey.record(browser, progress, errand)
            browser.close()
        click.echo("已登记 24 件申请，可到审批局队列中办理。按 Ctrl-C 停止。")
        threading.Event().wait()
    except KeyboardInterrupt:
        click.echo("\n正在停止……")
    finally:
        stubborn = city.stop()
    return 1 if stubborn else 0


def pad(text: str, width: int) -> str:
    """The text with blanks up to a width in columns; a Chinese character takes two."""
    columns = sum(2 if east_asian_width(each) in "WF" else 1 for each in text)
    return text + " " * max(1, width - columns)


class Chaos:
    """Kills a server each time the journey has come another 1/(N+1) of its way, and starts it again."""

    def __init__(self, city: City, progress: journey.Progress, times: int, count: int, seed: int) -> None:
        self._city = city
        self._progress = progress
        self._at = [2 * count * (n + 1) // (times + 1) for n in range(times)]
        self._chance = random.Random(seed)  # noqa: S311 - which server to kill is no secret
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="chaos", daemon=True)
        self.killed: list[str] = []

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> None:
        """Returns when every kill that was due has happened and all servers are up again."""
        self._over.set()
        self._thread.join()
        self._city.await_answers(self._city.servers)

    def _run(self) -> None:
        # Every server gets its turn before one is killed twice; the order is the seed's.
        order: list[int] = []
        for step in self._at:
            while self._progress.steps < step and not self._over.is_set():
                time.sleep(0.01)
            if self._over.is_set():
                return
            order = order or self._chance.sample(range(len(self._city.servers)), len(self._city.servers))
            server = self._city.servers[order.pop()]
            self._city.kill(server)
            self.killed.append(server.code)
            self._city.launch([server])


def show(counts: Tally, killed: list[str], stubborn: list[str], trouble: str) -> None:
    """The table for people."""
    names = {each.code: each.division_name for each in tables.districts()}
    click.echo(f"{pad('区县', 10)}{pad('审批服务区', 14)}办件")
    for (division, zone), number in sorted(counts.by_zone.items()):
        click.echo(f"{pad(names.get(division + '000000', division), 10)}{pad(zone, 14)}{number:>4}")
    click.echo(f"\n{pad('登记站点', 44)}办件")
    for code, number in sorted(counts.by_station.items()):
        click.echo(f"{code}  {pad(tables.station(code).name, 30)}{number:>4}")
    click.echo()
    click.echo(
        f"登记 {counts.recorded}，进入队列 {counts.queued}，作出决定 {counts.decided}（准予 {counts.granted}，不予 "
        f"{counts.denied}，当场办结 {counts.concluded}；其中补正过 {counts.supplemented}），回到登记站 {counts.returned}；扫描件到齐 {counts.scans} 份"
    )
    if killed:
        click.echo(f"途中被强行断电 {len(killed)} 次：{', '.join(killed)}")
    for words, cases in (("丢失", counts.lost), ("重复", counts.duplicated), ("未办完", counts.stuck)):
        if cases:
            click.echo(f"{words}：{', '.join(sorted(cases))}")
    if stubborn:
        click.echo(f"没有正常停止：{', '.join(stubborn)}")
    if trouble:
        click.echo(trouble)


if __name__ == "__main__":
    main()
