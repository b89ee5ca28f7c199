"""Processes that move documents look for garbage seldom."""

from __future__ import annotations

import gc
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from sync import collecting
from sync.cli import main
from sync.endpoint.http import running


@pytest.fixture
def as_python_begins() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*before)


@pytest.mark.usefixtures("as_python_begins")
def test_a_server_does() -> None:
    with socket.create_server(("127.0.0.1", 0)) as bound, running(lambda *_: None, bound):
        assert gc.get_threshold() == (collecting.YOUNG, 10, 10)


@pytest.mark.usefixtures("as_python_begins")
def test_the_command_does(tmp_path: Path) -> None:
    CliRunner().invoke(main, ["replicate", f"{tmp_path}/no.sqlite#a", f"{tmp_path}/no.sqlite#b"])
    assert gc.get_threshold() == (collecting.YOUNG, 10, 10)
