"""The drawings in ARCHITECTURE.md are those of the table of today."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from schemas.drawings import BEGIN, END, drawing, replaced, section

ARCHITECTURE = Path(__file__).parents[2] / "ARCHITECTURE.md"


def test_architecture_shows_the_machines_as_they_are() -> None:
    text = ARCHITECTURE.read_text(encoding="utf-8")
    assert replaced(text) == text, "run: python -m schemas.drawings --write ARCHITECTURE.md"


def test_a_drawing_names_every_state_and_event() -> None:
    errand = drawing("agency")
    assert errand.startswith("```mermaid\nstateDiagram-v2\n")
    assert '    state "lodged 已代为申请" as lodged' in errand
    assert "    [*] --> requested: request" in errand
    assert "    lodged --> collected: relay_supplement" in errand
    assert "    closed --> [*]" in errand
    assert "received --> accepted: deemed_accept, accept" in drawing("case")
    assert drawing("case").endswith("In every state that is not final: `urge`.")


def test_only_what_stands_between_the_marks_is_replaced() -> None:
    assert replaced(f"before\n{BEGIN} old {END}\nafter") == f"before\n{section()}\nafter"
    for unmarked in ("", BEGIN, f"{END} {BEGIN}"):
        with pytest.raises(ValueError, match="machines"):
            replaced(unmarked)


def test_the_command_prints_or_writes(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"{BEGIN}{END}\n", encoding="utf-8")
    command = [sys.executable, "-m", "schemas.drawings"]
    subprocess.run([*command, "--write", str(page)], check=True, cwd=ARCHITECTURE.parent)
    ran = subprocess.run(command, check=True, cwd=ARCHITECTURE.parent, capture_output=True)
    assert page.read_text(encoding="utf-8") == ran.stdout.decode() == f"{section()}\n"
