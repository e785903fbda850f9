"""The page of an alert in Chromium: what a reader sees, with and without JavaScript, and what open tabs do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import aiohttp
import pytest
import pytest_asyncio

from public.objects import objects_of
from public.pages.rendering import ShownPhoto, state_of
from public.publishing.site import Asset, Assets, put_modules, put_over, put_page
from public.settings import PublicSettings
from tests.browser.first_view import first_view
from tests.support.axe import violations
from tests.support.processes.processes import until
from tests.support.processes.public_site import public_env, public_site
from tests.support.public.pages import AROUND, CODE, example, source

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from public.objects import Objects
    from tests.support.processes.deployment import Deployment

PHOTO = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010806000000") + b"\x00" * 40
OVER = "This alert is over. Please don't share it further."
NAMES = "abducted-in-a-van"


class Published:
    """One page of an example case, published, and serve-public before it."""

    def __init__(self, objects: Objects, url: str) -> None:
        self.objects = objects
        self.url = url

    async def live(self, expires: datetime) -> None:
        """Publish it as it lives."""
        made = source(example(NAMES), expires=expires)
        photo = ShownPhoto(f"/p/{CODE}/photo.0011aabbccdd.png", 600, 800)
        files = (Asset("photo.0011aabbccdd.png", PHOTO, "image/png"),)
        assert await put_page(self.objects, made, Assets(files=files, photo=photo), AROUND) is None

    async def over(self) -> None:
        """Publish that it is over."""
        assert await put_over(self.objects, CODE, AROUND) is None


@pytest_asyncio.fixture
async def published(deployment: Deployment) -> Published:
    """Publish a page that lives for a day."""
    settings = PublicSettings(objects=public_env(deployment)["QQ_ALERT_PUBLIC__OBJECTS"])
    objects = objects_of(settings, deployment.folder)
    assert await put_modules(objects) is None
    site = Published(objects, (await public_site(deployment)).url)
    await site.live(datetime.now(UTC) + timedelta(days=1))
    return site


async def _text(page: Page) -> str:
    return await page.locator("body").inner_text()


async def _until_over(page: Page) -> None:
    await page.wait_for_function("() => document.documentElement.dataset.state === 'over'")
    shown = [line for line in (await _text(page)).splitlines() if line.strip()]
    assert sorted(shown) == sorted([OVER, "本条寻人信息已结束，请不要继续转发。"])
    assert await page.locator("img, form, a").count() == 0
    assert await page.title() == ""


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_a_page_can_be_read_by_everybody(
    published: Published, browser: Browser, language: str, theme: str
) -> None:
    """Axe finds nothing; on 320 px, and at 200%, nothing is wider than the screen; no error stands in the log."""
    context = await browser.new_context(
        viewport={"width": 320, "height": 600}, color_scheme="dark" if theme == "dark" else "light"
    )
    page = await context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto(f"{published.url}/p/{CODE}/{language}")
    assert await violations(page) == []
    for size in ("100%", "200%"):
        await page.evaluate("size => document.documentElement.style.fontSize = size", size)
        assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert errors == []
    await context.close()


async def test_the_first_view_takes_three_requests_and_keeps_nothing(published: Published, browser: Browser) -> None:
    """Document, module and photo, from here and from nowhere else, at most 10 KB without the photo; no cookie."""
    context = await browser.new_context()
    page = await context.new_page()
    sizes = await first_view(page, f"{published.url}/p/{CODE}#p")
    assert len(sizes) == 3
    assert all(url.startswith(published.url) for url in sizes)
    assert sum(size for url, size in sizes.items() if not url.endswith(".png")) <= 10 * 1024
    assert await context.cookies() == []
    assert await page.evaluate("localStorage.length + sessionStorage.length") == 0
    await context.close()


async def test_without_javascript_everything_is_there(published: Published, browser: Browser) -> None:
    """Who is missing, the number, the way to a report, the other language, and when it was, in the local time."""
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{published.url}/p/{CODE}/en")
    text = await _text(page)
    for said in ("陈一诺", "粤A·6K218", "越秀区中山五路小学东门", "2026-11-22 07:35", "Do not approach."):
        assert said in text
    assert await page.get_attribute("a.call", "href") == "tel:110"
    assert await page.get_attribute("text=I saw this child", "href") == f"/s/{CODE}/en"
    await page.click("a[hreflang=zh-CN]")
    assert "拨打 110" in await _text(page)
    await context.close()


async def test_it_says_how_long_ago_it_was(published: Published, browser: Browser) -> None:
    """Beside the time of the place stands how long ago that is, in the page's language."""
    page = await browser.new_page()
    await page.clock.set_fixed_time(datetime(2026, 11, 22, 1, 35, tzinfo=UTC))
    await page.goto(f"{published.url}/p/{CODE}/en")
    assert "(2 hours ago)" in await _text(page)
    await page.goto(f"{published.url}/p/{CODE}/zh-CN")
    assert "(2小时前)" in await _text(page)
    await page.close()


async def test_the_buttons_are_reached_and_pressed_by_keyboard(published: Published, browser: Browser) -> None:
    """Tab leads to Call, to the report and to Share; Enter opens the report."""
    page = await browser.new_page()
    await page.goto(f"{published.url}/p/{CODE}/en")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "call"
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.id") == "share"
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{published.url}/s/{CODE}/en")
    await page.close()


async def test_an_open_tab_goes_blank_when_somebody_comes_back_to_it(published: Published, browser: Browser) -> None:
    """While it was in the background the child was found: name, picture and buttons are gone at once."""
    page = await browser.new_page()
    await page.goto(f"{published.url}/p/{CODE}/en")
    assert "陈一诺" in await _text(page)
    await published.over()
    await _has_gone(published)
    await page.evaluate("window.dispatchEvent(new Event('focus'))")
    await _until_over(page)
    await page.close()


async def test_a_page_from_the_history_goes_blank(published: Published, browser: Browser) -> None:
    """Going back shows the page as it was kept by the browser; then it asks, and is blank."""
    page = await browser.new_page()
    await page.goto(f"{published.url}/p/{CODE}/en")
    await page.goto(f"{published.url}/health")
    await published.over()
    await _has_gone(published)
    await page.go_back()
    await _until_over(page)
    await page.close()


async def test_an_open_tab_goes_blank_at_its_expiry_without_a_network(published: Published, browser: Browser) -> None:
    """Nobody can tell it anything: it goes by what stands in the page."""
    await published.live(datetime.now(UTC) + timedelta(hours=1))
    context = await browser.new_context()
    page = await context.new_page()
    await page.clock.install()
    await page.goto(f"{published.url}/p/{CODE}/en")
    await context.set_offline(offline=True)
    await page.clock.fast_forward("50:00")
    assert "陈一诺" in await _text(page)
    await page.clock.fast_forward("11:00")
    await _until_over(page)
    await context.close()


async def test_a_tab_whose_clock_is_wrong_goes_by_the_state(published: Published, browser: Browser) -> None:
    """A device whose clock is days ahead asks, and shows what is live; it is blank when the alert is over."""
    await published.live(datetime.now(UTC) + timedelta(hours=1))
    page = await browser.new_page()
    await page.clock.install(time=datetime.now(UTC) + timedelta(days=3))
    async with page.expect_response("**/state.json"):
        await page.goto(f"{published.url}/p/{CODE}/en")
    assert "陈一诺" in await _text(page)
    await published.over()
    await _has_gone(published)
    await page.clock.fast_forward("00:20")
    await _until_over(page)
    await page.close()


async def _has_gone(published: Published) -> None:
    """Wait until serve-public has the new state: it keeps an object for a second."""
    async with aiohttp.ClientSession(published.url) as session:

        async def is_over() -> bool:
            async with session.get(f"/p/{CODE}/state.json") as answer:
                return await answer.read() == state_of(None)

        await until(is_over)
