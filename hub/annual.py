"""The annual report as a page, as xlsx and as docx: made when somebody asks, in a thread, since a city's year takes minutes to read. Computes no
figure (schemas.statistics) and reads no store itself (hub.report).

    GET  /annual          the report of `year`, as it was made last; says when that was, or that it is being made
    POST /annual          makes it now
    GET  /annual.xlsx     the same table
    GET  /annual.docx     the same as a document to go on with (hub.annual_word)
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from hub import annual_word, report
from schemas.statistics import Line, judge
from station import export
from station.web import parts, staff_only

log = logging.getLogger("bianmin.hub")

blueprint = Blueprint("annual", __name__)

FIRST_YEAR: Final = 2017
"""The year of the report whose form this is."""
LOOK_AGAIN: Final = 3  # seconds
COLUMNS: Final = ("章节", "指标", "数值", "分子", "分母", "口径", "期间", "2017年报告", "目标")


@dataclass(frozen=True)
class Made:
    """A report, and when the hub was read for it; `failed`: why there is none."""

    at: datetime
    lines: tuple[Line, ...] = ()
    failed: str = ""


class Reports:
    """The reports of one web node, by year. One is made at a time."""

    def __init__(self, read: Callable[[int], tuple[Line, ...]], clock: Callable[[], datetime]) -> None:
        """`read`: the table of a year, from what the hub holds now."""
        self._read, self._clock = read, clock
        self._made: dict[int, Made] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.making: int | None = None
        """The year that is being made."""

    def of(self, year: int) -> Made | None:
        return self._made.get(year)

    def make(self, year: int) -> None:
        """Begins with it, unless one is being made."""
        with self._lock:
            if self.making is None:
                self.making = year
                self._thread = threading.Thread(target=self._run, args=(year,), name="annual", daemon=True)
                self._thread.start()

    def wait(self) -> None:
        """Until what is being made is there."""
        if self._thread is not None:
            self._thread.join()

    def _run(self, year: int) -> None:
        at = self._clock()
        try:
            self._made[year] = Made(at, self._read(year))
        except Exception as error:
            log.exception("the report of %d can't be made", year)
            self._made[year] = Made(at, failed=str(error))
        finally:
            self.making = None


def create(
    store: Any, calendar: Callable[[], Any], catalogue: Callable[[], Any], clock: Callable[[], datetime]
) -> Reports:
    """The reports of a hub with this store."""
    return Reports(lambda year: report.from_store(store, year, calendar(), catalogue()).lines(year), clock)


@blueprint.get("/annual")
@staff_only("figures")
def show() -> Any:
    year, reports = _year(), _reports()
    made = reports.of(year)
    judged = {}
    for line in made.lines if made else ():
        for target, _, met in judge([line.figure], year):
            judged[line] = (target, met)
    shown = make_response(
        render_template(
            "annual.html",
            year=year,
            years=range(_latest(), FIRST_YEAR - 1, -1),
            made=made,
            making=reports.making,
            judged=judged,
        )
    )
    if reports.making is not None:
        shown.headers["Refresh"] = str(LOOK_AGAIN)
    return shown


@blueprint.post("/annual")
@staff_only("figures")
def make() -> Any:
    _reports().make(_year())
    return redirect(url_for("annual.show", year=_year()), 303)


@blueprint.get("/annual.xlsx")
@staff_only("figures")
def table() -> Any:
    year = _year()
    made = _reports().of(year)
    if made is None or made.failed:  # it says what to do
        return redirect(url_for("annual.show", year=year), 303)
    answer = Response(
        export.as_xlsx(COLUMNS, [_row(line, year) for line in made.lines]), content_type=export.XLSX
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="bianmin-{year}.xlsx"'
    return answer


@blueprint.get("/annual.docx")
@staff_only("figures")
def word() -> Any:
    year = _year()
    made = _reports().of(year)
    if made is None or made.failed:
        return redirect(url_for("annual.show", year=year), 303)
    answer = Response(annual_word.document(year, made.lines, made.at), content_type=annual_word.WORD)
    answer.headers["Content-Disposition"] = f'attachment; filename="bianmin-{year}.docx"'
    return answer


def _row(line: Line, year: int) -> list[export.Cell]:
    said = line.figure.as_dict()
    target = next(
        (f"{each.op} {float(each.value * 100):g}%" for each, _, _ in judge([line.figure], year)), ""
    )
    return [
        line.section, line.name, line.figure.text(), said["numerator"], said["denominator"], said["base"], said["period"], line.seed, target,
    ]  # fmt: skip


def _latest() -> int:
    return parts().clock().year


def _year() -> int:
    """The year that is asked about: by default the last that is over."""
    year = request.values.get("year", max(FIRST_YEAR, _latest() - 1), type=int)
    if not FIRST_YEAR <= year <= _latest():
        abort(404)
    return int(year)


def _reports() -> Reports:
    found = current_app.extensions["bianmin-annual"]
    assert isinstance(found, Reports)
    return found
