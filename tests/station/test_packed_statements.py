"""What a station states of its numbers grows with its epochs and travels packed; the server above reads it all the same."""

from __future__ import annotations

import gzip
import json

from werkzeug.test import Client

from tests.rights.tables import Credentials
from tests.test_journey import PERMIT, record
from tests.world import HUB, TOWNSHIP, VILLAGE, World


def test_statements_may_come_packed(city: World) -> None:
    record(city, PERMIT)
    city.sync(VILLAGE, TOWNSHIP)
    headers = {
        **Credentials(city).headers("hub", "village"),
        "Content-Type": "application/json",
        "Content-Encoding": "gzip",
    }
    packed = gzip.compress(json.dumps({"statements": []}).encode())
    client = Client(city[HUB].app, use_cookies=False)
    answer = client.post(f"/trust/statements/station-{VILLAGE}", data=packed, headers=headers)
    assert answer.status_code == 200, answer.text
    broken = client.post(f"/trust/statements/station-{VILLAGE}", data=packed[:-9], headers=headers)
    assert broken.status_code == 400
