"""`python -m schemas.drawings [--write PATH]`: prints the drawings of the three machines, or puts them into a file.

The only place in schemas that writes anything, and it draws nothing itself.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from schemas.drawings import replaced, section


def main() -> None:
    """Print, or replace what stands between the marks of --write PATH."""
    parser = argparse.ArgumentParser(prog="python -m schemas.drawings")
    parser.add_argument("--write", type=Path, metavar="PATH", help="a file that holds the marks")
    chosen = parser.parse_args()
    if chosen.write is None:
        sys.stdout.buffer.write(f"{section()}\n".encode())
    else:
        text = chosen.write.read_text(encoding="utf-8")
        chosen.write.write_text(replaced(text), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
