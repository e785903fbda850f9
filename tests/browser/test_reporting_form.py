"""The form of a report in Chromium: with and without JavaScript, with an iPhone's photo over a bad connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

import aiohttp
import pytest
from playwright.async_api import ViewportSize, expect

from runtime.page_codes import code_of
from tests.support.axe import violations
from tests.support.pictures import BEIJING, IPHONE, camera_exif, heic, scene
from tests.support.processes.processes import until
from tests.support.processes.public_site import public_env
from tests.support.public.cut_connections import CutConnections
from tests.support.public.strangers import publish, site_for

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser, Page, Route

    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

NARROW: ViewportSize = {"width": 320, "height": 700}
RECEIVED = {"en": "Your report was received.", "zh-CN": "您的线索已收到。"}
PHOTO_BYTES = 19_900_000


async def _site(deployment: Deployment) -> tuple[Process, str, str, str]:
    """Return a server, its alert, and the address and the code of serve-public's form."""
    await deployment.provider()
    server = await deployment.server(**public_env(deployment))
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    await deployment.sent(server, alert)
    code = await publish(deployment, alert)
    return server, alert, (await site_for(deployment)).url, code


async def _sighting(deployment: Deployment, server: Process, alert: str) -> dict[str, Any]:
    """Return the only sighting, once it is taken in."""
    found: list[dict[str, Any]] = []

    async def is_there() -> bool:
        found[:] = (await deployment.get(f"{server.url}/v1/alerts/{alert}/sightings"))["sightings"]
        return len(found) == 1

    await until(is_there)
    return found[0]


async def _fits(page: Page) -> bool:
    fits: bool = await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    return fits


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_form_can_be_read_by_everybody(
    deployment: Deployment, browser: Browser, language: str, scheme: Literal["light", "dark"]
) -> None:
    """Axe finds nothing on form, mistakes and receipt; nothing is wider than 320 px; no error stands in the log."""
    _, _, site, code = await _site(deployment)
    context = await browser.new_context(viewport=NARROW, color_scheme=scheme, java_script_enabled=True)
    page = await context.new_page()
    errors: list[str] = []
    page.on("console", lambda one: errors.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda one: errors.append(str(one)))
    await page.goto(f"{site}/s/{code}/{language}")
    for step in ("form", "mistake", "receipt"):
        if step == "mistake":
            await page.click("button[type=submit]")
            await page.wait_for_selector("[role=alert]")
        elif step == "receipt":
            await page.fill("#what", "seen at the station")
            await page.click("button[type=submit]")
            await page.wait_for_selector(".code")
            assert RECEIVED[language] in await page.locator("h1").inner_text()
        assert await page.locator("html").get_attribute("lang") == language
        assert await _fits(page), step
        assert await violations(page) == [], step
    # The answer to a form with a mistake is one of HTTP's errors, which Chromium notes.
    assert not [one for one in errors if "422" not in one]
    await context.close()


async def test_a_report_goes_without_javascript(deployment: Deployment, browser: Browser, tmp_path: Path) -> None:
    """What was typed and the photo survive a mistake; then the receipt says the code."""
    server, alert, site, code = await _site(deployment)
    photo = tmp_path / "photo.heic"
    photo.write_bytes(heic(scene(800, 600), camera_exif()))
    context = await browser.new_context(java_script_enabled=False, viewport=NARROW)
    page = await context.new_page()
    await page.goto(f"{site}/s/{code}/en")
    await page.fill("#what", "a girl with a grey dog")
    await page.fill("#place", "South Station")
    await page.fill("#seen_at", "2099-01-01T10:00")
    await page.set_input_files("#photo", photo)
    await page.click("button[type=submit]")
    assert "This time is still to come." in await page.locator("main").inner_text()
    assert await page.input_value("#what") == "a girl with a grey dog"
    assert await page.locator("input[name=photo_id]").is_checked()
    await page.fill("#seen_at", "2026-11-28T10:00")
    await page.click("button[type=submit]")
    assert RECEIVED["en"] in await page.locator("h1").inner_text()
    receipt = await page.locator(".code").inner_text()
    sighting = await _sighting(deployment, server, alert)
    assert (sighting["receipt"], sighting["place"], sighting["proved"]) == (receipt, "South Station", False)
    assert sighting["photos"][0]["readable"]
    await context.close()


@pytest.mark.parametrize("with_script", [True, False])
async def test_the_form_says_whom_it_is_about_and_leads_to_its_page_and_the_other_language(
    deployment: Deployment, browser: Browser, *, with_script: bool
) -> None:
    """In the title of the tab and on the form; also where it came back with a mistake, and never in the address."""
    await deployment.provider()
    server = await deployment.server(**public_env(deployment))
    _, answer = await deployment.file(server)
    alert, site = answer["alert"]["id"], (await site_for(deployment)).url
    await deployment.sent(server, alert)
    code = code_of(UUID(alert))

    async def is_published() -> bool:
        async with aiohttp.ClientSession() as session, session.get(f"{site}/p/{code}/en") as found:
            return found.status == 200

    await until(is_published)
    preview = (await deployment.get(f"{server.url}/v1/alerts/{alert}/preview"))["notices"]["alert"]
    titles = {language: next(iter(preview[language].values()))["title"] for language in ("zh-CN", "en")}
    context = await browser.new_context(java_script_enabled=with_script, viewport=NARROW)
    page = await context.new_page()
    await page.goto(f"{site}/s/{code}/en")
    for language, other, heading in (("en", "zh-CN", "I saw this child"), ("zh-CN", "en", "我见过这个孩子")):
        assert await page.title() == f"{heading} · {titles[language]}"
        await expect(page.locator(".about")).to_have_text(titles[language])
        await page.click("button[type=submit]")
        await page.wait_for_selector("[role=alert]")
        assert await page.title() == f"{heading} · {titles[language]}"
        assert await page.locator(f"nav a[href='/p/{code}/{language}']").count() == 1
        await page.click(f"nav a[hreflang={other}]")
        await page.wait_for_url(f"**/s/{code}/{other}")
    await page.click(f"nav a[href='/p/{code}/en']")
    await page.wait_for_url(f"**/p/{code}/en")
    await expect(page.locator("h1")).to_have_text(titles["en"])
    await context.close()


@pytest.mark.parametrize("with_script", [True, False])
async def test_a_time_is_meant_where_the_child_was_lost_wherever_it_is_typed(
    deployment: Deployment, browser: Browser, *, with_script: bool
) -> None:
    """The field says so, in a browser of New York; after a mistake it comes back as it was typed."""
    server, alert, site, code = await _site(deployment)
    context = await browser.new_context(java_script_enabled=with_script, timezone_id="America/New_York")
    page = await context.new_page()
    await page.goto(f"{site}/s/{code}/en")
    assert "(Asia/Shanghai)" in await page.locator("label[for=seen_at]").inner_text()
    await page.fill("#seen_at", "2026-11-28T10:00")
    await page.click("button[type=submit]")
    await page.wait_for_selector("[role=alert]")
    assert await page.input_value("#seen_at") == "2026-11-28T10:00"
    await page.fill("#what", "a girl with a grey dog")
    await page.click("button[type=submit]")
    await page.wait_for_selector(".code")
    assert (await _sighting(deployment, server, alert))["seen_at"] == "2026-11-28T02:00:00Z"
    await context.close()


async def test_a_photo_of_20_mb_arrives_although_its_connection_is_cut_twice(
    deployment: Deployment, browser: Browser, tmp_path: Path
) -> None:
    """As an iPhone takes it, with its time and place; the location by a button; a proof of work that nobody sees."""
    server, alert, site, code = await _site(deployment)
    photo = tmp_path / "IMG_0001.HEIC"
    photo.write_bytes(heic(scene(*IPHONE), camera_exif(), bytes_least=PHOTO_BYTES))
    target = urlsplit(site)
    assert target.hostname is not None
    assert target.port is not None
    way = CutConnections(target.hostname, target.port, (5_000_000, 12_000_000))
    await way.start()
    context = await browser.new_context(
        viewport=NARROW, permissions=["geolocation"], geolocation={"longitude": 114.06, "latitude": 22.54}
    )
    page = await context.new_page()
    await page.goto(f"{way.url}/s/{code}/en")
    await page.set_input_files("#photo", photo)
    await page.fill("#what", "a boy at the lake")
    await page.click("[data-locate]")
    await expect(page.locator("[data-location]")).to_contain_text("Your location goes with the report")
    await page.click("button[type=submit]")
    await page.wait_for_selector(".code", timeout=120_000)
    assert way.cuts == 2
    sighting = await _sighting(deployment, server, alert)
    assert (sighting["what"], sighting["proved"]) == ("a boy at the lake", True)
    assert abs(sighting["longitude"] - 114.06) < 0.001
    [shown] = sighting["photos"]
    assert shown["readable"]
    assert abs(shown["longitude"] - BEIJING[0]) < 0.001
    assert shown["taken_at"].startswith("2026-11-28T")
    [original] = (deployment.folder / "objects" / "kept").rglob("original.1")
    assert original.stat().st_size > PHOTO_BYTES, "all of it is kept, sealed"
    await context.close()
    await way.close()


async def _with_photo(browser: Browser, url: str, photo: Path) -> tuple[Page, list[str]]:
    """Open the form, and return the page, with the methods of the requests for photos that it sends from then on."""
    photo.write_bytes(heic(scene(800, 600), camera_exif()))
    page = await browser.new_page(viewport=NARROW)
    sent: list[str] = []
    page.on("request", lambda one: sent.append(one.method) if "/photos" in one.url else None)
    await page.goto(url)
    await page.fill("#what", "a girl with a grey dog")
    return page, sent


async def test_a_photo_without_room_is_asked_for_once_and_the_words_go(
    deployment: Deployment, browser: Browser, tmp_path: Path
) -> None:
    """507 is an answer for good: the page says so at once, and so does the receipt."""
    server, alert, _, code = await _site(deployment)
    (deployment.folder / "objects/inbox/photos/0").mkdir(parents=True)
    (deployment.folder / "objects/inbox/photos/0/filler").write_bytes(bytes(8_000_000))
    site = (await site_for(deployment, QQ_ALERT_PUBLIC__SIGHTINGS__DISK_MB="10")).url
    page, sent = await _with_photo(browser, f"{site}/s/{code}/en", tmp_path / "photo.heic")
    await page.set_input_files("#photo", tmp_path / "photo.heic")
    await expect(page.locator("[data-progress]")).to_contain_text("could not be sent")
    await page.click("button[type=submit]")
    await page.wait_for_selector(".code")
    assert sent == ["POST"]
    assert "A photo could not be taken in" in await page.locator("main").inner_text()
    assert (await _sighting(deployment, server, alert))["photos"] == []
    await page.close()


async def test_a_photo_that_comes_at_a_bad_moment_is_sent_again(
    deployment: Deployment, browser: Browser, tmp_path: Path
) -> None:
    """Too many requests at its beginning, and no place for its bytes: it arrives all the same."""
    server, alert, site, code = await _site(deployment)
    page, sent = await _with_photo(browser, f"{site}/s/{code}/en", tmp_path / "photo.heic")
    refusals = {"POST": [429], "PATCH": [503, 429]}

    async def refuse(route: Route) -> None:
        left = refusals.get(route.request.method)
        await (route.fulfill(status=left.pop()) if left else route.continue_())

    await page.route("**/photos**", refuse)
    await page.set_input_files("#photo", tmp_path / "photo.heic")
    await expect(page.locator("[data-progress]")).to_contain_text("is stored", timeout=60_000)
    await page.click("button[type=submit]")
    await page.wait_for_selector(".code")
    assert sent.count("PATCH") == 3
    assert "could not be taken in" not in await page.locator("main").inner_text()
    assert len((await _sighting(deployment, server, alert))["photos"]) == 1
    await page.close()


async def test_words_do_not_wait_for_a_photo_that_is_refused_again_and_again(
    deployment: Deployment, browser: Browser, tmp_path: Path
) -> None:
    """Once the report is to be sent, what has no place at that moment is left out; whoever sends it reads so."""
    server, alert, site, code = await _site(deployment)
    page, sent = await _with_photo(browser, f"{site}/s/{code}/en", tmp_path / "photo.heic")
    await page.route("**/photos**", lambda route: route.fulfill(status=503))
    await page.set_input_files("#photo", tmp_path / "photo.heic")
    page.on("console", lambda one: sent.append(one.text) if one.text == "submitted" else None)
    await page.evaluate("document.forms[0].addEventListener('submit', () => console.log('submitted'), { once: true })")
    await page.click("button[type=submit]")
    await page.wait_for_selector(".code")
    assert len(sent[sent.index("submitted") :]) <= 2, "the pause ends with the report: what was under way is the last"
    assert "A photo could not be taken in" in await page.locator("main").inner_text()
    assert (await _sighting(deployment, server, alert))["photos"] == []
    await page.close()


async def test_a_page_of_another_site_has_its_visitors_report_nothing(deployment: Deployment, browser: Browser) -> None:
    """A form that sends itself is refused, and nothing of it is stored."""
    _, _, site, code = await _site(deployment)
    page = await browser.new_page()
    await page.route(
        "http://busy.example/",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f'<form method="post" action="{site}/s/{code}" enctype="multipart/form-data">'
            '<input name="language" value="en"><input name="what" value="nobody saw this"></form>'
            "<script>document.forms[0].submit()</script>",
        ),
    )
    async with page.expect_response(f"{site}/s/{code}") as answer:
        await page.goto("http://busy.example/")
    assert (await answer.value).status == 403
    assert not [one for one in (deployment.folder / "objects" / "inbox" / "reports").rglob("*") if one.is_file()]
