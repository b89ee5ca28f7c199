"""The documents that benchmarks move: case events of about 700 bytes, a third of it Chinese. Measures nothing."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from sync import strict_json
from sync.peer import Revision

WRITER: Final = "510903100228"


def content(n: int) -> dict[str, Any]:
    """What the n-th document says."""
    return {
        "type": "case_event",
        "schema": 1,
        "case": f"51090310022820180209{n:05}",
        "event": "create",
        "lamport": n,
        "at": "2018-02-09T09:12:33+08:00",
        "station": WRITER,
        "actor": {"staff": "SN0012", "name": "张德明", "role": "village_clerk"},
        "data": {
            "item": {
                "code": "510903-MZ-0007",
                "version": 1,
                "name": "城乡居民最低生活保障待遇申请",
                "department": "区民政局",
                "zone": "社会保障",
                "division_code": "510903",
                "category_code": "01",
                "instant": False,
                "promised_days": 10,
                "legal_days": 20,
            },
            "applicant": {"name": "李秀英", "id_type": "111", "id_no": "510902196203044528"},
            "phone": "13808251234",
            "address": "遂宁市船山区永兴镇石笋沟村三组",
            "channel": "1",
            "form": hashlib.md5(str(n).encode()).hexdigest(),
        },
    }


def bodies(count: int) -> list[bytes]:
    """The first `count` contents as JSON, without id and revision."""
    return [strict_json.canonical(content(n)) for n in range(count)]


def revision(n: int, body: bytes) -> Revision:
    """The n-th document as a first revision that any peer takes as it is."""
    return Revision(f"doc-{n:08}", ("1-" + hashlib.md5(body).hexdigest(),), False, body)


def wire(n: int, body: bytes) -> bytes:
    """The same as a member of `_bulk_docs`' docs with new_edits=false."""
    told = revision(n, body)
    return f'{{"_id":"{told.id}","_rev":"{told.path[0]}",'.encode() + body[1:]


def bulk(bodies: list[bytes], batch: int) -> list[bytes]:
    """Bodies of `_bulk_docs` requests, `batch` documents each."""
    docs = [wire(n, body) for n, body in enumerate(bodies)]
    return [
        b'{"new_edits":false,"docs":[' + b",".join(docs[i : i + batch]) + b"]}"
        for i in range(0, len(docs), batch)
    ]
