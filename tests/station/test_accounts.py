"""Signing in: who may, how guessing is slowed, when a session ends."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from schemas.problems import DomainError
from station.accounts import SESSION_HOURS, Accounts
from station.attempts import NAME
from sync.store import Store
from tests.world import PASSWORD, PEOPLE, QUICK, Time


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store.sqlite") as opened:
        yield opened


@pytest.fixture
def accounts(store: Store, time: Time) -> Accounts:
    made = Accounts(store, clock=time, random=secrets.token_bytes, hasher=QUICK)
    made.set_staff(PEOPLE["V001"], PASSWORD)
    return made


def refusal(accounts: Accounts, number: str, password: str) -> str:
    with pytest.raises(DomainError) as caught:
        accounts.sign_in(number, password)
    return caught.value.problem.code


def test_the_right_password_opens_a_session_of_that_person(accounts: Accounts) -> None:
    assert accounts.session(accounts.sign_in("V001", PASSWORD)) == PEOPLE["V001"]


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(accounts: Accounts) -> None:
    assert refusal(accounts, "V001", "wrong") == refusal(accounts, "nobody", "wrong") == "sign_in_wrong"


def test_guessing_is_slowed_even_with_the_right_password(accounts: Accounts, time: Time) -> None:
    for _ in range(NAME.free):
        refusal(accounts, "V001", "wrong")
    assert refusal(accounts, "V001", PASSWORD) == "sign_in_wait"
    time.pass_(seconds=31)
    assert accounts.sign_in("V001", PASSWORD)


def test_the_wait_survives_a_restart_and_grows(accounts: Accounts, store: Store, time: Time) -> None:
    for _ in range(NAME.free):
        refusal(accounts, "V001", "wrong")
    again = Accounts(store, clock=time, random=lambda n: bytes(n), hasher=QUICK)
    assert refusal(again, "V001", PASSWORD) == "sign_in_wait"
    time.pass_(seconds=31)
    refusal(again, "V001", "wrong")
    time.pass_(seconds=31)
    assert refusal(again, "V001", PASSWORD) == "sign_in_wait"
    time.pass_(seconds=31)
    assert again.sign_in("V001", PASSWORD)


def test_success_forgets_earlier_failures(accounts: Accounts) -> None:
    for _ in range(NAME.free - 1):
        refusal(accounts, "V001", "wrong")
    accounts.sign_in("V001", PASSWORD)
    assert refusal(accounts, "V001", "wrong") == "sign_in_wrong"


def test_a_session_ends_by_signing_out_and_by_time(accounts: Accounts, time: Time) -> None:
    first, second = accounts.sign_in("V001", PASSWORD), accounts.sign_in("V001", PASSWORD)
    accounts.sign_out(first)
    assert accounts.session(first) is None
    assert accounts.session(second) is not None
    time.pass_(hours=SESSION_HOURS)
    assert accounts.session(second) is None


def test_a_made_up_session_is_nobody(accounts: Accounts) -> None:
    assert accounts.session("made up") is None


def test_neither_password_nor_session_secret_is_in_the_file(accounts: Accounts, store: Store) -> None:
    secret = accounts.sign_in("V001", PASSWORD)
    path = store.path
    store.close()
    kept = b"".join(each.read_bytes() for each in path.parent.iterdir())
    assert PASSWORD.encode() not in kept
    assert secret.encode() not in kept


@pytest.mark.parametrize(
    ("staff", "password", "code"),
    [
        (replace(PEOPLE["V001"], roles=frozenset({"emperor"})), PASSWORD, "role_unknown"),
        (PEOPLE["V001"], "short", "password_short"),
    ],
)
def test_a_bad_record_is_refused(accounts: Accounts, staff: object, password: str, code: str) -> None:
    with pytest.raises(DomainError) as caught:
        accounts.set_staff(staff, password)  # type: ignore[arg-type]
    assert caught.value.problem.code == code


def test_a_record_can_be_replaced(accounts: Accounts) -> None:
    accounts.set_staff(replace(PEOPLE["V001"], name="王新"), "another password")
    assert refusal(accounts, "V001", PASSWORD) == "sign_in_wrong"
    assert accounts.sign_in("V001", "another password")
    staff = accounts.staff("V001")
    assert staff is not None
    assert staff.name == "王新"


def test_a_new_password_ends_the_sessions_of_the_old_one(accounts: Accounts) -> None:
    secret = accounts.sign_in("V001", PASSWORD)
    accounts.set_staff(PEOPLE["V001"], "another password")
    assert accounts.session(secret) is None


def test_years_of_signing_in_leave_nothing_behind(accounts: Accounts, store: Store, time: Time) -> None:
    for n in range(30):
        refusal(accounts, f"guess {n}", "wrong")
        accounts.sign_in("V001", PASSWORD)
        time.pass_(days=2)
    assert len(store.database("here").local_documents()) < 5


def test_a_clock_that_was_wrong_for_a_while_locks_nobody_out(accounts: Accounts, time: Time) -> None:
    time.pass_(days=4000)
    for _ in range(NAME.free + 5):
        refusal(accounts, "V001", "wrong")
    time.pass_(days=-4000)
    assert refusal(accounts, "V001", PASSWORD) == "sign_in_wait"
    time.pass_(minutes=16)
    assert accounts.sign_in("V001", PASSWORD)


def test_many_guesses_at_once_are_many_guesses(accounts: Accounts) -> None:
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda _: refusal(accounts, "V001", "wrong"), range(32)))
    assert codes.count("sign_in_wrong") == NAME.free


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"station": "999999999999"}, "999999999999"), ({"zones": frozenset({"没有这个区"})}, "没有这个区")],
)
def test_a_station_or_zone_that_does_not_exist_is_refused(
    accounts: Accounts, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(DomainError) as caught:
        accounts.set_staff(replace(PEOPLE["V001"], **changes), PASSWORD)  # type: ignore[arg-type]
    assert said in str(caught.value.problem.params)
