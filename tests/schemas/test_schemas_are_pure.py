"""What the package may touch: its own data and three libraries; no clock, no chance, no disk, no network."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import schemas

ROOT = Path(schemas.__file__).parent
SOURCES = sorted(ROOT.rglob("*.py"))

STANDARD = {
    *(
        "__future__",
        "bisect",
        "collections",
        "csv",
        "dataclasses",
        "datetime",
        "functools",
        "hashlib",
        "importlib",
        "io",
    ),
    *("decimal", "fractions", "json", "re", "typing", "unicodedata"),
}
LIBRARIES = {
    "canonical.py": {"rfc8785"},
    "numbers.py": {"stdnum"},
    "documents": {"marshmallow"},
    "drawings": {"argparse", "pathlib", "sys"},
}


def imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module).split(".")[0])
    return names


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_no_more_than_it_may(path: Path) -> None:
    libraries = LIBRARIES.get(path.relative_to(ROOT).parts[0], set())
    assert imported(ast.parse(path.read_text(encoding="utf-8"))) <= STANDARD | libraries | {"schemas"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_what_it_is_and_asks_no_clock(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not attributes & {"now", "utcnow", "today"}
    assert not {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} & {"open", "print", "input"}


def test_only_documents_costs_marshmallow() -> None:
    asked = (
        "import sys, schemas.lifecycle, schemas.workdays, schemas.offers; print('marshmallow' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
