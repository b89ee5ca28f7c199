"""Statistics (domain.md §2.4): every rate with numerator, denominator, base and period, as of any moment.

    figures   Figure, Period, targets
    items     rates over the catalogue
    facts     what statistics need of a case
    cases     rates and counts over cases, ratings, complaints, projects
    annual    the annual report's table
    as_of     what the hub knew at a moment; what changed since

This file only gathers the public names; no figure will ever be computed here.
"""

from schemas.statistics import cases, items
from schemas.statistics.annual import Line, annual
from schemas.statistics.as_of import Difference, difference, facts_as_of, known
from schemas.statistics.facts import CaseFacts, facts, facts_of
from schemas.statistics.figures import (
    Figure,
    Period,
    Target,
    judge,
    mean,
    parse_target,
    percent,
    share,
    targets,
    total,
    year,
)

__all__ = [
    "CaseFacts",
    "Difference",
    "Figure",
    "Line",
    "Period",
    "Target",
    "annual",
    "cases",
    "difference",
    "facts",
    "facts_as_of",
    "facts_of",
    "items",
    "judge",
    "known",
    "mean",
    "parse_target",
    "percent",
    "share",
    "targets",
    "total",
    "year",
]
