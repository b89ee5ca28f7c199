"""Requests nobody meant, by the thousand, over every rule of the endpoint's URL map: never a 5xx, never a second.

Paths, methods, queries, headers and bodies are plausible, odd or hostile by turns, drawn from a seed. 501 is right for code
in documents. What fails is printed with its seed and as a line that repeats it:

    BIANMIN_FUZZ=200000 pytest tests/sync/test_endpoint_fuzz.py       that many requests instead of 20,000
    BIANMIN_FUZZ_SEED=7 pytest tests/sync/test_endpoint_fuzz.py       beginning with another seed

Holds no expectation of any one request; those are in the other test files of the endpoint.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import flask
import pytest

from sync.store import Store
from tests.sync.neighbours import Gate, application
from tests.sync.test_peers import event

REQUESTS = int(os.environ.get("BIANMIN_FUZZ", "20000"))  # read here: tests run in a cleaned environment
SEED = int(os.environ.get("BIANMIN_FUZZ_SEED", "1"))
A_STORE = 2_000  # requests to one store and one seed: what fails can be repeated in a second or two
SLOWEST = 1.0


class Asked(NamedTuple):
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def __str__(self) -> str:
        return f"client.open({self.path!r}, method={self.method!r}, headers={self.headers!r}, data={self.body!r})"


class Generator:
    """Draws requests from a seed."""

    def __init__(self, seed: int, rules: list[tuple[str, list[str]]]) -> None:
        self._random = random.Random(seed)
        self._rules = rules
        self.revs: list[str] = ["1-a", "2-b"]

    def ask(self) -> Asked:
        """The next request."""
        one, chance = self._random.choice, self._random.random
        rule, methods = one(self._rules)
        rule = "".join(self._part(part) for part in _parts(rule))
        if chance() < 0.02:
            rule += one(("/", "//", "/..", "/%00", "/%2e%2e", "%", "?", "\x7f", "/_changes", "/a/b/c"))
        method = one(methods)
        if chance() < 0.05:
            method = one(("GET", "PUT", "POST", "DELETE", "HEAD", "COPY", "PATCH", "OPTIONS", "TRACE", "ODD"))
        query = "&".join(self._parameter(rule) for _ in range(one((0, 0, 0, 1, 1, 2, 3, 6))))
        headers, body = self._body(rule, method)
        for _ in range(one((0, 0, 0, 0, 1, 2))):
            name = one(list(_HEADERS))
            headers[name] = str(self._hole(one(_HEADERS[name])))
        return Asked(method, rule + ("?" + query if query else ""), headers, body)

    def _part(self, part: str) -> str:
        """A piece of a rule, or something for the variable it is."""
        one, chance = self._random.choice, self._random.random
        if not part.startswith("<"):
            return part
        if part == "<db>":
            return "things" if chance() < 0.93 else quote(one(_DATABASES), safe="")
        if part == "<path:rest>":
            rest = one(_IDS)
            if chance() < 0.2:
                rest += "/" + one(_NAMES)
            return quote(rest, safe=one(("", "/", "/", "/")))
        return quote(one(_NAMES), safe="")

    def _parameter(self, path: str) -> str:
        one = self._random.choice
        own = [name for suffix, some in _OWN_PARAMETERS.items() if suffix in path for name in some]
        name = one(own) if own and self._random.random() < 0.7 else one(list(_PARAMETERS))
        value = one(_PARAMETERS[name]) if self._random.random() < 0.8 else one(_ODD)
        text = value if isinstance(value, str) else json.dumps(value)
        return name + "=" + quote(str(self._hole(text)), safe='"[]{}:,%', errors="surrogatepass")

    def _hole(self, value: Any) -> Any:
        """Real revisions in the place of REV."""
        if isinstance(value, str):
            return value.replace("REV", self._random.choice(self.revs)) if "REV" in value else value
        if isinstance(value, list):
            return [self._hole(one) for one in value]
        if isinstance(value, dict):
            return {self._hole(name): self._hole(one) for name, one in value.items()}
        return value

    # -- bodies --------------------------------------------------------------------------------------------------------

    def _body(self, path: str, method: str) -> tuple[dict[str, str], bytes]:
        one, chance = self._random.choice, self._random.random
        if method in ("GET", "HEAD", "DELETE", "COPY") and chance() < 0.9:
            return {}, b""
        if chance() < 0.1:
            boundary = one(("x", "xyz", "a b", "x" * 70))
            kind = one(("multipart/related", "multipart/mixed", "multipart/form-data"))
            named = one(
                (f"; boundary={boundary}", f'; boundary="{boundary}"', "", "; boundary=", "; boundary=y")
            )
            return {"Content-Type": kind + named}, self._mutated(self._related(boundary), 0.3)
        if chance() < 0.05:
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            return form, one((b"name=a&password=b", b"name=a", b"%", b"&&&", b"name=%ff&password=%00"))
        value = self._json(path)
        data = json.dumps(value, ensure_ascii=chance() < 0.3).encode("utf-8", "surrogatepass")
        data = self._mutated(data, 0.2)
        headers = {
            "Content-Type": "application/json" if chance() < 0.95 else one(("text/plain", "", "a/b;c"))
        }
        if chance() < 0.08:
            headers["Content-Encoding"] = one(("gzip", "gzip", "GZIP", "deflate", "br", "identity", ""))
            if chance() < 0.8:
                data = self._mutated(gzip.compress(data), 0.3)
        return headers, data

    def _json(self, path: str) -> Any:
        one = self._random.choice
        mine = [make for suffix, make in _BODIES.items() if suffix in path]
        if mine and self._random.random() < 0.85:
            value = self._hole(one(mine)(self))
        else:
            value = self._hole(self.document())
        return self._bent(value) if self._random.random() < 0.4 else value

    def document(self) -> dict[str, Any]:
        """A document, more or less."""
        one, chance = self._random.choice, self._random.random
        doc = {one(_MEMBERS): self.value() for _ in range(one((0, 1, 2, 4)))}
        if chance() < 0.6:
            doc["_id"] = one(_IDS)
        if chance() < 0.5:
            doc["_rev"] = "REV"
        if chance() < 0.2:
            doc["_deleted"] = one((True, True, False, 1, "true", None))
        if chance() < 0.2:
            generation = one((1, 2, 3, 2, 1000, 100_001, 10**9, 10**15, 10**17, -1, 0, 1.5, "1", None))
            ids = [one(("a", "b", "c", "0" * 32, "", "-", 1, None)) for _ in range(one((0, 1, 2, 3, 50)))]
            doc["_revisions"] = {"start": generation, "ids": ids}
        if chance() < 0.2:
            doc["_attachments"] = {one(_NAMES): self._attachment() for _ in range(one((0, 1, 2, 101)))}
        return doc

    def _attachment(self) -> Any:
        one = self._random.choice
        data = b64encode(one((b"", b"x", b"abc" * 999))).decode()
        members = {
            "data": one((data, data, data, "!", 1)),
            "content_type": one(("text/plain", "a", "a\r\nb: c", "", 1, "x" * 300)),
            "digest": one(("md5-AAAA", "md5-kAFQmDzST7DWlj99KOF/cg==", 1)),
            "stub": one((True, True, 1)),
            "follows": one((True, True, 1)),
            "revpos": one((1, 2, -1, 10**15, "1")),
            "length": one((1, 2, 3, -1, "1")),
            "encoding": one(("gzip", "x", 1)),
            "encoded_length": one((1, "1")),
        }
        names = self._random.sample(sorted(members), one((1, 2, 3)))
        return {**({"data": data} if one((0, 1)) else {}), **{name: members[name] for name in names}}

    def value(self, depth: int = 0) -> Any:
        """Any JSON."""
        one = self._random.choice
        if depth < 4 and self._random.random() < 0.3:
            if one((0, 1)):
                return [self.value(depth + 1) for _ in range(one((0, 1, 3)))]
            return {one(_MEMBERS): self.value(depth + 1) for _ in range(one((0, 1, 3)))}
        return one(_ODD)

    def selector(self, depth: int = 0) -> Any:
        """A selector, more or less."""
        one = self._random.choice
        if depth > 4 or self._random.random() < 0.2:
            return self.value(3)
        made: dict[str, Any] = {}
        for _ in range(one((0, 1, 1, 2, 3))):
            name = one((*_OPERATORS, *_MEMBERS, "_id", "a.b", "n"))
            if name in ("$and", "$or", "$nor"):
                made[name] = [self.selector(depth + 1) for _ in range(one((0, 1, 2)))]
            else:
                made[name] = one((self.selector, self.value))(depth + 1)
        return made

    def _bent(self, value: Any) -> Any:
        """`value` with one thing in it exchanged."""
        one = self._random.choice
        if isinstance(value, dict) and value and self._random.random() < 0.8:
            name = one(list(value))
            return {**value, name: self._bent(value[name])}
        if isinstance(value, list) and value and self._random.random() < 0.8:
            n = self._random.randrange(len(value))
            return [*value[:n], self._bent(value[n]), *value[n + 1 :]]
        return self.value()

    def _mutated(self, data: bytes, likely: float) -> bytes:
        """`data`, cut, repeated, or with some bytes exchanged."""
        if self._random.random() >= likely or not data:
            return data
        way = self._random.randrange(5)
        at = self._random.randrange(len(data))
        if way == 0:
            return data[:at]
        if way == 1:
            return data + data[at:]
        if way == 2:
            return data[:at] + self._random.choice(_BYTES) + data[at:]
        if way == 3:
            return data[:at] + self._random.choice(_BYTES) + data[at + 1 :]
        return data[at:] + data[:at]

    def _related(self, boundary: str) -> bytes:
        """A document with its files behind it, more or less."""
        one, chance = self._random.choice, self._random.random
        doc = self._hole(self.document())
        names = [one(_NAMES) for _ in range(one((0, 1, 2)))]
        files = [one((b"", b"x", b"--x", b"\r\n--x\r\n", b"abc" * 99)) for _ in names]
        doc["_attachments"] = {
            name: {"follows": True, "content_type": "text/plain", "length": len(data)}
            for name, data in zip(names, files, strict=True)
        }
        text = json.dumps(doc).encode()
        line = one((b"\r\n", b"\r\n", b"\r\n", b"\n"))
        mark = b"--" + boundary.encode()
        made = mark + line + b"Content-Type: application/json" + line * 2 + text
        for name, data in zip(names, files, strict=True):
            head = f'Content-Disposition: attachment; filename="{name}"'.encode("utf-8", "replace")
            made += line + mark + line + head + line * one((1, 2, 2, 2)) + data
        return made + line + (mark + b"--" if chance() < 0.9 else mark)


def _parts(rule: str) -> list[str]:
    """`/db/<db>/_x` as its fixed pieces and its variables."""
    return [part for piece in rule.split("<") for part in _variable(piece)]


def _variable(piece: str) -> tuple[str, ...]:
    name, end, rest = piece.partition(">")
    return (f"<{name}>", rest) if end else (piece,)


_IDS = (
    "a", "b", "c", "doc-0001", "a/b", "文件", "_design/x", "_design/y", "_local/x", "_local/文", "_design", "_local",
    "_odd", "", " ", "a b", "é", "𠮷", "x" * 512, "x" * 513, "a\0b", "a\nb", "%", "%2F", "..", "a?b", "a#b", "+", "'\"",
    "_design/x/_view/y", "_all_docs", event(1).id, event(2).id, event(1).id[:-1], event(1).id + "0",
)  # fmt: skip
_NAMES = ("x", "file.txt", "a/b", "文.txt", "", "x" * 600, "a\0", '"', "a\r\nb", "..", "_x", "%2F")
_DATABASES = (
    "none",
    "one",
    "two",
    "",
    "_odd",
    "_users",
    "_replicator",
    "A",
    "a" * 300,
    "a/b",
    "..",
    "文",
    "a\0",
    "a%2f",
)
_MEMBERS = (
    "n",
    "名称",
    "a",
    "b",
    "a.b",
    "",
    "_odd",
    "_revs_info",
    "$eq",
    "x" * 99,
    "\0",
    "状态",
    "_id",
    "length",
)
_OPERATORS = (
    "$and", "$or", "$nor", "$not", "$elemMatch", "$allMatch", "$keyMapMatch", "$eq", "$ne", "$lt", "$lte", "$gt",
    "$gte", "$in", "$nin", "$all", "$exists", "$type", "$size", "$mod", "$beginsWith", "$regex", "$text", "$",
)  # fmt: skip
_ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 1.5, -0.0, 1e308, 2**53 - 1, 2**53, 10**25, 10**400, "", "a", "true", "文", "𠮷", "\0",
    "\ud800", "x" * 5000, [], {}, [[]], [None], {"a": 1}, {"": {}}, ["a", 1, None], "9" * 30, "NaN", "1e999", "%00", "REV",
    "9-z", "-1", "٣", "0x1", " 1", "1-" + "a" * 100, {"n": [1, {"a": "b"}]}, [0] * 300,
)  # fmt: skip
_BYTES = (
    b"\0", b"\xff", b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\\ud800", b"-", b"e999", b"\n", b"NaN", b"1" * 40,
    b"[" * 2000, b'{"a":' * 2000, b"\xef\xbb\xbf", b"--", b"\r\n",
)  # fmt: skip
_FLAG = ("true", "false", "1", "")
_NUMBER = ("0", "1", "2", "10", "100000", "-1", "x", "")
_KEY: tuple[Any, ...] = ("a", "b", "文", "", "_design/", "\ufff0", 1, None, {}, [])
_REVS: tuple[Any, ...] = ([], ["REV"], ["REV", "9-z", "x"], [1], {}, "all", "x")
_PARAMETERS: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(
        (
            "include_docs", "conflicts", "attachments", "descending", "inclusive_end", "update_seq", "revs", "revs_info",
            "latest", "local_seq", "meta", "deleted_conflicts", "new_edits", "att_encoding_info", "reduce",
        ),
        _FLAG,
    ),
    **dict.fromkeys(("limit", "skip", "seq_interval", "count", "timeout", "heartbeat"), _NUMBER),
    **dict.fromkeys(("key", "startkey", "endkey", "start_key", "end_key"), _KEY),
    "keys": ([], ["a"], ["a", "a", "b", "文"], [1], {}, "x"),
    "rev": ("REV", "REV", "REV", "1-x", "x", ""),
    "open_revs": _REVS,
    "atts_since": _REVS,
    "since": ("0", "1", "5", "now", "x", "-1", "99999999999999999999", "1-abc", '"0"', ""),
    "feed": ("normal", "longpoll", "continuous", "eventsource", "x", ""),
    "style": ("main_only", "all_docs", "x"),
    "filter": ("_doc_ids", "_selector", "_design", "_view", "x/y", ""),
    "doc_ids": ([], ["a"], ["a", "b"], 1, "x"),
    "batch": ("ok", "x", ""),
    "full": _FLAG,
}  # fmt: skip
_OWN_PARAMETERS = {
    "_changes": (
        "feed", "since", "limit", "filter", "doc_ids", "style", "include_docs", "conflicts", "attachments", "descending",
        "timeout", "heartbeat", "seq_interval",
    ),
    "_db_updates": ("feed", "since", "limit", "timeout", "heartbeat"),
    "_docs": ("startkey", "endkey", "key", "keys", "limit", "skip", "descending", "include_docs", "inclusive_end", "update_seq"),
    "_all_dbs": ("startkey", "endkey", "limit", "skip", "descending"),
    "_bulk_get": ("latest", "revs", "attachments"),
    "things/": ("rev", "revs", "open_revs", "atts_since", "revs_info", "meta", "latest", "new_edits", "batch", "attachments"),
}  # fmt: skip
_HEADERS: dict[str, tuple[str, ...]] = {
    "Accept": ("*/*", "application/json", "multipart/mixed", "multipart/related", "text/html;q=x", ""),
    "Accept-Encoding": ("gzip", "identity", "gzip;q=0", "br", ""),
    "Authorization": ("Basic YTpi", "Basic !", "Basic", "Bearer x", "Basic " + b64encode(b"stranger:x").decode(), ""),
    "Cookie": ("AuthSession=x", "AuthSession=", "AuthSession=a.b.c", "x=y; AuthSession=e30.e30.e30", ";;"),
    "Content-Length": ("0", "5", "99", "-1", "x", "1e9"),
    "Content-MD5": ("kAFQmDzST7DWlj99KOF/cg==", "x"),
    "Destination": ("b", "new?rev=REV", "%", "_design/x", "文", "x" * 600, "http://127.0.0.1/db/things/z", "?", "a\tb"),
    "If-Match": ('"REV"', "REV", "*", '"', ""),
    "If-None-Match": ('"REV"', "*", "W/x", '"', ""),
    "Last-Event-ID": ("0", "3", "x", ""),
    "Range": ("bytes=0-1", "bytes=-1", "bytes=5-2", "bytes=99999-", "bytes=0-0,2-3", "x=1", "bytes=", "bytes=a-b"),
    "Host": ("127.0.0.1", "x y", "a" * 300, "[::1", ""),
    "X-Forwarded-Host": ("evil",),
    "Transfer-Encoding": ("chunked",),
}  # fmt: skip
_BODIES: dict[str, Callable[[Generator], Any]] = {
    "_bulk_docs": lambda g: {
        "docs": [g.document() for _ in range(g._random.choice((0, 1, 3, 10)))],
        **g._random.choice(({}, {"new_edits": False}, {"new_edits": False}, {"new_edits": 1}, {"all_or_nothing": True})),
    },
    "_bulk_get": lambda g: {
        "docs": [
            {"id": g._random.choice(_IDS), **g._random.choice(({}, {"rev": "REV"}, {"rev": "x", "atts_since": ["REV", 1]}))}
            for _ in range(g._random.choice((0, 1, 5)))
        ]
    },
    "_revs_diff": lambda g: {g._random.choice(_IDS): ["REV", "9-z", "x"][: g._random.randrange(4)]},
    "_missing_revs": lambda g: {g._random.choice(_IDS): ["REV", "9-z"]},
    "_purge": lambda g: {g._random.choice(_IDS): ["REV", "9-z"]},
    "_docs": lambda g: {"keys": [g._random.choice(_IDS) for _ in range(g._random.choice((0, 1, 5)))]},
    "_changes": lambda g: g._random.choice(({"doc_ids": ["a", "b"]}, {"selector": g.selector()}, {})),
    "_find": lambda g: {
        "selector": g.selector(),
        "limit": g._random.choice((0, 1, 25, 10**9)),
        "sort": g._random.choice(([], ["n"], [{"n": "desc"}], [{"a.b": "asc"}, "n"])),
        "fields": g._random.choice(([], ["_id", "n"], ["a.b", "a"], [""])),
        "bookmark": g._random.choice(("nil", "", "a", "3", "𠮷")),
        "skip": g._random.choice((0, 1, 10**9)),
    },
    "_explain": lambda g: {"selector": g.selector()},
    "_index": lambda g: {
        "index": {"fields": [g._random.choice(("n", {"n": "desc"}, "a.b", {"": "asc"}, 1))]},
        "name": g._random.choice(("x", "", "文", 1)),
        "ddoc": g._random.choice(("x", "y", "_design/x", "")),
    },
    "_session": lambda g: {"name": "a", "password": g._random.choice(("b", "wrong", "", "\0", ":"))},
    "_security": lambda g: {"admins": {"names": [], "roles": []}, "members": g.value()},
    "_revs_limit": lambda g: g._random.choice((1000, 1, -1, "x")),
    "_dbs_info": lambda g: {"keys": ["things", "none", 1]},
}  # fmt: skip


def rules_of(app: flask.Flask) -> list[tuple[str, list[str]]]:
    """Every rule of the endpoint, with its methods."""
    return [
        (rule.rule, sorted((rule.methods or set()) - {"OPTIONS"}))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/db")
    ]


def wrong(asked: Asked, status: int, data: bytes, seconds: float) -> str:
    """What is wrong with an answer; "" if nothing."""
    if status >= 500 and status != 501:
        return f"it was answered with {status}: {data[:300]!r}"
    if seconds > SLOWEST:
        return f"it took {seconds:.1f} s"
    if status >= 400 and asked.method != "HEAD" and _reaches(asked):
        try:
            told = json.loads(data)
        except ValueError:
            return f"the {status} is not told in JSON: {data[:300]!r}"
        if not (told.get("error") and told.get("reason")):
            return f"the {status} has no error and reason: {data[:300]!r}"
    return ""


def _reaches(asked: Asked) -> bool:
    """Whether a request gets as far as the endpoint; before it, the framework refuses with a page of its own."""
    return (
        asked.method not in ("ODD", "TRACE")
        and asked.headers.get("Host", "127.0.0.1") == "127.0.0.1"
        and "%0A" not in asked.path
    )


def _answered(client: Any, asked: Asked) -> tuple[int, bytes, float]:
    began = time.perf_counter()
    try:
        response = client.open(asked.path, method=asked.method, headers=asked.headers, data=asked.body)
        status, data = response.status_code, response.get_data()
    except Exception as error:  # out of the middle of an answer, for instance
        status, data = 599, repr(error).encode()
    return status, data, time.perf_counter() - began


@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", range(SEED, SEED + -(-REQUESTS // A_STORE)))
def test_whatever_is_asked_is_answered_in_words_and_at_once(tmp_path: Path, seed: int) -> None:
    problems: list[str] = []
    seen: Counter[int] = Counter()
    with Store.open(tmp_path / "store.sqlite") as store:
        db = store.database("things", create=True)
        revs = [db.put({"_id": id, "n": n, "a": {"b": id}}) for n, id in enumerate(("a", "b", "c", "文件"))]
        db.add_revisions([event(1)])
        app = application(store, Gate(), waiters=0)  # a feed that waits would be slow, and rightly
        client = app.test_client(use_cookies=False)
        generator = Generator(seed, rules_of(app))
        generator.revs += revs
        for n in range(A_STORE):
            asked = generator.ask()
            status, data, seconds = _answered(client, asked)
            seen[status] += 1
            if seconds > SLOWEST:  # the machine may have been busy with others
                _, _, seconds = _answered(client, asked)
            if said := wrong(asked, status, data, seconds):
                problems.append(f"seed {seed}, request {n}: {said}\n  {asked}")
            if status == 201 and (found := _rev_in(data)):
                generator.revs[4:] = [*generator.revs[-6:], found]
            if "things" not in store.databases():
                store.database("things", create=True).put({"_id": "a"})
    assert not problems, f"{len(problems)} of {A_STORE}\n" + "\n".join(problems[:20])
    # It reached what it was to reach: reads, writes, and refusals of every kind.
    assert {200, 201, 202, 400, 401, 404, 405, 409, 412, 415, 501} <= set(seen), seen


def _rev_in(data: bytes) -> str:
    try:
        told = json.loads(data)
    except ValueError:
        return ""
    one = told[0] if isinstance(told, list) and told else told
    return str(one.get("rev", "")) if isinstance(one, dict) else ""
