"""The house stands as ARCHITECTURE.md draws it: who may import whom, and how large a file may grow."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ARROWS = {
    "schemas": {"schemas"},
    "sync": {"sync"},
    "station": {"station", "schemas", "sync"},
    "hub": {"hub", "station", "schemas", "sync"},
}
# Web and I/O libraries that a pure package must not know.
IMPURE = {
    "flask",
    "httpx",
    "apsw",
    "sqlite3",
    "socket",
    "requests",
    "threading",
    "subprocess",
    "random",
    "secrets",
}


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Top-level names that a file imports, at its top or inside functions."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the arrows"
            names.add((node.module or "").split(".")[0])
    return names


@pytest.mark.parametrize("package", ARROWS)
def test_a_package_imports_only_along_the_arrows(package: str) -> None:
    for path in sources(package):
        ours = imported(path) & {*ARROWS, "tests", "bench"}
        assert ours <= ARROWS[package], f"{path} imports {ours - ARROWS[package]}"


def test_schemas_is_pure() -> None:
    for path in sources("schemas"):
        assert not imported(path) & IMPURE, path


def test_every_file_says_what_it_holds() -> None:
    for package in ARROWS:
        for path in sources(package):
            assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), f"{path} has no docstring"


def test_no_file_grows_past_five_hundred_lines() -> None:
    for package in (*ARROWS, "tests", "bench"):
        for path in sources(package):
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 500, path
