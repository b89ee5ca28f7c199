"""No personal value leaves the hub by its log: 50 canaries in thousands of requests of every kind to a real process.

In paths, queries, bodies, headers, forms, broken JSON, wrong types, unknown pages, and in errors inside handlers that
quote all they were given. BIANMIN_TEST_CANARY_REQUESTS=10000 sends as many as the promise speaks of.
"""

from __future__ import annotations

import json
import logging
import os
import random
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote, unquote

import httpx
import pytest

from hub import app as hub_app
from hub import devices, staff
from station.logs import Formatter, JsonFormatter, blot
from station.settings import Settings
from station.staff import Staff
from tests.failing_hub import FAIL
from tests.world import BUREAU, HUB, PASSWORD, QUICK, TRAINED, VILLAGE

REQUESTS = int(os.environ.get("BIANMIN_TEST_CANARY_REQUESTS", "2000"))
ROOT = Path(__file__).parent.parent
CHECK = "10X98765432"


def identity(n: int) -> str:
    digits = f"5109031990{1 + n % 12:02}{1 + n % 28:02}{n % 1000:03}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return (
        digits + CHECK[sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True)) % 11]
    )


CANARIES = (
    [f"欧阳{a}{b}" for a, b in zip("珊瑚琥珀璎珞翡翠玛瑙琉璃珍珠碧", "麒麟凤凰貔貅饕餮鲲鹏鸾鸢鹓鶵骐", strict=True)]
    + [identity(n) for n in range(18)]
    + [f"139{n:04}{(n * 7919) % 10000:04}" for n in range(17)]
)  # fmt: skip


@dataclass
class Hub:
    url: str
    device: tuple[str, str]
    log: Path


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A hub in a process of its own, with one examiner and one village; its standard output and error go to a file."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = Settings(data=tmp_path / "hub", code=HUB, port=port, encrypt=False)
    parts = hub_app.build_parts(settings, hasher=QUICK)
    secret = devices.give_secret(parts.store, parts.identity.signer, VILLAGE, parts.random)
    person = Staff("E001", "周审查", BUREAU, frozenset({"district_window", "examiner"}), trained_on=TRAINED)
    code = staff.add(parts.store, parts.identity.signer, person, parts.random)
    parts.accounts.choose(parts.accounts.sign_in("E001", code), PASSWORD)
    parts.close()
    log = tmp_path / "log.txt"
    command = [
        sys.executable,
        "-m",
        "tests.failing_hub",
        "--data",
        str(settings.data),
        "--port",
        str(port),
        "serve-failing",
    ]
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, stdout=file, stderr=file, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
    try:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        while b"ready on" not in log.read_bytes():
            assert process.poll() is None and time.monotonic() < deadline, log.read_text(errors="replace")
            time.sleep(0.05)
        yield Hub(url, (VILLAGE, secret), log)
    finally:
        process.terminate()
        process.wait(20)


KINDS = ("path", "page", "query", "header", "cookie", "form", "sign in", "search", "next", "broken", "type", "doc", "db",
         "find", "session", "basic", "fail page", "fail db", "multipart")  # fmt: skip


def request(client: httpx.Client, hub: Hub, kind: str, word: str, token: str) -> httpx.Response:
    """One request with this canary in it."""
    odd, db = quote(word), f"/db/station-{VILLAGE}"
    form = {"csrf_token": token}
    known = {"auth": hub.device}
    json_ = {"Content-Type": "application/json"}
    raw = word.encode()
    sends = {
        "path": lambda: client.get(f"/{odd}/{odd}"),
        "page": lambda: client.get(f"/cases/{odd}"),
        "query": lambda: client.get("/desk", params={"zone": word, "bureau": word, word: word}),
        "header": lambda: client.get(
            "/desk", headers={"User-Agent": odd, "Referer": f"http://127.0.0.1/{odd}", "X-A": raw}
        ),
        "cookie": lambda: client.get(
            "/desk", headers={"Cookie": f"bianmin_session={odd}; language={odd}; session={odd}"}
        ),
        "form": lambda: client.post(
            f"/items/SN-903-0012/record?{odd}", data={**form, "name": word, "id_no": word}
        ),
        "sign in": lambda: client.post(
            "/sign-in", data={**form, "employee_no": word, "password": word, "next": "/" + word}
        ),
        "search": lambda: client.post("/desk/all", data={**form, "q": word}),
        "next": lambda: client.post("/language/zh", data={**form, "next": f"/cases/{word}?q={word}"}),
        "broken": lambda: client.post(
            f"{db}/_bulk_docs", content=b'{"docs":[{"' + raw, headers=json_, **known
        ),
        "type": lambda: client.post(
            f"{db}/_bulk_docs", content=raw, headers={"Content-Type": f"text/{odd}"}, **known
        ),
        "doc": lambda: client.put(f"{db}/{odd}", json={"name": word, "_rev": word}, **known),
        "db": lambda: client.get(f"/db/{odd}/{odd}", **known),
        "find": lambda: client.post(f"{db}/_find", json={"selector": {"name": {"$" + word: word}}}, **known),
        "session": lambda: client.post("/db/_session", json={"name": word, "password": word}),
        "basic": lambda: client.get(db, auth=(word, word)),
        "fail page": lambda: client.post(f"/desk/all?{odd}", data={**form, "q": word}, headers={FAIL: odd}),
        "fail db": lambda: client.post(f"{db}/{odd}", json={word: word}, headers={FAIL: odd}, **known),
        "multipart": lambda: client.post(
            "/desk/all", data={"q": word}, files={word: (word, raw, "image/" + odd)}
        ),
    }
    return sends[kind]()


def visits(hub: Hub, signed_in: bool, chosen: list[tuple[str, str]]) -> tuple[set[int], list[str]]:
    """Sends these requests over one connection: the statuses seen, and what was wrong with an answer."""
    statuses, wrong = set(), []
    with httpx.Client(base_url=hub.url, trust_env=False, verify=False, timeout=60) as client:
        token = token_of(client)
        if signed_in:
            client.post("/sign-in", data={"csrf_token": token, "employee_no": "E001", "password": PASSWORD})
            token = token_of(client)
        kept = dict(client.cookies)
        for kind, word in chosen:
            client.cookies = httpx.Cookies(kept)
            answer = request(client, hub, kind, word, token)
            statuses.add(answer.status_code)
            heads = unquote(" ".join(f"{name}: {value}" for name, value in answer.headers.multi_items()))
            if word in heads:
                wrong.append(f"{kind}: the head of the answer carries it on: {heads}")
            if answer.headers["cache-control"] != "no-store":
                wrong.append(f"{kind}: may be kept in a cache")
            if "set-cookie" in answer.headers and kind not in ("sign in", "next", "cookie"):
                wrong.append(f"{kind}: {answer.headers['set-cookie']}")
            if kind.startswith("fail") and word in answer.text:
                wrong.append(f"{kind}: the page about the error quotes it")
    return statuses, wrong


def token_of(client: httpx.Client) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in").text)
    assert found
    return found[1]


@pytest.mark.timeout(600)
def test_no_personal_value_is_in_a_log_a_redirect_or_a_cache(hub: Hub) -> None:
    dice = random.Random(20180209)
    chosen = [(KINDS[n % len(KINDS)], CANARIES[n // len(KINDS) % len(CANARIES)]) for n in range(REQUESTS)]
    dice.shuffle(chosen)
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda n: visits(hub, n % 2 == 0, chosen[n::8]), range(8)))
    assert [each for _, wrong in done for each in wrong][:5] == []
    assert {200, 302, 303, 400, 401, 403, 404, 500} <= set().union(*(statuses for statuses, _ in done))
    log = hub.log.read_bytes()
    assert b"RuntimeError" in log, "the errors are there, with their places"
    assert b"failing_hub.py:" in log
    for word in CANARIES:
        for form in (
            word.encode(),
            quote(word).encode(),
            repr(word.encode())[2:-1].encode(),
            ascii(word)[1:-1].encode(),
        ):
            assert form not in log, word


@pytest.mark.parametrize("form", [Formatter(), JsonFormatter()], ids=["text", "json"])
def test_a_trace_tells_where_and_what_kind_and_not_what_was_typed(form: Formatter) -> None:
    try:
        try:
            int("赵小明")
        except ValueError as error:
            raise RuntimeError("510903199003070012") from error
    except RuntimeError:
        record = logging.LogRecord("x", 40, "x.py", 1, "it failed", None, sys.exc_info())
    text = form.format(record)
    assert "builtins.RuntimeError" in text
    assert "builtins.ValueError" in text
    assert "test_log_canaries.py:" in text
    assert "赵小明" not in text
    assert "510903199003070012" not in text


def test_a_line_of_json_is_one_object_in_which_a_persons_number_is_blotted_out_too() -> None:
    record = logging.LogRecord(
        "bianmin.x", 30, "x.py", 1, "no %s\nof %s", ("510903199003070012", "七里桥村"), None
    )
    line = JsonFormatter().format(record)
    assert "\n" not in line
    found = json.loads(line)
    assert datetime.fromisoformat(found.pop("at")).utcoffset() == timedelta(0)
    assert found == {"level": "WARNING", "from": "bianmin.x", "said": "no ***\nof 七里桥村"}


@pytest.mark.parametrize(
    "number", ["510903199003070012", "51090319900307001X", "13800001234", "510903900307001"]
)
def test_what_looks_like_a_persons_number_is_blotted_out(number: str) -> None:
    assert blot(f"no {number}, sorry") == "no ***, sorry"


@pytest.mark.parametrize(
    "number", ["510903001001", "510903001001201802090001A", "2018-02-09", "8123456789012"]
)
def test_numbers_of_stations_and_cases_stay(number: str) -> None:
    assert blot(f"no {number}, sorry") == f"no {number}, sorry"
