"""Events, and what each event of a case holds in its data (domain.md §3–4).

Only shape: whether an event is allowed is lifecycle's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schemas.documents.envelope import CASE_NO, DIGEST, EVENT_ID, MAX_WHOLE, STATION_CODE, Envelope
from schemas.documents.fields import Flag, Moment, Shape, Text, Whole, many, nested
from schemas.lifecycle.forms import FILE_BYTES
from schemas.lifecycle.words import MEDIA_TYPES, QUALITY, REFUSE_REASONS, SUSPEND_KINDS
from schemas.problems import N_


class Person(Shape):
    """Who did it: employee number ("" for system and public), name and role as they were then."""

    staff = Text(N_("工号"), low=0, high=40)
    name = Text(N_("经办人姓名"), low=0, high=100)
    role = Text(N_("角色"), pattern=r"[a-z_]{1,40}")
    department = Text(N_("所属部门"), low=0, required=False)


class Event(Envelope):
    """One thing that happened to a case, project or errand.

    lamport  1 + the largest its writer had seen of it
    seen     {"<writer>:<epoch>": n}: how far its writer held each stream
    """

    _id = Text(N_("文档编号"), pattern=EVENT_ID, required=False)
    event = Text(N_("办理动作"), pattern=r"[a-z_]{1,40}")
    lamport = Whole(N_("顺序号"), 1, MAX_WHOLE)
    seen = nested(Shape, N_("已知序号"), required=False)
    at = Moment(N_("办理时间"), "public")
    station = Text(N_("办理地点"), pattern=STATION_CODE)
    actor = nested(Person, N_("经办人"))
    data = nested(Shape, N_("办理内容"), "personal")


class CaseEvent(Event):
    """One thing that happened to a case."""

    case = Text(N_("办件编号"), pattern=CASE_NO)


class ItemCopy(Shape):
    """The catalogue item as it was when the case began. Days are working days."""

    code = Text(N_("事项编号"), high=40)
    version = Whole(N_("事项版本"), 1, MAX_WHOLE)
    name = Text(N_("事项名称"))
    department = Text(N_("实施部门"))
    zone = Text(N_("审批服务区"), low=0)
    division_code = Text(N_("行政区划代码"), pattern=r"[0-9]{4,12}")
    category_code = Text(N_("事项类型"), pattern=r"[0-9]{2}")
    instant = Flag(N_("即办件"), "public")
    promised_days = Whole(N_("承诺时限"), 1, 365)
    legal_days = Whole(N_("法定时限"), 1, 365)
    supplement_days = Whole(N_("补正期限（自然日）"), 1, 365, required=False)


class Applicant(Shape):
    """id_type: three digits, 111 the identity card, 001 the unified social credit code."""

    name = Text(N_("申请人"), "personal", high=100, mask="name")
    id_type = Text(N_("证件类型"), "personal", pattern=r"[0-9]{3}")
    id_no = Text(N_("证件号码"), "personal", high=50, mask="id_no")


class MaterialLine(Shape):
    """One line of the checklist as ticked."""

    seq = Whole(N_("序号"), 1, 1000)
    name = Text(N_("材料名称"))
    required = Flag(N_("是否必要"), "public")
    got = Flag(N_("是否收到"), "public")
    mode = Text(N_("材料形式"), among=("original", "copy", "electronic", "form"), required=False)


class Changes(Shape):
    """What is corrected on the spot; at least one of them (lifecycle asks)."""

    applicant = nested(Applicant, N_("申请人"), "personal", required=False)
    phone = Text(N_("联系电话"), "personal", low=0, high=40, mask="phone", required=False)
    address = Text(N_("联系地址"), "personal", low=0, high=100, required=False)


class Nothing(Shape):
    """An event that says all by happening."""


class Dated(Shape):
    """An event that may have been entered later from a paper ledger. on_paper: the day the ledger says it happened, from which
    clocks run; `at` stays the moment it was entered."""

    on_paper = Text(N_("台账日期"), pattern=r"[0-9]{4}-[0-9]{2}-[0-9]{2}", required=False)


class PaperEntry(Shape):
    """The row of a paper ledger that a case was entered from. digest: of all that stood in it."""

    no = Text(N_("台账编号"), high=40)
    digest = Text(N_("台账内容摘要"), "personal", pattern=DIGEST)


class Numbered(Dated):
    """An event that calls for a paper (schemas.papers). document_no: what is printed on it, drawn with the event, so that it
    is the same wherever the paper is printed; events of before papers were numbered have none."""

    document_no = Text(N_("文号"), high=40, required=False)


class Create(Dated):
    """channel: GB/T 39046 A.5, 1 the window; form: the clerk's form: sent twice, it makes one case; project,
    errand: the one it was opened for; paper: the ledger's row it was entered from."""

    item = nested(ItemCopy, N_("事项"))
    applicant = nested(Applicant, N_("申请人"), "personal")
    phone = Text(N_("联系电话"), "personal", low=0, high=40, mask="phone")
    address = Text(N_("联系地址"), "personal", low=0, high=100)
    channel = Text(N_("申请渠道"), pattern=r"[1-9]")
    form = Text(N_("表单编号"), pattern=r"[0-9a-f]{32}")
    project = Text(N_("并联审批项目"), low=0, high=100, required=False)
    errand = Text(N_("代办编号"), low=0, high=100, required=False)
    paper = nested(PaperEntry, N_("纸质台账"), required=False)


class AtCounter(Numbered):
    """receive, supply, deliver: how the papers came or went; visit: false where a clerk went to the applicant."""

    channel = Text(N_("办理渠道"), pattern=r"[1-9]", required=False)
    visit = Flag(N_("申请人是否到场"), "public", required=False)


class File(Shape):
    """A scan of a material. What it is made of, its pieces, travel by themselves (station.files).

    sha256  of all its bytes
    index   of the pieces of its index, which says which pieces it has
    """

    material = Whole(N_("材料序号"), 1, 1000)
    name = Text(N_("文件名"), "personal", high=120)
    media_type = Text(N_("文件类型"), among=MEDIA_TYPES)
    size = Whole(N_("文件大小（字节）"), 1, FILE_BYTES)
    sha256 = Text(N_("文件摘要"), pattern=DIGEST)
    index = many(Text(N_("分片目录摘要"), pattern=DIGEST), N_("分片目录摘要"))
    quality = many(Text(N_("清晰度提示"), among=QUALITY), N_("清晰度提示"), required=False)


class Attach(Shape):
    files = many(nested(File, N_("扫描件")), N_("扫描件"))


class Detach(Shape):
    """Takes a scan off: it counts no more, and is shown struck through."""

    material = Whole(N_("材料序号"), 1, 1000)
    sha256 = Text(N_("文件摘要"), pattern=DIGEST)
    reason = Text(N_("理由"), "personal", high=2000, mask="text")


class Supply(AtCounter):
    materials = many(nested(MaterialLine, N_("材料")), N_("材料清单"))
    note = Text(N_("备注"), "personal", low=0, high=2000, mask="text", required=False)


class SubmitOnline(Supply):
    privacy_notice = Flag(N_("个人信息告知"), "public", required=False)
    query_code = Text(N_("查询码"), "secret", pattern=r"[0-9]{6}", required=False)


class Receive(AtCounter):
    materials = many(nested(MaterialLine, N_("材料")), N_("材料清单"))
    privacy_notice = Flag(N_("个人信息告知"), "public")
    query_code = Text(N_("查询码"), "secret", pattern=r"[0-9]{6}")


class PreReviewPass(Numbered):
    query_code = Text(N_("查询码"), "secret", pattern=r"[0-9]{6}")


class PreReviewReturn(Shape):
    reason = Text(N_("理由"), "personal", high=2000, mask="text")
    gaps = many(Text(N_("补正内容"), "personal", high=500, mask="text"), N_("补正内容"), "personal")


class Forward(Numbered):
    to = Text(N_("报送单位"), pattern=STATION_CODE)


class CorrectOnSpot(Shape):
    changes = nested(Changes, N_("更正内容"), "personal")
    note = Text(N_("备注"), "personal", low=0, high=2000, mask="text", required=False)


class NotifySupplement(Numbered):
    gaps = many(Text(N_("补正内容"), "personal", high=500, mask="text"), N_("补正内容"), "personal")
    note = Text(N_("备注"), "personal", low=0, high=2000, mask="text", required=False)


class Refuse(Numbered):
    reason_code = Text(N_("不予受理情形"), among=REFUSE_REASONS)
    reason = Text(N_("理由"), "personal", high=2000, mask="text")


class Assign(Dated):
    to = Text(N_("审查人员"), high=40)


class PassStep(Dated):
    opinion = Text(N_("审查意见"), "personal", high=2000, mask="text")


class Reason(Numbered):
    """return_step, urge."""

    reason = Text(N_("理由"), "personal", high=2000, mask="text")


class Suspend(Numbered):
    """days: working days it is expected to take, told in writing; approved_by: the zone head."""

    kind = Text(N_("特别程序种类"), among=SUSPEND_KINDS)
    days = Whole(N_("预计工作日数"), 1, 365)
    approved_by = Text(N_("批准人"), high=40)


PLACES: Final = ("hall", "department", "site")
"""Where something was done: in the hall, at a department's own offices, on the spot. Unsaid: in the hall."""


class Result(Numbered):
    """resume."""

    result = Text(N_("办理结果"), "personal", high=2000, mask="text")


class Conclude(Result):
    """instant_conclude, conclude. fee_fen: what the applicant was charged."""

    place = Text(N_("办理场所"), among=PLACES, required=False)
    fee_fen = Whole(N_("收费金额（分）"), 0, MAX_WHOLE, required=False)


class Extend(Numbered):
    """days: working days (Licensing Law art. 42)."""

    days = Whole(N_("延长工作日数"), 1, 10)
    reason = Text(N_("理由"), "personal", high=2000, mask="text")


class Grant(Numbered):
    opinion = Text(N_("决定意见"), "personal", low=0, high=2000, mask="text", required=False)
    place = Text(N_("办理场所"), among=PLACES, required=False)


class Deny(Numbered):
    reason = Text(N_("理由"), "personal", high=2000, mask="text")
    remedy = Text(N_("救济途径"), high=2000)
    place = Text(N_("办理场所"), among=PLACES, required=False)


class SubmitUpward(Shape):
    to = Text(N_("转报机关"), pattern=STATION_CODE)
    reason = Text(N_("理由"), "personal", low=0, high=2000, mask="text", required=False)


class Deliver(AtCounter):
    receiver = Text(N_("签收人"), "personal", high=100, mask="name")


class Withdraw(Numbered):
    reason = Text(N_("理由"), "personal", low=0, high=2000, mask="text", required=False)


class Void(Shape):
    """A reason, or the number of the case that takes its place (lifecycle asks for one of them)."""

    reason = Text(N_("理由"), "personal", low=0, high=2000, mask="text", required=False)
    successor = Text(N_("接续办件"), pattern=CASE_NO, required=False)


class Evaluate(Shape):
    """level: GB/T 39046 A.8, 1 非常满意 … 5 非常不满意."""

    level = Whole(N_("满意度"), 1, 5)
    text = Text(N_("评价内容"), "personal", low=0, high=500, mask="text", required=False)


class CorrectRecord(Shape):
    note = Text(N_("更正说明"), "personal", high=2000, mask="text")
    cosigned_by = Text(N_("会签人"), high=40)


DATA: Final[Mapping[str, type[Shape]]] = {
    "create": Create,
    "discard": Nothing,
    "submit_online": SubmitOnline,
    "pre_review_pass": PreReviewPass,
    "pre_review_return": PreReviewReturn,
    "receive": Receive,
    "forward": Forward,
    "correct_on_spot": CorrectOnSpot,
    "notify_supplement": NotifySupplement,
    "supply": Supply,
    "attach": Attach,
    "detach": Detach,
    "lapse": Numbered,
    "deemed_accept": Nothing,
    "accept": Numbered,
    "refuse": Refuse,
    "instant_conclude": Conclude,
    "assign": Assign,
    "pass_step": PassStep,
    "return_step": Reason,
    "suspend": Suspend,
    "resume": Result,
    "extend": Extend,
    "grant": Grant,
    "deny": Deny,
    "submit_upward": SubmitUpward,
    "conclude": Conclude,
    "deliver": Deliver,
    "withdraw": Withdraw,
    "void": Void,
    "evaluate": Evaluate,
    "urge": Reason,
    "correct_record": CorrectRecord,
}
"""What each event of a case carries in `data`."""
