"""E-supervision (效能监察, domain.md §2.6): which signals are due, why, and what they cost.

    rules      the rules and the scheme of points, as rows
    measures   what is measured of a case
    cards      cards(events, moment): every signal due so far, with evidence
    standing   what becomes of a card; a month's score; draws, double applications

This file only gathers the public names; no rule will ever be written here.
"""

from schemas.supervision.cards import Card, answer_due, as_document, cards, request_cards, station_cards
from schemas.supervision.measures import MEASURES, Circumstances
from schemas.supervision.rules import Rule, Scheme, parse_rule, rules, scheme
from schemas.supervision.standing import (
    CARD_STATE_NAMES,
    COLOUR_NAMES,
    Score,
    card_step,
    doubles,
    draw,
    month_score,
)

__all__ = [
    "CARD_STATE_NAMES",
    "COLOUR_NAMES",
    "MEASURES",
    "Card",
    "Circumstances",
    "Rule",
    "Scheme",
    "Score",
    "answer_due",
    "as_document",
    "card_step",
    "cards",
    "doubles",
    "draw",
    "month_score",
    "parse_rule",
    "request_cards",
    "rules",
    "scheme",
    "station_cards",
]
