"""Places and days: stations, duty rosters, the calendar (domain.md §4; seed rows 11, 13, 64). Who works there is in others.

Only shape.
"""

from __future__ import annotations

from typing import Final

from schemas.documents.envelope import ITEM_CODE, LOGGED_ID, MAX_WHOLE, STATION_CODE, Envelope, Logged, Record
from schemas.documents.fields import Day, Flag, Moment, Need, Shape, Text, Whole, many, nested
from schemas.problems import N_
from schemas.tables import LEVELS

STATION_LEVELS: Final = tuple(LEVELS)


class Window(Shape):
    """A window and what is handled there from one day to another (seed row 11)."""

    name = Text(N_("窗口名称"), high=40)
    item_groups = many(Text(N_("事项组"), high=40), N_("授权事项组"))
    staff = Text(N_("工号"), low=0, high=40, required=False)
    effective_from = Day(N_("生效日期"), "public")
    effective_to = Day(N_("失效日期"), "public", required=False)


class Station(Record):
    """A station as it stands now; which ones there are is data/stations.csv. last_sync_at: as the hub knows."""

    _id = Text(N_("文档编号"), pattern=f"station:{STATION_CODE}", required=False)
    code = Text(N_("服务站编号"), pattern=STATION_CODE)
    level = Text(N_("层级"), among=STATION_LEVELS)
    name = Text(N_("名称"))
    parent_code = Text(N_("上级服务站"), pattern=STATION_CODE, required=False)
    division_name = Text(N_("行政区划名称"), required=False)
    address = Text(N_("地址"), required=False)
    hours = Text(N_("办公时间"), required=False)
    phone = Text(N_("咨询电话"), high=40, required=False)
    manager = Text(N_("负责人工号"), high=40, required=False)
    windows = many(nested(Window, N_("窗口")), N_("窗口"), required=False)
    items = many(Text(N_("事项编号"), pattern=ITEM_CODE), N_("本站事项"), required=False)
    last_sync_at = Moment(N_("最近同步时间"), "public", required=False)
    replica_seq = Whole(N_("副本序号"), 0, MAX_WHOLE, required=False)
    link_fault = Flag(N_("线路故障已登记"), "public", required=False)
    status = Text(N_("状态"), among=("active", "suspended", "closed"))

    needs = (Need("level", ("district", "township", "village"), ("parent_code",)),)


class HeardOf(Shape):
    """The last day on which a township heard of one of its villages."""

    station = Text(N_("服务站"), pattern=STATION_CODE)
    on = Day(N_("日期"), "public")


class StationReport(Logged):
    """What a station says of itself when it has changed. catalogue: how many published versions count there. heard: a township's, of its
    villages, since the hub hears of those that sync through it by nobody else."""

    _id = Text(N_("文档编号"), pattern=r"report:.{1,100}" + LOGGED_ID, required=False)
    at = Moment(N_("报告时间"), "public")
    catalogue = Whole(N_("事项目录版数"), 0, MAX_WHOLE)
    program = Text(N_("程序版本"), high=40)
    heard = many(nested(HeardOf, N_("下级站点")), N_("下级站点"), required=False)


class CalendarDay(Envelope):
    """The day its _id names, which differs from Monday–Friday (workdays.Calendar.with_days). year_complete:
    with it, all such days of its year are known."""

    _id = Text(N_("文档编号"), pattern=r"day:[0-9]{4}-[0-9]{2}-[0-9]{2}", required=False)
    kind = Text(N_("类别"), among=("holiday", "makeup_workday", "ordinary"))
    name = Text(N_("名称"), low=0, high=60)
    document_no = Text(N_("文件号"), high=60, required=False)
    year_complete = Flag(N_("全年是否完整"), "public", required=False)


class DutyRoster(Logged):
    """Who serves on a day off (365天办证, seed row 64; schemas.roster); nobody: it was called off."""

    _id = Text(N_("文档编号"), pattern=r"duty:.{1,100}" + LOGGED_ID, required=False)
    date = Day(N_("值班日期"), "public")
    kind = Text(N_("值班类别"), among=("weekend", "holiday"))
    staff = many(Text(N_("工号"), high=40), N_("值班人员"))
    hours = Text(N_("值班时间"), required=False)


PLACES: Final[dict[str, type[Envelope]]] = {
    "station": Station,
    "station_report": StationReport,
    "calendar_day": CalendarDay,
    "duty_roster": DutyRoster,
}
