"""Who works, who waits for a turn, and who is asked to come later."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import flask
import httpx

from sync.endpoint.admission import FIRST_GUESS, LATEST, PATIENCE, Admission
from sync.endpoint.asgi import Asgi
from sync.endpoint.http import running
from sync.store import Store


def test_whoever_comes_while_few_wait_stays() -> None:
    assert Admission(2, lambda: 0.0).come() == 0


def test_no_more_work_at_once_than_there_are_turns() -> None:
    async def all_at_once() -> int:
        admission, at_work, most = Admission(2), 0, 0

        async def one() -> None:
            nonlocal at_work, most
            async with admission.request().turn():
                at_work += 1
                most = max(most, at_work)
                await asyncio.sleep(0)
                at_work -= 1

        await asyncio.gather(*(one() for _ in range(20)))
        return most

    assert asyncio.run(all_at_once()) == 2


def test_who_has_begun_goes_before_who_has_not() -> None:
    async def run() -> list[str]:
        admission, order = Admission(1), []
        first, other = admission.request(), admission.request()
        async with first.turn():
            order.append("first begins")

        async def turn(turns: object, name: str) -> None:
            async with turns.turn():  # type: ignore[attr-defined]
                order.append(name)

        async with admission.request().turn():
            late = asyncio.create_task(turn(other, "other begins"))
            await asyncio.sleep(0)
            again = asyncio.create_task(turn(first, "first goes on"))
            await asyncio.sleep(0)
        await asyncio.gather(late, again)
        return order

    assert asyncio.run(run()) == ["first begins", "first goes on", "other begins"]


def test_a_crowd_is_called_one_after_the_other_and_nobody_for_too_late() -> None:
    async def run() -> list[int]:
        admission = Admission(1, lambda: 0.0)
        held = asyncio.create_task(_hold(admission))
        await asyncio.sleep(0)
        crowd = [asyncio.create_task(_hold(admission)) for _ in range(int(PATIENCE / FIRST_GUESS) + 1)]
        await asyncio.sleep(0)
        called = [admission.come() for _ in range(10_000)]
        for each in (held, *crowd):
            each.cancel()
        return called

    called = asyncio.run(run())
    assert called[0] >= 1
    assert called == sorted(called)
    assert len(set(called)) > 10
    assert called[-1] == LATEST


def test_who_leaves_while_waiting_takes_no_turn_along() -> None:
    async def run() -> None:
        admission = Admission(1)
        async with admission.request().turn():
            gone = asyncio.create_task(_hold(admission))
            await asyncio.sleep(0)
            gone.cancel()
        async with asyncio.timeout(1), admission.request().turn():
            pass

    asyncio.run(run())


async def _hold(admission: Admission) -> None:
    async with admission.request().turn():
        await asyncio.Event().wait()


class Full(Admission):
    def come(self) -> int:
        return 7


def test_who_is_put_off_is_told_in_words_when_to_come_and_others_are_served(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.sqlite") as store:
        app = flask.Flask("here")
        app.add_url_rule("/page", "page", view_func=lambda: "a page")
        app.add_url_rule("/x", "x", view_func=lambda: "an exchange", methods=["POST"])
        bridge = Asgi(app, store, queues=lambda environ: environ["PATH_INFO"] == "/x")
        bound = socket.create_server(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        with running(bridge, bound), httpx.Client(base_url=url, trust_env=False) as client:
            assert client.post("/x", content=b"1").text == "an exchange"
            bridge.admission = Full(1)
            answer = client.post("/x", content=b"1")
            assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
            assert answer.json() == {
                "error": "too_many_requests",
                "reason": "This server is busy. Come again when Retry-After says.",
            }
            assert client.get("/page").text == "a page"
        bridge.close()
