"""A card as its words tell it: who says what of it, and which of the words count.

    issued by the hub ─> a word of the station it is about, or of the hub ─> … ─> the card as it stands

Words are supervision_card documents of one form, each whole, written by stations that may know less than others. A word counts if it
takes a step that card_step allows whoever wrote it, and says nothing else of the card than the one before; the others are kept and
count for nothing. Writes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from schemas.feedback import day
from schemas.problems import Problem
from schemas.supervision.cards import Card
from schemas.supervision.standing import card_step
from schemas.tables import HUB

Document = Mapping[str, Any]

FIXED: Final = (
    "rule",
    "colour",
    "station",
    "case",
    "staff",
    "points",
    "evidence",
    "issued_at",
    "answer_due",
    "late_evidence",
)
"""What no later word may change."""
STEPS: Final[Mapping[str, tuple[str, str]]] = {
    "answer": ("answered", "answer"), "uphold": ("upheld", "ruling"), "revoke": ("revoked", "ruling"), "rectify": ("rectified", "measure"),
}  # fmt: skip
"""Of each step the outcome it leads to, and the field that holds what was said."""
_EVENT: Final = {outcome: event for event, (outcome, _) in STEPS.items()}


def form_of(card: Card) -> str:
    """The form under which a card is kept: the same for the same cause, so that none is issued twice."""
    return hashlib.sha256(":".join(("card", *card.key)).encode()).hexdigest()[:32]


def said(
    card: Document, event: str, actor: str, words: str, on: date, at: str, by: str
) -> dict[str, Any] | Problem:
    """The next word on a card, or why not. actor: charged or supervisor; at: the moment; by: who says it."""
    to = card_step(card, event, actor, words, on)
    if isinstance(to, Problem):
        return to
    _, name = STEPS[event]
    text = words.strip()
    return {**card, "outcome": to, f"{event}_at": at, f"{event}_by": by, **({name: text} if text else {})}


def counted(words: Iterable[tuple[str, Document]]) -> Document | None:
    """The card as it stands, of (writer, word) in the order in which they were said; None if the hub never issued it."""
    card: Document | None = None
    for writer, word in words:
        if card is None:
            if writer == HUB and word.get("outcome") == "issued":
                card = word
        elif _follows(card, writer, word):
            card = word
    return card


def _follows(card: Document, writer: str, word: Document) -> bool:
    event = _EVENT.get(str(word.get("outcome")))
    if event is None or any(card.get(name) != word.get(name) for name in FIXED):
        return False
    on, text = day(word.get(f"{event}_at")), str(word.get(STEPS[event][1]) or "")
    # At the hub the bureaus answer too, and its pages ask who may.
    actors = ("supervisor", "charged") if writer == HUB else ("charged",)
    return on is not None and any(
        not isinstance(card_step(card, event, actor, text, on), Problem) for actor in actors
    )
