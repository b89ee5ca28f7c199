"""What every document has around its content, and the forms of the numbers that name things.

Knows no document type and never will.
"""

from __future__ import annotations

from typing import Final

from schemas.documents.fields import Moment, Shape, Text, Whole
from schemas.problems import N_

STATION_CODE: Final = r"[0-9]{12}"
CASE_NO: Final = r"[0-9]{24}[0-9A-HJ-NP-RTUWXY]"
EVENT_ID: Final = r"ev:[0-9]{12}:[0-9a-z]{8}:[1-9][0-9]{0,15}"
ITEM_CODE: Final = r"[A-Z0-9-]{1,40}"
CERTIFICATE_CODE: Final = r"(KEEP|GONE)-[0-9]{2,4}"
DIGEST: Final = r"[0-9a-f]{64}"
POINTS: Final = r"[0-9]{1,3}(\.[0-9])?"
MAX_WHOLE: Final = 2**53 - 1
"""The greatest whole number every JSON reader keeps exactly."""


class Envelope(Shape):
    """What every document has. _id and _rev are the store's to give; a body on its way in has neither."""

    _id = Text(N_("文档编号"), high=200, required=False)
    _rev = Text(N_("文档版本"), high=100, pattern=r"[0-9]+-[0-9a-z]+", required=False)
    type = Text(N_("文档类型"), pattern=r"[a-z_]{1,40}")
    schema = Whole(N_("文档结构版本"), 1, 1000)


LOGGED_ID: Final = rf"|{EVENT_ID}"
"""Besides its own form, the id of what a station's logbook keeps: it is numbered as an event, and travels as one."""


class Record(Envelope):
    """A document that a person keeps: whose it is, who made it and when (domain.md §4).

    station  the station it belongs to: whose staff, whose inspection, whose card
    source   where its facts come from, "illustrative" if nowhere
    """

    station = Text(N_("所属服务站"), pattern=STATION_CODE)
    created_at = Moment(N_("建立时间"), "public")
    created_by = Text(N_("建立人"), high=40)
    updated_at = Moment(N_("更新时间"), "public", required=False)
    source = Text(N_("来源"), required=False)


class Logged(Record):
    """What a station keeps in its logbook. form: the token of the form it was entered with, sent twice it is kept once; a later
    word on it is a further document with the same form, whole, and a greater lamport."""

    form = Text(N_("表单编号"), pattern=r"[0-9a-f]{32}", required=False)
    lamport = Whole(N_("顺序号"), 1, MAX_WHOLE, required=False)
