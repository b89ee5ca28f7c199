"""The figures of cases from sums instead of from the cases themselves: what a register that counts as it goes can answer for a million.

    CaseFacts ─> marks(…) ─> added up, by whoever keeps sums ─> Sums ─> figures(…)        the same as cases.* over those cases

Names and bases are cases'; that both agree is a law of the tests. Holds no case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from schemas.feedback import BAD_LEVEL
from schemas.statistics.facts import CaseFacts
from schemas.statistics.figures import Figure, Period, mean, share

CONCLUDED: Final = (
    "done", "on_time", "early", "committed", "early_committed", "on_site", "same_day", "one_visit", "no_visit", "village", "in_village",
    "below", "in_township", "timed", "used", "rated", "content",
)  # fmt: skip
"""What is added up of concluded cases; `timed`: those whose working days are known, `used`: their sum; `content`: of those
that were rated, how many of which were not rated badly."""
ACCEPTED: Final = ("taken", "instant", "taken_same_day", "online_1", "online_2", "online_3")
"""What is added up of accepted ones."""


def marks(case: CaseFacts, level: int | None = None) -> tuple[dict[str, int], dict[str, int]]:
    """(of a concluded case by CONCLUDED, of an accepted one by ACCEPTED): what it adds; both as if it were. level: how it was rated, if it was."""
    below = case.origin_level in ("village", "township")
    done = (
        1, case.on_time is True, case.early is True, not case.instant, not case.instant and case.early is True, case.on_site is True,
        case.accepted_on == case.concluded_on, case.visits == 1, case.visits == 0, case.origin_level == "village",
        case.origin_level == "village" and case.highest == "village", below, below and case.highest in ("village", "township"),
        case.used_days is not None, case.used_days or 0, level is not None, level is not None and level < BAD_LEVEL,
    )  # fmt: skip
    taken = (
        1, case.instant, case.received_on == case.accepted_on, case.online_depth >= 1, case.online_depth >= 2, case.online_depth >= 3,
    )  # fmt: skip
    return dict(zip(CONCLUDED, map(int, done), strict=True)), dict(
        zip(ACCEPTED, map(int, taken), strict=True)
    )


@dataclass
class Sums:
    """Of one period and population. legal: {legal working days: (cases whose used days are known, the sum of these)}."""

    of: dict[str, int] = field(default_factory=dict)
    legal: dict[int, tuple[int, int]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> int:
        return self.of.get(name, 0)

    def __add__(self, other: Sums) -> Sums:
        """Of both together."""
        of = {name: self[name] + other[name] for name in self.of.keys() | other.of.keys()}
        legal = dict(self.legal)
        for days, (many, used) in other.legal.items():
            before = legal.get(days, (0, 0))
            legal[days] = (before[0] + many, before[1] + used)
        return Sums(of, legal)


def figures(sums: Sums, base: str, period: Period) -> tuple[Figure, ...]:
    """handling_speedup, punctuality, acceptance, visits, local_conclusion and the first two of satisfaction of schemas.statistics.cases, in that
    order."""
    done, taken = f"{base}办结件", f"{base}受理件"
    visits = f"{base}办结件（实际到现场次数）"
    legal = sum(days * many for days, (many, _) in sums.legal.items())
    used = sum(spent for _, spent in sums.legal.values())

    def one(metric: str, part: str, whole: str, of: str) -> Figure:
        return share(metric, sums[part], sums[whole], of, period)

    return (
        _speedup(sums.legal, f"{base}办结件，逐件（法定−实际）÷法定的平均", period),
        share("handling_speedup_total_days", legal - used, legal, f"{base}办结件，法定日数之和", period),
        one("on_time_rate", "on_time", "done", done),
        one("early_rate", "early", "done", done),
        one("early_rate_committed", "early_committed", "committed", f"{base}办结的承诺件"),
        one("on_site_rate", "on_site", "done", done),
        one("same_day_rate", "same_day", "done", done),
        one("instant_case_share", "instant", "taken", taken),
        one("same_day_acceptance_rate", "taken_same_day", "taken", taken),
        one("online_apply_cases", "online_1", "taken", taken),
        one("online_pre_review_cases", "online_2", "taken", taken),
        one("online_conclude_cases", "online_3", "taken", taken),
        one("at_most_one_visit_cases", "one_visit", "done", visits),
        one("zero_visit_cases", "no_visit", "done", visits),
        one("concluded_in_village", "in_village", "village", "村（社区）收件的办结件"),
        one("concluded_in_township", "in_township", "below", "村（社区）、乡镇（街道）收件的办结件"),
        one("satisfaction_rate", "content", "rated", f"{base}已评价的办结件"),
        one("rated_rate", "rated", "done", done),
    )


def _speedup(legal: Mapping[int, tuple[int, int]], base: str, period: Period) -> Figure:
    """The mean of (L−A)/L, from how many cases there are of each L and how many days they used together."""
    parts: Iterable[Fraction] = (many - Fraction(spent, days) for days, (many, spent) in legal.items())
    whole = mean("handling_speedup", (), base, period)
    count = sum(many for many, _ in legal.values())
    return Figure(whole.metric, sum(parts, Fraction(0)), count, base, period)
