"""Operators read and decide what strangers saw: list, map, keys, decisions, and who was faster."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import expect

import sql.page_counts
from handlers.http.roles import Role
from runtime.page_codes import code_of
from sql.database import open_pool
from sql.page_counts import CountRow
from sql.police_events import LISTED_MAX
from tests.browser.desk import Desk
from tests.support.pictures import jpeg
from tests.support.processes.deployment import CASE
from tests.support.processes.processes import until
from tests.support.processes.public_site import public_env
from tests.support.public.police_endpoint import PoliceEndpoint
from tests.support.public.seen import TAKEN, seen
from tests.support.public.strangers import publish, receipt_of, site_for

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from tests.support.processes.deployment import Deployment

LONG_MS = 60_000
"""Far longer than anything here takes, also beside other work."""

NEAR = {"longitude": 114.0580, "latitude": 22.5432}
FAR = {"longitude": 114.5, "latitude": 23.0}
DONE = (("open", 250), ("share", 5), ("copy", 7))
"""What was counted of one view in four."""

REPORTS = (
    {"what": "far away, with a photo", **FAR, "photos": [TAKEN]},
    {"what": "the same photo again", "photos": [TAKEN]},
    {"what": "near the park", **NEAR, "seen_at": datetime.now(UTC) - timedelta(hours=2), "contact": "Wang"},
    {"what": "nobody knows where"},
)


async def _alert(desk: Desk) -> str:
    _, answer = await desk.deployment.file(desk.server)
    await desk.deployment.sent(desk.server, answer["alert"]["id"])
    return str(answer["alert"]["id"])


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
async def test_the_list_is_newest_or_nearest_first_and_the_map_has_what_it_has(desk: Desk, locale: str) -> None:
    """Duplicates are stacked; each row with a place is a point of the map; photos alone, on demand."""
    alert = await _alert(desk)
    await seen(desk.deployment, alert, *REPORTS)
    page = await desk.signed_in(Role.OPERATOR, "Anna", locale=locale)
    await page.click("nav a[href='/console/sightings']")
    await page.click(f"a[href='/console/alerts/{alert}/sightings']")
    rows = page.locator("table.sighted tbody tr")
    said = page.locator("table.sighted .text")
    assert await said.all_inner_texts() == ["nobody knows where", "near the park", "far away, with a photo"]
    await expect(rows.nth(2)).to_contain_text("2" if locale == "en" else "2条")
    await expect(page.locator("area-map path.drawn-point")).to_have_count(2)
    labels = [await row.get_attribute("data-label") for row in await page.locator("tr[data-point]").all()]
    assert await page.locator("area-map .map-label", has_text=re.compile(r"^\d+$")).all_inner_texts() == labels
    await page.click("a[href*='order=nearest']")
    assert await said.all_inner_texts() == ["near the park", "far away, with a photo", "nobody knows where"]
    await expect(rows.first).to_contain_text("0.0 km")
    await page.click("a[href*='photos=true']")
    assert await said.all_inner_texts() == ["far away, with a photo"]


async def test_a_report_from_the_page_comes_into_the_open_list_with_its_photo(
    deployment: Deployment, browser: Browser
) -> None:
    """Without loading again; the copy is shown, with the place of its camera and how far it is from the last place."""
    await deployment.provider()
    desk = Desk(deployment, await deployment.server(**public_env(deployment)), browser)
    alert = await _alert(desk)
    code, site = await publish(deployment, alert), await site_for(deployment)
    page = await desk.signed_in(Role.OPERATOR, "Anna")
    await page.goto(f"{desk.server.url}/console/alerts/{alert}/sightings")
    await expect(page.locator("html")).to_have_attribute("data-link", "live", timeout=LONG_MS)
    await page.evaluate("window.stayed = true")
    count = page.locator("[data-count=sightings]")
    await expect(count).to_have_text("")
    await receipt_of(site.url, code, "on the platform", photos=[jpeg()])
    await expect(count).to_have_text("1", timeout=LONG_MS)
    await expect(page.locator("table.sighted .text")).to_have_text("on the platform", timeout=LONG_MS)
    assert await page.evaluate("window.stayed") is True
    await page.click("[data-move]")
    picture = page.locator("figure.seen-photo img")
    await picture.scroll_into_view_if_needed()
    await expect(picture).to_have_js_property("complete", value=True)
    assert await picture.evaluate("(one) => one.naturalWidth") > 0
    await expect(page.locator("tr[data-point='photo-1'] td.number")).to_contain_text("km")
    await expect(count).to_have_text("1")
    await page.click("form[data-decision=pass_on] button")
    await page.wait_for_url("**done=pass_on")
    await expect(count).to_have_text("", timeout=LONG_MS)
    await desk.close()


async def test_keys_move_and_decide_nothing(desk: Desk) -> None:
    """`j` and `k` go through the list and from one sighting to the next; no single key changes anything."""
    alert = await _alert(desk)
    await seen(desk.deployment, alert, *REPORTS)
    page = await desk.signed_in(Role.OPERATOR, "Anna")
    await expect(page.locator("html")).to_have_attribute("data-link", "live")
    await page.keyboard.press("g")
    await page.keyboard.press("s")
    await page.wait_for_url("**/console/sightings")
    await page.goto(f"{desk.server.url}/console/alerts/{alert}/sightings")
    await expect(page.locator("html")).to_have_attribute("data-link", "live")
    for key, number in (("j", "1"), ("j", "2"), ("k", "1"), ("k", "1"), ("j", "2")):
        await page.keyboard.press(key)
        assert await page.evaluate("document.activeElement.textContent.trim()") == number
    await page.keyboard.press("Enter")
    await expect(page.locator(".said")).to_have_text("near the park")
    await expect(page.locator("html")).to_have_attribute("data-link", "live")
    await page.keyboard.press("j")
    await expect(page.locator(".said")).to_have_text("far away, with a photo")
    await expect(page.locator("html")).to_have_attribute("data-link", "live")
    await page.keyboard.press("k")
    await expect(page.locator(".said")).to_have_text("near the park")
    for key in "abcdefhilmnopqrstuvwxyz0123456789":
        await page.keyboard.press(key)
    assert await desk.deployment.query("select distinct state from sighting") == [("new",)]


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
async def test_what_is_nearly_the_same_stays_the_list_that_was_asked_for(desk: Desk, locale: str) -> None:
    """As many as the link says, whatever was decided of them, also once the open page has asked by itself."""
    alert = await _alert(desk)
    photo, again, *_ = await seen(desk.deployment, alert, *REPORTS)
    decided = "update sighting set state = 'duplicate', decided_by = 'operator Bo', decided_at = now() where id = $1"
    await desk.deployment.query(decided, UUID(again))
    page = await desk.signed_in(Role.OPERATOR, "Anna", locale=locale)
    await page.goto(f"{desk.server.url}/console/alerts/{alert}/sightings/{photo}")
    link = page.locator("p.decided a", has_text="2")
    async with page.expect_response("**/part/sightings*") as refreshed:
        await link.click()
    assert (await refreshed.value).status == 200
    rows = page.locator("table.sighted tbody tr")
    await page.wait_for_function("document.querySelector('html').dataset.link === 'live'")
    await expect(rows).to_have_count(2)
    await seen(desk.deployment, alert, {"what": "somewhere else"})
    async with page.expect_response("**/part/sightings*"):
        await page.evaluate("document.querySelector('live-region').refresh()")
    await expect(rows).to_have_count(2)
    await expect(page.locator("[data-like]")).to_be_visible()
    assert await page.locator("nav.rooms").count() == 0, "states do not part it"


async def test_an_open_list_leaves_one_reading_in_the_trail_and_one_more_when_it_shows_more(desk: Desk) -> None:
    """However often the page asks by itself; what is new in it is recorded, too, and other readers apart."""
    alert = await _alert(desk)
    await seen(desk.deployment, alert, {"what": "near the park"})
    readings = (
        "select content::json->'event'->>'actor' from audit_event where content::json->'event'->>'action' = 'read' "
        'and content like \'%"what":"sightings"%\' order by seq'
    )
    anna, bo = [await desk.signed_in(Role.OPERATOR, name) for name in ("Anna", "Bo")]

    async def refresh(page: Page) -> str:
        async with page.expect_response("**/part/sightings*") as answered:
            await page.evaluate("document.querySelector('live-region').refresh()")
        return await (await answered.value).text()

    await anna.goto(f"{desk.server.url}/console/alerts/{alert}/sightings")
    for _ in range(3):
        await refresh(anna)
    assert await desk.deployment.query(readings) == [("operator Anna",)]
    await seen(desk.deployment, alert, {"what": "at the station"})
    for _ in range(2):
        assert "at the station" in await refresh(anna)
    assert await desk.deployment.query(readings) == [("operator Anna",)] * 2
    await bo.goto(f"{desk.server.url}/console/alerts/{alert}/sightings")
    await refresh(bo)
    await anna.reload()
    assert await desk.deployment.query(readings) == [(f"operator {name}",) for name in ("Anna", "Anna", "Bo", "Anna")]


@pytest.mark.parametrize(("locale", "javascript"), [("en", True), ("zh-CN", False)])
async def test_each_decision_leads_to_the_next_sighting_and_stands_in_the_trail(
    desk: Desk, locale: str, *, javascript: bool
) -> None:
    """Passed on with what is nearly the same, a duplicate, dismissed with a reason; that nothing was sent is said."""
    alert = await _alert(desk)
    photo, _, near, _ = await seen(desk.deployment, alert, *REPORTS)
    page = await desk.signed_in(Role.OPERATOR, "Anna", locale=locale, javascript=javascript)
    await page.goto(f"{desk.server.url}/console/alerts/{alert}/sightings/{photo}")
    figure = page.locator("figure.seen-photo figcaption")
    await expect(figure).to_contain_text("22.55000, 114.07000")
    await expect(page.locator("tr[data-point='photo-1'] td.number")).to_contain_text("km")
    by_hand, only_marked = (
        ("Nothing is sent by itself: sz has no address", "nothing was sent: sz has no address")
        if locale == "en"
        else ("系统不会自动发送：sz 没有接收地址", "没有发送任何内容：sz 没有接收地址")
    )
    await expect(page.locator("form[data-decision=pass_on]")).to_contain_text(by_hand)
    await page.check("form[data-decision=pass_on] input[name=with_stack]")
    await page.click("form[data-decision=pass_on] button")
    await page.wait_for_url("**?order=newest&done=pass_on")
    await expect(page.locator("p.done")).to_contain_text(only_marked)
    assert await desk.deployment.query("select count(*) from police_event") == [(0,)]
    await expect(page.locator(".said")).to_have_text("near the park")
    await page.select_option("#duplicate_of", photo)
    await page.click("form[data-decision=duplicate] button")
    await page.wait_for_url("**done=duplicate")
    await expect(page.locator(".said")).to_have_text("nobody knows where")
    await page.fill("#reason", "no place, no time")
    await page.click("form[data-decision=dismiss] button")
    await page.wait_for_url(f"**/alerts/{alert}/sightings?order=newest&done=dismiss")
    await expect(page.locator("main .empty")).to_be_visible()
    states = await desk.deployment.query("select state, duplicate_of is not null from sighting order by received_at")
    assert states == [("passed", False), ("duplicate", True), ("duplicate", True), ("dismissed", False)]
    await page.goto(f"{desk.server.url}/console/alerts/{alert}/trail")
    words = await page.locator("table.events").inner_text()
    for said in (
        ("passed a sighting on", "dismissed a sighting") if locale == "en" else ("将线索转交警方", "对线索不予采用")
    ):
        assert said in words
    assert "near the park" not in words
    for name in ("approvals", "needed", "state", "sighting", "after", "what", "revision"):
        assert locale == "en" or f"{name}: " not in words, name
    await page.goto(f"{desk.server.url}/console/alerts/{alert}/sightings/{near}")
    await expect(page.locator(".decided")).to_contain_text("operator Anna" if locale == "en" else "操作员 Anna")
    assert await page.locator("form[data-decision]").count() == 0, "what is decided is decided"


async def test_whoever_comes_late_is_told_who_decided_what(desk: Desk) -> None:
    """Two have the same sighting open: the second decision is a conflict that names the first, and changes nothing."""
    alert = await _alert(desk)
    [sighting] = await seen(desk.deployment, alert, {"what": "near the park", **NEAR})
    address = f"{desk.server.url}/console/alerts/{alert}/sightings/{sighting}"
    anna, bo = [await desk.signed_in(Role.OPERATOR, name) for name in ("Anna", "Bo")]
    for page in (anna, bo):
        await page.goto(address)
    await anna.click("form[data-decision=pass_on] button")
    await anna.wait_for_url("**done=pass_on")
    await bo.fill("#reason", "looks made up")
    async with bo.expect_response("**/decision") as answered:
        await bo.click("form[data-decision=dismiss] button")
    assert (await answered.value).status == 409
    await expect(bo.locator("main [role=alert]")).to_contain_text("somebody was faster")
    await expect(bo.locator(".decided")).to_contain_text("operator Anna")
    await expect(bo.locator(".decided")).to_have_attribute("data-state", "passed")
    assert await desk.deployment.query("select state, decided_by from sighting") == [("passed", "operator Anna")]


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
async def test_who_ends_an_alert_is_told_how_many_sightings_nobody_has_decided(desk: Desk, locale: str) -> None:
    """Both pages that end it count them and lead to them; nothing stands there once all are decided."""
    alert = await _alert(desk)
    [sighting, _] = await seen(desk.deployment, alert, {"what": "near the park", **NEAR}, {"what": "far away", **FAR})
    page = await desk.signed_in(Role.OPERATOR, "Anna", locale=locale, javascript=False)
    for ending in ("found", "cancel"):
        await page.goto(f"{desk.server.url}/console/alerts/{alert}/{ending}")
        await expect(page.locator("[data-unread='2']")).to_contain_text("2")
        await expect(page.locator(f"[data-unread] a[href='/console/alerts/{alert}/sightings']")).to_be_visible()
    await desk.deployment.query(
        "update sighting set state = 'dismissed', decided_by = 'operator Bo', decided_at = now()"
    )
    await page.goto(f"{desk.server.url}/console/alerts/{alert}/found")
    assert await page.locator("[data-unread]").count() == 0, sighting


async def test_the_clock_of_the_header_is_in_the_zone_of_the_pages(desk: Desk) -> None:
    """With the name that stands beside every other time, with and without JavaScript."""
    for javascript in (True, False):
        page = await desk.signed_in(Role.OPERATOR, "Anna" if javascript else "Bo", javascript=javascript)
        clock = page.locator("time.clock")
        shown, at = await clock.inner_text(), await clock.get_attribute("datetime")
        local = datetime.fromisoformat(str(at)).astimezone(ZoneInfo("Asia/Shanghai"))
        assert shown.endswith(f" {local:%Z}"), shown
        assert shown[:2] in {f"{local:%H}", f"{local + timedelta(minutes=1):%H}"}, (shown, at)


async def test_a_dismissal_without_a_reason_is_refused_and_keeps_what_was_typed(desk: Desk) -> None:
    """The field is named; a blank reason is none."""
    alert = await _alert(desk)
    [sighting] = await seen(desk.deployment, alert, {"what": "near the park"})
    page = await desk.signed_in(Role.OPERATOR, "Anna", javascript=False)
    await page.goto(f"{desk.server.url}/console/alerts/{alert}/sightings/{sighting}")
    await page.fill("#reason", "   ")
    await page.click("form[data-decision=dismiss] button")
    await expect(page.locator("main [role=alert]")).to_be_visible()
    assert await desk.deployment.query("select state from sighting") == [("new",)]


async def test_who_only_looks_and_who_is_of_another_authority_see_no_sighting(desk: Desk) -> None:
    """Neither the way there, nor any page of it; `tests/integration/test_sightings_scope.py` has every route."""
    alert = await _alert(desk)
    [sighting] = await seen(desk.deployment, alert, {"what": "near the park"})
    await desk.deployment.run("authority", "add", "gz", "--name", "Guangzhou")
    paths = [
        f"/console/alerts/{alert}/sightings",
        f"/console/alerts/{alert}/sightings/{sighting}",
        "/console/sightings",
    ]
    viewer = await desk.signed_in(Role.VIEWER, "Cai")
    assert await viewer.locator("a[href*=sightings]").count() == 0
    officer = await desk.signed_in(Role.OPERATOR, "Du", authority="gz")
    for page, statuses in ((viewer, [403, 403, 403]), (officer, [404, 404, 200])):
        for path, status in zip(paths, statuses, strict=True):
            answer = await page.goto(f"{desk.server.url}{path}")
            assert answer is not None
            assert answer.status == status, path
            assert "near the park" not in await page.content()
            assert alert not in await page.locator("main").inner_html(), path
            assert CASE["case_number"] not in await page.content(), path


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
async def test_the_alerts_page_shows_what_came_of_it_by_itself(
    deployment: Deployment, browser: Browser, locale: str
) -> None:
    """From who opened its page to the child that was found: counts come in while the page is open, with an interval."""
    await deployment.provider()
    await deployment.people(300)
    desk = Desk(deployment, await deployment.server(**public_env(deployment)), browser)
    alert = await _alert(desk)
    await deployment.query("update page set first_made_at = coalesce(first_made_at, now()), sample = 4")
    page = await desk.signed_in(Role.OPERATOR, "Anna", locale=locale)
    await page.goto(f"{desk.server.url}/console/alerts/{alert}")
    await expect(page.locator("[data-page-step=opened] td").first).to_have_text("0")
    pool = await open_pool(deployment.database_url)
    rows = [CountRow(uuid4(), code_of(UUID(alert)), datetime.now(UTC), "push", kind, count) for kind, count in DONE]
    await sql.page_counts.take(pool, [row.object_id for row in rows], rows)
    await pool.close()
    await seen(desk.deployment, alert, {"what": "near the park", **NEAR})
    opened = page.locator("[data-page-step=opened] td")
    await expect(opened.first).to_have_text("1,000", timeout=LONG_MS)
    low, high = (await opened.nth(1).inner_text()).split("–")
    assert int(low) < 1000 < int(high.replace(",", ""))
    await expect(page.locator("[data-page-step=push] td").first).to_have_text("1,000")
    await expect(page.locator("[data-page-step=shared] td").first).to_have_text("48")
    await expect(page.locator("[data-page-step=reported] td").first).to_have_text("1", timeout=LONG_MS)
    found = {"reason": "at home", "case_number": CASE["case_number"], "through_alert": True}
    assert (await deployment.post(f"{desk.server.url}/v1/alerts/{alert}/found", found))[0] == 200
    yes = "yes" if locale == "en" else "是"
    await expect(page.locator("[data-page-step=helped] td")).to_have_text(yes, timeout=LONG_MS)
    await expect(page.locator("[data-page-step=found] td")).to_have_text(yes)
    await desk.close()


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
async def test_what_the_police_did_not_take_is_shown_and_sent_again(
    deployment: Deployment, browser: Browser, locale: str
) -> None:
    """Dead letters have a form; who presses it stands in the trail, and the page shows that it is taken then."""
    async with PoliceEndpoint() as endpoint:
        await deployment.provider()
        desk = Desk(deployment, await deployment.server(**public_env(deployment)), browser)
        await deployment.run("authority", "endpoint", "sz", "--url", endpoint.url, "--passes-on", "operator")
        alert = await _alert(desk)
        [sighting] = await seen(deployment, alert, {"what": "near the park", **NEAR})
        page = await desk.signed_in(Role.OPERATOR, "Anna", locale=locale)
        endpoint.status = 500
        address = f"{desk.server.url}/console/alerts/{alert}/sightings/{sighting}"
        await page.goto(address)
        goes, went = (
            ("It goes to the police", "Passed on to the police.") if locale == "en" else ("转交警方", "已转交警方。")
        )
        await expect(page.locator("form[data-decision=pass_on] [data-endpoint=yes]")).to_contain_text(goes)
        await page.click("form[data-decision=pass_on] button")
        await page.wait_for_url("**done=pass_on")
        await expect(page.locator("p.done")).to_contain_text(went)

        async def failed() -> bool:
            rows = await deployment.query("select attempts from police_event where sighting_id is not null")
            return bool(rows and rows[0][0])

        await until(failed)
        await page.goto(address)
        await expect(page.locator(".delivery")).to_have_attribute("data-state", "waits")
        await deployment.query("update police_event set dead_at = now() where sighting_id is not null")
        await page.click(".delivery a")
        row = page.locator("tr[data-event]", has=page.locator(f"a[href*='{sighting}']"))
        await expect(row).to_have_attribute("data-state", "dead", timeout=LONG_MS)
        await expect(row).to_contain_text("HTTP 500")
        endpoint.status = 204
        await row.locator("button").click()
        await page.wait_for_url("**/police?done=again")
        await expect(row).to_have_attribute("data-state", "taken", timeout=LONG_MS)
        await page.goto(f"{desk.server.url}/console/alerts/{alert}/police")
        assert await page.locator("tr[data-event] button").count() == 0
        actors = await deployment.query(
            "select content from audit_event where content like '%police event sent again%'"
        )
        assert ["operator Anna" in one for (one,) in actors] == [True]
        await desk.close()


async def test_who_countersigned_reads_what_the_police_were_told_and_sends_nothing_again(
    deployment: Deployment, browser: Browser
) -> None:
    """As by the API: an officer acts for the own authority. Events of other alerts push none of this one out."""
    await deployment.provider()
    desk = Desk(deployment, await deployment.server(**public_env(deployment)), browser)
    url = "http://127.0.0.1:9/"
    await deployment.run("authority", "endpoint", "sz", "--url", url, "--passes-on", "operator")
    await deployment.run("authority", "add", "gz", "--name", "Guangzhou")
    alert = await _alert(desk)
    await deployment.query(
        "insert into case_authority (case_id, authority_id, countersigned_at) select case_id, 'gz', now() from alert"
    )
    _, other = await deployment.file(desk.server, case_number="2026-2")
    add = (
        "insert into police_event (id, authority_id, alert_id, event, alert_state, created_at, try_at, dead_at) "
        "select gen_random_uuid(), 'sz', $1, 'alert.sent', 'sent', now() + $3 * interval '1 hour', now(), now() "
        "from generate_series(1, $2)"
    )
    await deployment.query("delete from police_event")
    await deployment.query(add, UUID(alert), 1, 0)
    await deployment.query(add, UUID(other["alert"]["id"]), LISTED_MAX + 1, 1)
    address = f"{desk.server.url}/console/alerts/{alert}/police"
    event = str((await deployment.query("select id from police_event where alert_id = $1", UUID(alert)))[0][0])
    officer = await desk.signed_in(Role.OPERATOR, "Du", authority="gz")
    await officer.goto(address)
    await expect(officer.locator(f"tr[data-event='{event}'][data-state=dead]")).to_be_visible()
    await expect(officer.locator("tr[data-event] button")).to_have_count(0)
    sent = await officer.evaluate(
        "async (event) => (await fetch('', {method: 'POST', body: new URLSearchParams({event})})).status", event
    )
    assert sent == 403
    dead = "select count(*) from police_event where alert_id = $1 and dead_at is not null"
    assert await deployment.query(dead, UUID(alert)) == [(1,)]
    own = await desk.signed_in(Role.OPERATOR, "Anna", authority="sz")
    await own.goto(address)
    await own.click(f"tr[data-event='{event}'] button")
    await own.wait_for_url("**/police?done=again")
    assert await deployment.query(dead, UUID(alert)) == [(0,)]
    await desk.close()


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
async def test_the_numbers_of_all_alerts_have_found_and_found_through_the_alert_apart(desk: Desk, locale: str) -> None:
    """Whoever looks sees what is published with what it means, and how alerts ended beside it."""
    alert = await _alert(desk)
    found = {"reason": "at home", "case_number": CASE["case_number"], "through_alert": False, "outcome": "safe"}
    assert (await desk.deployment.post(f"{desk.server.url}/v1/alerts/{alert}/found", found))[0] == 200
    page = await desk.signed_in(Role.VIEWER, "Cai", locale=locale, javascript=False)
    await page.click("a[href='/console/statistics']")
    shown = {
        name: await page.locator(f"[data-number={name}] td.number").inner_text()
        for name in ("alerts", "found", "found_through_alert", "found_unknown_how", "ended", "recovered")
    }
    assert shown == {
        "alerts": "1",
        "found": "1",
        "found_through_alert": "0",
        "found_unknown_how": "0",
        "ended": "1",
        "recovered": "1",
    }
