"""Patrols and visits (窗口日常巡查、明查暗访; seed rows 33, 35): what was looked at where, what was found, and what was put right.

    a station looks at itself, or at one below it ─> done, with findings ────────────────────┐
    who supervises plans ─> (unannounced: nobody there knows) ─> findings ─> done ─> visible ┴─> each finding fixed, or overdue

Words are inspection documents of one form, each whole, written by servers that may know less than others; which of them count is
said here as for cards (schemas.supervision.words). Writes nothing and reads no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from schemas import tables
from schemas.problems import N_, Problem
from schemas.tables import HUB

Document = Mapping[str, Any]

KINDS: Final[Mapping[str, str]] = {
    "daily_patrol": N_("日常巡查"), "open_visit": N_("明查"), "unannounced": N_("暗访"), "supervision": N_("专项督查"),
}  # fmt: skip
PLANNED: Final = ("open_visit", "unannounced", "supervision")
"""By who supervises; the first and the last are told beforehand."""
CODES: Final[Mapping[str, str]] = {
    "absent": N_("空岗、脱岗"), "attitude": N_("服务态度"), "disclosure": N_("公开不全、不新"), "outside_material": N_("索要目录外材料"),
    "not_told_once": N_("未一次性告知"), "records": N_("登记不及时、不规范"), "overdue": N_("超时办理"), "equipment": N_("设备故障"),
    "order": N_("环境和秩序"), "other": N_("其他"),
}  # fmt: skip
SEVERITIES: Final[Mapping[int, str]] = {1: N_("轻微"), 2: N_("一般"), 3: N_("严重")}
FIX_DAYS: Final = 5
"""Working days to put right what was found, where whoever looked names no other day; a proposal, no rule says how many."""
MOST: Final = 50
"""Findings of one inspection."""

_SAID: Final = (
    "kind", "station", "window", "case", "reason", "planned_on", "done_at", "inspectors", "visible_from", "conclusion",
)  # fmt: skip
"""What only those who look may say."""
_FIX: Final = ("fixed_at", "fixed_by", "fix")


def finding(code: str, severity: str, note: str, due: date) -> dict[str, Any] | Problem:
    """What was found, as it is kept; or what is missing."""
    if code not in CODES:
        return Problem("no_finding_code", N_("请选择问题类别"))
    if severity not in {str(each) for each in SEVERITIES}:
        return Problem("no_severity", N_("请选择严重程度"))
    if not note:
        return Problem("no_finding_note", N_("请写明发现了什么问题"))
    return {"code": code, "severity": int(severity), "note": note, "due": due.isoformat()}


def with_finding(doc: Document, found: Mapping[str, Any]) -> dict[str, Any] | Problem:
    """The inspection with one finding more."""
    findings = list(doc.get("findings") or ())
    if len(findings) >= MOST:
        return Problem("many_findings", N_("一次检查最多记录{max}个问题"), {"max": MOST})
    return {**doc, "findings": [*findings, dict(found)]}


def done(doc: Document, at: str, conclusion: str) -> dict[str, Any] | Problem:
    """The inspection, ended."""
    if doc.get("done_at"):
        return Problem("inspection_done", N_("这次检查已经结束"))
    if not conclusion:
        return Problem("no_conclusion", N_("请写明检查结论"))
    return {**doc, "done_at": at, "conclusion": conclusion}


def fixed(doc: Document, n: int, text: str, at: str, by: str) -> dict[str, Any] | Problem:
    """The inspection with its n-th finding put right."""
    findings = list(doc.get("findings") or ())
    if not 0 <= n < len(findings):
        return Problem("no_finding", N_("没有这个问题"))
    if findings[n].get("fixed_at"):
        return Problem("finding_fixed", N_("这个问题已经报告整改"))
    if not text:
        return Problem("no_fix", N_("请写明怎样整改、结果如何"))
    findings[n] = {**findings[n], "fixed_at": at, "fixed_by": by, "fix": text}
    return {**doc, "findings": findings}


def open_findings(doc: Document) -> int:
    """How many are not put right."""
    return sum(not each.get("fixed_at") for each in doc.get("findings") or ())


def due(doc: Document) -> str | None:
    """The first day on which something has to be put right; None where nothing has."""
    return min(
        (str(each["due"]) for each in doc.get("findings") or () if each.get("due") and not each.get("fixed_at")),
        default=None,
    )  # fmt: skip


def counted(words: Iterable[tuple[str, Document]]) -> Document | None:
    """The inspection as it stands, of (writer, word) in the order in which they were said; None if nobody who may had begun it."""
    doc: Document | None = None
    maker = ""
    for writer, word in words:
        if doc is None:
            if _may_begin(writer, word):
                doc, maker = word, writer
        elif _follows(doc, word, looks=writer in (HUB, maker)):
            doc = word
    return doc


def _may_begin(writer: str, word: Document) -> bool:
    if writer == HUB:
        return word.get("kind") in KINDS
    station = str(word.get("station"))
    own = station in tables.stations() and writer in (station, *tables.ancestors(station))
    return own and word.get("kind") == "daily_patrol"


def _follows(doc: Document, word: Document, *, looks: bool) -> bool:
    before, after = list(doc.get("findings") or ()), list(word.get("findings") or ())
    said = ("kind", "station") if looks else _SAID
    return (
        all(doc.get(name) == word.get(name) for name in said)
        and (len(after) >= len(before) if looks else len(after) == len(before))
        and all(map(_kept, before, after))
    )


def _kept(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether it says the same of what was found; it may be put right by this word, and not again."""
    if before.get("fixed_at"):
        return before == after
    return before == {name: value for name, value in after.items() if name not in _FIX}
