"""Every screen of the console, in both languages and themes: what the table of routes has is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from handlers.http.roles import Role
from tests.browser.screens import WIDER, screens, stage
from tests.support.axe import OF_COLOURS, SERIOUS, violations

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.browser.desk import Desk

PHONE_PX: Final = 320
TABS_MAX: Final = 400
SETTLED: Final = """() => {
  const hears = performance.getEntriesByType("resource").some((one) => one.name.includes("/static/live-feed."));
  const maps = [...document.querySelectorAll("area-map")];
  return performance.getEntriesByName("first-contentful-paint").length > 0
    && (!hears || document.documentElement.dataset.link === "live")
    && maps.every((one) => "ready" in one.dataset);
}"""
"""Whether a page is on the screen, has heard the feed if it listens, and its map draws what it has.

A browser drops what is typed before a page is on the screen, and a map that comes late moves what is beneath it.
"""

DRAWN: Final = "() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"

STOPS: Final = """() => {
  const at = document.activeElement, before = window.before;
  if (at === null || at === document.body) return null;
  window.before = at;
  const style = getComputedStyle(at), box = at.getBoundingClientRect();
  return {
    called: window.called(at),
    // What a live region has written again since is nowhere any more.
    follows: !before?.isConnected || Boolean(before.compareDocumentPosition(at) & Node.DOCUMENT_POSITION_FOLLOWING),
    outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    seen: !at.checkVisibility() ||
      (Math.min(box.width, box.height, box.bottom, box.right) > 0 && box.top < innerHeight && box.left < innerWidth),
  };
}"""

SEEN: Final = """async () => {
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  const box = document.activeElement.getBoundingClientRect();
  return Math.min(box.width, box.height, box.bottom, box.right) > 0 && box.top < innerHeight && box.left < innerWidth;
}"""
"""Whether what is focused is on the screen, once that is drawn."""

REACHED: Final = """() => {
  window.called = (one) =>
    [one.tagName, one.getAttribute("href"), one.id, one.name, one.textContent.trim().slice(0, 30)].join(" ");
  const all = document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']");
  const reached = (one) => !one.disabled && one.tabIndex >= 0 && !["hidden", "radio"].includes(one.type);
  const used = (one) => reached(one) && one.checkVisibility({ visibilityProperty: true });
  return [...all].filter(used).map(window.called);
}"""
"""What can be used on a page, as it is called; of radio buttons one alone is reached."""


def _listed(found: dict[str, list[str]]) -> str:
    """Return what is wrong with which screen, a line each."""
    return "\n".join(f"{path}: {one}" for path, many in found.items() for one in many)


async def _set(page: Page, desk: Desk, theme: str) -> None:
    """Choose a theme, as somebody does at the foot of a page."""
    await page.goto(f"{desk.server.url}/console")
    await page.select_option("select[name=theme]", theme)
    await page.click(".settings button")
    await page.wait_for_selector(f"html[data-theme={theme}]")


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
async def test_axe_finds_nothing_serious_on_any_screen_in_either_theme(desk: Desk, locale: str) -> None:
    """Names, roles, contrast, languages: nothing that shuts somebody out, also on a refused form.

    A theme is colours alone, so that the other one is held to the rules of colours.
    """
    scene = await stage(desk)
    page = await desk.signed_in(Role.ADMIN, "Anna", locale=locale)
    await _set(page, desk, "dark")
    found: dict[str, list[str]] = {}
    for path in await screens(page, desk, scene):
        await page.goto(f"{desk.server.url}{path}")
        assert await page.locator("html").get_attribute("lang") == locale
        assert await page.locator("html").get_attribute("data-theme") == "dark"
        found |= await _in_both_themes(page, path)
    await page.goto(f"{desk.server.url}/console/alerts/{scene.sent}/cancel")
    await page.fill("#reason", "a try")
    await page.evaluate("document.querySelector('form[data-action=cancel]').submit()")
    await page.wait_for_selector("main [role=alert]")
    found |= await _in_both_themes(page, "a refused form")
    assert not found, _listed(found)


async def _in_both_themes(page: Page, path: str) -> dict[str, list[str]]:
    """Hold a page in dark to all rules, and the same page in light to those of colours."""
    await page.evaluate("document.documentElement.dataset.theme = 'dark'")
    found = {path: await violations(page, impacts=SERIOUS)}
    await page.evaluate("document.documentElement.dataset.theme = 'light'")
    found[f"{path} in light"] = await violations(page, impacts=SERIOUS, options=OF_COLOURS)
    return {name: lines for name, lines in found.items() if lines}


async def test_axe_sees_what_is_wrong(desk: Desk) -> None:
    """The search itself: a field without a name is found, and a colour that is hardly seen in one theme alone."""
    page = await desk.signed_in(Role.ADMIN, "Anna")
    await _set(page, desk, "dark")
    assert await _in_both_themes(page, "here") == {}
    rule = "html[data-theme=light] main * { color: rgb(250 250 250) !important; }"
    await page.evaluate("rule => document.styleSheets[0].insertRule(rule)", rule)
    assert list(await _in_both_themes(page, "here")) == ["here in light"]
    await page.evaluate("document.querySelector('main').append(document.createElement('input'))")
    assert "here" in await _in_both_themes(page, "here")


@pytest.mark.parametrize(("locale", "javascript"), [("en", True), ("zh-CN", False)])
async def test_every_screen_fits_a_phone_and_is_readable_at_twice_the_size(
    desk: Desk, locale: str, *, javascript: bool
) -> None:
    """At 320 px, and at 200% of the text on 640 px, no page scrolls sideways; with and without JavaScript."""
    scene = await stage(desk)
    page = await desk.signed_in(Role.ADMIN, "Anna", locale=locale, width=PHONE_PX, javascript=javascript)
    wide: dict[str, list[str]] = {}
    for path in await screens(page, desk, scene):
        await page.set_viewport_size({"width": PHONE_PX, "height": 800})
        await page.goto(f"{desk.server.url}{path}")
        assert await page.locator("main").inner_text() != "", path
        wide |= {f"{path} at 320 px": over for over in [await page.evaluate(WIDER)] if over}
        await page.set_viewport_size({"width": 2 * PHONE_PX, "height": 800})
        await page.evaluate("document.documentElement.style.fontSize = '200%'")
        wide |= {f"{path} at 200%": over for over in [await page.evaluate(WIDER)] if over}
    assert not wide, _listed(wide)


async def test_every_screen_is_gone_through_with_the_tab_key(desk: Desk) -> None:
    """In the order of the page, to everything that can be used, always seen and outlined, and out of it at the end."""
    scene = await stage(desk)
    page = await desk.signed_in(Role.ADMIN, "Anna")
    wrong: dict[str, list[str]] = {}
    for path in await screens(page, desk, scene):
        await page.goto(f"{desk.server.url}{path}")
        await page.evaluate("document.activeElement?.blur()")
        await page.wait_for_function(SETTLED)
        await page.evaluate(DRAWN)
        if faults := await _tabbed(page):
            wrong[path] = faults
    assert not wrong, _listed(wrong)


async def _tabbed(page: Page) -> list[str]:
    """Press Tab through a page; return what is wrong with where it stops."""
    usable: list[str] = await page.evaluate(REACHED)
    stops: list[dict[str, Any]] = []
    for _ in range(TABS_MAX):
        await page.keyboard.press("Tab")
        stop = await page.evaluate(STOPS)
        if stop is None or (stops and stop["called"] == stops[0]["called"]):
            break
        stops.append(stop if stop["seen"] else stop | {"seen": await page.evaluate(SEEN)})
    else:
        return ["Tab never leaves the page"]
    faults = [f"not outlined: {stop['called']}" for stop in stops if not stop["outlined"]]
    faults += [f"not seen: {stop['called']}" for stop in stops if not stop["seen"]]
    faults += [f"out of order: {stop['called']}" for stop in stops if not stop["follows"]]
    # What came or went meanwhile, as a button beside an alarm, is not looked for.
    stays = {*usable} & {*await page.evaluate(REACHED)}
    return faults + [f"never reached: {one}" for one in stays - {stop["called"] for stop in stops}]
