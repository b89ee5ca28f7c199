"""What all tests share: Hypothesis profiles, a clean environment, and the word about missing browsers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.couch import couchdb, couchdb_server, open_couch, way  # noqa: F401  # fixtures
from tests.made_once import make_once
from tests.world import World, small_city

make_once()

# `HYPOTHESIS_PROFILE=long make test` searches as long as one cares to wait.
settings.register_profile(
    "quick", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "long", deadline=None, max_examples=20_000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(scope="session")
def _home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, _home: Path) -> None:
    """A setting or proxy of the machine must not decide a test, nor a test leave keys in its keystore."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    for name in ("XDG_CONFIG_HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(_home))
    for name in list(os.environ):
        if name.startswith("BIANMIN_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def city(tmp_path: Path) -> Iterator[World]:
    """The small city, joined in process."""
    with small_city(tmp_path) as world:
        yield world


@pytest.fixture(params=["in process", "over HTTP", "hub on CouchDB"])
def either_city(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """The small city, once joined in process, once by sockets, once with its hub on CouchDB: one test for all."""
    where = request.getfixturevalue("couchdb") if request.param == "hub on CouchDB" else ""
    with small_city(tmp_path, sockets=request.param == "over HTTP", couchdb=where) as world:
        yield world


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a browser. Without one: skipped on a person's machine, failed in CI."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    words = "no browser: install Debian's package chromium to run this test"
    if os.environ.get("CI"):
        pytest.fail(words)
    pytest.skip(words)
