"""An invented year of cases, told as the events their stations would have written, to show the annual report with.

Nobody in it exists. The numbers of cases are chosen so that the rates come out as the report of 2017 prints them (two
thirds instant, one case of 1,665 decided outside the hall, 53 that took a working day of twenty): it shows what the
report does and is no evidence about Suining. Folding is schemas.lifecycle's, as for any other case.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from hub.demo.people import Person, invent
from schemas import numbers, tables
from schemas.lifecycle.state import CHINA, case_item
from schemas.tables import HUB, Item
from schemas.workdays import Calendar

INSTANT: Final = 1110
COMMITTED: Final = 555
SLOW: Final = 53
"""Of the committed ones, with a legal limit of twenty days: decided on the next working day."""
OUTSIDE: Final = 1
"""Of the committed ones: decided at the department instead of in the hall."""
VILLAGE, TOWNSHIP, DISTRICT = 480, 90, 30
"""Cases taken in by villages, by where they are concluded."""
PARALLEL, VIP = 28, 32

EPOCH: Final = "demo2017"


class _Story:
    """The events of one case or project, each by somebody who knew all the earlier ones."""

    def __init__(self, name: str, at: datetime, about: str = "case") -> None:
        self.name, self.at, self.about = name, at, about
        self.events: list[dict[str, Any]] = []

    def then(self, event: str, role: str, station: str, staff: str = "", **data: Any) -> _Story:
        n = len(self.events) + 1
        # A bureau works at the hub. Numbers run within the invented case: its events never meet a store.
        writer = HUB if station.endswith("000000") else station
        self.events.append({
            "_id": f"ev:{writer}:{EPOCH}:{n}", "type": f"{self.about}_event", "schema": 1, self.about: self.name, "event": event,
            "lamport": n, "at": self.at.isoformat(), "station": station,
            "actor": {"staff": staff or role, "name": "", "role": role}, "data": data,
        })  # fmt: skip
        self.at += timedelta(minutes=5)
        return self

    def taken_in(self, item: Item, person: Person, role: str, station: str) -> _Story:
        """Registered and received with all its papers."""
        lines = [
            {"seq": each.seq, "name": each.name, "required": each.required, "got": True, "mode": each.form}
            for each in tables.materials(item.item_code)
        ]
        self.then(
            "create", role, station, item=case_item(item), phone=person.phone, address=person.address, channel="1",
            applicant={"name": person.name, "id_type": "111", "id_no": person.id_no}, form="0" * 32,
        )  # fmt: skip
        return self.then("receive", role, station, materials=lines, privacy_notice=True, query_code="000000")

    def reviewed(self, station: str, window: str, place: str = "hall") -> _Story:
        """From acceptance to the result, with two pairs of eyes."""
        where = {} if place == "hall" else {"place": place}
        self.then("assign", "zone_head", station, to="examiner")
        self.then("pass_step", "examiner", station, opinion="材料齐全，符合法定条件")
        self.then("grant", "zone_head", station, opinion="准予许可", **where)
        return self.then("conclude", window, station, result="决定书已制作", **where)


def events_of_year(number: int, calendar: Calendar) -> Iterator[list[dict[str, Any]]]:
    """The events of each case of the invented year, one case at a time; the same whenever asked."""
    days = _workdays(number, calendar)
    count = INSTANT + COMMITTED + VILLAGE + TOWNSHIP + DISTRICT
    people = iter(invent(number, count))
    serials: dict[tuple[str, date], int] = {}

    def story(n: int, station: str) -> _Story:
        day = days[n % len(days)]
        serials[station, day] = serials.get((station, day), 0) + 1
        at = datetime.combine(day, time(9, n % 60), CHINA)
        return _Story(numbers.case_no(station, day, serials[station, day]), at)

    city = [item for item in tables.items().values() if item.level == "city"]
    instant = [item for item in city if item.instant]
    committed = [item for item in city if not item.instant]
    slow = [item for item in committed if item.legal_days == 20 and item.promised_days > 1]
    for n in range(INSTANT):
        case = story(n, HUB).taken_in(instant[n % len(instant)], next(people), "city_window", HUB)
        case.then("accept", "city_window", HUB).then("instant_conclude", "city_window", HUB, result="已办结")
        yield _rated(case.then("deliver", "city_window", HUB, receiver="本人"), n)
    for n in range(COMMITTED):
        item = slow[n % len(slow)] if n < SLOW else committed[n % len(committed)]
        case = (
            story(n, HUB).taken_in(item, next(people), "city_window", HUB).then("accept", "city_window", HUB)
        )
        if n < SLOW:
            case.at = datetime.combine(calendar.add(case.at.date(), 1), time(10), CHINA)
        case.reviewed(HUB, "city_window", "department" if n >= COMMITTED - OUTSIDE else "hall")
        yield _rated(case.then("deliver", "city_window", HUB, receiver="本人"), n)
    for n in range(VILLAGE + TOWNSHIP + DISTRICT):
        yield _grassroots(n, story, next(people))


def _grassroots(n: int, story: Any, person: Person) -> list[dict[str, Any]]:
    villages = [each for each in tables.stations().values() if each.level == "village"]
    village = villages[n * 3 % len(villages)]
    if n >= VILLAGE + TOWNSHIP:
        villages = [each for each in villages if each.district_code == "510903"]
        village = villages[n % len(villages)]
    case = story(n, village.code)
    if n < VILLAGE:
        item = _nth(n, village_mode="direct", instant=True)
        case.taken_in(item, person, "village_clerk", village.code).then(
            "accept", "village_clerk", village.code
        )
        case.then("instant_conclude", "village_clerk", village.code, result="已办结")
    elif n < VILLAGE + TOWNSHIP:
        item, township = (
            _nth(n, village_mode="agency", township_mode="direct", instant=True),
            str(village.parent_code),
        )
        case.taken_in(item, person, "village_clerk", village.code).then(
            "forward", "village_clerk", village.code, to=township
        )
        case.then("accept", "township_window", township)
        case.then("instant_conclude", "township_window", township, result="已办结")
    else:
        bureau = f"{village.district_code}000000"
        item = _nth(n, division_code="510903", instant=False)
        case.taken_in(item, person, "village_clerk", village.code).then(
            "forward", "village_clerk", village.code, to=bureau
        )
        case.then("accept", "district_window", bureau).reviewed(bureau, "district_window")
    return _rated(case.then("deliver", "village_clerk", village.code, receiver="本人"), n)


def _nth(n: int, **wanted: object) -> Item:
    mine = [
        item
        for item in tables.items().values()
        if all(getattr(item, key) == want for key, want in wanted.items())
    ]
    return mine[n % len(mine)]


def _rated(case: _Story, n: int) -> list[dict[str, Any]]:
    """Every third applicant says something, and nobody is unhappy."""
    if n % 3 == 0:
        station = case.events[0]["station"]
        case.then("evaluate", "applicant", station, level=1 + n % 2)
    return case.events


def projects_of_year(number: int, calendar: Calendar) -> Iterator[list[dict[str, Any]]]:
    """The events of each project of the invented year: all taken on by the VIP room, some then accepted jointly."""
    days = _workdays(number, calendar)
    owners = invent(number + 1, VIP)
    item = _nth(0, level="city", instant=False)
    plan = [
        {
            "item": item.item_code,
            "department": item.department,
            "stage": 1,
            "promised_days": item.promised_days,
        }
    ]
    for n in range(VIP):
        at = datetime.combine(days[n * 6], time(14), CHINA)
        story = _Story(f"P{number}-{n + 1:03}", at, "project")
        owner = {"name": owners[n].name, "id_type": "111", "id_no": owners[n].id_no}
        story.then(
            "open", "vip_agent", HUB, name=f"示例项目{n + 1}", owner=owner, lead_department=item.department, vip=True,
            lead_officer="vip_agent",
        )  # fmt: skip
        if n < PARALLEL:
            story.then("plan", "lead_department", HUB, sub_items=plan, promised_days=item.promised_days)
            papers = [{"seq": 1, "name": "申请表", "required": True, "got": True}]
            story.then("accept_jointly", "lead_window", HUB, materials=papers)
        yield story.events


def documents_of_year(number: int, calendar: Calendar) -> Sequence[dict[str, Any]]:
    """A complaint of the invented year, found to be without reason."""
    day = _workdays(number, calendar)[100]
    return [{
        "_id": "cmp:demo-1", "type": "complaint", "schema": 1, "kind": "complaint", "matter": "attitude", "upheld": False,
        "received_at": f"{day}T10:00:00+08:00",
    }]  # fmt: skip


def _workdays(number: int, calendar: Calendar) -> list[date]:
    """The working days of a year but the last few, so that every case is concluded within it."""
    first = date(number, 1, 1)
    year = (first + timedelta(days=n) for n in range(365))
    return [day for day in year if calendar.is_workday(day)][:-5]
