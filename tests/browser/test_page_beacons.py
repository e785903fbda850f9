"""What a page in Chromium says of what is done on it: each thing once a view, by the way people came, no more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

from public.funnel.collecting import rows_of
from public.funnel.counters import FOLDER
from public.pages.rendering import ShownDocument
from public.publishing.site import Assets, put_modules, put_page
from tests.support.processes.processes import until
from tests.support.processes.public_site import public_site
from tests.support.public.pages import AROUND, CODE, example, source
from tests.support.public.strangers import objects_for

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page, Request

    from public.objects import Objects
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

STAYS = "addEventListener('click', (event) => event.target.closest('.call, [href$=pdf]') && event.preventDefault());"
"""What keeps a browser from looking for a telephone, and from leaving the page."""


async def _published(deployment: Deployment, sample: int = 1) -> tuple[Process, Objects]:
    objects = objects_for(deployment)
    assert await put_modules(objects) is None
    made = source(example("abducted-in-a-van"), expires=datetime.now(UTC) + timedelta(days=1))
    assets = Assets(
        documents={one: (ShownDocument("pdf", f"/p/{CODE}/poster.{one}.0011aabb.pdf"),) for one in AROUND.languages}
    )
    assert await put_page(objects, msgspec.structs.replace(made, sample=sample), assets, AROUND) is None
    return await public_site(deployment), objects


def _watched(page: Page) -> list[Request]:
    """Return where the beacons of a page will stand."""
    beacons: list[Request] = []
    page.on("request", lambda request: beacons.append(request) if "/b/" in request.url else None)
    return beacons


def _arrived(page: Page) -> list[Request]:
    """Return where the beacons of a page will stand that were answered."""
    arrived: list[Request] = []
    page.on("requestfinished", lambda request: arrived.append(request) if "/b/" in request.url else None)
    return arrived


async def _until_arrived(arrived: list[Request], number: int) -> None:
    """Wait until so many beacons were answered: a page that is closed may take along what it has just said."""

    async def are_there() -> bool:
        return len(arrived) >= number

    await until(are_there)


async def _counted(site: Process, objects: Objects) -> dict[tuple[str, str], int]:
    """End the process, which stores what it counted; returns that."""
    assert site.end() == 0
    listed = await objects.list(FOLDER)
    assert isinstance(listed, list)
    found: dict[tuple[str, str], int] = {}
    for one in listed:
        content = await objects.get(one.path)
        assert isinstance(content, bytes)
        for row in rows_of(one.path, content) or []:
            assert row.code == CODE
            found[row.kind, row.channel] = found.get((row.kind, row.channel), 0) + row.count
    return found


@pytest.mark.parametrize(("fragment", "channel"), [("#p", "push"), ("#s", "share"), ("#q", "poster"), ("", "other")])
async def test_a_view_says_once_that_it_was_opened_and_how(
    deployment: Deployment, browser: Browser, fragment: str, channel: str
) -> None:
    """The way stands in the fragment, which no request has; what is shared on says that it is shared."""
    site, objects = await _published(deployment)
    context = await browser.new_context()
    page = await context.new_page()
    beacons, arrived = _watched(page), _arrived(page)
    await page.goto(f"{site.url}/p/{CODE}{fragment}")
    await _until_arrived(arrived, 1)
    [beacon] = beacons
    assert (beacon.method, beacon.post_data) == ("POST", f"open {fragment[1:]}")
    sent = await beacon.all_headers()
    assert "cookie" not in sent
    assert (await context.cookies(), await page.evaluate("localStorage.length")) == ([], 0)
    assert page.url.partition("#")[2] == ("s" if fragment else "")
    await context.close()
    assert await _counted(site, objects) == {("open", channel): 1}


async def test_what_is_done_on_the_page_is_counted_once_a_view(deployment: Deployment, browser: Browser) -> None:
    """Call, copy and the poster, pressed twice, count once; what was opened again counts again."""
    site, objects = await _published(deployment)
    context = await browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = await context.new_page()
    # A browser on a desk has no dialogue for sharing: there the address is copied.
    await page.add_init_script(f"delete Navigator.prototype.share; {STAYS}")
    arrived = _arrived(page)
    for views in (1, 2, 3):
        await page.goto("about:blank")
        await page.goto(f"{site.url}/p/{CODE}#p")
        await _until_arrived(arrived, views)
    await page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    for _ in range(2):
        await page.click("a.call")
        await page.click("#share")
        await page.click("a[href$='.pdf']")
    assert (await page.evaluate("navigator.clipboard.readText()")).endswith(f"/p/{CODE}#s")
    await _until_arrived(arrived, 6)
    await context.close()
    counted = await _counted(site, objects)
    assert counted == {("open", "push"): 3, ("call", "push"): 1, ("copy", "push"): 1, ("poster", "push"): 1}


async def test_of_a_sampled_page_a_view_says_all_or_nothing(deployment: Deployment, browser: Browser) -> None:
    """One draw decides for a view: below 1/64 it says what is done, else it is silent."""
    site, objects = await _published(deployment, sample=64)
    for draw, said in (("0.0156", 2), ("0.0157", 0)):
        context = await browser.new_context()
        page = await context.new_page()
        await page.add_init_script(f"Math.random = () => {draw}; {STAYS}")
        arrived = _arrived(page)
        await page.goto(f"{site.url}/p/{CODE}#p")
        await page.click("a.call")
        await _until_arrived(arrived, said)
        await page.wait_for_load_state("networkidle")
        await context.close()
    assert await _counted(site, objects) == {("open", "push"): 1, ("call", "push"): 1}


async def test_without_javascript_a_page_says_nothing(deployment: Deployment, browser: Browser) -> None:
    """Such views are not counted: nothing that loads says who opened a page."""
    site, objects = await _published(deployment)
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    beacons = _watched(page)
    await page.goto(f"{site.url}/p/{CODE}#p")
    await page.wait_for_load_state("networkidle")
    assert beacons == []
    await context.close()
    assert await _counted(site, objects) == {}
