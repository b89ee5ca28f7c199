"""No page has an error that axe-core finds, in either language or in large type, and none asks another host for anything. In large
type nothing is cut off or lies over something else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import browser
from tests.hub_scenes import Scene
from tests.rights.tables import AT, routes
from tests.scenes import NO_PAGES, Eyes, fill
from tests.world import World, small_city

AXE = Path(__file__).parent / "node" / "node_modules" / "axe-core" / "axe.min.js"
# Pages that lead elsewhere at once, or that none of these people may open.
NOT_SHOWN = {"/audit", "/sign-in/password", "/sign-in/go-on", "/liaison"}
# What hangs in the hall says what it has to by law, in Chinese, whatever the clerk reads.
CHINESE = {"/items/<code>/screen"}
LANGUAGES = ("zh-CN", "en")
# Pages that have much side by side.
CROWDED = (
    "/",
    "/items",
    "/items/<code>",
    "/items/<code>/record",
    "/cases",
    "/cases/<case_no>",
    "/sync",
    "/voice",
    "/help",
)
# Of what a person reads or presses: what is wider than the window, and what lies over another. "" where all is well.
COLLISIONS = """() => {
  const seen = [...document.querySelectorAll("header a, header button, header span, h1, h2, main a, main button, main input, main select, main label")]
    .filter((each) => each.checkVisibility() && !each.closest(".visually-hidden-focusable, .table-responsive"));
  const boxes = seen.map((each) => [each, each.getBoundingClientRect()]).filter(([, box]) => box.width > 1 && box.height > 1);
  const cut = boxes.filter(([, box]) => box.left < -1 || box.right > window.innerWidth + 1).map(([each]) => "cut off: " + each.outerHTML.slice(0, 90));
  const over = [];
  for (const [i, [one, a]] of boxes.entries())
    for (const [two, b] of boxes.slice(i + 1))
      if (!one.contains(two) && !two.contains(one) && Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4)
        over.push("over one another: " + one.outerHTML.slice(0, 90) + " / " + two.outerHTML.slice(0, 90));
  return [...cut, ...over];
}"""


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with small_city(tmp_path_factory.mktemp("axe"), sockets=True) as world:
        yield world


@pytest.fixture(scope="module")
def scenes(city: World) -> list[Scene]:
    return fill(city)


def looked_at(scenes: list[Scene], at: str) -> list[Scene]:
    """Each page where it is met first; BIANMIN_TEST_AXE=all: at each server, and as everybody who may open it."""
    if os.environ.get("BIANMIN_TEST_AXE") == "all":
        return [each for each in scenes if each.at == at]
    first: dict[str, Scene] = {}
    for where in ("village", "hub", "township"):
        for each in scenes:
            if each.at == where:
                first.setdefault(each.route, each)
    return [each for each in scenes if each.at == at and first[each.route] is each]


@pytest.mark.browser
def test_every_page_has_a_scene(city: World, scenes: list[Scene]) -> None:
    there = {
        route
        for code in AT.values()
        for method, route in routes(city[code].app)
        if method == "GET" and not route.startswith(NO_PAGES)
    }
    assert there - {each.route for each in scenes} == NOT_SHOWN


@pytest.mark.browser
@pytest.mark.timeout(300)  # many pages
@pytest.mark.parametrize("at", AT)
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_on_any_page(
    city: World, scenes: list[Scene], chromium: str, language: str, at: str
) -> None:
    found = []
    with browser(chromium) as started:
        eyes = Eyes(started, city, english=language == "en")
        for scene in looked_at(scenes, at):
            page = eyes.look(scene)
            shown = "zh-CN" if scene.route in CHINESE else language
            assert page.locator("html").get_attribute("lang") == shown, scene.name
            page.evaluate(AXE.read_text(encoding="utf-8"))
            said = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
            found += [
                f"{scene.name}: {each['id']} {each['nodes'][0]['html'][:120]}" for each in said["violations"]
            ]
    assert found == []
    assert eyes.strangers == []


@pytest.mark.browser
@pytest.mark.parametrize("language", LANGUAGES)
def test_in_large_type_nothing_collides_and_axe_finds_nothing(
    city: World, scenes: list[Scene], chromium: str, language: str
) -> None:
    found = []
    with browser(chromium) as started:
        eyes = Eyes(started, city, english=language == "en", large=True)
        for scene in scenes:
            if scene.who == "V001" and scene.route in CROWDED:
                page = eyes.look(scene)
                assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "22px"
                page.evaluate(AXE.read_text(encoding="utf-8"))
                said = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
                found += [f"{scene.name}: {each['id']}" for each in said["violations"]]
                found += [f"{scene.name}: {each}" for each in page.evaluate(COLLISIONS)]
    assert found == []
