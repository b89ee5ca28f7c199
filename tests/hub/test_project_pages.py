"""The pages of projects: from the registration to the joint conclusion as people click it, and what each is told who may not."""

from __future__ import annotations

import re

import pytest

from hub.project_pages import SERVICE
from schemas import tables
from tests.hub.test_projects import OPENED, cases, decide, items
from tests.world import BUREAU, HUB, Visitor, World

FORM = {"name": OPENED["name"], "owner": "遂宁某某建设有限公司", "id_no": "91510900MA6260001N", "phone": "13800004321", "address": "船山区",
        "lead_department": "船山区行政审批局"}  # fmt: skip


def at(city: World, who: str) -> Visitor:
    return city.visit(HUB).sign_in(who)


def opened(city: World, **said: str) -> tuple[Visitor, str]:
    window = at(city, "E003")
    window.open("/projects/new")
    window.send("/projects/new", **{"form": window.form, **FORM, **said})
    assert window.status == 200, window.page
    return window, window.path.removeprefix("/projects/")


def planned(city: World, no: str, **said: str) -> Visitor:
    head = at(city, "B001")
    head.open(f"/projects/{no}")
    lines = {f"item-{n}": f"{each.item_code} {each.name}" for n, each in enumerate(items(city))}
    head.send(
        f"/projects/{no}/plan",
        **{**lines, "stage-1": "2", "joint_days": "20", "shared": "营业执照\n项目建议书", **said},
    )
    return head


def under_way(city: World) -> tuple[Visitor, str]:
    """A project that was accepted jointly, its first stage dispatched."""
    window, no = opened(city)
    planned(city, no)
    window.open(f"/projects/{no}")
    window.send(f"/projects/{no}/accept_jointly", **{"material-1": "1", "material-2": "1"})
    window.send(f"/projects/{no}/dispatch", **{f"item-{items(city)[0].item_code}": "1"})
    assert window.status == 200, window.page
    return window, no


def test_a_project_goes_from_its_registration_to_the_joint_conclusion(city: World) -> None:
    window, no = under_way(city)
    first, second = items(city)
    assert f"/projects/{no}" in at(city, "E001").open(f"/cases/{cases(city, no)[0]}")
    assert "已转办" not in window.page and "审查中" in window.page and "未转办" in window.page
    window.send(f"/projects/{no}/dispatch", **{f"item-{second.item_code}": "1"})
    examiner = at(city, "E001")
    examiner.open(f"/projects/{no}")
    examiner.send(
        f"/projects/{no}/opinion", item=first.item_code, opinion="conditions", words="须先取得用地批准"
    )
    assert "附条件同意" in examiner.page and "须先取得用地批准" in examiner.page
    window.send(
        f"/projects/{no}/request_supplement",
        **{f"gaps-{first.item_code}": "总平面图\n用地批准书", f"gaps-{second.item_code}": "环评批复"},
    )
    paper = window.open(f"/projects/{no}/notice")
    assert all(each in paper for each in ("总平面图", "用地批准书", "环评批复", "遂宁某某建设有限公司"))
    for case_no in cases(city, no):
        decide(city, case_no)
    head = at(city, "B001")
    head.open(f"/projects/{no}")
    head.send(f"/projects/{no}/conclude")
    assert "已办结" in head.page and "用时 0 个工作日" in head.page
    assert FORM["name"] in at(city, "S001").open("/projects", list="closed")


def test_the_owner_sees_how_it_stands_with_number_and_code_and_nobody_elses_name(city: World) -> None:
    window, no = under_way(city)
    found = re.search(r"业主查询码</dt><dd class=\"bm-no\">(\d{6})<", window.open(f"/projects/{no}"))
    assert found
    owner = city.visit(HUB)
    owner.open("/query/project")
    owner.send("/query/project", project_no=no.lower(), code=found[1])
    assert "并联审批中" in owner.page and items(city)[0].name in owner.page
    assert (
        "周审查" not in owner.page
        and "91510900MA6260001N" not in owner.page
        and cases(city, no)[0] not in owner.page
    )
    for project_no, code in (
        (no, "000000" if found[1] != "000000" else "111111"),
        (no[:-1], found[1]),
        ("x", found[1]),
    ):
        owner.send("/query/project", project_no=project_no, code=code)
        assert owner.status == 422 and "项目编号或查询码不对" in owner.page


def test_guessing_a_code_is_slowed(city: World) -> None:
    _, no = under_way(city)
    owner = city.visit(HUB)
    owner.open("/query/project")
    for _ in range(30):
        owner.send("/query/project", project_no=no, code="000000")
        if "查询次数太多" in owner.page:
            return
    raise AssertionError(owner.page)


@pytest.mark.parametrize(
    ("said", "told"),
    [({"name": ""}, "请填写项目名称"), ({"owner": ""}, "请填写项目业主"), ({"id_no": "1"}, "身份证"), ({"phone": "1"}, "手机号"), ({"form": "x"}, "页面不完整"),
     ({"vip": "1"}, "VIP项目须由专人负责"), ({"lead_department": ""}, "请填写牵头部门")],
)  # fmt: skip
def test_what_is_wrong_with_a_registration_is_said_and_nothing_is_lost(
    city: World, said: dict[str, str], told: str
) -> None:
    window = at(city, "E003")
    window.open("/projects/new")
    window.send("/projects/new", **{"form": window.form, **FORM, **said})
    assert window.status == 422 and told in window.page
    assert city[HUB].parts.register.projects.count("1") == 0
    if "address" not in said:
        assert "船山区" in window.page


@pytest.mark.parametrize(
    ("said", "told"),
    [({"joint_days": "46"}, "1至45个工作日"), ({"item-0": "NOPE-1"}, "事项目录中没有“NOPE-1”"), ({"item-0": "", "item-1": ""}, "请列出各审批事项")],
)  # fmt: skip
def test_what_is_wrong_with_a_plan_is_said_and_what_was_typed_stays(
    city: World, said: dict[str, str], told: str
) -> None:
    _, no = opened(city)
    head = planned(city, no, **said)
    assert head.status == 409 and told in head.page and "项目建议书" in head.page


def test_what_lacks_is_not_accepted_and_nothing_chosen_is_not_dispatched(city: World) -> None:
    window, no = opened(city)
    planned(city, no)
    window.open(f"/projects/{no}")
    window.send(f"/projects/{no}/accept_jointly", **{"material-1": "1"})
    assert window.status == 409 and "项目建议书" in window.page
    window.send(f"/projects/{no}/accept_jointly", **{"material-1": "1", "material-2": "1"})
    window.send(f"/projects/{no}/dispatch")
    assert window.status == 409 and "请勾选要转办的审批事项" in window.page
    window.send(f"/projects/{no}/celebrate")
    assert window.status == 409 and "没有这一步" in window.page


def test_a_vip_project_has_a_log_of_four_kinds_that_its_window_keeps(city: World) -> None:
    window, no = opened(city, vip="1", lead_officer="E003")
    for kind, note in (("consult", "讲解用地政策"), ("urge", "督促现场踏勘")):
        window.open(f"/projects/{no}")
        window.send(f"/projects/{no}/log", form=window.form, service=kind, note=note)
    assert "讲解用地政策" in window.page and "督办" in window.page
    window.send(f"/projects/{no}/log", form=window.form, service="", note="x")
    assert window.status == 422 and "请选择服务类别" in window.page
    assert "VIP" in at(city, "S001").open("/projects", list="vip")


def test_a_project_without_an_officer_of_its_own_has_no_log(city: World) -> None:
    window, no = opened(city)
    window.send(f"/projects/{no}/log", form="1" * 32, service="consult", note="x")
    assert window.status == 404


def test_another_district_sees_nothing_of_it(city: World) -> None:
    _, no = opened(city)
    other = at(city, "X001")
    assert other.client.get(f"/projects/{no}").status_code == 404
    assert FORM["name"] not in other.open("/projects")
    assert (
        other.client.get("/projects/P123").status_code == 404
        and other.client.get("/projects?list=x").status_code == 404
    )
    assert other.client.get(f"/projects/{no}/notice").status_code == 404


def test_the_picture_shows_each_approval_and_what_is_late(city: World) -> None:
    window, no = under_way(city)
    assert window.page.count("<rect") >= 4 and "stroke-dasharray" in window.page
    service = city[HUB].app.extensions[SERVICE]
    assert service.project(no).home == BUREAU and tables.station(BUREAU).level == "district"
