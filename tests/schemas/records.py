"""One well-filled document of every type: SOUND holds what it must have, MORE what it may have besides."""

from __future__ import annotations

import copy
from typing import Any

from tests.schemas.histories import BUREAU, CASE, HUB, NOON, TOWNSHIP, VILLAGE, History
from tests.schemas.works import Errand, Project

DIGEST = "0" * 64

_RECORD = {"station": HUB, "created_at": NOON, "created_by": "H1"}

PROJECT_FORMS = Project().forms()
ERRAND_FORMS = {**Errand().forms(), "lodge": {"case": CASE}}


def _event(event: str) -> dict[str, Any]:
    envelope = {
        key: value
        for key, value in History().add("create", "village_clerk").events[0].items()
        if key != "case"
    }
    return {**envelope, "event": event, "data": {**PROJECT_FORMS, **ERRAND_FORMS}[event]}


KEY = "a" * 43
MATERIAL = {
    "name": "家庭经济困难情况证明",
    "form": "original",
    "copies": 1,
    "required": True,
    "source_channel": "village_certificate",
    "certificate_id": "cert:KEEP-01",
    "legal_basis": "社会救助暂行办法§44",
}
SIGNED = {"serial": 1, "by": KEY, "sig": "b" * 86}
SOUND: dict[str, dict[str, Any]] = {
    "case_event": History().add("create", "village_clerk").events[0],
    "claim": {"case": CASE, "stage": "review", "staff": "E1", "name": "李四", "at": NOON},
    "device": {
        "station": VILLAGE,
        "devices": [{"key": KEY, "no": 1, "at": NOON, "status": "active"}],
        "secret_sha256": DIGEST,
        "status": "active",
        **SIGNED,
    },
    "hub_key": {"key": KEY, "status": "active", "at": NOON, **SIGNED},
    "release": {
        "version": "0.2.0",
        "notes": "修正打印问题",
        "at": NOON,
        "staff": "A001",
        "to": ["510903"],
        "withdrawn": False,
        "root": {"version": "0.2.0", "sums": DIGEST, "by": KEY, "sig": SIGNED["sig"]},
        "content": [{"name": "lock.txt", "size": 12, "sha256": DIGEST, "index": [DIGEST]}],
        **SIGNED,
    },
    "staff": {
        "name": "李四",
        "employee_no": "E1",
        "roles": ["village_clerk"],
        "station": VILLAGE,
        "zones": [],
        "item_groups": ["民政"],
        "code_sha256": DIGEST,
        "status": "active",
        **SIGNED,
    },
    "staff_list": {
        "issued": NOON,
        "until": "2018-02-23T12:00:00+08:00",
        "revoked": [{"employee_no": "E2", "since": NOON}],
        **SIGNED,
    },
    "notice": {"kind": "notice", "title": "通知", "body": "请各站核对", "at": NOON},
    "service_item": {
        **_RECORD,
        "code": "SN-903-0001",
        "name": "食品经营许可（新办）",
        "category_code": "01",
        "level": "district",
        "division_code": "510903",
        "department": "区食品药品监督管理局",
        "zone": "商事登记",
        "legal_basis": "食品安全法§35",
        "implementer": "船山区行政审批局",
        "procedure": [
            {"step": "受理", "role": "窗口", "days": 1},
            {"step": "审查", "role": "审查", "days": 2},
        ],
        "legal_days": 20,
        "legal_basis_kind": "statute",
        "promised_days": 3,
        "day_unit": "workday",
        "instant": False,
        "runs": 1,
        "online_depth": 2,
        "fee": True,
        "fee_standard": "10元/证",
        "fee_basis": "川发改价格〔2015〕1号",
        "materials": [dict(MATERIAL)],
        "version": 1,
        "effective_from": "2018-01-10",
        "status": "draft",
    },
    "guide": {
        **_RECORD,
        "item": "SN-903-0001",
        "item_version": 1,
        "name": "食品经营许可（新办）",
        "legal_basis": "食品安全法§35",
        "implementer": "船山区行政审批局",
        "materials": ["申请表"],
        "procedure": ["受理", "审查", "决定"],
        "fee_standard": "不收费",
        "fee_basis": "无",
        "promised_days": 3,
        "where": "政务服务中心二楼",
        "hours": "9:00—17:00",
        "phone": "0825-0000000",
        "complaint_phone": "0825-0000001",
        "published_at": NOON,
    },
    "intermediary_service": {
        **_RECORD,
        "name": "工程监理",
        "approval_item": "建筑工程施工许可",
        "department": "住房城乡建设",
        "status": "draft",
    },
    "certificate_entry": {
        **_RECORD,
        "name": "受灾情况证明",
        "status": "retained",
        "legal_basis": "自然灾害救助条例§20",
        "check_method": "入户核实",
        "effective_from": "2017-09-30",
    },
    "certificate_issue": {
        **_RECORD,
        "certificate": "cert:KEEP-13",
        "number": "(船001001)证字〔2018〕第00001号",
        "holder": "张三丰",
        "facts": "房屋受损两间",
        "checker": "V1",
        "second_checker": "V2",
        "issued_at": NOON,
        "valid_to": "2018-08-08",
    },
    "transfer_record": {
        **_RECORD,
        "item": "SN-903-0001",
        "from_department": "区食品药品监督管理局",
        "to_bureau": BUREAU,
        "formal_from": "2018-01-10",
    },
    "station": {
        **_RECORD,
        "code": VILLAGE,
        "level": "village",
        "name": "电江路社区便民服务站",
        "parent_code": TOWNSHIP,
        "status": "active",
    },
    "calendar_day": {"_id": "day:2018-02-11", "kind": "makeup_workday", "name": "春节"},
    "duty_roster": {**_RECORD, "date": "2018-10-01", "kind": "holiday", "staff": ["E1"]},
    "project_event": {**_event("open"), "project": "P2018-1"},
    "errand_event": {**_event("request"), "errand": "A2018-1"},
    "station_report": {**_RECORD, "at": NOON, "catalogue": 3, "program": "1.0"},
    "guidance_entry": {**_RECORD, "note": "告知到三号窗口办理", "staff": "E1", "at": NOON},
    "vip_entry": {
        **_RECORD,
        "project": "P2018-1",
        "kind": "consult",
        "staff": "H2",
        "at": NOON,
        "note": "讲解流程",
    },
    "evaluation": {**_RECORD, "case": CASE, "level": 5, "channel": "callback", "at": NOON},
    "complaint": {
        **_RECORD,
        "kind": "complaint",
        "channel": "12345",
        "matter": "abolished_certificate",
        "content": "窗口要求提供已取消的证明",
        "received_at": NOON,
        "state": "received",
    },
    "inspection": {
        **_RECORD,
        "kind": "monthly_sample",
        "seed": "2018-02",
        "population": 1,
        "sample": [{"case": CASE}],
    },
    "supervision_card": {
        **_RECORD,
        "rule": "R03",
        "colour": "yellow",
        "points": "1",
        "evidence": {"due": "2018-02-13", "value": 1},
        "issued_at": NOON,
        "outcome": "issued",
        "late_evidence": False,
    },
    "notice_receipt": {**_RECORD, "notice": "notice:monthly_bulletin:2018-02", "at": NOON},
    "accountability": {
        **_RECORD,
        "because": ["card:R03:1"],
        "staff": "E1",
        "measure": "talk",
        "decided_by": "H1",
        "at": NOON,
    },
    "coordination": {
        **_RECORD,
        "kind": "centre_department",
        "from": "市政务服务中心",
        "to": "市住房和城乡建设局",
        "content": "请明确现场踏勘时间",
        "due": "2018-02-13",
    },
    "target": {
        **_RECORD,
        "year": 2018,
        "metric": "on_time_rate",
        "op": "=",
        "value": "100",
        "unit": "percent",
    },
}

MORE: dict[str, dict[str, Any]] = {
    "case_event": {"seen": {f"{VILLAGE}:abcdefgh": 1}},
    "staff": {"trained_on": "2018-01-05", "employer": "centre"},
    "notice": {
        "valid_to": "2018-12-31",
        "needs_receipt": True,
        "audience": "village",
        "as_of": NOON,
        "figures": [{"metric": "on_time_rate", "part": "", "numerator": "9", "denominator": 10}],
        "created_by": "S1",
        "signed_by": "S2",
    },
    "service_item": {
        "delegated": {
            "from": "市食品药品监督管理局",
            "to": "区食品药品监督管理局",
            "document": "遂府发〔2014〕1号",
            "date": "2014-06-01",
        },
        "special_procedures": ["inspection"],
        "village_mode": "agency",
    },
    "complaint": {"complainant": {"name": "李四", "phone": "13800001234"}, "against": {"staff": "E1"}},
    "evaluation": {"scores": {"attitude": 1}, "rectification": {"due": "2018-03-12"}},
    "station": {"windows": [{"name": "综合窗口1", "item_groups": ["民政"], "effective_from": "2017-04-01"}]},
    "agency_task": {
        "originals": [{"name": "户口簿", "copies": 1, "signed_for": True}],
        "phone": "13800001234",
    },
}


def sound(kind: str) -> dict[str, Any]:
    """A document with all that it must have."""
    return {**copy.deepcopy(SOUND[kind]), "type": kind, "schema": 1}


def full(kind: str) -> dict[str, Any]:
    """The same with more in it."""
    return {**sound(kind), **copy.deepcopy(MORE.get(kind, {}))}
