"""Invented applicants with valid identity numbers. Nobody in here exists; names and numbers come from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

from stdnum.cn import ric

SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
GIVEN = "明芳军丽强敏静伟秀英华慧巧美娜淑惠珠翠雅芝玉萍红娥玲芬燕彩春菊兰凤洁梅琳素云"


@dataclass(frozen=True)
class Person:
    """An applicant as a clerk would type them in."""

    name: str
    id_no: str
    phone: str
    address: str


def invent(seed: int, count: int, division: str = "510903", place: str = "") -> list[Person]:
    """`count` people of a division (6 digits), all with different identity numbers."""
    chance = random.Random(seed)  # noqa: S311 - invented data, not secrets
    people: list[Person] = []
    taken: set[str] = set()
    while len(people) < count:
        born = date(1950, 1, 1) + timedelta(days=chance.randrange(19000))
        body = f"{division}{born:%Y%m%d}{chance.randrange(1000):03}"
        id_no = body + ric.calc_check_digit(body + "0")
        if id_no in taken:
            continue
        taken.add(id_no)
        name = chance.choice(SURNAMES) + "".join(chance.sample(GIVEN, chance.choice((1, 2))))
        phone = f"1{chance.choice('3578')}{chance.randrange(10**9):09}"
        people.append(
            Person(name, id_no, phone, f"{place}{chance.randrange(1, 12)}组{chance.randrange(1, 200)}号")
        )
    return people
