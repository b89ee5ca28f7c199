"""The clerk's pages: today's work, find an item, cases, one case, sync.

Views only: they read a request, ask casework and the register, and choose a template. No rule, no SQL of lists that
the register could answer by a name, no wording beyond what a template needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext

from schemas import finding, numbers, offers, opinions, papers, posters, tables, training
from schemas.lifecycle import CaseState, why
from schemas.problems import N_, DomainError, Problem
from station import forms, found_by, queue_rows, reasons, scans
from station.casework import days_left
from station.databases import is_logged
from station.moment import stamp
from station.staff import Staff
from station.web import may, parts, reader, signed_in, staff_only

if TYPE_CHECKING:
    from schemas.documents import Reader

blueprint = Blueprint("pages", __name__)

PAGE = 50
MOST_TODO = 20  # rows of what a window can go on with, on its first page
MOST_PAGES = 100_000
# What the lists of schemas.worklists are called on pages, and `here`: what others sent to this window.
LISTS = {
    "open": N_("办理中"),
    "supplement": N_("待补正"),
    "result": N_("待送达"),
    "closed": N_("已结束"),
    "here": N_("本窗口待办"),
}
HERE = "current = ? AND stage > ''"
DUE_FIRST = "due NULLS LAST, last_at DESC"
NEWEST = "last_at DESC, cases.subject"
# Access keys, as the templates give them: (key, what it does, where).
KEYS = (
    ("h", N_("回到今日工作"), N_("所有页面")),
    ("n", N_("登记办件"), N_("所有页面")),
    ("k", N_("户卡"), N_("所有页面")),
    ("f", N_("到查找框"), N_("首页、登记办件、审批队列")),
    ("s", N_("收件并保存；保存户卡"), N_("登记表、户卡")),
    ("p", N_("收件并打印凭证；打印"), N_("登记表、文书")),
    ("a", N_("材料全部收到"), N_("登记表")),
    ("z", N_("撤销登记"), N_("刚保存的办件")),
)
DESK_KEYS = (
    ("x", N_("取下一件"), N_("审批队列、办件")),
    ("m", N_("我在办的"), N_("审批队列")),
    ("b", N_("分派勾选的件"), N_("审批队列")),
)


def condition(name: str) -> tuple[str, list[str]]:
    """(where, args) of a list of the window the reader works at, for the register."""
    code = window()
    return (HERE, [code]) if name == "here" else ("origin = ? AND list = ?", [code, name])


def window() -> str:
    """Whose lists the reader sees: this station's, and at the hub, where the bureaus work too, those of their own."""
    return me().station if parts().here.level == "city" else parts().settings.code


def me() -> Staff:
    """The signed-in person; only inside pages that are for staff."""
    staff = signed_in()
    assert staff is not None
    return staff


@blueprint.get("/")
@staff_only()
def home() -> Any:
    if not may("cases"):
        return redirect(url_for("stations.listed" if may("devices") else "pages.sync"))
    if parts().here.level == "city":
        return redirect(url_for("queues.queue"))
    from station import recording  # it stands on this file

    register, code = parts().register, parts().settings.code
    register.catch_up()
    counts = dict.fromkeys(LISTS, 0) | register.tally("list", "origin = ?", (code,))
    counts["here"] = register.count(*condition("here"))
    drafts = recording.listed() if may("record") else []
    todo = _todo(code)
    recent = register.select("origin = ?", (code,), order="last_at DESC", limit=10)
    return render_template(
        "home.html", counts=counts, lists=LISTS, todo=dressed(todo), recent=dressed(recent), waiting=_waiting(), drafts=drafts,
    )  # fmt: skip


def _todo(code: str) -> list[dict[str, Any]]:
    """What a window can go on with: supplements, results to hand over, what other stations sent; the next due first. Three questions
    with an index each: as one, all of a station's cases in hand would be sorted."""
    asked: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("origin = ? AND list = 'supplement'", (code,)),
        ("origin = ? AND list = 'result'", (code,)),
        (f"origin <> ? AND {HERE}", (code, code)),
    )
    found = [
        row
        for where, args in asked
        for row in parts().register.select(where, args, order=DUE_FIRST, limit=MOST_TODO)
    ]
    found.sort(key=lambda row: row["last_at"], reverse=True)
    return sorted(found, key=lambda row: (row["due"] is None, row["due"] or ""))[:MOST_TODO]


@blueprint.get("/items")
@staff_only("items")
def items() -> Any:
    """What was found; the one item that somebody named is opened at once. `part`: while they type, and nothing is opened."""
    asked, station = request.args.get("q", "").strip(), tables.station(window())
    of = parts().published.in_force()
    hits, typing = finding.find(asked, station, of), "part" in request.args
    if len(hits) == 1 and hits[0].way in ("name", "begins", "words") and not typing:
        return redirect(url_for("pages.item", code=hits[0].item.item_code))
    return render_template(
        "found.html" if typing else "items.html",
        asked=asked,
        hits=hits[:PAGE],
        found=len(hits),
        question=finding.question(hits, station, of) if asked else None,
        near=() if hits else finding.nearest(asked, station, of),
        kinds=() if hits else finding.kinds(station, of),
    )


@blueprint.get("/items/<code>")
@staff_only("items")
def item(code: str) -> str:
    guide, of = _guide(code), parts().published.in_force()
    return render_template(
        "item.html",
        **guide,
        barred=barred(guide["item"]),
        complaints=posters.COMPLAINTS,
        version=of.book.version_on(code, of.day),
        questions=posters.questions(guide["item"], of.book),
        upcoming=of.upcoming(code),
        question=finding.question_of(guide["item"], tables.station(window()), of),
    )


def _guide(code: str) -> dict[str, Any]:
    """What every page about an item says of it."""
    found, offer = offered_here(code)
    return {
        "item": found, "offer": offer, "materials": parts().published.in_force().materials(code), "decider": name_of(offer.decided_at),
    }  # fmt: skip


@blueprint.get("/items/<code>/list")
@staff_only("items")
def material_list(code: str) -> str:
    """The item's materials on paper, for the applicant to take home."""
    return render_template(
        "material_list.html",
        **_guide(code),
        station=tables.station(window()),
        today=parts().clock().date(),
    )


@blueprint.route("/cases", methods=["GET", "POST"])
@staff_only("cases")
def cases() -> Any:
    """A list, or, posted so that no name or number ends up in an address, what was searched for."""
    name = request.args.get("list", "open")
    if name not in LISTS:
        abort(404)
    asked = request.form.get("q", "").strip()
    page = page_asked()
    where, args = condition(name)
    if asked:
        found, more = searched(asked)
        where, args = f"(origin = ? OR current = ?) IS TRUE AND {found}", [window()] * 2 + more
    register = parts().register
    register.catch_up()
    shown, order = where, DUE_FIRST
    if name == "closed" and not asked:
        # Most of all cases are over: with + the newest are read as they changed, and not all sorted.
        shown, order = where.replace("list", "+list"), NEWEST
    rows = register.select(shown, args, order=order, limit=PAGE, offset=(page - 1) * PAGE)
    return render_template(
        "cases.html", archived=_archived(name, asked), lists=LISTS, current=name, asked=numbers.mask_numbers(asked), rows=dressed(rows), found=register.count(where, args),
        page=page, size=PAGE, waiting=_waiting(), most_found=found_by.MOST,
    )  # fmt: skip


@blueprint.get("/cases/<case_no>")
@staff_only("cases")
def case(case_no: str) -> str:
    return case_page(case_no)


@blueprint.post("/cases/<case_no>/<event>")
@staff_only("act")
def act(case_no: str, event: str) -> Any:
    """One step on a case. The same address serves a village's delivery and a bureau's decision: the rules differ, not the way."""
    state = visible(case_no)
    sent = scans.sent()
    data, problem = forms.step(event, request.form, state, sent.materials)
    if problem is None:
        try:
            if sent.scans:
                parts().casework.attach(case_no, me(), sent.scans, check=parts().house.check)
                sent.saved(case_no, me())
            steps = [(event, data), *forms.following(event, state, me())]
            parts().house.working(me(), parts().register.case(case_no) or {}, state)
            parts().casework.act(case_no, me(), steps, check=parts().house.check)
        except DomainError as error:
            problem = error.problem
    if problem is not None:
        sent.put_aside(me())
        return case_page(
            case_no, problem=problem, failed=event, entered=request.form, refused=sent.refused
        ), 409
    if sent.refused:
        return case_page(case_no, refused=sent.refused)
    return redirect(url_for("pages.case", case_no=case_no), 303)


@blueprint.get("/sync")
@staff_only("sync")
def sync() -> str:
    register = parts().register
    register.catch_up()
    waiting = _waiting()
    # Whoever looks after the line, or audits it, need not know whose cases wait.
    shown = sorted(waiting)[:PAGE] if may("cases") else []
    rows = [row for case_no in shown if (row := register.case(case_no))]
    return render_template(
        "sync.html",
        report=parts().sync_report.now(),
        leased_until=parts().appointments.until(),
        rows=dressed(rows),
        waiting=waiting,
        alarms=recovery.alarms() if (recovery := parts().recovery) else [],
        disputes=register.disputes(),
        settings=parts().settings,
    )


@blueprint.post("/sync")
@staff_only("wake")
def sync_now() -> Any:
    # Never in this request: on a line that goes nowhere every click would hold a thread.
    parts().agent.wake()
    return redirect(url_for("pages.sync", asked=1), 303)


@blueprint.get("/help")
@staff_only("items")
def help_page() -> str:
    return render_template("help.html", keys=KEYS + (DESK_KEYS if parts().here.level == "city" else ()))


@blueprint.get("/up")
def up() -> dict[str, Any]:
    """For watchdogs and start scripts: the store answers."""
    return {"status": "ok", "seq": parts().store.update_seq}


# -- what views share ------------------------------------------------------------------------------------------------


def case_page(
    case_no: str,
    *,
    problem: Problem | None = None,
    failed: str = "",
    entered: Mapping[str, str] | None = None,
    full: bool = False,
    refused: Sequence[Problem] = (),
    saved: bool = False,
) -> str:
    """The page of one case, with what the reader may do next and, after a refused step, why and what was entered. `full`:
    with all numbers, for which the caller has a reason and has logged it. `refused`: why files were not taken in."""
    state = visible(case_no)
    if not full:
        parts().access.note("view", me(), case_no=case_no, address=request.remote_addr or "")
    today = parts().clock().date()
    found = parts().casework.choices(state, me())
    offered = forms.STEPS.keys() if may("act") else forms.OVERSEEN if may("oversee") else ()
    choices = [each for each in found if each.transition.event in offered]
    may_attach = may("record") and any(
        each.transition.event == "attach" and each.problem is None for each in found
    )
    may_detach = may("record") and any(
        each.transition.event == "detach" and each.problem is None for each in found
    )
    may_undo = may("record") and any(
        each.transition.event == "void" and each.problem is None for each in found
    )
    choices.sort(key=lambda each: list(forms.STEPS).index(each.transition.event))
    row = queue_rows.held(parts().register.case(case_no) or {}, stamp(parts().clock()))
    parts().house.working(me(), row, state)
    events = [each.event for each in state.timeline] + [event for event, _ in state.set_aside]
    doubtful = {each["_id"] for each in events if parts().appointments.is_after_leaving(each)}
    shown = seen_as(state, "personal" if full else reader())
    form = (entered or {}).get("form") or new_form()
    return render_template(
        "case.html", state=shown, full=full, reasons=reasons.FULL, row=row, choices=choices, problem=problem, failed=failed, entered=entered or {},
        steps=forms.STEPS, left=days_left(state.due, today, parts().almanac.calendar()),
        waiting=case_no in _waiting(), origin=name_of(state.origin_station), current=name_of(state.current_station),
        names=name_of, saved=saved or "saved" in request.args, refused=refused, scans=scans.of_case(state, shown), may_attach=may_attach, may_detach=may_detach, may_undo=may_undo,
        form=form, kept=scans.put_aside_of(form, me()), claim_needed=parts().house.claim_needed(me(), row, state),
        doubtful=doubtful, step_action=lambda event: _step_action(case_no, event), ends=forms.ENDS,
        destinations={event: forms.destinations(event, state, me()) for event in ("forward", "submit_upward")},
        phrases=lambda event, name: opinions.phrases(event, name, shown), lacking=opinions.missing(state), gaps=opinions.gaps(state),
        papers=papers.of_case(state, parts().almanac.calendar(), parts().published.book()), clocks=why.clocks(state, parts().almanac.calendar()), clock_names=why.CLOCKS,
    )  # fmt: skip


def _step_action(case_no: str, event: str) -> str:
    """Where the form of a step goes: who only oversees cases has an address of their own."""
    return url_for("pages.act" if may("act") else "overseeing.step", case_no=case_no, event=event)


def new_form() -> str:
    """A token for a form that is opened: sent twice, it is saved once."""
    return parts().random(16).hex()


def offered_here(code: str, *, open_only: bool = False) -> tuple[tables.Item, offers.Offer]:
    found = parts().published.in_force().offered(code, tables.station(window()))
    if found is None or (open_only and found[1].mode not in offers.OPENS_CASES):
        abort(404)
    return found


def seen_as(state: CaseState, who: Reader) -> CaseState:
    """The case as this kind of reader sees it. marshmallow is loaded with the first case that is looked at."""
    from schemas.documents.views import view

    return view(state, who)


def searched(asked: str) -> tuple[str, list[Any]]:
    """As forms.search. Who looks for a person by their number is in the access log; the number is not."""
    where, args = forms.search(asked)
    if where.startswith("id_digest"):
        parts().access.note("search", me(), person=args[0], address=request.remote_addr or "")
    return where, args


def barred(item: tables.Item) -> Problem | None:
    """Why the reader may not take this item in."""
    return training.problem(item, me().trained_on, me().groups, parts().clock().date())


def visible(case_no: str) -> CaseState:
    try:
        numbers.parse_case_no(case_no)
    except DomainError:
        abort(404)
    state = parts().casework.case(case_no)
    if parts().register.archived(case_no):
        abort(410)
    if state is None or not parts().house.may_see(me(), state):
        abort(404)
    return state


def logged(key: str) -> dict[str, Any] | None:
    """What a logbook keeps under a key that an address names, as it is known now; None for nothing. Whose it is, who asks looks."""
    register = parts().register
    register.catch_up()
    return register.logbook.get(key) if is_logged(key) else None


def in_reach(code: str) -> bool:
    """Whether what a station keeps is for the reader: at a station all it holds; at the hub, a bureau's staff see those of their
    district, the city's all."""
    own, home = tables.station(me().station), tables.stations().get(code)
    if parts().here.level != "city" or own.level == "city":
        return True
    return home is not None and home.district_code == own.district_code


def page_asked() -> int:
    """The page of a list that was asked for; a made-up number is the first page."""
    page = request.args.get("page", 1, type=int) or 1
    return page if 1 <= page <= MOST_PAGES else 1


def _waiting() -> dict[str, int]:
    return parts().register.waiting()


def _archived(name: str, asked: str) -> tuple[list[dict[str, str]], int]:
    """What is said of cases that were archived: below the list of closed ones, and to whoever looks for one by its number."""
    register = parts().register
    if asked:
        found = register.archived(asked)
        return ([found], 1) if found else ([], 0)
    return register.all_archived(PAGE) if name == "closed" and may("cases") else ([], 0)


def dressed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with working days left, as every list shows them."""
    now, calendar = parts().clock(), parts().almanac.calendar()
    return [
        {**queue_rows.held(row, stamp(now)), "left": days_left(forms.day(row["due"]), now.date(), calendar)}
        for row in rows
    ]


def person_of(employee_no: str | None) -> str:
    """Name and number of a member of staff; of somebody not known here the number."""
    found = parts().appointments.record(employee_no or "")
    return f"{found['name']}（{employee_no}）" if found else str(employee_no or "")


def name_of(code: str | None) -> str:
    found = tables.stations().get(code or "")
    return found.name if found else gettext("未知站点 {code}").format(code=code or "")
