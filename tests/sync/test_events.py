"""Names and revisions of events, and documents in CouchDB's form."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import blobs, event_ids, strict_json, wire
from sync.errors import BadRequest, Forbidden
from sync.peer import Attachment, Revision
from tests.sync.test_strict_json import values

ID = "ev:510903001001:k3v7q2mh:17"
bodies = st.dictionaries(
    st.text("abc名_称Z", min_size=1).filter(lambda key: key[0] != "_"), values, max_size=4
)


def test_an_event_id_has_three_parts() -> None:
    assert event_ids.event_id("510903001001", "k3v7q2mh", 17) == ID
    assert event_ids.parse_event_id(ID) == ("510903001001", "k3v7q2mh", 17)
    assert str(event_ids.parse_event_id(ID)) == ID


@pytest.mark.parametrize(
    "id",
    [
        "ev:",
        "ev:51090300100:k3v7q2mh:1",
        "ev:510903001001:K3V7Q2MH:1",
        "ev:510903001001:k3v7q2mh:0",
        ID + ":1",
        " " + ID,
        ID + "\n",
        "ev:510903001001:k3v7q2mh:٣",
    ],
)
def test_what_is_no_event_id(id: str) -> None:
    assert event_ids.parse_event_id(id) is None


@given(bodies)
def test_an_events_revision_is_the_hash_of_its_canonical_content(content: dict[str, Any]) -> None:
    whole = hashlib.sha256(strict_json.canonical({**content, "_id": ID})).hexdigest()
    assert event_ids.event_rev(ID, strict_json.canonical(content)) == "1-" + whole[:32]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"id": "ev:nonsense"}, "not an event id"),
        ({"deleted": True}, "never deleted"),
        ({"attachments": True}, "no attachments"),
        ({"body": b'{"a":2}'}, "not the revision"),
        ({"path": ("2-" + "0" * 32, "1-" + "0" * 32)}, "not the revision"),
    ],
)
def test_a_forged_event_is_told_from_a_true_one(changed: dict[str, Any], why: str) -> None:
    body = b'{"a":1}'
    true = {
        "id": ID,
        "path": (event_ids.event_rev(ID, body),),
        "deleted": False,
        "body": body,
        "attachments": False,
    }
    assert event_ids.check_event(**true).n == 17
    with pytest.raises(Forbidden, match=why):
        event_ids.check_event(**{**true, **changed})


@given(bodies, st.booleans(), st.integers(1, 4), st.booleans(), st.text('aé名"\\ /', min_size=1))
def test_a_revision_survives_couchdbs_form(
    content: dict[str, Any], deleted: bool, steps: int, attached: bool, id: str
) -> None:
    path = tuple(f"{generation}-{'ab' * 16}" for generation in range(steps, 0, -1))
    data = b"hello"
    files = {"附件 1.txt": Attachment("text/plain", blobs.digests(data).md5, 5, 1, data)} if attached else {}
    sent = Revision(id, path, deleted, strict_json.dumps(content), files)
    text = wire.splice(sent, revs=True)
    for known in (None, text):
        came = wire.unsplice(strict_json.loads(text), known)
        assert came[:4] == sent[:4]
        assert dict(came.attachments) == files


def test_a_spliced_body_is_kept_to_the_byte() -> None:
    body = b'{"a": 1.50,\n"b":"\xe5\xbc\xa0"}'
    text = wire.splice(Revision("x", ("1-a",), False, body), revs=True)
    assert wire.unsplice(strict_json.loads(text), text).body == body


def test_a_batch_has_a_line_a_document_and_names_ancestors_where_there_are_some() -> None:
    text = wire.batch(
        [Revision("a", ("1-a",), False, b'{"n":1}'), Revision("b", ("2-b", "1-a"), True, b"{}")]
    )
    assert text.split(b"\n") == [
        b'{"new_edits":false,"docs":[',
        b'{"_id":"a","_rev":"1-a","n":1},',
        b'{"_id":"b","_rev":"2-b","_deleted":true,"_revisions":{"start":2,"ids":["b","a"]}}',
        b"]}",
    ]


@pytest.mark.parametrize(
    ("head", "why"),
    [
        ('"_id":"","_rev":"1-a"', "non-empty"),
        ('"_id":"_hidden","_rev":"1-a"', "underscore"),
        ('"_id":"a\x7fb","_rev":"1-a"', "control characters"),
        (f'"_id":"{"a" * 513}","_rev":"1-a"', "at most"),
        ('"_id":"x","_rev":"1-a b"', "not a revision"),
        ('"_id":"x","_rev":"1-a","_revisions":{"start":1,"ids":["b"]}', "different revisions"),
    ],
)
def test_a_first_revision_is_looked_at_as_closely_in_its_text(head: str, why: str) -> None:
    text = f'{{{head},"n":1}}'.encode()
    for known in (None, text):
        with pytest.raises(BadRequest, match=why):
            wire.unsplice(strict_json.loads(text), known)


def test_an_escaped_underscore_is_an_underscore() -> None:
    text = b'{"_id":"x","_rev":"1-a","\\u005fdeleted":true,"a":1}'
    came = wire.unsplice(strict_json.loads(text), text)
    assert (came.deleted, came.body) == (True, b'{"a":1}')
    with pytest.raises(BadRequest):
        wire.unsplice({"_id": "x", "_rev": "1-a", "_odd": 1}, b'{"_id":"x","_rev":"1-a","\\u005fodd":1}')


def test_a_body_is_never_taken_from_a_text_that_holds_more_members_of_couchdbs() -> None:
    text = b'{"_id":"x","_rev":"1-a","a":1,"_deleted":true}'
    came = wire.unsplice(strict_json.loads(text), text)
    assert (came.deleted, came.body) == (True, b'{"a":1}')


@pytest.mark.parametrize(
    "doc",
    [
        {"_rev": "1-a"},
        {"_id": "", "_rev": "1-a"},
        {"_id": "_hidden", "_rev": "1-a"},
        {"_id": "a\nb", "_rev": "1-a"},
        {"_id": "a" * 513, "_rev": "1-a"},
        {"_id": 7, "_rev": "1-a"},
        {"_id": "x"},
        {"_id": "x", "_rev": "nonsense"},
        {"_id": "x", "_rev": "1-a", "_secret": 1},
        {"_id": "x", "_rev": "1-a", "_deleted": "yes"},
        {"_id": "x", "_rev": "2-a", "_revisions": {"start": 2, "ids": ["b", "a"]}},
        {"_id": "x", "_rev": "1-a", "_revisions": {"start": -1, "ids": ["a"]}},
        {"_id": "x", "_rev": "1-a", "_revisions": {"start": 1.5, "ids": ["a"]}},
        {"_id": "x", "_rev": "1-a", "_revisions": {"start": 1, "ids": ["a", "b"]}},
        {"_id": "x", "_rev": "1-a", "_revisions": {"start": 1, "ids": []}},
        {"_id": "x", "_rev": "1-a", "_revisions": {"start": 1, "ids": [5, None]}},
        {"_id": "x", "_rev": "1-a", "_attachments": {"f": {"data": "%%%"}}},
        {"_id": "x", "_rev": "1-a", "_attachments": {"f": {"follows": True}}},
        {"_id": "x", "_rev": "1-a", "_attachments": {"f": {"data": "aGVsbG8=", "digest": "md5-AAAA"}}},
        {"_id": "x", "_rev": "1-a", "_attachments": {"": {"data": ""}}},
        {"_id": "x", "_rev": "1-a", "_attachments": [1]},
    ],
    ids=str,
)
def test_a_malformed_document_is_refused(doc: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        wire.unsplice(doc)


def test_batches_are_cut_by_bytes_and_lose_nothing() -> None:
    made = [Revision(f"d{i}", ("1-a",), False, b'{"x":"' + b"y" * (i * 100) + b'"}') for i in range(30)]
    cut = list(wire.slices(made, 2000))
    assert [revision for some in cut for revision in some] == made
    assert len(cut) > 5
    assert all(sum(map(wire.size, some)) <= 2000 or len(some) == 1 for some in cut)
