"""Who judges a case at the console sees the picture that phones will show, or reads that there is none yet."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from handlers.http.roles import Role
from push.alerts.review import Review
from tests.browser.desk import Desk
from tests.support.life.officers import Officers
from tests.support.pictures import encoded, scene
from tests.support.public.case_photos import child_with, photo_world

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from tests.support.processes.deployment import Deployment


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
async def test_the_review_shows_the_photo_once_it_is_there(
    deployment: Deployment, browser: Browser, locale: str
) -> None:
    """First words that there is none yet, and what an approval means then; afterwards the picture itself."""
    async with photo_world(deployment) as world:
        await Officers(deployment, world.server).review(Review.APPROVE)
        released = asyncio.Event()

        async def wait(_: str) -> None:
            await released.wait()

        world.site.before = wait
        world.site.gives("/a.jpg", encoded(scene(800, 600), "JPEG"))
        alert = await world.file(child=child_with(world.url("/a.jpg")))
        desk = Desk(deployment, world.server, browser)
        page = await desk.signed_in(Role.APPROVER, "Li", locale=locale)
        await page.goto(f"{world.server.url}/console/alerts/{alert}/review")
        photo = page.locator("figure[data-photo]")
        await expect(photo).to_have_attribute("data-photo", "wanted")
        await expect(photo).to_contain_text("you have not seen it" if locale == "en" else "您没有看过")
        assert await photo.locator("img").count() == 0
        released.set()
        await world.until_photo(alert, "made")
        await page.reload()
        await expect(photo).to_have_attribute("data-photo", "made")
        picture = photo.locator("img")
        await picture.scroll_into_view_if_needed()
        await expect(picture).to_have_js_property("complete", value=True)
        assert await picture.evaluate("(one) => one.naturalWidth") == 640
        await desk.close()
