"""What is on offer: service items, their materials and guides, intermediary services, village certificates
(domain.md §4, §5). Written at the hub only.

Only shape: whether an entry may be published is schemas.publishing's.
"""

from __future__ import annotations

from typing import Final

from schemas.documents.envelope import (
    CASE_NO,
    CERTIFICATE_CODE,
    ITEM_CODE,
    LOGGED_ID,
    MAX_WHOLE,
    STATION_CODE,
    Envelope,
    Logged,
    Record,
)
from schemas.documents.fields import Day, Flag, Moment, Need, Shape, Text, Whole, many, nested
from schemas.lifecycle.words import SUSPEND_KINDS
from schemas.problems import N_
from schemas.tables import LEVELS

CATEGORIES: Final = ("01", "04", "05", "07", "08", "10", "20")
"""GB/T 39046 A.1, those a citizen can apply for: 许可 征收 给付 确认 奖励 其他 公共服务."""
ZONES: Final = ("商事登记", "社会事务", "交通农业", "经济建设", "综合事务")
MODES: Final = ("direct", "agency", "assist", "inform")
CHANNELS: Final = ("applicant", "licence_library", "department_check", "village_certificate")
STATUSES: Final = ("draft", "published", "withdrawn")


class Step(Shape):
    """One step of the procedure; days: working days."""

    step = Text(N_("环节"), high=100)
    role = Text(N_("办理岗位"), high=100)
    days = Whole(N_("环节时限"), 0, 365)


class Delegation(Shape):
    """From whom to whom an item was handed down, by which document."""

    from_ = Text(N_("下放机关"))
    from_.data_key = "from"
    to = Text(N_("承接机关"))
    document = Text(N_("下放文件"))
    date = Day(N_("下放日期"), "public")
    trained_on = Day(N_("承接培训日期"), "public", required=False)


class MaterialLine(Shape):
    """One paper an item asks for. valid_days: natural days."""

    name = Text(N_("材料名称"))
    legal_basis = Text(N_("材料依据"), low=0, high=1000, required=False)
    form = Text(N_("材料形式"), among=("original", "copy", "electronic", "form"))
    copies = Whole(N_("份数"), 0, 9)
    required = Flag(N_("是否必要"), "public")
    source_channel = Text(N_("材料来源"), among=CHANNELS)
    certificate_id = Text(N_("村（社区）证明编号"), pattern=f"cert:{CERTIFICATE_CODE}", required=False)
    issuer = Text(N_("出具单位"), required=False)
    sample = Text(N_("样本"), required=False)
    blank_form = Text(N_("空白表格"), required=False)
    fill_notes = Text(N_("填写说明"), low=0, high=500, required=False)
    valid_days = Whole(N_("有效天数"), 1, 36500, required=False)

    needs = (Need("source_channel", ("village_certificate",), ("certificate_id",)),)


class Question(Shape):
    """What people ask about an item, and what they are told."""

    question = Text(N_("问题"), high=500)
    answer = Text(N_("解答"), high=2000)


class ServiceItem(Record):
    """One version of a service item (事项), whole, with its material list. Days are working days.

    exception_*     why more than the promise limit is promised, and who approved it (seed row 3)
    preconditions   前置审查条件 that still hold
    in_hall, window_authorised, decided_at_window  两集中两到位 (seed row 59)
    where, hours, phone, faq  what its guide says besides: of the window that decides, and what people ask
    """

    _id = Text(N_("文档编号"), pattern=rf"item:{ITEM_CODE}:[1-9][0-9]{{0,5}}", required=False)
    code = Text(N_("事项编号"), pattern=ITEM_CODE)
    name = Text(N_("项目名称"))
    category_code = Text(N_("事项类型"), among=CATEGORIES)
    level = Text(N_("事项层级"), among=LEVELS)
    division_code = Text(N_("行政区划代码"), pattern=r"[0-9]{4,12}")
    department = Text(N_("主管部门"))
    zone = Text(N_("审批服务区"), among=ZONES, required=False)
    legal_basis = Text(N_("审批依据"), high=1000)
    implementer = Text(N_("实施主体"))
    procedure = many(nested(Step, N_("环节")), N_("办理程序"))
    preconditions = many(Text(N_("前置条件"), high=500), N_("前置条件"), required=False)
    legal_days = Whole(N_("法定时限"), 1, 365)
    legal_basis_kind = Text(N_("法定时限来源"), among=("statute", "default20", "none"))
    promised_days = Whole(N_("承诺时限"), 1, 365)
    exception_reason = Text(N_("时限例外理由"), high=500, required=False)
    exception_approved_by = Text(N_("时限例外批准人"), high=40, required=False)
    day_unit = Text(N_("时限单位"), among=("workday",))
    instant = Flag(N_("即办件"), "public")
    runs = Whole(N_("到现场次数"), 0, 9)
    online_depth = Whole(N_("网上办理深度"), 0, 3)
    fee = Flag(N_("是否收费"), "public")
    fee_standard = Text(N_("收费标准"), low=0, high=500, required=False)
    fee_basis = Text(N_("收费依据"), low=0, high=500, required=False)
    materials = many(nested(MaterialLine, N_("材料")), N_("申报材料"))
    applicant_kinds = many(Text(N_("服务对象"), pattern=r"[1-6]"), N_("服务对象"), required=False)
    village_mode = Text(N_("村级办理方式"), among=MODES, required=False)
    township_mode = Text(N_("乡镇办理方式"), among=MODES, required=False)
    special_procedures = many(Text(N_("特别程序"), among=SUSPEND_KINDS), N_("特别程序"), required=False)
    result_name = Text(N_("结果名称"), required=False)
    result_kind = Text(N_("结果类型"), high=40, required=False)
    delegated = nested(Delegation, N_("下放承接"), required=False)
    in_hall = Flag(N_("是否进驻大厅"), "public", required=False)
    window_authorised = Flag(N_("窗口是否获得授权"), "public", required=False)
    decided_at_window = Flag(N_("是否在窗口办结"), "public", required=False)
    where = Text(N_("办理地点"), required=False)
    hours = Text(N_("办公时间"), required=False)
    phone = Text(N_("咨询电话"), high=40, required=False)
    faq = many(nested(Question, N_("常见问题")), N_("常见问题"), required=False)
    national_basic_code = Text(N_("国家基本编码"), pattern=r"[0-9A-Z]{12}", required=False)
    national_impl_code = Text(N_("国家实施编码"), pattern=r"[0-9A-Z]{31}", required=False)
    version = Whole(N_("事项版本"), 1, MAX_WHOLE)
    effective_from = Day(N_("生效日期"), "public")
    effective_to = Day(N_("失效日期"), "public", required=False)
    status = Text(N_("发布状态"), among=STATUSES)

    needs = (
        Need("fee", (True,), ("fee_standard", "fee_basis")),
        Need("level", ("district",), ("zone",)),
    )


class Guide(Record):
    """What applicants read about an item: the eight disclosures copied at publication, and where to go."""

    _id = Text(N_("文档编号"), pattern=f"guide:{ITEM_CODE}", required=False)
    item = Text(N_("事项编号"), pattern=ITEM_CODE)
    item_version = Whole(N_("事项版本"), 1, MAX_WHOLE)
    name = Text(N_("项目名称"))
    legal_basis = Text(N_("审批依据"), high=1000)
    implementer = Text(N_("实施主体"))
    materials = many(Text(N_("申报材料")), N_("申报材料"))
    procedure = many(Text(N_("办理程序"), high=500), N_("办理程序"))
    fee_standard = Text(N_("收费标准"), high=500)
    fee_basis = Text(N_("收费依据"), high=500)
    promised_days = Whole(N_("承诺时限"), 1, 365)
    where = Text(N_("办理地点"))
    hours = Text(N_("办公时间"))
    phone = Text(N_("咨询电话"), high=40)
    complaint_phone = Text(N_("投诉举报电话"), high=40)
    faq = many(nested(Question, N_("常见问题")), N_("常见问题"), required=False)
    poster_ready = Flag(N_("是否可张贴"), "public", required=False)
    published_at = Moment(N_("公布时间"), "public")


class IntermediaryService(Record):
    """An intermediary service (中介服务). service_days: working days; where the work lasts as long as
    something else, service_time says as what instead."""

    _id = Text(N_("文档编号"), pattern=r"med:MED-[0-9]{2,4}", required=False)
    name = Text(N_("中介服务事项"))
    approval_item = Text(N_("对应审批事项"))
    department = Text(N_("主管部门"))
    legal_basis = Text(N_("设立依据"), low=0, high=1000, required=False)
    process = Text(N_("办理流程"), low=0, high=1000, required=False)
    materials = many(Text(N_("所需材料")), N_("所需材料"), required=False)
    service_days = Whole(N_("服务时限"), 1, 3650, required=False)
    service_time = Text(N_("服务时限说明"), required=False)
    fee_basis = Text(N_("收费依据"), low=0, high=500, required=False)
    fee_standard = Text(N_("收费标准"), low=0, high=500, required=False)
    provider_requirement = Text(N_("机构要求"), low=0, high=500, required=False)
    status = Text(N_("发布状态"), among=STATUSES)


class CertificateEntry(Record):
    """A village certificate, retained or abolished (遂府办函〔2017〕209号). validity_days: natural days. Published it has the day from
    which it counts in its _id."""

    _id = Text(
        N_("文档编号"), pattern=f"cert:{CERTIFICATE_CODE}(:[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})?", required=False
    )
    name = Text(N_("证明名称"))
    status = Text(N_("清理结果"), among=("retained", "abolished"))
    purpose = Text(N_("证明用途"), required=False)
    requesting_unit = Text(N_("索要单位"), required=False)
    issuer_level = Text(N_("出具层级"), among=LEVELS, required=False)
    legal_basis = Text(N_("设定依据"), high=1000, required=False)
    check_method = Text(N_("核查办法"), high=500, required=False)
    validity_days = Whole(N_("有效天数"), 1, 3650, required=False)
    effective_from = Day(N_("执行日期"), "public")
    replaced_by = Text(N_("替代方式"), required=False)

    needs = (
        Need("status", ("retained",), ("legal_basis", "check_method")),
        Need("status", ("abolished",), ("replaced_by",)),
    )


class CertificateIssue(Logged):
    """A village certificate given out. checkers: two members of staff who verified the facts."""

    _id = Text(N_("文档编号"), pattern=r"certissue:.{1,100}" + LOGGED_ID, required=False)
    certificate = Text(N_("证明事项"), pattern=r"cert:KEEP-[0-9]{2,4}")
    number = Text(N_("证明文号"), high=60)
    case = Text(N_("办件编号"), pattern=CASE_NO, required=False)
    holder = Text(N_("被证明人"), "personal", high=100, mask="name")
    holder_id_no = Text(N_("证件号码"), "personal", high=50, mask="id_no", required=False)
    facts = Text(N_("证明事实"), "personal", high=1000, mask="text")
    checker = Text(N_("核实人"), high=40)
    second_checker = Text(N_("复核人"), high=40)
    issued_at = Moment(N_("出具时间"), "public")
    valid_to = Day(N_("有效期至"), "public")


class TransferRecord(Record):
    """An item handed from its department to an approval bureau (划转, seed row 48; schemas.catalogue.Transfer).
    trial_from: the first day of the bureau's trial; from formal_from on the department accepts no more."""

    _id = Text(N_("文档编号"), pattern=f"transfer:{ITEM_CODE}", required=False)
    item = Text(N_("事项编号"), pattern=ITEM_CODE)
    from_department = Text(N_("原实施部门"))
    to_bureau = Text(N_("承接审批局"), pattern=STATION_CODE)
    trial_from = Day(N_("试运行日期"), "public", required=False)
    formal_from = Day(N_("正式划转日期"), "public")
    document = Text(N_("划转文件"), required=False)


CATALOGUE: Final[dict[str, type[Envelope]]] = {
    "service_item": ServiceItem,
    "guide": Guide,
    "intermediary_service": IntermediaryService,
    "certificate_entry": CertificateEntry,
    "certificate_issue": CertificateIssue,
    "transfer_record": TransferRecord,
}
