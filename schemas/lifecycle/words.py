"""Names for people of a case's states, events and reasons, and of the roles of all three machines (domain.md
§3, §7). No rule is here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schemas.problems import N_

STATE_NAMES: Final[Mapping[str, str]] = {
    "-": N_("未登记"),
    "draft": N_("草稿"),
    "discarded": N_("已删除草稿"),
    "submitted": N_("已提交"),
    "received": N_("已收件"),
    "supplementing": N_("待补正"),
    "accepted": N_("已受理"),
    "reviewing": N_("审查中"),
    "suspended": N_("特别程序中"),
    "decided": N_("已决定"),
    "concluded": N_("已办结"),
    "delivered": N_("已送达"),
    "not_accepted": N_("不予受理"),
    "terminated": N_("已终止"),
    "withdrawn": N_("已撤回"),
    "voided": N_("已作废"),
    "transferred": N_("已转报"),
}

EVENT_NAMES: Final[Mapping[str, str]] = {
    "create": N_("登记"),
    "discard": N_("删除草稿"),
    "submit_online": N_("网上提交"),
    "pre_review_pass": N_("预审通过"),
    "pre_review_return": N_("预审退回"),
    "receive": N_("收件"),
    "forward": N_("上报"),
    "correct_on_spot": N_("当场更正"),
    "notify_supplement": N_("一次性告知补正"),
    "supply": N_("补正收件"),
    "attach": N_("添加扫描件"),
    "detach": N_("撤下扫描件"),
    "lapse": N_("补正不来办结"),
    "deemed_accept": N_("视为受理"),
    "accept": N_("受理"),
    "refuse": N_("不予受理"),
    "instant_conclude": N_("即时办结"),
    "assign": N_("分派"),
    "pass_step": N_("审查通过"),
    "return_step": N_("退回上一步"),
    "suspend": N_("启动特别程序"),
    "resume": N_("结束特别程序"),
    "extend": N_("延期"),
    "grant": N_("准予许可"),
    "deny": N_("不予许可"),
    "submit_upward": N_("转报"),
    "conclude": N_("办结"),
    "deliver": N_("送达"),
    "withdraw": N_("撤回"),
    "void": N_("作废"),
    "evaluate": N_("评价"),
    "urge": N_("督办"),
    "correct_record": N_("记录更正"),
}

ROLE_NAMES: Final[Mapping[str, str]] = {
    "applicant": N_("申请人"),
    "village_clerk": N_("村（社区）便民服务站工作人员"),
    "township_window": N_("乡镇（街道）便民服务中心窗口"),
    "district_window": N_("县（区）窗口"),
    "city_window": N_("市级窗口"),
    "examiner": N_("审查人员"),
    "zone_head": N_("审批服务区负责人"),
    "bureau_head": N_("审批局负责人"),
    "station_head": N_("服务站负责人"),
    "city_supervisor": N_("市级监察人员"),
    "district_supervisor": N_("县（区）监察人员"),
    "hub_administrator": N_("市中心系统管理员"),
    "catalogue_editor": N_("市中心目录管理员"),
    "courier": N_("投递人员"),
    "vip_agent": N_("VIP服务专员"),
    "lead_department": N_("牵头部门"),
    "lead_window": N_("牵头窗口"),
    "government_head": N_("本级政府负责人"),
    "owner": N_("项目业主"),
    "agent": N_("代办员"),
    "system": N_("系统"),
}

REFUSE_REASONS: Final[Mapping[str, str]] = {
    "no_licence_needed": N_("依法不需要取得行政许可"),
    "not_competent": N_("依法不属于本机关职权范围"),
}
"""Reasons not to accept an application (Licensing Law art. 32(1), (2))."""

MEDIA_TYPES: Final[Mapping[str, str]] = {
    "image/jpeg": N_("图片"),
    "application/pdf": N_("PDF 文件"),
}
"""What a scan may be."""

QUALITY: Final[Mapping[str, str]] = {
    "small": N_("图片太小，可能看不清"),
    "blurred": N_("图片模糊，可能看不清"),
}
"""What was measured of a scan when it was taken in; a warning and no more."""

SUSPEND_KINDS: Final[Mapping[str, str]] = {
    "hearing": N_("听证"),
    "tender": N_("招标"),
    "auction": N_("拍卖"),
    "inspection": N_("检验"),
    "testing": N_("检测"),
    "quarantine": N_("检疫"),
    "appraisal": N_("鉴定"),
    "expert_review": N_("专家评审"),
}
"""Procedures whose time does not count (Licensing Law art. 45)."""
