"""A pass is given to who holds the key, for the server that was called, and for a quarter of an hour by its clock."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest

from station import passes
from station.passes import Passes
from sync.errors import Unauthorized
from sync.signing import Signer
from sync.store import Store
from tests.world import VILLAGE, Time

DEVICE, HOST = Signer(bytes(32)), "hub.example:8000"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store.sqlite") as store:
        yield store


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def desk(store: Store, time: Time) -> Passes:
    return Passes(store, clock=time, random=lambda n: bytes(range(n)))


def token(desk: Passes, **changes: str) -> str:
    nonce = changes.get("nonce") or desk.challenge()
    signed = passes.answer(
        DEVICE,
        changes.get("signed_as", VILLAGE),
        changes.get("signed_for", HOST),
        changes.get("signed", nonce),
    )
    return desk.issue(VILLAGE, DEVICE.public, HOST, nonce, signed)


def test_a_pass_names_the_station_and_the_key(desk: Passes) -> None:
    assert desk.read(token(desk)) == (VILLAGE, DEVICE.public)


def test_it_is_a_token_that_couchdb_takes(desk: Passes, time: Time) -> None:
    """`jwt_auth` wants ES256 (it knows no EdDSA), `exp`, and a key named by `kid`."""
    issued = token(desk)
    assert jwt.get_unverified_header(issued) == {"alg": "ES256", "kid": "bianmin", "typ": "JWT"}
    claims = jwt.decode(
        issued, desk.public_key(), algorithms=["ES256"], audience="bianmin", options={"verify_exp": False}
    )
    assert claims["sub"] == VILLAGE
    assert claims["roles"] == ["station"]
    assert claims["exp"] - claims["iat"] == 900
    assert claims["iat"] == int(time().timestamp())


def test_it_ends_by_the_servers_clock(desk: Passes, time: Time) -> None:
    issued = token(desk)
    time.pass_(seconds=899)
    desk.read(issued)
    time.pass_(seconds=1)
    with pytest.raises(Unauthorized, match="run out"):
        desk.read(issued)


def test_a_clock_that_is_set_back_makes_no_pass_last(desk: Passes, time: Time) -> None:
    time.pass_(days=300)
    issued = token(desk)
    time.pass_(days=-300)
    with pytest.raises(Unauthorized):
        desk.read(issued)


def test_a_challenge_is_good_for_a_minute(desk: Passes, time: Time) -> None:
    nonce = desk.challenge()
    time.pass_(seconds=61)
    with pytest.raises(Unauthorized):
        token(desk, nonce=nonce)


@pytest.mark.parametrize(
    "change", [{"signed_as": "510903001002"}, {"signed_for": "township.example"}, {"signed": "another"}]
)
def test_a_signature_made_for_something_else_gets_none(desk: Passes, change: dict[str, str]) -> None:
    """Above all one for another host: a township that passes the hub's challenge on to its village."""
    with pytest.raises(Unauthorized, match="another server"):
        token(desk, **change)


def test_a_pass_is_no_challenge_and_a_challenge_no_pass(desk: Passes) -> None:
    with pytest.raises(Unauthorized):
        desk.read(desk.challenge())
    with pytest.raises(Unauthorized):
        token(desk, nonce=token(desk))


def test_another_servers_pass_is_worth_nothing(desk: Passes, time: Time, tmp_path: Path) -> None:
    with Store.open(tmp_path / "other.sqlite") as store:
        other = Passes(store, clock=time, random=lambda n: bytes(range(n)))  # the very same key
        with pytest.raises(Unauthorized):
            desk.read(token(other))


def forged(header: dict[str, str], claims: dict[str, object], key: str) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    if header["alg"] == "none":
        return f"{part(header)}.{part(claims)}."
    return f"{part(header)}.{part(claims)}.{part(key)}"


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS256", "ES384", "EdDSA"])
def test_a_token_does_not_choose_how_it_is_looked_at(
    desk: Passes, store: Store, time: Time, algorithm: str
) -> None:
    now = int(time().timestamp())
    claims = {
        "sub": VILLAGE,
        "key": DEVICE.public,
        "aud": "bianmin",
        "iss": store.uuid,
        "iat": now,
        "exp": now + 60,
    }
    with pytest.raises(Unauthorized):
        desk.read(forged({"alg": algorithm, "kid": "../../dev/null"}, claims, desk.public_key()))


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "王.芳.在", "." * 10_000])
def test_rubbish_is_no_pass(desk: Passes, text: str) -> None:
    with pytest.raises(Unauthorized):
        desk.read(text)


def test_the_key_is_kept(desk: Passes, store: Store, time: Time) -> None:
    issued = token(desk)
    assert Passes(store, clock=time, random=lambda n: b"\7" * n).read(issued) == (VILLAGE, DEVICE.public)


def test_a_short_pass_says_the_same_as_long_as_it_is_shown_now_and_then(desk: Passes, time: Time) -> None:
    short = desk.lend(VILLAGE, DEVICE.public)
    assert len(short) == 16
    for _ in range(5):
        time.pass_(hours=23)
        assert desk.read(short) == (VILLAGE, DEVICE.public)
    time.pass_(hours=25)
    with pytest.raises(Unauthorized, match="run out"):
        desk.read(short)
    with pytest.raises(Unauthorized, match="run out"):
        desk.read("A" * 16)


def test_short_passes_have_a_bound(store: Store, time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passes, "MOST_SHORT", 2)
    desk = Passes(store, clock=time, random=secrets.token_bytes)
    first, *rest = [desk.lend(VILLAGE, DEVICE.public) for _ in range(3)]
    with pytest.raises(Unauthorized):
        desk.read(first)
    assert {desk.read(each) for each in rest} == {(VILLAGE, DEVICE.public)}
