"""Settings: option beats environment beats file beats default, and each value says where it comes from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.cli import main as hub
from station.cli import main as station

CODE = "510903001001"


def run(*args: str, command: Any = station, **env: str) -> Result:
    return CliRunner().invoke(command, list(args), env=env)


def in_force(*args: str, **env: str) -> dict[str, dict[str, str]]:
    result = run(*args, "config", "--json", **env)
    assert result.exit_code == 0, result.output
    found: dict[str, dict[str, str]] = json.loads(result.output)
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "station.toml"
    path.write_text(f'code = "{CODE}"\nport = 8201\nparents = ["http://a/db", "http://b/db"]\n')
    return path


def test_a_default_is_a_default() -> None:
    assert in_force("--code", CODE)["port"] == {"value": "8100", "source": "default"}


def test_the_file_beats_the_default(file: Path) -> None:
    settings = in_force("--config", str(file))
    assert settings["port"] == {"value": "8201", "source": "file"}
    assert settings["parents"] == {"value": "http://a/db, http://b/db", "source": "file"}


def test_the_environment_beats_the_file(file: Path) -> None:
    settings = in_force("--config", str(file), BIANMIN_PORT="8302", BIANMIN_PARENTS="http://c/db http://d/db")
    assert settings["port"] == {"value": "8302", "source": "environment"}
    assert settings["parents"] == {"value": "http://c/db, http://d/db", "source": "environment"}


def test_an_option_beats_the_environment(file: Path) -> None:
    settings = in_force("--config", str(file), "--port", "8403", BIANMIN_PORT="8302")
    assert settings["port"] == {"value": "8403", "source": "option"}


def test_the_file_may_be_named_by_the_environment(file: Path) -> None:
    assert in_force(BIANMIN_CONFIG=str(file))["port"]["source"] == "file"


def test_a_broken_file_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text("port = = 1\n")
    result = run("--config", str(path), "config")
    assert result.exit_code == 2
    assert "broken.toml is not valid TOML" in result.output
    assert "line 1" in result.output


def test_a_name_that_no_setting_has_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    path = tmp_path / "typo.toml"
    path.write_text("prot = 8100\n")
    result = run("--config", str(path), "config")
    assert result.exit_code == 2
    assert "prot" in result.output
    assert "port" in result.output


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    result = run("--config", str(tmp_path / "none.toml"), "config")
    assert result.exit_code == 2
    assert "does not exist" in result.output


def test_a_value_of_the_wrong_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "kind.toml"
    path.write_text('port = "many"\n')
    result = run("--config", str(path), "--code", CODE, "config")
    assert result.exit_code == 2
    assert "many" in result.output


def test_a_proxy_is_named_by_its_address() -> None:
    result = run("--code", CODE, "--proxy", "proxy.example", "config")
    assert result.exit_code == 2
    assert "proxy.example is no address" in result.output


def test_the_hub_knows_its_own_code() -> None:
    result = run("config", "--json", command=hub)
    assert json.loads(result.output)["code"] == {"value": "510900000000", "source": "default"}


@pytest.mark.parametrize("command", [station, hub])
def test_help_has_examples(command: Any) -> None:
    result = run("--help", command=command)
    assert result.exit_code == 0
    assert "Examples:" in result.output
