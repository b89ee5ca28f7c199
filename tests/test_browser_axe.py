"""No page has an error that axe-core finds, in either language, and none asks another host for anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import browser
from tests.rights.tables import AT, routes
from tests.scenes import NO_PAGES, Eyes, Scene, fill
from tests.world import World, small_city

AXE = Path(__file__).parent / "node" / "node_modules" / "axe-core" / "axe.min.js"
# Pages that lead elsewhere at once, or that none of these people may open.
NOT_SHOWN = {"/audit", "/sign-in/password", "/sign-in/go-on"}
# What hangs in the hall says what it has to by law, in Chinese, whatever the clerk reads.
CHINESE = {"/items/<code>/screen"}
LANGUAGES = ("zh-CN", "en")


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with small_city(tmp_path_factory.mktemp("axe"), sockets=True) as world:
        yield world


@pytest.fixture(scope="module")
def scenes(city: World) -> list[Scene]:
    return fill(city)


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
@pytest.mark.parametrize("at", AT)
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_on_any_page(
    city: World, scenes: list[Scene], chromium: str, language: str, at: str
) -> None:
    found = []
    with browser(chromium) as started:
        eyes = Eyes(started, city, english=language == "en")
        for scene in scenes:
            if scene.at == at:
                page = eyes.look(scene)
                shown = "zh-CN" if scene.route in CHINESE else language
                assert page.locator("html").get_attribute("lang") == shown
                page.evaluate(AXE.read_text(encoding="utf-8"))
                said = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
                found += [
                    f"{scene.name}: {each['id']} {each['nodes'][0]['html'][:120]}"
                    for each in said["violations"]
                ]
    assert found == []
    assert eyes.strangers == []
