"""What a server writes into its log: when, where in the program, what kind of thing; never what somebody typed.

An exception's message quotes what could not be read, and that may be a name or an identity number. So a trace is written
with its places and the kinds of its errors, without their words. Behind that, as a second line of defence, a filter blots
out what looks like an identity number or a mobile phone's. Nothing here decides what is worth logging.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from schemas.numbers import PERSONAL_NUMBER

_DEEPEST = 8  # errors that led to one another


def blot(text: str) -> str:
    """The text without what looks like a person's number."""
    return PERSONAL_NUMBER.sub("***", text)


class Formatter(logging.Formatter):
    """Lines without personal numbers, and traces without the words of their errors."""

    def format(self, record: logging.LogRecord) -> str:
        return blot(super().format(record))

    def formatException(
        self, ei: tuple[type[BaseException] | None, BaseException | None, TracebackType | None]
    ) -> str:
        return trace(ei[1]) if ei[1] is not None else ""


class JsonFormatter(Formatter):
    """The same as one object a line, for whoever collects logs: at (with offset), level, from, said, and the trace of an error."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"at": at, "level": record.levelname, "from": record.name, "said": blot(record.getMessage())}
        if record.exc_info:
            line["trace"] = blot(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def trace(error: BaseException) -> str:
    """Where an error came from, and the errors before it, innermost last; kinds and places, no words."""
    lines: list[str] = []
    seen: BaseException | None = error
    for _ in range(_DEEPEST):
        if seen is None:
            break
        lines.append(f"{type(seen).__module__}.{type(seen).__qualname__}")
        lines += [
            f"  {each.filename}:{each.lineno} {each.name}"
            for each in traceback.extract_tb(seen.__traceback__)
        ]
        seen = seen.__cause__ or seen.__context__
    return "\n".join(lines)


def set_up(form: str = "text") -> None:
    """Everything that this process logs, and threads that die of an error, go to standard error in that form: text, or json."""
    handler = logging.StreamHandler(sys.stderr)
    text = Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(JsonFormatter() if form == "json" else text)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # httpx logs every address it asks; documents' ids in there are nobody's business.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    threading.excepthook = _thread_died


def _thread_died(died: Any) -> None:
    name = died.thread.name if died.thread is not None else "?"
    logging.getLogger("bianmin").error("thread %s ended:\n%s", name, trace(died.exc_value))
