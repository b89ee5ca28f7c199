"""The eight disclosures (八公开, domain.md §1 row 30) of an item as a poster says them: none is ever blank.

    item, station, day ─> disclosures ─> (key, label, lines) in the order of publishing.DISCLOSURES
                       ─> guide ───────> the same, and where to go, when, whom to ring

What the catalogue says is shown as it says it. It has no procedure and no basis of fees, nobody having published them: the
procedure is the one that the case machine holds everybody to, and of a basis that is missing the poster says just that and
where to ask. Posters are for Chinese citizens and in Chinese only; their words are not collected for translation. Nothing
about a person is ever on one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from schemas import catalogue, tables
from schemas.catalogue import Catalogue, Transfer, Version
from schemas.lifecycle import limits
from schemas.offers import Offer
from schemas.papers import FORMS
from schemas.publishing import DISCLOSURES, GUIDE_FIELDS
from schemas.tables import Item, Station

COMPLAINTS: Final = "12345"
"""The telephone for complaints of every guide and poster: the government services hotline, which is the city's too."""

FREE: Final = "不收费"
NO_BASIS_NEEDED: Final = "本事项不收费"
BASIS_NOT_PUBLISHED: Final = "事项目录尚未载明收费依据，以收费单位公示的收费目录清单为准；未公示的不得收取"


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One of the eight: key and label as in publishing, and what is said, a line each."""

    key: str
    label: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Subject:
    item: Item
    offer: Offer
    station: Station
    on: date
    version: Version
    moved: Transfer | None


def disclosures(
    item: Item, offer: Offer, station: Station, on: date, book: Catalogue | None = None
) -> tuple[Disclosure, ...]:
    """The eight of an item as `station` offers it on a day. `book`: the catalogue, the shipped one by default."""
    book = book or catalogue.shipped()
    version = book.version(item.item_code, item.version) or catalogue.Version(item)
    subject = _Subject(item, offer, station, on, version, book.handed(item, station, on))
    return tuple(Disclosure(key, label, _SAYS[key](subject)) for key, label in DISCLOSURES.items())


def guide(
    item: Item, offer: Offer, station: Station, on: date, book: Catalogue | None = None
) -> tuple[Disclosure, ...]:
    """All that a guide says: the eight, then where to go, when, and whom to ring, as far as that was published."""
    version = (book or catalogue.shipped()).version(item.item_code, item.version)
    more = (Disclosure(key, label, (getattr(version, key, ""),)) for key, label in GUIDE_FIELDS.items())
    return (*disclosures(item, offer, station, on, book), *(each for each in more if each.lines[0]))


def questions(item: Item, book: Catalogue) -> tuple[tuple[str, str], ...]:
    """(question, answer): what people ask about an item."""
    version = book.version(item.item_code, item.version)
    return version.faq if version else ()


def _implementer(of: _Subject) -> tuple[str, ...]:
    """Who exercises the power on that day: of a transferred item the bureau, and no more the department."""
    if of.moved is None:
        return (of.version.implementer or of.item.department,)
    return (f"{tables.station(of.moved.to_bureau).name}（划转前：{of.moved.from_department}）",)


def _materials(of: _Subject) -> tuple[str, ...]:
    return tuple(
        f"{line.name}（{FORMS.get(line.form, line.form)}{line.copies}份{'' if line.required else '，按情形提交'}）"
        for line in of.version.lines
    )


def _procedure(of: _Subject) -> tuple[str, ...]:
    """As published; of an item of which no procedure was, what the law says of any."""
    if of.version.procedure:
        return of.version.procedure
    decider = tables.station(of.offer.decided_at).name
    taking_in = {
        "inform": f"申请：本站只提供指引，请到{decider}窗口提出申请",
        "agency": f"收件：本站代为收件，报{decider}",
        "assist": f"收件：本站协助申请，报{decider}",
    }.get(of.offer.mode, "收件：本窗口收件，出具收件凭证")
    acceptance = f"受理：收件之日起{limits.ACCEPTANCE}个工作日内决定是否受理；材料不齐的，一次性告知补正"
    deciding = (
        (f"办理：{decider}受理当日办结",)
        if of.item.instant
        else (
            f"审查：{decider}审查申请材料，必要时核查",
            f"决定：自受理之日起{of.item.promised_days}个工作日内作出决定；不予办理的，书面说明理由",
        )
    )
    return (taking_in, acceptance, *deciding, f"送达：作出决定之日起{limits.DELIVERY}个工作日内送达结果")


def _promise(of: _Subject) -> tuple[str, ...]:
    promised = "即办，受理当日办结" if of.item.instant else f"{of.item.promised_days}个工作日"
    legal = (
        "（法律没有规定时限）"
        if of.item.legal_basis_kind == "none"
        else f"（法定时限{of.item.legal_days}个工作日）"
    )
    return (promised + legal,)


_SAYS: Final[Mapping[str, Callable[[_Subject], tuple[str, ...]]]] = {
    "name": lambda of: (of.item.name,),
    "legal_basis": lambda of: (of.item.legal_basis or "",),
    "implementer": _implementer,
    "materials": _materials,
    "procedure": _procedure,
    "fee_standard": lambda of: (of.item.fee_note or "",) if of.item.fee else (FREE,),
    "fee_basis": lambda of: (
        (of.version.fee_basis or BASIS_NOT_PUBLISHED,) if of.item.fee else (NO_BASIS_NEEDED,)
    ),
    "promised_days": _promise,
}
