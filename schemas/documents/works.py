"""What each event of a project (并联审批) and of an errand (代办、导办、上门、VIP) holds in its data; and the log of the
VIP room (domain.md §3; seed rows 16–18, 62–66).

A project and an errand are no documents, as a case is none: they are their events. Only shape: whether an event
is allowed is lifecycle.projects' and lifecycle.errands'.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schemas.documents.envelope import (
    CASE_NO,
    EVENT_ID,
    ITEM_CODE,
    LOGGED_ID,
    STATION_CODE,
    Envelope,
    Logged,
)
from schemas.documents.events import Applicant, Event, MaterialLine, Nothing, Numbered, Reason
from schemas.documents.fields import Day, Flag, Moment, Need, Shape, Text, Whole, many, nested
from schemas.lifecycle.errands.words import KINDS, MANDATES
from schemas.lifecycle.projects.words import OPINIONS, SUSPEND_KINDS
from schemas.problems import N_

# --- projects ---------------------------------------------------------------------------------------------


class ProjectEvent(Event):
    """One thing that happened to a project."""

    project = Text(N_("项目编号"), high=100)


class Open(Shape):
    """lead_officer: one person for a VIP project from beginning to end; form: sent twice, it makes one project; query_code: what its owner asks with."""

    name = Text(N_("项目名称"))
    owner = nested(Applicant, N_("项目业主"), "personal")
    lead_department = Text(N_("牵头部门"))
    lead_officer = Text(N_("专人负责工号"), low=0, high=40, required=False)
    project_code = Text(N_("投资项目代码"), low=0, high=60, required=False)
    vip = Flag(N_("VIP项目"), "public", required=False)
    phone = Text(N_("联系电话"), "personal", low=0, high=20, mask="phone", required=False)
    address = Text(N_("联系地址"), "personal", low=0, high=100, required=False)
    form = Text(N_("表单编号"), pattern=r"[0-9a-f]{32}", required=False)
    query_code = Text(N_("查询码"), "secret", pattern=r"[0-9]{6}", required=False)

    needs = (Need("vip", (True,), ("lead_officer",)),)


class SubItem(Shape):
    """One approval of the plan. stage: 1 first; promised_days: working days."""

    item = Text(N_("事项编号"), pattern=ITEM_CODE)
    department = Text(N_("审批部门"))
    stage = Whole(N_("阶段"), 1, 9)
    promised_days = Whole(N_("承诺时限"), 1, 365)
    station = Text(N_("审批单位"), pattern=STATION_CODE, required=False)


class Plan(Shape):
    """promised_days: joint, working days, 45 at most (Licensing Law art. 42)."""

    sub_items = many(nested(SubItem, N_("审批事项")), N_("审批事项"))
    promised_days = Whole(N_("联合承诺时限"), 1, 45)
    materials = many(Text(N_("共用材料")), N_("共用材料"), required=False)
    minutes = many(Text(N_("联审会议纪要")), N_("联审会议纪要"), required=False)


class AcceptJointly(Shape):
    materials = many(nested(MaterialLine, N_("材料")), N_("材料清单"))


class Dispatch(Shape):
    """cases: {item code: case number}."""

    cases = nested(Shape, N_("转办办件"))


class Opinion(Shape):
    item = Text(N_("事项编号"), pattern=ITEM_CODE)
    opinion = Text(N_("部门意见"), among=OPINIONS)
    text = Text(N_("意见内容"), "personal", low=0, high=2000, mask="text", required=False)

    needs = (Need("opinion", ("conditions", "disagree"), ("text",)),)


class Gap(Shape):
    item = Text(N_("事项编号"), pattern=ITEM_CODE)
    text = Text(N_("补正内容"), "personal", high=500, mask="text")


class RequestSupplement(Shape):
    gaps = many(nested(Gap, N_("补正内容")), N_("补正内容"))


class SuspendProject(Shape):
    """days: working days it is expected to take, told in writing."""

    kind = Text(N_("特别程序种类"), among=SUSPEND_KINDS)
    days = Whole(N_("预计工作日数"), 1, 365)


class ExtendProject(Shape):
    """days: working days (Licensing Law art. 42 para 2)."""

    days = Whole(N_("延长工作日数"), 1, 15)
    reason = Text(N_("理由"), "personal", high=2000, mask="text")


class ConcludeProject(Shape):
    """outcomes: {item code: decided, withdrawn or dropped}."""

    outcomes = nested(Shape, N_("各事项结果"))


PROJECT_DATA: Final[Mapping[str, type[Shape]]] = {
    "open": Open,
    "plan": Plan,
    "accept_jointly": AcceptJointly,
    "dispatch": Dispatch,
    "opinion": Opinion,
    "request_supplement": RequestSupplement,
    "suspend": SuspendProject,
    "resume": Nothing,
    "extend": ExtendProject,
    "conclude": ConcludeProject,
    "stop": Reason,
}
"""What each event of a project carries in `data`."""


class VipEntry(Logged):
    """One-to-one service to a major project: 全程咨询、协办、代办、督办 (seed row 18), one document each time."""

    _id = Text(N_("文档编号"), pattern=r"vip:.{1,150}" + LOGGED_ID, required=False)
    project = Text(N_("项目编号"), high=100)
    kind = Text(N_("服务类别"), among=("consult", "assist", "agency", "urge"))
    staff = Text(N_("工号"), high=40)
    at = Moment(N_("服务时间"), "public")
    note = Text(N_("服务内容"), high=1000)


class GuidanceEntry(Logged):
    """Somebody was shown the way at the guide desk (导办): which item, and what they were told."""

    _id = Text(N_("文档编号"), pattern=EVENT_ID, required=False)
    item = Text(N_("事项编号"), pattern=ITEM_CODE, required=False)
    note = Text(N_("导办内容"), "personal", high=500, mask="text")
    staff = Text(N_("工号"), high=40)
    at = Moment(N_("导办时间"), "public")


# --- errands ----------------------------------------------------------------------------------------------


class ErrandEvent(Event):
    """One thing that happened to an errand."""

    errand = Text(N_("代办编号"), high=100)


class Request(Shape):
    """It is free, so there is no field for a fee (seed row 65)."""

    form = Text(N_("表单编号"), pattern=r"[0-9a-f]{32}", required=False)
    kind = Text(N_("服务方式"), among=KINDS)
    applicant = nested(Applicant, N_("委托人"), "personal")
    phone = Text(N_("联系电话"), "personal", low=0, high=40, mask="phone", required=False)
    address = Text(N_("联系地址"), "personal", low=0, high=100, required=False)
    item = Text(N_("事项编号"), pattern=ITEM_CODE, required=False)
    entrusted_by = Text(N_("委托方式"), among=MANDATES, required=False)
    green_channel = Flag(N_("绿色通道"), "public", required=False)
    green_reason = Text(N_("绿色通道理由"), "personal", low=0, high=500, mask="text", required=False)
    green_approved_by = Text(N_("绿色通道批准人"), low=0, high=40, required=False)

    needs = (Need("green_channel", (True,), ("green_reason", "green_approved_by")),)


class AssignAgent(Shape):
    agent = Text(N_("代办员工号"), high=40)
    visit_on = Day(N_("上门日期"), "public", required=False)
    visit_slot = Text(N_("上门时段"), low=0, high=40, required=False)


class Decline(Shape):
    reason = Text(N_("理由"), "personal", high=2000, mask="text")
    other_way = Text(N_("其他办理途径"), high=500)


class Handed(Shape):
    """A paper handed to the agent; signed_for: by both."""

    name = Text(N_("材料名称"))
    copies = Whole(N_("份数"), 1, 99)
    original = Flag(N_("是否原件"), "public")
    signed_for = Flag(N_("是否签收"), "public")


class Collect(Numbered):
    materials = many(nested(Handed, N_("材料")), N_("材料交接单"))
    entrusted_by = Text(N_("委托方式"), among=MANDATES, required=False)


class Lodge(Shape):
    case = Text(N_("办件编号"), pattern=CASE_NO)
    materials = many(nested(Handed, N_("材料")), N_("材料交接单"), required=False)


class Relay(Shape):
    gaps = many(Text(N_("补正内容"), "personal", high=500, mask="text"), N_("补正内容"), "personal")


class HandOver(Shape):
    receiver = Text(N_("签收人"), "personal", high=100, mask="name")
    returned = many(Text(N_("交还原件")), N_("交还原件"))


class Cancel(Shape):
    returned = many(Text(N_("交还原件")), N_("交还原件"))


ERRAND_DATA: Final[Mapping[str, type[Shape]]] = {
    "request": Request,
    "assign": AssignAgent,
    "decline": Decline,
    "collect": Collect,
    "lodge": Lodge,
    "relay_supplement": Relay,
    "fetch_result": Nothing,
    "hand_over": HandOver,
    "cancel": Cancel,
}
"""What each event of an errand carries in `data`."""

WORKS: Final[dict[str, type[Envelope]]] = {
    "project_event": ProjectEvent,
    "errand_event": ErrandEvent,
    "vip_entry": VipEntry,
    "guidance_entry": GuidanceEntry,
}
