"""Figures of cases: how fast, how punctual, how near (domain.md §2.4). Every function takes CaseFacts and a period;
concluded means concluded within it, accepted accepted within it.

What was voided or withdrawn is never concluded, so it is in no rate. Reads nothing but its arguments.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from fractions import Fraction
from typing import Final

from schemas.feedback import Complaint, Rating
from schemas.lifecycle.projects import ProjectState
from schemas.lifecycle.state import CHINA
from schemas.statistics.facts import CaseFacts
from schemas.statistics.figures import Figure, Period, mean, share, total

SMALLEST_CELL: Final = 5
"""Totals of blind ratings are shown from this many on, so that no clerk finds out who rated (seed row 46)."""


def concluded(cases: Iterable[CaseFacts], period: Period) -> list[CaseFacts]:
    """The cases concluded within the period."""
    return [each for each in cases if each.concluded_on in period]


def accepted(cases: Iterable[CaseFacts], period: Period) -> list[CaseFacts]:
    """The cases accepted within the period."""
    return [each for each in cases if each.accepted_on in period]


# --- speed and punctuality --------------------------------------------------------------------------------


def handling_speedup(cases: Iterable[CaseFacts], base: str, period: Period) -> tuple[Figure, Figure]:
    """办理提速, both ways: the mean of (L−A)/L over concluded cases (headline), and (ΣL−ΣA)/ΣL."""
    done = [
        (each.legal_days, each.used_days) for each in concluded(cases, period) if each.used_days is not None
    ]
    legal, used = sum(days for days, _ in done), sum(days for _, days in done)
    return (
        mean(
            "handling_speedup",
            (Fraction(days - spent, days) for days, spent in done),
            f"{base}办结件，逐件（法定−实际）÷法定的平均",
            period,
        ),
        share("handling_speedup_total_days", legal - used, legal, f"{base}办结件，法定日数之和", period),
    )


def punctuality(cases: Iterable[CaseFacts], base: str, period: Period) -> tuple[Figure, ...]:
    """按时办结率, 提前办结率 and its vendor variant over 承诺件 only, 现场办结率, 当日受理办结率."""
    done = concluded(cases, period)
    committed = [each for each in done if not each.instant]
    same_day = sum(each.accepted_on == each.concluded_on for each in done)
    of = f"{base}办结件"
    return (
        share("on_time_rate", sum(each.on_time is True for each in done), len(done), of, period),
        share("early_rate", sum(each.early is True for each in done), len(done), of, period),
        share(
            "early_rate_committed",
            sum(each.early is True for each in committed),
            len(committed),
            f"{base}办结的承诺件",
            period,
        ),
        share("on_site_rate", sum(each.on_site is True for each in done), len(done), of, period),
        share("same_day_rate", same_day, len(done), of, period),
    )


def acceptance(cases: Iterable[CaseFacts], base: str, period: Period) -> tuple[Figure, ...]:
    """Of the cases accepted: the share of instant ones, of those accepted on the day they were received, and
    how far each was handled online (≥ 1, 2, 3)."""
    taken = accepted(cases, period)
    of = f"{base}受理件"
    same_day = sum(each.received_on == each.accepted_on for each in taken)
    online = (
        share(f"{metric}_cases", sum(each.online_depth >= depth for each in taken), len(taken), of, period)
        for depth, metric in ((1, "online_apply"), (2, "online_pre_review"), (3, "online_conclude"))
    )
    return (
        share("instant_case_share", sum(each.instant for each in taken), len(taken), of, period),
        share("same_day_acceptance_rate", same_day, len(taken), of, period),
        *online,
    )


# --- nearness ---------------------------------------------------------------------------------------------


def visits(cases: Iterable[CaseFacts], base: str, period: Period) -> tuple[Figure, Figure]:
    """最多跑一次 and 零跑路 as measured; like over items, those of one visit and those of none beside them."""
    done = concluded(cases, period)
    of = f"{base}办结件（实际到现场次数）"
    return (
        share("at_most_one_visit_cases", sum(each.visits == 1 for each in done), len(done), of, period),
        share("zero_visit_cases", sum(each.visits == 0 for each in done), len(done), of, period),
    )


def local_conclusion(cases: Iterable[CaseFacts], period: Period) -> tuple[Figure, Figure]:
    """小事不出村: of the concluded cases opened in a village, those that never left it. 大事不出乡镇: of those
    opened in a village or township, those that went no higher than a township."""
    done = concluded(cases, period)
    village = [each for each in done if each.origin_level == "village"]
    below = [each for each in done if each.origin_level in ("village", "township")]
    within = sum(each.highest in ("village", "township") for each in below)
    return (
        share(
            "concluded_in_village",
            sum(each.highest == "village" for each in village),
            len(village),
            "村（社区）收件的办结件",
            period,
        ),
        share("concluded_in_township", within, len(below), "村（社区）、乡镇（街道）收件的办结件", period),
    )


# --- ratings ----------------------------------------------------------------------------------------------


def satisfaction(
    cases: Iterable[CaseFacts], ratings: Mapping[str, Rating], base: str, period: Period
) -> tuple[Figure, ...]:
    """满意率 (levels 1–3 of rated), 评议率 (rated of concluded), and of bad ratings how many were called back and
    how many rectified. A case nobody rated is in no rate of satisfaction."""
    done = concluded(cases, period)
    rated = [ratings[each.case_no] for each in done if each.case_no in ratings]
    bad = [each for each in rated if each.bad]
    of = f"{base}已评价的办结件"
    return (
        share("satisfaction_rate", sum(each.level <= 3 for each in rated), len(rated), of, period),
        share("rated_rate", len(rated), len(done), f"{base}办结件", period),
        share("call_back_rate", sum(each.called_back for each in bad), len(bad), f"{base}差评", period),
        share(
            "rectification_rate",
            sum(each.rectified_on is not None for each in bad),
            len(bad),
            f"{base}差评",
            period,
        ),
    )


def blind_satisfaction(ratings: Iterable[Rating], base: str, period: Period) -> Figure | None:
    """满意率 of ratings collected away from the clerk; None below five of them (small cells tell who spoke)."""
    mine = [each for each in ratings if each.blind and each.on in period]
    if len(mine) < SMALLEST_CELL:
        return None
    return share("blind_satisfaction_rate", sum(each.level <= 3 for each in mine), len(mine), base, period)


# --- what should be nought --------------------------------------------------------------------------------


def zero_indicators(
    cases: Iterable[CaseFacts], complaints: Iterable[Complaint], base: str, period: Period
) -> tuple[Figure, Figure, Figure]:
    """无吃拿卡要, 无超时件, 无有效投诉, each with what is behind it (complaint ids, case numbers).

    An overdue case counts in the period in which it was accepted, concluded or is still open.
    """
    upheld = [each for each in complaints if each.upheld_on in period]
    solicited = [each.id for each in upheld if each.matter == "solicitation"]
    late = [each.case_no for each in cases if each.overdue and _alive(each, period)]
    return (
        total("solicitation", len(solicited), f"{base}属实的“吃拿卡要”投诉", period, solicited),
        total("overdue_cases", len(late), f"{base}超过承诺时限的办件", period, late),
        total("upheld_complaints", len(upheld), f"{base}属实的投诉", period, [each.id for each in upheld]),
    )


def _alive(case: CaseFacts, period: Period) -> bool:
    if case.accepted_on is None or case.accepted_on > period.last:
        return False
    return case.concluded_on is None or case.concluded_on >= period.first


# --- counts -----------------------------------------------------------------------------------------------


def by_department(cases: Iterable[CaseFacts], period: Period) -> Counter[str]:
    """Concluded cases by department."""
    return Counter(each.department for each in concluded(cases, period))


def by_zone(cases: Iterable[CaseFacts], period: Period) -> Counter[str]:
    """Concluded cases by zone; those of none are left out."""
    return Counter(each.zone for each in concluded(cases, period) if each.zone)


def projects(states: Iterable[ProjectState], period: Period) -> tuple[Figure, Figure]:
    """并联审批 accepted jointly within the period, and VIP projects taken on within it."""
    known = list(states)
    joint = [each.project for each in known if _within(each.accepted_at, period)]
    vip = [each.project for each in known if each.vip and _within(each.opened_at, period)]
    return (
        total("parallel_projects", len(joint), "统一受理的投资建设项目", period, joint),
        total("vip_projects", len(vip), "承接的重大项目", period, vip),
    )


def _within(at: datetime | None, period: Period) -> bool:
    return at is not None and at.astimezone(CHINA).date() in period
