"""What servers write for each other: claims, devices, keys, who works where (domain.md §1 row 10), and releases of the program.

Only shape.
"""

from __future__ import annotations

from typing import Final

from schemas.documents.envelope import CASE_NO, DIGEST, MAX_WHOLE, STATION_CODE, Envelope
from schemas.documents.fields import Day, Flag, Moment, Shape, Text, Whole, many, nested
from schemas.problems import N_
from schemas.releases import VERSION

EMPLOYEE_NO: Final = r"[A-Za-z0-9][A-Za-z0-9-]{0,39}"
KEY: Final = r"[A-Za-z0-9_-]{43}"


class Claim(Envelope):
    """A member of the hub's staff has taken a case from the queue in this stage, or, with staff "", put it back.
    until: when it lapses unless it is renewed; was: who put it back. Only in the hub's own database."""

    case = Text(N_("办件编号"), pattern=CASE_NO)
    stage = Text(N_("办理阶段"), among=("acceptance", "review"))
    staff = Text(N_("工号"), low=0, high=40)
    name = Text(N_("姓名"), low=0, high=100)
    at = Moment(N_("领取时间"), "public")
    until = Moment(N_("经办时限"), "public", required=False)
    was = Text(N_("放回人工号"), low=0, high=40, required=False)


class DeviceKey(Shape):
    """One device of a station, by its public key. `no` counts the station's devices."""

    key = Text(N_("公钥"), pattern=KEY)
    no = Whole(N_("设备序号"), 1, MAX_WHOLE)
    at = Moment(N_("注册时间"), "public")
    status = Text(N_("状态"), among=("active", "retired", "revoked"))


class Signed(Envelope):
    """A document of `public`: who signed it, and at which place in its history."""

    serial = Whole(N_("签名序号"), 1, MAX_WHOLE)
    by = Text(N_("签名公钥"), pattern=KEY)
    sig = Text(N_("签名"), pattern=r"[A-Za-z0-9_-]{86}")


class Device(Signed):
    """Who may speak for a station: its devices by their keys, and other clients by a secret. The secret itself is nowhere;
    being random, its digest tells nothing."""

    station = Text(N_("服务站"), pattern=STATION_CODE)
    devices = many(nested(DeviceKey, N_("设备")), N_("设备"))
    secret_sha256 = Text(N_("设备密钥摘要"), pattern=DIGEST)
    status = Text(N_("状态"), among=("active", "revoked"))


class HubKey(Signed):
    """A key of the hub that the city's root vouches for."""

    key = Text(N_("公钥"), pattern=KEY)
    status = Text(N_("状态"), among=("active", "revoked"))
    at = Moment(N_("注册时间"), "public")


class Staff(Signed):
    """Who may sign in, where and as what, as the hub appointed them. No password is ever in here; the start code being
    random, its digest tells nothing. No item group named means all of them."""

    employee_no = Text(N_("工号"), pattern=EMPLOYEE_NO)
    name = Text(N_("姓名"), high=100)
    station = Text(N_("服务站"), pattern=STATION_CODE)
    roles = many(Text(N_("角色"), pattern=r"[a-z_]{1,40}"), N_("角色"))
    zones = many(Text(N_("审批服务区"), high=20), N_("审批服务区"))
    item_groups = many(Text(N_("事项组"), high=40), N_("授权事项组"))
    trained_on = Day(N_("培训日期"), "public", required=False)
    employer = Text(N_("用人单位"), among=("centre", "department", "village"), required=False)
    code_sha256 = Text(N_("启用码摘要"), pattern=DIGEST)
    status = Text(N_("状态"), among=("active", "left"))


class Left(Shape):
    """Somebody who left, and since when nothing of theirs is to be relied on."""

    employee_no = Text(N_("工号"), pattern=EMPLOYEE_NO)
    since = Moment(N_("离岗时间"), "public")


class StaffList(Signed):
    """Until when stations may rely on what they know of staff, and who has left. It only grows."""

    issued = Moment(N_("签发时间"), "public")
    until = Moment(N_("有效期至"), "public")
    revoked = many(nested(Left, N_("离岗人员")), N_("离岗人员"))


class ReleaseRoot(Shape):
    """What the city's root key signs of a release: its version, and the SHA-256 of the list of its files."""

    version = Text(N_("版本号"), pattern=VERSION)
    sums = Text(N_("文件清单摘要"), pattern=DIGEST)
    by = Text(N_("签名公钥"), pattern=KEY)
    sig = Text(N_("签名"), pattern=r"[A-Za-z0-9_-]{86}")


class ReleaseFile(Shape):
    """A file of a release that travels by sync; the rest as of a scan (events.File)."""

    name = Text(N_("文件名"), high=120)
    size = Whole(N_("文件大小（字节）"), 1, MAX_WHOLE)
    sha256 = Text(N_("文件摘要"), pattern=DIGEST)
    index = many(Text(N_("分片目录摘要"), pattern=DIGEST), N_("分片目录摘要"))


class Release(Signed):
    """A version of the program that is offered to stations (schemas.releases)."""

    version = Text(N_("版本号"), pattern=VERSION)
    notes = Text(N_("更新说明"), low=0, high=2000)
    at = Moment(N_("发布时间"), "public")
    staff = Text(N_("发布人工号"), pattern=EMPLOYEE_NO)
    to = many(Text(N_("推送范围"), pattern=r"[0-9]{4,12}"), N_("推送范围"))
    withdrawn = Flag(N_("已撤回"), "public")
    root = nested(ReleaseRoot, N_("根密钥签名"))
    content = many(nested(ReleaseFile, N_("文件")), N_("文件"))


OTHERS: Final[dict[str, type[Envelope]]] = {
    "claim": Claim,
    "device": Device,
    "hub_key": HubKey,
    "release": Release,
    "staff": Staff,
    "staff_list": StaffList,
}
