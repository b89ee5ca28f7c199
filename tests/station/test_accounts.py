"""Signing in: who may, how guessing is slowed, when a session ends."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from schemas.problems import DomainError
from station.accounts import SESSION_HOURS, Accounts
from station.attempts import NAME
from sync.store import Store
from tests.office import Office
from tests.world import PASSWORD, PEOPLE, QUICK, VILLAGE, Time


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store.sqlite") as opened:
        yield opened


@pytest.fixture
def office(store: Store, time: Time) -> Office:
    return Office(store, time)


@pytest.fixture
def accounts(office: Office) -> Accounts:
    return office.accounts(VILLAGE, QUICK, PEOPLE["V001"])


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


def test_the_wait_survives_a_restart_and_grows(accounts: Accounts, office: Office, time: Time) -> None:
    for _ in range(NAME.free):
        refusal(accounts, "V001", "wrong")
    again = office.accounts(VILLAGE, QUICK)
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
