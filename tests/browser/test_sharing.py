"""Sharing a page in Chromium: the address alone, a copy of it, the poster and the QR code, in both languages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import pytest
import pytest_asyncio

import sql.photos
from public.documents.fonts import Fonts
from public.documents.setting import Typesetter
from public.photos.case_photos import path_of
from public.photos.decoding import Decoder
from public.photos.picture import Pictures
from public.photos.picture_sizes import WIDTHS
from public.publishing.assets import AssetMaker
from public.publishing.site import put_modules, put_page
from tests.browser.first_view import first_view
from tests.support.axe import violations
from tests.support.pictures import encoded, scene
from tests.support.processes.public_site import public_site
from tests.support.public.pages import AROUND, CODE, example, source
from tests.support.public.strangers import objects_for

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from sql.database import Pool
    from tests.support.processes.deployment import Deployment

SHARED: Final = f"{AROUND.url}/p/{CODE}/en#s"
DENIED: Final = "{ writeText: async () => { throw new DOMException('denied', 'NotAllowedError'); } }"


@pytest_asyncio.fixture
async def site(deployment: Deployment, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> str:
    """Publish the page of an example with all that stands beside it, and serve it; returns where."""
    objects = objects_for(deployment)
    alert = uuid4()
    pictures = await Decoder().decode(encoded(scene(1500, 2000), "JPEG"))
    assert isinstance(pictures, Pictures)
    sizes = (pictures.small, pictures.medium, pictures.large)
    photo = sql.photos.MadePhoto("1-0123", [one.width for one in sizes], [one.height for one in sizes])
    for width, one in zip(WIDTHS, sizes, strict=True):
        assert await objects.put(path_of(alert, photo.tag, width), one.jpeg) is None

    async def read(*_: object) -> sql.photos.MadePhoto:
        return photo

    monkeypatch.setattr(sql.photos, "read", read)  # the record of this page has no alert
    maker = AssetMaker(pool, objects, Typesetter(Fonts()), AROUND, card_shows_child=False)
    made = source(example("abducted-in-a-van"), expires=datetime.now(UTC) + timedelta(days=1))
    assets = await maker.assets_of(alert, made)
    assert not isinstance(assets, str)
    assert await put_modules(objects) is None
    assert await put_page(objects, made, assets, AROUND) is None  # type: ignore[arg-type]
    return (await public_site(deployment)).url


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_a_page_with_everything_on_it_can_be_read_by_everybody(
    site: str, browser: Browser, language: str
) -> None:
    """Axe finds nothing with the posters shown; nothing is wider than 320 px; the first view is three requests."""
    context = await browser.new_context(viewport={"width": 320, "height": 600})
    page = await context.new_page()
    sizes = await first_view(page, f"{site}/p/{CODE}/{language}")
    assert len(sizes) == 3, sizes
    assert sum(sizes.values()) <= 45 * 1024
    await page.click("details summary")
    await page.wait_for_function("() => document.querySelector('details img').complete")
    assert await page.evaluate("document.querySelector('details img').naturalWidth") > 0
    assert await violations(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    await context.close()


async def test_web_share_gets_the_address_and_nothing_else(site: str, browser: Browser) -> None:
    """A text beside it would cost the card in some apps; who comes by it is counted as shared to."""
    page = await browser.new_page()
    await page.add_init_script("navigator.share = async (what) => { window.shared = what; };")
    await page.goto(f"{site}/p/{CODE}/en#p")
    await page.click("#share")
    assert await page.evaluate("window.shared") == {"url": SHARED}
    await page.close()


async def test_without_web_share_the_address_is_copied(site: str, browser: Browser) -> None:
    """The button says so."""
    context = await browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = await context.new_page()
    await page.add_init_script("delete Navigator.prototype.share;")
    await page.goto(f"{site}/p/{CODE}/en")
    await page.click("#share")
    await page.wait_for_function("() => document.getElementById('share').textContent === 'Copied'")
    assert await page.evaluate("navigator.clipboard.readText()") == SHARED
    await context.close()


@pytest.mark.parametrize(
    "clipboard", ["{ writeText: async () => { throw new DOMException('denied', 'NotAllowedError'); } }", "undefined"]
)
async def test_where_nothing_may_be_copied_the_address_is_shown_to_copy_by_hand(
    site: str, browser: Browser, clipboard: str
) -> None:
    """In a field with a name, selected, once however often it is asked for; the first language's page has no other."""
    page = await browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda one: errors.append(str(one)))
    await page.add_init_script("delete Navigator.prototype.share;")
    await page.add_init_script(f"Object.defineProperty(navigator, 'clipboard', {{ value: {clipboard} }});")
    for language, shared in (("en", SHARED), ("zh-CN", f"{AROUND.url}/p/{CODE}#s")):
        await page.goto(f"{site}/p/{CODE}/{language}")
        for _ in range(2):
            await page.click("#share")
            await page.wait_for_selector("#address")
        assert await page.locator("#address").count() == 1
        assert await page.evaluate("String(getSelection())") == shared
        assert await violations(page) == []
    assert errors == []
    await page.close()


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_posters_are_found_without_javascript(site: str, browser: Browser, language: str) -> None:
    """As a PDF to print and as a picture, in the page's language."""
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{site}/p/{CODE}/{language}")
    await page.click("details summary")
    found = await page.locator("details a").evaluate_all("links => links.map((link) => link.getAttribute('href'))")
    assert [one.rpartition(".")[2] for one in found] == ["pdf", "png"]
    for address in found:
        assert f"/poster.{language}." in address
        answer = await page.request.get(f"{site}{address}")
        assert answer.status == 200
    assert await page.locator("meta[property='og:image']").count() == 1
    assert await page.locator("meta[itemprop='image']").count() == 1
    await context.close()
