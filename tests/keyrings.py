"""Keystores for tests, as `keyring` loads them by PYTHON_KEYRING_BACKEND: one that works, and the ways in which they do not.

tests.keyrings.Working      keeps what it is told in the file that BIANMIN_TEST_KEYRING names
tests.keyrings.Broken       answers nothing, as a Secret Service whose session is gone
tests.keyrings.Forgetful    takes everything and gives nothing back, as keyring's own null backend
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked


class Working(KeyringBackend):
    priority = 5  # type: ignore[assignment]  # as keyring's own backends declare it

    def _path(self) -> Path:
        return Path(os.environ["BIANMIN_TEST_KEYRING"])

    def _all(self) -> dict[str, str]:
        kept: dict[str, str] = json.loads(self._path().read_text()) if self._path().exists() else {}
        return kept

    def get_password(self, service: str, username: str) -> str | None:
        return self._all().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._path().write_text(json.dumps({**self._all(), f"{service}/{username}": password}))


class Broken(KeyringBackend):
    priority = 5  # type: ignore[assignment]

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("the collection is locked")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringLocked("the collection is locked")


class Forgetful(KeyringBackend):
    priority = 5  # type: ignore[assignment]

    def get_password(self, service: str, username: str) -> str | None:
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        return None
