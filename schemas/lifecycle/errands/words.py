"""Names for people of an errand's states, events, kinds (domain.md §3, §7). No rule is here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schemas.problems import N_

STATE_NAMES: Final[Mapping[str, str]] = {
    "-": N_("未登记"),
    "requested": N_("已提出"),
    "assigned": N_("已派代办员"),
    "collected": N_("已取材料"),
    "lodged": N_("已代为申请"),
    "result_held": N_("已取结果"),
    "closed": N_("已交还"),
    "declined": N_("不予代办"),
    "cancelled": N_("已取消"),
}

NEXT: Final[Mapping[str, str]] = {
    "requested": N_("指派代办员，或说明不能代办"),
    "assigned": N_("上门或在窗口收取材料，双方签收"),
    "collected": N_("登记办件，填上办件编号"),
    "lodged": N_("等办件结果；要补正时转告申请人"),
    "result_held": N_("把结果和原件交还申请人"),
}
"""What is to be done next with an errand in this state; one that is over has nothing."""

EVENT_NAMES: Final[Mapping[str, str]] = {
    "request": N_("提出代办"),
    "assign": N_("指派代办员"),
    "decline": N_("不予代办"),
    "collect": N_("收取材料"),
    "lodge": N_("代为申请"),
    "relay_supplement": N_("转告补正"),
    "fetch_result": N_("领取结果"),
    "hand_over": N_("交还结果和原件"),
    "cancel": N_("取消代办"),
}

KINDS: Final[Mapping[str, str]] = {
    "agency": N_("代办"),
    "guide": N_("导办"),
    "home_visit": N_("上门服务"),
    "vip": N_("VIP服务"),
}

MANDATES: Final[Mapping[str, str]] = {
    "signature": N_("签名"),
    "photo": N_("照片"),
    "fingerprint": N_("指印"),
}
"""How an applicant entrusts the agent (委托书)."""
