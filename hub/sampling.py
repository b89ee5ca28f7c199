"""The monthly sample (办件抽查): a draw that anybody can do again.

    lock ─> the cases concluded in the month, as known now: how many, and a digest of their numbers; how the seed will be found (a lottery's numbers)
    draw ─> the seed, found afterwards ─> schemas.supervision.draw ─> the sample ─> a result for each case

    here/sample:<month>[:<district>]    all of it

Who locks does not know the seed yet, and who knows the seed can't choose the cases any more. The population is asked anew as of the moment it was
locked (station.moments), so the page draws again before everybody's eyes. Does and keeps; shows nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

from hub.marks import Marks
from schemas.bulletins import period
from schemas.problems import N_, DomainError, Problem
from schemas.supervision import draw
from station.databases import HERE
from station.fact_rows import Part
from station.moment import Clock, stamp
from station.register import Register
from station.staff import Staff
from sync.errors import Conflict
from sync.serving import ServedStore, starting

PREFIX: Final = "sample:"
SIZES: Final = (1, 200)
RESULTS: Final = {"sound": N_("合格"), "minor": N_("一般问题"), "serious": N_("严重问题")}

Sample = Mapping[str, Any]


def digest(case_nos: Iterable[str]) -> str:
    """Of a population: the SHA-256 of its numbers in order, a line each."""
    return hashlib.sha256("".join(f"{each}\n" for each in sorted(case_nos)).encode()).hexdigest()


class Sampling:
    """Of one hub."""

    def __init__(self, store: ServedStore, register: Register, marks: Marks, clock: Clock) -> None:
        self._here = store.database(HERE, create=True)
        self._register = register
        self._marks = marks
        self._clock = clock

    def all(self) -> list[Sample]:
        """The newest month first."""
        return sorted(starting(self._here, PREFIX).values(), key=lambda each: str(each["_id"]), reverse=True)

    def of(self, name: str) -> Sample | None:
        return self._here.get(PREFIX + name)

    def lock(self, staff: Staff, month: str, district: str, size: int, rule: str) -> str:
        """Fixes the population; the sample's name. DomainError where the month is none or is not over, or was locked before."""
        days = period("monthly_bulletin", month)
        if days is None or days.last >= self._clock().date():
            raise DomainError(Problem("sample_month", N_("请填写已经过完的月份，如 2018-02"), {}))
        if not SIZES[0] <= size <= SIZES[1]:
            raise DomainError(Problem("sample_size", N_("抽查件数为1至{max}件"), {"max": SIZES[1]}))
        if not rule:
            raise DomainError(
                Problem("sample_rule", N_("请写明种子怎样取得，例如：某日福利彩票开奖号码"), {})
            )
        known = self._marks.mark()
        if known is None:
            raise DomainError(Problem("hub_busy", N_("各站点正在集中上传，请过几分钟再生成"), {}))
        numbers = self._population(month, district, known.n)
        name = f"{month}:{district}" if district else month
        kept = {
            "_id": PREFIX + name, "type": "sample", "schema": 1, "month": month, "district": district, "size": size, "rule": rule, "mark": known.id,
            "population": len(numbers), "digest": digest(numbers), "locked_at": stamp(known.at), "locked_by": staff.employee_no, "results": {},
        }  # fmt: skip
        try:
            self._here.put(kept)
        except Conflict:
            raise DomainError(Problem("sample_locked", N_("这个月的总体已经锁定"), {})) from None
        return name

    def draw(self, staff: Staff, name: str, seed: str) -> None:
        """Draws once. DomainError where it was drawn, or its population can't be told any more."""
        sample = self._known(name)
        if sample.get("seed"):
            raise DomainError(Problem("sample_drawn", N_("这个月已经抽取过，不能重抽"), {}))
        if not seed:
            raise DomainError(Problem("sample_seed", N_("请填写种子"), {}))
        drawn = self._drawn({**sample, "seed": seed})
        if drawn is None:
            raise DomainError(
                Problem("sample_gone", N_("锁定时的总体已经不能还原，请在原来的服务器上抽取"), {})
            )
        self._put(
            {
                **sample,
                "seed": seed,
                "drawn_at": stamp(self._clock()),
                "drawn_by": staff.employee_no,
                "sample": list(drawn),
            }
        )

    def judge(self, staff: Staff, name: str, case_no: str, result: str, note: str) -> None:
        """What was found with a case of the sample. DomainError where it is none, or a problem has no words."""
        sample = self._known(name)
        if case_no not in sample.get("sample", ()) or result not in RESULTS:
            raise DomainError(Problem("sample_result", N_("请选择抽查结果"), {}))
        if result != "sound" and not note:
            raise DomainError(Problem("sample_note", N_("有问题的，请写明问题"), {}))
        found = {"result": result, "note": note, "by": staff.employee_no, "at": stamp(self._clock())}
        self._put({**sample, "results": {**sample["results"], case_no: found}})

    def again(self, sample: Sample) -> bool | None:
        """Whether drawing again comes to the same; None where the population can't be told any more."""
        drawn = self._drawn(sample)
        return None if drawn is None else list(drawn) == list(sample.get("sample", ()))

    def _drawn(self, sample: Sample) -> tuple[str, ...] | None:
        self._register.catch_up()
        known = self._register.moments.of(str(sample["mark"]))
        if known is None:
            return None
        numbers = self._population(str(sample["month"]), str(sample["district"]), known.n)
        return (
            draw(str(sample["seed"]), numbers, int(sample["size"]))
            if digest(numbers) == sample["digest"]
            else None
        )

    def _population(self, month: str, district: str, moment: int) -> list[str]:
        days = period("monthly_bulletin", month)
        assert days is not None
        where, args = Part(district).where()
        asked = [str(days.first), str(days.last), *args]
        return self._register.facts.as_of(moment).cases(
            f"concluded_on BETWEEN ? AND ? AND {where}", asked, "concluded_on", -1
        )

    def _known(self, name: str) -> Sample:
        sample = self.of(name)
        if sample is None:
            raise DomainError(Problem("sample_none", N_("没有这次抽查"), {}))
        return sample

    def _put(self, sample: Sample) -> None:
        try:
            self._here.put(sample)
        except Conflict:
            raise DomainError(
                Problem("draft_changed", N_("这份草稿刚被别人改过，请重新打开后再改"), {})
            ) from None
