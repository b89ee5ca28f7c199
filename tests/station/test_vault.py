"""The key: drawn once, kept outside the data folder, told by no file in it, and brought back in each of three ways."""

from __future__ import annotations

import json
import logging
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keyring
import pyrage
import pytest
from click.testing import CliRunner, Result
from keyring.backends import fail

from hub.cli import main as hub
from station import keystore, vault
from station.app import Parts, build_parts
from station.cli import main as station
from station.keystore import KeyFile, KeyMissing, Keystore
from station.sealing import KeyRefused, key_id
from station.settings import Settings
from station.staff import Staff
from station.vault import RECOVERY, WRAPS, Vault, open_vault
from sync.errors import StoreLocked, StoreMissing, WrongKey
from sync.store import Store, encryption
from sync.store.connection import FileLock
from tests import keyrings
from tests.office import Office
from tests.world import PASSWORD, PEOPLE, QUICK, QUICK_WRAPPING, VILLAGE

KEY = bytes(range(32))
CLERK = PEOPLE["V001"]
WORDS = "four words by telephone"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "station.key"


@pytest.fixture
def with_backend(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[[keyring.backend.KeyringBackend], None]]:
    """Makes a keystore the computer's."""
    monkeypatch.setenv("BIANMIN_TEST_KEYRING", str(tmp_path / "keyring.json"))
    yield keyring.set_keyring
    keyring.set_keyring(fail.Keyring())


def opened(data: Path, keeper: keystore.Keeper) -> Vault:
    return open_vault(data, data / "store.sqlite", keeper, random=secrets.token_bytes, cost=QUICK_WRAPPING)


def parts_of(data: Path, key_file: Path, **changes: Any) -> Parts:
    settings = Settings(data=data, code=VILLAGE, key_file=key_file, **changes)
    return build_parts(settings, hasher=QUICK, wrapping=QUICK_WRAPPING)


def run(data: Path, *args: str, words: str, key_file: Path | None = None, command: Any = station) -> Result:
    options = ["--data", str(data), *(["--code", VILLAGE] if command is station else [])]
    options += ["--key-file", str(key_file)] if key_file else []
    return CliRunner().invoke(command, [*options, *args], input=words + "\n")


# -- where it is kept --------------------------------------------------------------------------------------------------


def test_the_first_start_draws_a_key_and_the_next_finds_it(data: Path, key_file: Path) -> None:
    first = opened(data, KeyFile(key_file))
    assert len(first.key) == 32
    assert opened(data, KeyFile(key_file)).key == first.key
    assert opened(data.parent / "data", KeyFile(key_file)).key == first.key
    other = data.parent / "other"
    other.mkdir()
    assert opened(other, KeyFile(key_file.with_name("other"))).key != first.key


def test_the_key_file_is_this_users_alone(data: Path, key_file: Path) -> None:
    opened(data, KeyFile(key_file))
    if os.name == "posix":
        assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
        assert stat.S_IMODE((data / WRAPS).stat().st_mode) == 0o600


def test_nothing_in_the_data_folder_tells_the_key(data: Path, key_file: Path) -> None:
    mine = opened(data, KeyFile(key_file))
    mine.note_password("V001", PASSWORD, new=True)
    mine.seal_for(str(pyrage.x25519.Identity.generate().to_public()))
    told = b"".join(file.read_bytes() for file in data.iterdir())
    assert {file.name for file in data.iterdir()} == {WRAPS, RECOVERY, "store.sqlite.lock"}
    for form in (mine.key, mine.key.hex().encode(), PASSWORD.encode()):
        assert form not in told
    assert mine.key.hex() not in repr(mine) and repr(mine.key) not in repr(mine)


def test_it_is_kept_in_the_computers_keystore_where_there_is_one(
    data: Path, tmp_path: Path, with_backend: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    with_backend(keyrings.Working())
    first = opened(data, Keystore(tmp_path / "keys"))
    assert json.loads((tmp_path / "keyring.json").read_text()) == {
        f"bianmin/{key_id(first.key)}": first.key.hex()
    }
    assert not (tmp_path / "keys").exists()
    assert opened(data, Keystore(tmp_path / "keys")).key == first.key
    assert not caplog.records


@pytest.mark.parametrize("backend", [fail.Keyring, keyrings.Broken, keyrings.Forgetful])
def test_without_a_keystore_that_works_it_is_kept_in_a_file_and_the_log_says_so_once(
    data: Path,
    tmp_path: Path,
    with_backend: Callable[..., None],
    caplog: pytest.LogCaptureFixture,
    backend: type[keyring.backend.KeyringBackend],
) -> None:
    with_backend(backend())
    first = opened(data, Keystore(tmp_path / "keys"))
    file = tmp_path / "keys" / f"{key_id(first.key)}.key"
    assert bytes.fromhex(file.read_text()) == first.key
    assert opened(data, Keystore(tmp_path / "keys")).key == first.key
    (said,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert str(file) in said and "encrypt the disk" in said
    assert first.key.hex() not in said


def test_a_keystore_that_was_locked_since_is_told_not_taken_for_empty(
    data: Path, tmp_path: Path, with_backend: Callable[..., None]
) -> None:
    with_backend(keyrings.Working())
    opened(data, Keystore(tmp_path / "keys"))
    with_backend(keyrings.Broken())
    with pytest.raises(KeyMissing, match="locked"):
        opened(data, Keystore(tmp_path / "keys"))


def test_a_lost_key_is_told_with_the_way_back(data: Path, key_file: Path) -> None:
    opened(data, KeyFile(key_file)).note_password("V001", PASSWORD, new=True)
    key_file.unlink()
    with pytest.raises(KeyMissing, match=r"unlock --staff.*wrapped for V001"):
        opened(data, KeyFile(key_file))
    assert not key_file.exists()


def test_another_stores_key_file_is_neither_used_nor_written_over(data: Path, key_file: Path) -> None:
    opened(data, KeyFile(key_file))
    key_file.write_text(KEY.hex())
    with pytest.raises(KeyMissing, match="another store"):
        opened(data, KeyFile(key_file))
    with pytest.raises(KeyMissing, match="not written over"):
        KeyFile(key_file).put("0123456789abcdef", bytes(32))
    assert key_file.read_text() == KEY.hex()


def test_what_is_no_key_file_is_told(data: Path, key_file: Path) -> None:
    key_file.parent.mkdir()
    for wrong in ("", "abc", "zz" * 32, KEY.hex() + "00", "密" * 32):
        key_file.write_text(wrong, encoding="utf-8")
        with pytest.raises(KeyMissing, match=r"no key file|cannot be read"):
            opened(data, KeyFile(key_file))


def test_a_key_a_person_put_into_the_file_before_the_first_start_is_taken(data: Path, key_file: Path) -> None:
    key_file.parent.mkdir()
    key_file.write_text(KEY.hex())
    assert opened(data, KeyFile(key_file)).key == KEY


def test_two_first_starts_at_once_do_not_draw_two_keys(data: Path, key_file: Path) -> None:
    other = FileLock(data / "store.sqlite")
    try:
        with pytest.raises(StoreLocked):
            opened(data, KeyFile(key_file))
    finally:
        other.release()
    assert not key_file.exists() and not (data / WRAPS).exists()


@pytest.mark.parametrize("wrong", [b"", b"{", b"[]", b'{"key": 1, "wraps": {}}', b'{"key": "a"}', b"\xff"])
def test_damaged_wraps_are_told_and_kept(data: Path, key_file: Path, wrong: bytes) -> None:
    opened(data, KeyFile(key_file))
    (data / WRAPS).write_bytes(wrong)
    with pytest.raises(KeyMissing, match="damaged"):
        opened(data, KeyFile(key_file))
    assert (data / WRAPS).read_bytes() == wrong


def test_an_encrypted_store_whose_wraps_are_gone_gets_no_new_key(data: Path, key_file: Path) -> None:
    parts_of(data, key_file).close()
    (data / WRAPS).unlink()
    parts_of(data, key_file).close()  # a key file has one key: it is tried
    (data / WRAPS).unlink()
    key_file.unlink()
    with pytest.raises(KeyMissing, match="is gone"):
        parts_of(data, key_file)
    assert not key_file.exists()


def test_a_key_file_in_the_data_folder_is_refused(data: Path) -> None:
    done = run(data, "config", words="", key_file=data / "here" / ".." / "station.key")
    assert done.exit_code == 2
    assert "lies in the data folder" in done.output


def test_settings_show_where_the_key_is_and_not_the_key(data: Path, key_file: Path) -> None:
    shown = json.loads(run(data, "config", "--json", words="").output)
    assert shown["key_file"] == {"value": "(this computer's keystore)", "source": "default"}
    assert shown["encrypt"] == {"value": "True", "source": "default"}
    shown = json.loads(run(data, "config", "--json", words="", key_file=key_file).output)
    assert shown["key_file"] == {"value": str(key_file), "source": "option"}
    shown = json.loads(run(data, "config", "--json", words="", command=hub).output)
    assert shown["encrypt"] == {"value": "False", "source": "default"}


# -- a station ---------------------------------------------------------------------------------------------------------


def test_a_station_is_encrypted_unless_told_otherwise(data: Path, key_file: Path) -> None:
    parts = parts_of(data, key_file)
    Office.of(parts).enter(parts.accounts, CLERK)
    parts.register.catch_up()
    parts.close()
    assert encryption.is_encrypted(data / "store.sqlite")
    assert encryption.is_encrypted(data / "register.sqlite")
    with pytest.raises(WrongKey, match="opened without a key"):
        parts_of(data, key_file, encrypt=False)
    plain = data.parent / "plain"
    parts_of(plain, key_file, encrypt=False).close()
    assert encryption.is_plain(plain / "store.sqlite") and encryption.is_plain(plain / "register.sqlite")
    assert not (plain / WRAPS).exists()


def test_a_station_of_yesterday_is_moved_over_with_its_people_and_its_register(
    data: Path, key_file: Path
) -> None:
    parts = parts_of(data, key_file, encrypt=False)
    Office.of(parts).enter(parts.accounts, CLERK)
    parts.register.catch_up()
    epoch, seq = parts.store.epoch, parts.store.update_seq
    parts.close()
    parts = parts_of(data, key_file)
    assert (parts.store.epoch, parts.store.update_seq) == (epoch, seq + 1), "but for the life that began"
    assert parts.register.catch_up() == 1, "it was not built anew, so it still knows how far the store was"
    assert json.loads((data / WRAPS).read_text())["wraps"] == {}
    parts.accounts.sign_in("V001", PASSWORD)
    parts.close()
    assert set(json.loads((data / WRAPS).read_text())["wraps"]) == {"V001"}
    assert CLERK.name.encode() not in b"".join(file.read_bytes() for file in data.iterdir())


def test_a_plain_store_put_back_from_a_backup_is_noticed_to_be_older(data: Path, key_file: Path) -> None:
    parts = parts_of(data, key_file, encrypt=False)
    parts.store.backup(data.parent / "backup.sqlite")
    epoch = parts.store.epoch
    parts.close()
    parts = parts_of(data, key_file)
    Office.of(parts).enter(parts.accounts, CLERK)
    parts.register.catch_up()
    parts.close()
    for file in data.glob("store.sqlite*"):
        file.unlink()
    (data.parent / "backup.sqlite").rename(data / "store.sqlite")
    parts = parts_of(data, key_file)
    assert parts.store.epoch != epoch
    parts.close()


def test_a_register_under_another_key_is_made_anew(data: Path, key_file: Path) -> None:
    parts = parts_of(data, key_file)
    Office.of(parts).enter(parts.accounts, CLERK)
    parts.close()
    other = data.parent / "other"
    parts_of(other, key_file.with_name("other")).close()
    for file in data.glob("register.sqlite*"):
        file.unlink()
    (other / "register.sqlite").rename(data / "register.sqlite")
    parts = parts_of(data, key_file)
    assert parts.register.catch_up() > 1, "all of it, and not only the life that began"
    parts.close()
    assert encryption.opens(data / "register.sqlite", KeyFile(key_file).only() or b"")


def test_a_store_that_is_gone_is_not_replaced_and_its_key_stays(data: Path, key_file: Path) -> None:
    parts_of(data, key_file).close()
    before = key_file.read_text()
    (data / "store.sqlite").unlink()
    with pytest.raises(StoreMissing):
        parts_of(data, key_file)
    assert key_file.read_text() == before


def test_no_password_is_lost_when_the_wraps_cannot_be_written(
    data: Path, key_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    parts = parts_of(data, key_file)
    try:
        (data / f"{WRAPS}.new").mkdir()  # in the way
        Office.of(parts).enter(parts.accounts, CLERK)
        assert parts.accounts.sign_in("V001", PASSWORD)
    finally:
        parts.close()
    assert "could not be wrapped for V001" in caplog.text
    assert PASSWORD not in caplog.text


def test_a_hub_is_encrypted_when_it_is_told_to(tmp_path: Path) -> None:
    for encrypted, options in ((False, []), (True, ["--encrypt"])):
        data = tmp_path / str(encrypted)
        done = CliRunner().invoke(
            hub,
            ["--data", str(data), "--key-file", str(tmp_path / "key"), *options, "device", VILLAGE],
        )
        assert done.exit_code == 0, done.output
        assert encryption.is_encrypted(data / "store.sqlite") is encrypted


# -- the ways back -----------------------------------------------------------------------------------------------------


@pytest.fixture
def locked_out(data: Path, key_file: Path) -> bytes:
    """The key of a station that has staff and has lost it."""
    parts = parts_of(data, key_file)
    office = Office.of(parts)
    office.enter(parts.accounts, CLERK)
    office.enter(parts.accounts, Staff("V009", "李娟", VILLAGE, CLERK.roles), "another password")
    assert parts.vault is not None
    key = parts.vault.key
    parts.close()
    key_file.unlink()
    return key


def test_a_password_brings_the_key_back(data: Path, key_file: Path, locked_out: bytes) -> None:
    for number, password in (("V001", PASSWORD), ("V009", "another password")):
        key_file.unlink(missing_ok=True)
        done = run(data, "unlock", "--staff", number, "--password-stdin", words=password, key_file=key_file)
        assert done.exit_code == 0, done.output
        assert str(key_file) in done.output
        assert locked_out.hex() not in done.output and password not in done.output
        parts = parts_of(data, key_file)
        assert parts.appointments.staff("V001") == CLERK
        parts.close()


def test_a_password_that_is_typed_is_not_shown(data: Path, key_file: Path, locked_out: bytes) -> None:
    done = run(data, "unlock", "--staff", "V001", words=PASSWORD, key_file=key_file)
    assert done.exit_code == 0, done.output
    assert PASSWORD not in done.output


@pytest.mark.parametrize(
    ("number", "password", "said"),
    [
        ("V001", "wrong password", "not the password"),
        ("V001", "another password", "not the password"),
        ("V404", PASSWORD, "wrapped for V001, V009"),
    ],
)
def test_another_password_does_not(
    data: Path, key_file: Path, locked_out: bytes, number: str, password: str, said: str
) -> None:
    done = run(data, "unlock", "--staff", number, "--password-stdin", words=password, key_file=key_file)
    assert done.exit_code == 1
    assert said in done.output and "Traceback" not in done.output
    assert not key_file.exists()


def test_after_a_change_the_new_password_opens_and_the_old_one_does_not(data: Path, key_file: Path) -> None:
    parts = parts_of(data, key_file)
    office = Office.of(parts)
    office.enter(parts.accounts, CLERK)
    office.enter(parts.accounts, CLERK, "battery staple")
    parts.close()
    assert vault.unlock(data, KeyFile(key_file), "V001", "battery staple") == str(key_file)
    with pytest.raises(KeyRefused):
        vault.unlock(data, KeyFile(key_file), "V001", PASSWORD)


def test_a_wrapped_key_is_its_persons_and_its_keys_own(data: Path, key_file: Path, locked_out: bytes) -> None:
    kept = json.loads((data / WRAPS).read_text())
    kept["wraps"]["V009"] = kept["wraps"]["V001"]
    (data / WRAPS).write_text(json.dumps(kept))
    with pytest.raises(KeyRefused):
        vault.unlock(data, KeyFile(key_file), "V009", PASSWORD)
    (data / WRAPS).write_text(json.dumps({**kept, "key": "0" * 16}))
    with pytest.raises(KeyRefused):
        vault.unlock(data, KeyFile(key_file), "V001", PASSWORD)


def test_unlock_wants_one_way(data: Path, key_file: Path) -> None:
    done = run(data, "unlock", words="", key_file=key_file)
    assert done.exit_code == 2
    assert "--staff NO or --recovered FILE" in done.output
    done = run(data, "unlock", "--staff", "V001", "--password-stdin", words=PASSWORD, key_file=key_file)
    assert done.exit_code == 3
    assert "nobody's password" in done.output


def test_the_hub_opens_what_was_sealed_to_it_and_the_station_takes_it(
    data: Path, key_file: Path, tmp_path: Path
) -> None:
    mine, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    parts = parts_of(data, key_file)
    assert parts.vault is not None
    sealed = parts.vault.seal_for(f"{mine.to_public()}\n")
    assert sealed == data / RECOVERY
    key = parts.vault.key
    parts.close()
    key_file.unlink()
    (data / WRAPS).unlink()  # everything but the store and what was sealed
    (tmp_path / "mine.txt").write_text(f"# made today\n{mine}\n")
    (tmp_path / "other.txt").write_text(str(other))
    (tmp_path / "none.txt").write_text("# nothing\n")
    out = tmp_path / "recovered.age"

    def recover(identity: str, words: str = WORDS) -> Result:
        options = ["--identity", str(tmp_path / identity), "--to", str(out), "--passphrase-stdin"]
        return run(tmp_path / "hub", "recover", str(sealed), *options, words=words, command=hub)

    for identity, said in (("other.txt", "somebody else"), ("none.txt", "no age identity")):
        assert said in recover(identity).output
        assert not out.exists()
    assert "at least 12" in recover("mine.txt", "short").output
    done = recover("mine.txt")
    assert (done.exit_code, done.output) == (0, "")
    assert key not in out.read_bytes() and not (tmp_path / "hub").exists()

    def unlock(words: str) -> Result:
        return run(
            data, "unlock", "--recovered", str(out), "--password-stdin", words=words, key_file=key_file
        )

    done = unlock("other words by telephone")
    assert done.exit_code == 1
    assert "another passphrase" in done.output and not key_file.exists()
    other_data = tmp_path / "other"
    parts_of(other_data, key_file.with_name("other")).close()
    before = (other_data / WRAPS).read_bytes()
    options = ["--recovered", str(out), "--password-stdin"]
    done = run(other_data, "unlock", *options, words=WORDS, key_file=key_file)
    assert done.exit_code == 1
    assert "another store" in done.output and not key_file.exists()
    assert (other_data / WRAPS).read_bytes() == before
    done = unlock(WORDS)
    assert done.exit_code == 0, done.output
    assert bytes.fromhex(key_file.read_text()) == key
    parts_of(data, key_file).close()


def test_the_store_file_alone_opens_with_the_key_that_was_brought_back(
    data: Path, key_file: Path, locked_out: bytes
) -> None:
    with Store.open(data / "store.sqlite", key=locked_out, create=False) as store:
        assert "here" in store.databases()
