"""The city at a glance: who was heard of, who is silent, and where."""

from __future__ import annotations

from hub.contacts import Contacts, of_all
from station.reporting import REPORT
from tests.catalogue import publish, version
from tests.test_journey import INSTANT
from tests.world import HUB, NEIGHBOUR, TOWNSHIP, VILLAGE, World


def test_the_wall_shows_every_station_by_how_long_ago_it_was_heard_of_and_comes_anew(city: World) -> None:
    supervisor = city.visit(HUB).sign_in("S001")
    page = supervisor.open("/wall")
    assert page.count("</title></rect>") == 2324
    assert "十分钟内联系过 <strong>1</strong>" in page  # the township, when the city was made
    assert "从未联系 <strong>2323</strong>" in page
    assert supervisor.client.get("/wall").headers["Refresh"] == "30"

    city.time.pass_(days=8)
    page = city.visit(HUB).sign_in("S001").open("/wall", district="510903000000")
    assert "超过一周没有联系 <strong>1</strong>" in page
    assert page.count("<h2") == 1
    assert page.count("m0 8l-8 -8") == 2, "a cross in the legend and in the square of the silent one"


def test_a_township_leads_to_its_villages_and_the_silent_are_listed_longest_first(city: World) -> None:
    administrator = city.visit(HUB).sign_in("A001")
    page = administrator.open(f"/wall/{TOWNSHIP}")
    assert f'href="/wall/{VILLAGE}"' in page
    assert "2018-02-09 09:00" in page
    assert administrator.open(f"/wall/{VILLAGE}").count("从未联系") == 1
    assert administrator.open("/wall/510903000000") and administrator.status == 404
    assert administrator.open("/wall", district="510000000000") and administrator.status == 404

    city.time.pass_(days=8)
    silent = city.visit(HUB).sign_in("A001").open("/wall", silent="1")
    rows = silent.split("<tbody>")[1].split("<tr>")[1:]
    assert TOWNSHIP in rows[0]
    assert "从未联系" in rows[1]
    assert len(rows) == 50


def reported(city: World, *codes: str) -> None:
    """What these stations have to say of themselves has come to the hub."""
    for code in codes:
        for chore in city[code].parts.chores:
            chore()
    city.sync(TOWNSHIP)


def test_of_a_village_that_syncs_through_its_township_the_township_tells(city: World) -> None:
    publish(city, version(INSTANT.item_code, 2, "2018-03-01"))
    city.sync(TOWNSHIP, VILLAGE)
    assert city.visit(HUB).sign_in("S001").open(f"/wall/{VILLAGE}").count("从未联系") == 1
    city.time.pass_(hours=2)
    reported(city, TOWNSHIP)
    assert "2018-02-09" in city.visit(HUB).sign_in("S001").open(f"/wall/{VILLAGE}")

    def told() -> int:
        (report,) = city[TOWNSHIP].parts.register.logbook.select(
            "type = ? AND station = ?", [REPORT, TOWNSHIP]
        )
        return int(report["lamport"])

    first = told()
    city.time.pass_(hours=1)
    city.sync(NEIGHBOUR)
    reported(city, TOWNSHIP)
    assert told() == first, "it waits for the others before it says more"
    city.time.pass_(hours=1)
    reported(city, TOWNSHIP)
    assert told() > first
    page = city.visit(HUB).sign_in("S001").open(f"/wall/{TOWNSHIP}")
    assert f'href="/wall/{NEIGHBOUR}"' in page and page.count("2018-02-09") >= 2


def test_a_township_can_not_speak_for_other_townships_villages(city: World) -> None:
    contacts = Contacts(city[HUB].parts.store, city.time)
    heard = [{"station": "510922001001", "on": "2018-02-09"}, {"station": VILLAGE, "on": "2018-02-08"}]
    said = {"station": TOWNSHIP, "at": "2018-02-09T10:00:00+08:00", "program": "0.1.0", "heard": heard}
    found = of_all(contacts, [said])
    assert "510922001001" not in found
    assert found[VILLAGE].at.isoformat() == "2018-02-08T23:59:00+08:00"
    assert found[TOWNSHIP].version == "0.1.0"


def test_an_examiner_has_no_wall(city: World) -> None:
    examiner = city.visit(HUB).sign_in("E001")
    assert "城市总览" not in examiner.page
    assert examiner.open("/wall") and examiner.status == 403
