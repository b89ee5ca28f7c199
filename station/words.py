"""Names in the reader's language for what rows and documents hold as identifiers; templates call these.

States, events, roles and reasons are named in schemas.lifecycle; here only what catalogue and pages add. An identifier
that nobody knows (a newer version's) is shown as it is.
"""

from __future__ import annotations

from flask_babel import gettext

from schemas import lifecycle, worklists
from schemas.lifecycle import errands
from schemas.lifecycle.words import QUALITY
from schemas.problems import N_
from station.cards import RELATIONS

MODES = {
    "direct": N_("本站直办"), "agency": N_("代办"), "assist": N_("协办"), "inform": N_("告知"), "own": N_("本级办理"),
}  # fmt: skip
FOUND = {
    "department": N_("按部门或分区"), "pinyin": N_("按拼音"), "initials": N_("按拼音首字母"), "slip": N_("相近"),
}  # fmt: skip
FORMS = {"original": N_("原件"), "copy": N_("复印件"), "electronic": N_("电子件"), "form": N_("表格")}
RESULTS = {"granted": N_("准予许可"), "denied": N_("不予许可"), "concluded": N_("办结")}
# The five approval service zones, in the order of the report (domain.md §1 row 52).
ZONES = {
    "商事登记": N_("商事登记"), "社会事务": N_("社会事务"), "交通农业": N_("交通农业"), "经济建设": N_("经济建设"),
    "综合事务": N_("综合事务"),
}  # fmt: skip

# The papers of a case on pages; on the paper itself stands schemas.papers' own name.
PAPERS = {
    "receipt": N_("收件凭证"), "accept": N_("受理通知书"), "refuse": N_("不予受理通知书"), "supplement": N_("补正告知书"),
    "special_procedure": N_("特别程序告知书"), "extension": N_("延期告知书"), "grant": N_("准予许可决定书"),
    "deny": N_("不予许可决定书"), "conclude": N_("办结通知"), "delivery": N_("送达回证"), "withdrawal": N_("撤回申请书"),
    "handover": N_("材料交接单"), "urge": N_("督办单"),
}  # fmt: skip

TROUBLE = {
    "unreachable": N_("连不上，请检查网线、无线网或路由器"),
    "untrusted": N_("对方的证书不是本市签发的，没有连接。可能是上网登录页面，也可能有人冒充；请先核对本机时间，再告知市中心"),
    "not_a_peer": N_("回答的不是便民服务器，可能是上网登录页面，请先在浏览器里登录网络"),
    "peer_failed": N_("对方暂时忙不过来，稍后会自动再试"),
    "unauthorized": N_("对方不认识本机，请联系市中心：本机可能已被停用或被新电脑替换，需要用注册码重新注册"),
}  # fmt: skip
TROUBLE_IN_SHORT = {
    "unreachable": N_("连不上"), "untrusted": N_("证书不可信"), "not_a_peer": N_("不是便民服务器"),
    "peer_failed": N_("对方忙"), "unauthorized": N_("对方不认识本机"), "not_taken": N_("有记录本机没有收下"),
}  # fmt: skip


def trouble(error: str) -> str:
    """What is wrong and what to do, or "" for what has no words of its own."""
    return str(gettext(TROUBLE[error])) if error in TROUBLE else ""


def trouble_in_short(error: str) -> str:
    return str(gettext(TROUBLE_IN_SHORT.get(error, N_("其他问题"))))


def state(name: str) -> str:
    return str(gettext(lifecycle.STATE_NAMES.get(name, name)))


def event(name: str) -> str:
    return str(gettext(lifecycle.EVENT_NAMES.get(name, name)))


def role(name: str) -> str:
    return str(gettext(lifecycle.ROLE_NAMES.get(name, name)))


def paper(kind: str) -> str:
    return str(gettext(PAPERS.get(kind, kind)))


def mode(name: str) -> str:
    return str(gettext(MODES.get(name, name)))


def found(way: str) -> str:
    """Why an item was found, or "" where its name says it."""
    return str(gettext(FOUND[way])) if way in FOUND else ""


def form(name: str) -> str:
    return str(gettext(FORMS.get(name, name)))


def relation(name: str) -> str:
    return str(gettext(RELATIONS.get(name, name)))


def result(name: str | None) -> str:
    return str(gettext(RESULTS.get(name or "", name or "—")))


def zone(name: str) -> str:
    return str(gettext(ZONES.get(name, name))) if name else ""


def quality(name: str) -> str:
    return str(gettext(QUALITY.get(name, name)))


def refuse_reasons() -> list[tuple[str, str]]:
    """(code, words) of the reasons not to accept an application."""
    return [(code, gettext(text)) for code, text in lifecycle.REFUSE_REASONS.items()]


def suspend_kinds() -> list[tuple[str, str]]:
    """(code, words) of the special procedures."""
    return [(code, gettext(text)) for code, text in lifecycle.SUSPEND_KINDS.items()]


def suspend_kind(name: str) -> str:
    return str(gettext(lifecycle.SUSPEND_KINDS.get(name, name)))


def next_step(state: str) -> str:
    """What to do next with a case in this state; "" where it is over."""
    return str(gettext(worklists.NEXT[state])) if state in worklists.NEXT else ""


def errand_state(name: str) -> str:
    return str(gettext(errands.STATE_NAMES.get(name, name)))


def errand_event(name: str) -> str:
    return str(gettext(errands.EVENT_NAMES.get(name, name)))


def errand_next(state: str) -> str:
    """What to do next with an errand in this state; "" where it is over."""
    return str(gettext(errands.NEXT[state])) if state in errands.NEXT else ""
