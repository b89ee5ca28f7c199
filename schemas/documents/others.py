"""What servers write for each other: receipts, claims, devices.

Only shape.
"""

from __future__ import annotations

from typing import Final

from schemas.documents.envelope import CASE_NO, DIGEST, MAX_WHOLE, STATION_CODE, Envelope
from schemas.documents.fields import Moment, Text, Whole
from schemas.problems import N_


class Receipt(Envelope):
    """The hub's word that it holds events 1..n of a writer and epoch in the database this lies in."""

    writer = Text(N_("写入站"), pattern=STATION_CODE)
    epoch = Text(N_("写入批次"), pattern=r"[0-9a-z]{8}")
    n = Whole(N_("已收到的序号"), 0, MAX_WHOLE)
    at = Moment(N_("回执时间"), "public")


class Claim(Envelope):
    """A member of the hub's staff has taken a case from the queue in this stage, or, with staff "", put it back.
    Only in the hub's own database."""

    case = Text(N_("办件编号"), pattern=CASE_NO)
    stage = Text(N_("办理阶段"), among=("acceptance", "review"))
    staff = Text(N_("工号"), low=0, high=40)
    name = Text(N_("姓名"), low=0, high=100)
    at = Moment(N_("领取时间"), "public")


class Device(Envelope):
    """A station's server as let in. The secret itself is nowhere; being random, its digest tells nothing."""

    station = Text(N_("服务站"), pattern=STATION_CODE)
    secret_sha256 = Text(N_("设备密钥摘要"), pattern=DIGEST)
    status = Text(N_("状态"), among=("active", "revoked"))
    name = Text(N_("设备名称"), high=100, required=False)
    algorithm = Text(N_("签名算法"), high=40, required=False)
    public_key = Text(N_("公钥"), high=1000, required=False)
    at = Moment(N_("注册时间"), "public", required=False)


OTHERS: Final[dict[str, type[Envelope]]] = {"receipt": Receipt, "claim": Claim, "device": Device}
