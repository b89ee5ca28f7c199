"""Who watches, and what is told to them: ratings, complaints, inspections, cards, accountability, coordination,
notices, targets (domain.md §4; seed rows 33–47, 61).

Only shape: when a card is due and what it costs is schemas.supervision's.
"""

from __future__ import annotations

from typing import Final

from schemas.documents.envelope import (
    CASE_NO,
    ITEM_CODE,
    LOGGED_ID,
    MAX_WHOLE,
    POINTS,
    STATION_CODE,
    Envelope,
    Logged,
    Record,
)
from schemas.documents.fields import Day, Flag, Moment, Need, Shape, Text, Whole, many, nested
from schemas.feedback import CHANNELS as VOICES
from schemas.feedback import KINDS, MATTERS
from schemas.problems import N_

CHANNELS: Final = ("device", "qr", "phone", "sms", "callback", "back_to_back")


class Scores(Shape):
    efficiency = Whole(N_("服务效率"), 1, 5, required=False)
    quality = Whole(N_("服务水平"), 1, 5, required=False)
    attitude = Whole(N_("服务态度"), 1, 5, required=False)
    guide = Whole(N_("指南精确度"), 1, 5, required=False)


class Rectification(Shape):
    """What was done about a bad rating or an upheld complaint."""

    due = Day(N_("整改期限"), "public")
    by = Text(N_("整改责任人"), high=40, required=False)
    action = Text(N_("整改措施"), high=1000, required=False)
    at = Moment(N_("整改完成时间"), "public", required=False)
    callback_result = Text(N_("回访结果"), "personal", high=500, mask="text", required=False)


class Evaluation(Logged):
    """A rating of a case, one a case. level: GB/T 39046 A.8, 1 非常满意 … 5 非常不满意."""

    _id = Text(N_("文档编号"), pattern=f"eval:{CASE_NO}" + LOGGED_ID, required=False)
    case = Text(N_("办件编号"), pattern=CASE_NO)
    level = Whole(N_("满意度"), 1, 5)
    channel = Text(N_("评价渠道"), among=CHANNELS)
    scores = nested(Scores, N_("分项评价"), required=False)
    text = Text(N_("评价内容"), "personal", low=0, high=500, mask="text", required=False)
    anonymous_to_staff = Flag(N_("对工作人员匿名"), "public", required=False)
    at = Moment(N_("评价时间"), "public")
    amended = Flag(N_("是否修改过"), "public", required=False)
    rectification = nested(Rectification, N_("整改"), required=False)

    needs = (Need("channel", ("back_to_back",), ("anonymous_to_staff",)),)


class Complainant(Shape):
    name = Text(N_("投诉人"), "personal", high=100, mask="name")
    phone = Text(N_("联系电话"), "personal", low=0, high=40, mask="phone", required=False)


class Against(Shape):
    station = Text(N_("被投诉服务站"), pattern=STATION_CODE, required=False)
    staff = Text(N_("被投诉人工号"), high=40, required=False)
    item = Text(N_("涉及事项"), pattern=ITEM_CODE, required=False)


class Complaint(Logged):
    """A complaint, report, suggestion or question; without complainant it is anonymous."""

    _id = Text(N_("文档编号"), pattern=r"cmp:.{1,100}" + LOGGED_ID, required=False)
    kind = Text(N_("诉求类型"), among=KINDS)
    channel = Text(N_("诉求渠道"), among=VOICES)
    matter = Text(N_("诉求内容类别"), among=MATTERS, required=False)
    complainant = nested(Complainant, N_("投诉人"), "personal", required=False)
    confidential = Flag(N_("要求保密"), "public", required=False)
    against = nested(Against, N_("被投诉方"), required=False)
    case = Text(N_("办件编号"), pattern=CASE_NO, required=False)
    content = Text(N_("诉求内容"), "personal", high=1000, mask="text")
    received_at = Moment(N_("收到时间"), "public")
    due = Day(N_("答复期限"), "public", required=False)
    state = Text(
        N_("处理状态"), among=("received", "assigned", "investigating", "answered", "closed", "rejected")
    )
    upheld = Flag(N_("是否属实"), "public", required=False)
    upheld_at = Moment(N_("认定时间"), "public", required=False)
    answer = Text(N_("答复"), "personal", high=2000, mask="text", required=False)
    callback = Text(N_("回访结果"), "personal", high=500, mask="text", required=False)
    rectification = nested(Rectification, N_("整改"), required=False)

    needs = (
        Need("state", ("answered", "closed"), ("answer",)),
        Need("upheld", (True,), ("upheld_at",)),
        Need("kind", ("complaint", "report"), ("matter",)),
    )


class Finding(Shape):
    """due: until when it is to be put right; fix: how it was."""

    code = Text(N_("问题代码"), high=40)
    severity = Whole(N_("严重程度"), 1, 3)
    note = Text(N_("问题说明"), high=1000)
    photo = Text(N_("照片"), required=False)
    due = Day(N_("整改期限"), "public", required=False)
    fixed_at = Moment(N_("整改完成时间"), "public", required=False)
    fixed_by = Text(N_("整改人"), high=40, required=False)
    fix = Text(N_("整改措施"), high=1000, required=False)


class Drawn(Shape):
    """One case of a monthly sample, and what was found."""

    case = Text(N_("办件编号"), pattern=CASE_NO)
    result = Text(N_("抽查结果"), high=500, required=False)


class Inspection(Logged):
    """A patrol, draw, visit or follow-up, with what was put right since (schemas.inspections). seed, population: of a draw
    (supervision.draw); visible_from: when the visited station was told of an unannounced one."""

    _id = Text(N_("文档编号"), pattern=r"insp:.{1,100}" + LOGGED_ID, required=False)
    kind = Text(
        N_("检查方式"),
        among=("daily_patrol", "monthly_sample", "open_visit", "unannounced", "supervision"),
    )
    window = Text(N_("窗口"), high=40, required=False)
    case = Text(N_("办件编号"), pattern=CASE_NO, required=False)
    reason = Text(N_("检查事由"), high=500, required=False)
    planned_on = Day(N_("计划日期"), "public", required=False)
    done_at = Moment(N_("完成时间"), "public", required=False)
    inspectors = many(Text(N_("检查人员"), high=40), N_("检查人员"), required=False)
    seed = Text(N_("抽样种子"), high=100, required=False)
    population = Whole(N_("抽样总体"), 0, MAX_WHOLE, required=False)
    sample = many(nested(Drawn, N_("抽中办件")), N_("抽中办件"), required=False)
    findings = many(nested(Finding, N_("检查发现")), N_("检查发现"), required=False)
    visible_from = Moment(N_("可见时间"), "public", required=False)
    conclusion = Text(N_("检查结论"), high=1000, required=False)

    needs = (
        Need("kind", ("monthly_sample",), ("seed", "population", "sample")),
        Need("kind", ("unannounced",), ("visible_from",)),
    )


class SupervisionCard(Logged):
    """A reminder, card or flag (supervision.Card), with what was said of it so far (supervision.words). evidence: the numbers used;
    points: as on paper, "1.5"."""

    _id = Text(N_("文档编号"), pattern=r"card:.{1,150}" + LOGGED_ID, required=False)
    rule = Text(N_("监察规则"), pattern=r"[A-Z][0-9]{2}")
    colour = Text(N_("牌别"), among=("reminder", "yellow", "red", "flag"))
    case = Text(N_("办件编号"), pattern=CASE_NO, required=False)
    staff = Text(N_("责任人工号"), low=0, high=40, required=False)
    points = Text(N_("扣分"), pattern=POINTS)
    evidence = nested(Shape, N_("监察依据"))
    issued_at = Moment(N_("发牌时间"), "public")
    answer_due = Day(N_("答复期限"), "public", required=False)
    answer = Text(N_("答复"), high=2000, required=False)
    answer_at = Moment(N_("答复时间"), "public", required=False)
    answer_by = Text(N_("答复人"), high=40, required=False)
    ruling = Text(N_("裁定理由"), high=2000, required=False)
    uphold_at = Moment(N_("维持时间"), "public", required=False)
    uphold_by = Text(N_("裁定人"), high=40, required=False)
    revoke_at = Moment(N_("撤销时间"), "public", required=False)
    revoke_by = Text(N_("撤销人"), high=40, required=False)
    measure = Text(N_("整改措施"), high=2000, required=False)
    rectify_at = Moment(N_("整改时间"), "public", required=False)
    rectify_by = Text(N_("整改人"), high=40, required=False)
    outcome = Text(N_("处理结果"), among=("issued", "answered", "upheld", "revoked", "rectified"))
    late_evidence = Flag(N_("迟到证据"), "public")
    accountability = Text(N_("责任追究编号"), pattern=r"acc:.{1,100}", required=False)

    needs = (Need("outcome", ("answered",), ("answer", "answer_at")),)


class Accountability(Record):
    """What followed for a person (责任追究)."""

    _id = Text(N_("文档编号"), pattern=r"acc:.{1,100}", required=False)
    because = many(
        Text(N_("依据文档"), pattern=r"(card|cmp|insp):.{1,150}|L[0-9]{12}:[0-9a-f]{32}"), N_("依据文档")
    )
    ground = Text(N_("依据类型"), among=("supervision_card", "complaint", "inspection"), required=False)
    reason = Text(N_("理由"), high=500, required=False)
    staff = Text(N_("责任人工号"), high=40)
    measure = Text(N_("处理方式"), among=("talk", "notice", "points", "transfer", "discipline"))
    decided_by = Text(N_("决定人"), high=40)
    at = Moment(N_("决定时间"), "public")


class Coordination(Logged):
    """A request from one unit to another or to a department (seed row 37, schemas.coordination). from, to: a station's code or a name."""

    _id = Text(N_("文档编号"), pattern=r"coord:.{1,100}" + LOGGED_ID, required=False)
    kind = Text(N_("协调类型"), among=("centre_department", "centre_window", "window_department"))
    from_ = Text(N_("提出单位"))
    from_.data_key = "from"
    to = Text(N_("受理单位"))
    content = Text(N_("协调事项"), high=2000)
    due = Day(N_("答复期限"), "public")
    answer = Text(N_("答复"), high=2000, required=False)
    answered_at = Moment(N_("答复时间"), "public", required=False)
    answered_by = Text(N_("答复人"), high=40, required=False)
    case = Text(N_("办件编号"), pattern=CASE_NO, required=False)


class SaidFigure(Shape):
    """A figure of a bulletin as it was when it was made. part: "" for the city, or a district's six digits; numerator: a whole number or a
    fraction, 347/20."""

    metric = Text(N_("指标"), pattern=r"[a-z_]{1,60}")
    part = Text(N_("范围"), low=0, high=6)
    numerator = Text(N_("分子"), pattern=r"[0-9]{1,15}(/[0-9]{1,9})?")
    denominator = Whole(N_("分母"), 0, MAX_WHOLE, required=False)


class Notice(Envelope):
    """A text from the hub to stations (schemas.bulletins). audience: all, a level, or a district's six digits; as_of: up to when the hub had heard
    for the figures of a bulletin; valid_to: the last day it is shown. Who has read it is in each station's logbook."""

    kind = Text(N_("通知类型"), among=("weekly_summary", "monthly_bulletin", "notice", "urge", "rule_change"))
    title = Text(N_("标题"))
    body = Text(N_("正文"), high=20_000)
    at = Moment(N_("发布时间"), "public")
    period = Text(N_("统计期间"), pattern=r"[0-9]{4}(-[0-9]{2}|-W[0-9]{2})?", required=False)
    as_of = Moment(N_("数据截至"), "public", required=False)
    figures = many(nested(SaidFigure, N_("数据")), N_("数据"), required=False)
    audience = Text(N_("发送范围"), high=40, required=False)
    needs_receipt = Flag(N_("是否需要回执"), "public", required=False)
    created_by = Text(N_("起草人"), high=40, required=False)
    signed_by = Text(N_("签发人"), high=40, required=False)
    valid_to = Day(N_("有效期至"), "public", required=False)

    needs = (Need("kind", ("weekly_summary", "monthly_bulletin"), ("period",)),)


class NoticeReceipt(Logged):
    """A station has read a notice: whose, when and which."""

    notice = Text(N_("通知编号"), pattern=r"notice:.{1,100}")
    at = Moment(N_("阅读时间"), "public")


class Target(Record):
    """A target of a year (seed row 61), as a row of data/targets.csv. value: per cent or a count, as on paper."""

    _id = Text(N_("文档编号"), pattern=r"target:[0-9]{4}:[a-z_]{1,60}", required=False)
    year = Whole(N_("年度"), 2000, 2999)
    metric = Text(N_("指标"), pattern=r"[a-z_]{1,60}")
    op = Text(N_("比较方式"), among=(">=", "<=", "="))
    value = Text(N_("目标值"), pattern=r"[0-9]{1,9}(\.[0-9]{1,4})?")
    unit = Text(N_("单位"), among=("percent", "count"))


OVERSIGHT: Final[dict[str, type[Envelope]]] = {
    "evaluation": Evaluation,
    "complaint": Complaint,
    "inspection": Inspection,
    "supervision_card": SupervisionCard,
    "accountability": Accountability,
    "coordination": Coordination,
    "notice": Notice,
    "notice_receipt": NoticeReceipt,
    "target": Target,
}
