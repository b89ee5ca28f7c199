"""Why somebody asks for a citizen's full data: reasons to choose from, and what one typed. Pure.

The access log keeps the reason in Chinese, as it was given. Holds no page and knows nobody.
"""

from __future__ import annotations

from typing import Final

from schemas.numbers import mask_numbers
from schemas.problems import N_, DomainError, Problem

FULL: Final[dict[str, str]] = {
    "contact": N_("联系申请人"),
    "verify": N_("核对身份或者材料"),
    "correct": N_("更正登记信息"),
    "inspect": N_("监督检查、抽查"),
    "complaint": N_("处理投诉举报"),
    "other": N_("其他（请写明）"),
}
"""To see the numbers of a case."""

PERSON: Final[dict[str, str]] = {
    "self": N_("本人持有效身份证件到场申请"),
    "agent": N_("代理人持委托书和双方身份证件到场申请"),
    "heir": N_("死者近亲属申请"),
    "other": N_("其他（请写明）"),
}
"""To find everything about a person (PIPL art. 45, 49)."""

LONGEST: Final = 200


def given(code: str, typed: str, among: dict[str, str]) -> str:
    """The reason in words. DomainError where none was given, or 其他 without a word."""
    if code not in among:
        raise DomainError(Problem("reason_missing", N_("请选择查看的理由"), {}))
    if code == "other" and len(typed) < 2:
        raise DomainError(Problem("reason_empty", N_("选“其他”时，请写明理由"), {}))
    if len(typed) > LONGEST:
        raise DomainError(Problem("reason_long", N_("理由最多 {max} 个字"), {"max": LONGEST}))
    words = among[code] if code != "other" else ""
    return mask_numbers("：".join(filter(None, (words, typed))))
