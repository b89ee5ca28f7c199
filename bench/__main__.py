"""`python -m bench NAME [--json]`: runs bench/NAME.py and prints what it measured. Measures nothing itself.

A benchmark is a module with `run() -> {"results": {name: value}, "goals": [goal]}`, where a goal is
`{"name", "value", "unit", "goal", "peer", "met"}`: what we measured, what it had to reach, what the peer or limit
named in `name` reached in the same run, and whether we met it; "met" is null where the peer is not on this machine.
Absolute figures move from machine to machine and from hour to hour; the goals are ratios within one run. A module that
has `options(parser)` adds its own options to the command line, and its `run` is given what was chosen. Modules whose
name begins with `_` are what benchmarks share.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

import apsw


def main() -> int:
    names = sorted(p.stem for p in Path(__file__).parent.glob("*.py") if not p.stem.startswith("_"))
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("name", choices=names)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    named = next((word for word in sys.argv[1:] if word in names), None)
    module = importlib.import_module(f"bench.{named}") if named else None
    if module is not None and hasattr(module, "options"):
        module.options(parser)
    chosen = parser.parse_args()
    assert module is not None
    measured: dict[str, Any] = module.run(chosen) if hasattr(module, "options") else module.run()
    report = {"machine": machine(), **measured}
    print(json.dumps(report, ensure_ascii=False, indent=2) if chosen.json else table(chosen.name, report))
    return 1 if any(goal["met"] is False for goal in report["goals"]) else 0


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "system": platform.platform(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "sqlite": apsw.sqlite_lib_version(),
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor()
    )


_VERDICT = {True: "met   ", False: "MISSED", None: "      "}


def table(name: str, report: dict[str, Any]) -> str:
    about = report["machine"]
    lines = [
        f"{name}: {about['cpu']}, {about['cores']} cores, Python {about['python']}, SQLite {about['sqlite']}",
        "",
    ]
    width = max(map(len, report["results"]))
    lines += [f"  {key:<{width}}  {_figure(value)}" for key, value in report["results"].items()]
    lines.append("")
    for goal in report["goals"]:
        lines.append(
            f"  {_VERDICT[goal['met']]}  {goal['name']}: {_figure(goal['value'])} {goal['unit']}"
            f" (goal {_figure(goal['goal'])}, peer {_figure(goal['peer'])})"
        )
    return "\n".join(lines)


def _figure(value: Any) -> str:
    return f"{value:,.0f}" if isinstance(value, (int, float)) and abs(value) >= 100 else str(value)


if __name__ == "__main__":
    sys.exit(main())
