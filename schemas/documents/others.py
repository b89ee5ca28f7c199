"""The documents that are not case events: receipt, claim, device, staff, notice (domain.md §4).

Only shape.
"""

from __future__ import annotations

from typing import Final

from schemas.documents.events import CASE_NO, MAX_WHOLE, STATION_CODE, Envelope
from schemas.documents.fields import Day, Flag, Moment, Text, Whole, many
from schemas.problems import N_


class Receipt(Envelope):
    """The hub's word that it holds events 1..n of a writer and epoch in the database this lies in."""

    writer = Text(N_("写入站"), pattern=STATION_CODE)
    epoch = Text(N_("写入批次"), pattern=r"[0-9a-z]{8}")
    n = Whole(N_("已收到的序号"), 0, MAX_WHOLE)
    at = Moment(N_("回执时间"), "public")


class Claim(Envelope):
    """A member of the hub's staff has taken a case from the queue. Only in the hub's own database."""

    case = Text(N_("办件编号"), pattern=CASE_NO)
    staff = Text(N_("工号"), high=40)
    at = Moment(N_("领取时间"), "public")


class Device(Envelope):
    """A station's server as enrolled; public_key as text, in the algorithm the record names."""

    station = Text(N_("服务站"), pattern=STATION_CODE)
    name = Text(N_("设备名称"), high=100, required=False)
    algorithm = Text(N_("签名算法"), high=40, required=False)
    public_key = Text(N_("公钥"), high=1000)
    at = Moment(N_("注册时间"), "public")
    active = Flag(N_("是否在用"), "public", required=False)


class Staff(Envelope):
    """Who may sign in, where and as what. password_hash in the form argon2 writes."""

    name = Text(N_("姓名"), high=100)
    employee_no = Text(N_("工号"), high=40)
    roles = many(Text(N_("角色"), pattern=r"[a-z_]{1,40}"), N_("角色"))
    station = Text(N_("服务站"), pattern=STATION_CODE)
    active = Flag(N_("是否在岗"), "public")
    zones = many(Text(N_("审批服务区"), high=20), N_("审批服务区"), required=False)
    item_groups = many(Text(N_("事项组"), high=40), N_("授权事项组"), required=False)
    trained_on = Day(N_("培训日期"), "public", required=False)
    phone = Text(N_("联系电话"), "personal", low=0, high=40, required=False)
    password_hash = Text(N_("口令"), "secret", high=500, required=False)


class Notice(Envelope):
    """A text from the hub to stations; valid_to is the last day it is shown."""

    kind = Text(N_("通知类型"), among=("weekly_summary", "monthly_bulletin", "notice", "urge", "rule_change"))
    title = Text(N_("标题"))
    body = Text(N_("正文"), high=20_000)
    at = Moment(N_("发布时间"), "public")
    audience = Text(N_("发送范围"), high=40, required=False)
    valid_to = Day(N_("有效期至"), "public", required=False)


OTHERS: Final[dict[str, type[Envelope]]] = {
    "receipt": Receipt,
    "claim": Claim,
    "device": Device,
    "staff": Staff,
    "notice": Notice,
}
