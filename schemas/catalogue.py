"""The catalogue as a value: which items there are on a day, in which version, who offers and decides them, which have passed from a
department to an approval bureau (domain.md §1 rows 12, 48–55; §4), and the lists beside them: intermediary services, village certificates.

    versions of one item   |-- 1 --|------ 2 ------|--- 3 ···        in_force(code, day): one of them or none
    a transferred item     department ···|·· trial ··|·· bureau ···  standing(code, day)
    entries of a certificate      |-- retained ----|-- abolished ··  certificates_on(day)

Whoever judges an event is handed a Catalogue; `shipped()` is the one the package carries. A case keeps the copy
of the version it was registered under and never asks again.

Holds values and look-ups only. When a version may be published is publishing's, and never here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, lru_cache
from typing import Literal

from schemas import offers, tables
from schemas.offers import DECIDES, Offer, OfferRule
from schemas.shipped import rows
from schemas.tables import HUB, Certificate, Intermediary, Item, Material, Station, items, materials

Standing = Literal["department", "trial", "bureau"]
"""Who exercises a transferred item's power: its old department, both while the bureau is on trial, the bureau."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an item and the days it is in force: both inclusive, None without bound.

    lines       its material list
    withdrawn   from its first day on the item is not offered any more
    procedure   办理程序, a step a line; fee_basis, implementer, where, hours, phone: as published; faq: (question, answer), what people ask.
                All "" or () where only items.csv speaks
    """

    item: Item
    effective_from: date | None = None
    effective_to: date | None = None
    lines: tuple[Material, ...] = ()
    withdrawn: bool = False
    procedure: tuple[str, ...] = ()
    fee_basis: str = ""
    implementer: str = ""
    where: str = ""
    hours: str = ""
    phone: str = ""
    faq: tuple[tuple[str, str], ...] = ()

    def on(self, day: date) -> bool:
        """Whether this version is in force on `day`."""
        after = self.effective_from is None or self.effective_from <= day
        return after and (self.effective_to is None or day <= self.effective_to)


@dataclass(frozen=True, slots=True)
class Transfer:
    """An item's passing to a bureau (划转). trial_from: the first day of the bureau's trial, None without one;
    formal_from: from this day on the department may no longer accept. document: by which it was ordered, as published."""

    item_code: str
    from_department: str
    to_bureau: str
    trial_from: date | None
    formal_from: date
    document: str = ""

    @property
    def begins(self) -> date:
        """The first day on which anything is otherwise."""
        return self.trial_from or self.formal_from

    def standing(self, day: date) -> Standing:
        """Who exercises the power on `day`."""
        if day >= self.formal_from:
            return "bureau"
        return "trial" if self.trial_from is not None and day >= self.trial_from else "department"


class Catalogue:
    """Items by code and version, the rules by which stations offer them, and the transfers. Never changes.

    versions   at most one of each item and version number counts: the last given
    transfers  likewise by item
    rules      as data/offers.csv, by level of item and level of station
    services   intermediary services; likewise by code
    certificates  entries of village certificates; likewise by code and the day from which each counts
    """

    def __init__(
        self,
        versions: Iterable[Version],
        transfers: Iterable[Transfer] = (),
        rules: Mapping[tuple[str, str], OfferRule] | None = None,
        services: Iterable[Intermediary] = (),
        certificates: Iterable[Certificate] = (),
    ) -> None:
        found: dict[str, dict[int, Version]] = {}
        for each in versions:
            found.setdefault(each.item.item_code, {})[each.item.version] = each
        self._versions = {
            code: tuple(known[number] for number in sorted(known)) for code, known in found.items()
        }
        self._transfers = {each.item_code: each for each in transfers}
        self._rules = offers.rules() if rules is None else rules
        self._services = {each.service_code: each for each in services}
        entries = {(each.cert_code, each.effective_from): each for each in certificates}
        order = {code: n for n, code in enumerate(dict.fromkeys(code for code, _ in entries))}
        self._certificates = tuple(
            entry for _, entry in sorted(entries.items(), key=lambda each: (order[each[0][0]], each[0][1]))
        )

    def codes(self) -> tuple[str, ...]:
        """The codes of all items, in the order they were given."""
        return tuple(self._versions)

    def versions(self, code: object) -> tuple[Version, ...]:
        """Every version of an item, lowest number first; () for one nobody knows."""
        return self._versions.get(code, ()) if isinstance(code, str) else ()

    def item(self, code: object, version: object = None) -> Item | None:
        """An item in this version; in its newest where the version is None or not known here yet."""
        known = self.versions(code)
        if version is not None:
            for each in known:
                if each.item.version == version:
                    return each.item
        return known[-1].item if known else None

    def version(self, code: object, number: object) -> Version | None:
        """This version of an item, None if nobody knows it."""
        return next((each for each in self.versions(code) if each.item.version == number), None)

    def counting(self, code: object, day: date) -> Version | None:
        """The version that counts on a day, also one by which the item is withdrawn: of several that overlap, the newest."""
        return next((each for each in reversed(self.versions(code)) if each.on(day)), None)

    def version_on(self, code: object, day: date) -> Version | None:
        """The version by which an item is offered on a day. None: not offered to anybody then."""
        found = self.counting(code, day)
        return None if found is None or found.withdrawn else found

    def in_force(self, code: object, day: date) -> Item | None:
        """An item as it is on a day, as version_on."""
        found = self.version_on(code, day)
        return None if found is None else found.item

    def offer(self, item: Item, station: Station, day: date | None = None) -> Offer | None:
        """How a station offers an item; None if it has nothing to do with it. `day`: on which; without one as nothing had been transferred.

        An item of the city that a district's bureau has taken over is there what an item of the district is.
        """
        moved = self.handed(item, station, day)
        if moved is not None and item.level == "city" and moved.to_bureau != HUB:
            item = replace(item, level="district", division_code=moved.to_bureau[:6])
        return offers.offer(item, station, self._rules)

    def handed(self, item: Item, station: Station, day: date | None) -> Transfer | None:
        """The transfer by which a bureau alone exercises an item's power on a day, as far as a station is concerned: an item of the city
        that a district's bureau took over is its own in its district alone."""
        found = None if day is None else self.transfer(item.item_code)
        if found is None or day is None or found.standing(day) != "bureau":
            return None
        here = item.level != "city" or found.to_bureau in (HUB, station.district_code + "000000")
        return found if here else None

    def offers(self, station: Station, day: date) -> Iterator[tuple[Item, Offer]]:
        """All that a station offers on a day, in the order of codes()."""
        for code in self._versions:
            item = self.in_force(code, day)
            made = None if item is None else self.offer(item, station, day)
            if item is not None and made is not None:
                yield item, made

    def decides(
        self, code: object, station: Station, version: object = None, day: date | None = None
    ) -> bool:
        """Whether a station itself accepts and decides this item, as offer; False for an item nobody knows."""
        item = self.item(code, version)
        made = None if item is None else self.offer(item, station, day)
        return made is not None and made.mode in DECIDES

    def transfer(self, code: object) -> Transfer | None:
        """An item's passing to a bureau; None if its department keeps it."""
        return self._transfers.get(code) if isinstance(code, str) else None

    def standing(self, code: object, day: date) -> Standing | None:
        """Who exercises an item's power on a day; None for an item that was not transferred."""
        found = self.transfer(code)
        return None if found is None else found.standing(day)

    def transfers(self) -> tuple[Transfer, ...]:
        """Every transfer, in the order they were given."""
        return tuple(self._transfers.values())

    def service(self, code: object) -> Intermediary | None:
        """An intermediary service, also one that is withdrawn."""
        return self._services.get(code) if isinstance(code, str) else None

    def services(self) -> tuple[Intermediary, ...]:
        """Every intermediary service that is offered, in the order they were given."""
        return tuple(each for each in self._services.values() if not each.withdrawn)

    def service_codes(self) -> tuple[str, ...]:
        """Of all, also of those that are withdrawn."""
        return tuple(self._services)

    def certificates(self) -> tuple[Certificate, ...]:
        """Every entry of every village certificate, those of one together, the oldest first."""
        return self._certificates

    def certificates_on(self, day: date) -> tuple[Certificate, ...]:
        """The entry of each village certificate that counts on a day, in the order of certificates(): the newest that has begun. Before the
        list came into force, as on its first day."""
        first = min((each.effective_from for each in self._certificates), default=day)
        found = {
            each.cert_code: each for each in self._certificates if each.effective_from <= max(day, first)
        }
        return tuple(found.values())

    def with_versions(self, versions: Iterable[Version]) -> Catalogue:
        """This catalogue and more; a version that is here already is replaced. Where a newer version begins,
        the older ones end the day before only if they say so: of several in force the newest counts."""
        return self._and(versions=versions)

    def with_transfers(self, transfers: Iterable[Transfer]) -> Catalogue:
        """This catalogue and more transfers; a second one of an item replaces the first."""
        return self._and(transfers=transfers)

    def with_services(self, services: Iterable[Intermediary]) -> Catalogue:
        """This catalogue and more intermediary services; a second one of a code replaces the first."""
        return self._and(services=services)

    def with_certificates(self, certificates: Iterable[Certificate]) -> Catalogue:
        """This catalogue and more entries; a second one of a certificate from the same day on replaces the first."""
        return self._and(certificates=certificates)

    def _and(
        self, versions: Iterable[Version] = (), transfers: Iterable[Transfer] = (), services: Iterable[Intermediary] = (),
        certificates: Iterable[Certificate] = (),
    ) -> Catalogue:  # fmt: skip
        here = (each for known in self._versions.values() for each in known)
        return Catalogue(
            [*here, *versions], [*self._transfers.values(), *transfers], self._rules, [*self._services.values(), *services],
            [*self._certificates, *certificates],
        )  # fmt: skip


@cache
def shipped() -> Catalogue:
    """The package's own: every item of items.csv at version 1 without bound, the transfers of transfers.csv, and the two lists."""
    moved = (
        Transfer(
            row["item_code"],
            row["from_department"],
            row["to_bureau"],
            date.fromisoformat(row["trial_from"]) if row["trial_from"] else None,
            date.fromisoformat(row["formal_from"]),
        )
        for row in rows("transfers")
    )
    versions = (Version(each, lines=materials(each.item_code)) for each in items().values())
    return Catalogue(versions, moved, None, tables.intermediaries(), tables.certificates())


@dataclass(frozen=True, slots=True)
class InForce:
    """A catalogue as it is on a day: what a station offers then. Two of the same catalogue and day are equal."""

    book: Catalogue
    day: date

    def items(self) -> Mapping[str, Item]:
        """Every item in force, by its code, in the order of the catalogue."""
        return _items(self)

    def item(self, code: object) -> Item | None:
        """The item of that code, None if it is not in force."""
        return self.book.in_force(code, self.day)

    def materials(self, code: object) -> tuple[Material, ...]:
        """Its material list; () for an item that is not in force."""
        found = self.book.version_on(code, self.day)
        return () if found is None else found.lines

    def upcoming(self, code: object) -> Version | None:
        """The version that is to come next, None if none is published."""
        later = (
            each
            for each in self.book.versions(code)
            if each.effective_from and each.effective_from > self.day
        )
        return min(later, key=lambda each: (each.effective_from, each.item.version), default=None)

    def offer(self, item: Item, station: Station) -> Offer | None:
        """How a station offers an item; None if it has nothing to do with it."""
        return self.book.offer(item, station, self.day)

    def offered(self, code: object, station: Station) -> tuple[Item, Offer] | None:
        """The item of that code with how a station offers it; None if it is not in force, or the station has nothing to do with it."""
        item = self.item(code)
        made = None if item is None else self.offer(item, station)
        return None if item is None or made is None else (item, made)

    def certificates(self) -> tuple[Certificate, ...]:
        """The village certificates as they are in force."""
        return self.book.certificates_on(self.day)

    def offers(self, station: Station) -> tuple[tuple[Item, Offer], ...]:
        """All that a station offers, in the order of the catalogue."""
        return _offers(self, station)


@lru_cache(maxsize=32)
def _items(of: InForce) -> Mapping[str, Item]:
    found = ((code, of.item(code)) for code in of.book.codes())
    return {code: item for code, item in found if item is not None}


@lru_cache(maxsize=64)
def _offers(of: InForce, station: Station) -> tuple[tuple[Item, Offer], ...]:
    return tuple(of.book.offers(station, of.day))


def as_shipped() -> InForce:
    """The package's own, which is the same on every day."""
    return InForce(shipped(), date.max)
