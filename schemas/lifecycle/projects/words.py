"""Names for people of a project's states, events, opinions, outcomes (domain.md §3, §7). No rule is here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schemas.problems import N_

STATE_NAMES: Final[Mapping[str, str]] = {
    "-": N_("未登记"),
    "preparing": N_("筹备中"),
    "planned": N_("方案已定"),
    "in_progress": N_("并联审批中"),
    "suspended": N_("特别程序中"),
    "concluded": N_("已办结"),
    "stopped": N_("已终止"),
}

EVENT_NAMES: Final[Mapping[str, str]] = {
    "open": N_("登记项目"),
    "plan": N_("确定方案"),
    "accept_jointly": N_("统一受理"),
    "dispatch": N_("转办"),
    "opinion": N_("出具意见"),
    "request_supplement": N_("一次性告知补正"),
    "suspend": N_("启动特别程序"),
    "resume": N_("结束特别程序"),
    "extend": N_("延期"),
    "conclude": N_("统一办结"),
    "stop": N_("终止"),
}

OPINIONS: Final[Mapping[str, str]] = {
    "agree": N_("同意"),
    "conditions": N_("附条件同意"),
    "disagree": N_("不同意"),
}
"""What a department may answer; its silence is none of them (transitions.csv, opinion)."""

OUTCOMES: Final[Mapping[str, str]] = {
    "decided": N_("已决定"),
    "withdrawn": N_("已撤回"),
    "dropped": N_("不再办理"),
}
"""How a sub-item may end."""

SUSPEND_KINDS: Final[Mapping[str, str]] = {
    "joint_survey": N_("联合踏勘"),
    "expert_review": N_("专家评审"),
    "hearing": N_("听证"),
}
