"""People watch an alert at the console: its map, its matrix, its rates, its trail, and what happens without a feed."""

from __future__ import annotations

import re
import signal
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from handlers.console.pages.overview import ALERTS_MAX
from handlers.http.roles import Role
from tests.browser.cutting_proxy import CuttingProxy
from tests.support.processes.deployment import SHENZHEN
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Page

    from sql.database import Pool
    from tests.browser.desk import Desk

LONG_MS = 60_000
"""Far longer than anything here takes, also beside other work."""


async def _watched(desk: Desk, locale: str = "en", role: Role = Role.OPERATOR) -> tuple[Page, dict[str, Any]]:
    """File a case, and return the page of its alert once it is sent."""
    _, answer = await desk.deployment.file(desk.server)
    alert = answer["alert"]
    page = await desk.signed_in(role, "Anna", locale=locale)
    await page.goto(f"{desk.server.url}/console/alerts/{alert['id']}")
    await expect(page.locator(".state-sent")).to_be_visible(timeout=LONG_MS)
    return page, alert


async def test_the_map_fills_ring_by_ring_and_its_table_agrees(desk: Desk) -> None:
    """Every ring is drawn, filled as far as the table says, and labelled with it; all are through when it is sent."""
    page, alert = await _watched(desk, "zh-CN")
    await expect(page.locator("area-map path.drawn-ring")).to_have_count(len(alert["rings"]))
    for row in await page.locator("area-map tr[data-shape]").all():
        await expect(row.locator('[data-figure="share"]')).to_have_text("100 %", timeout=LONG_MS)
        await expect(row.locator("[data-phase=through]")).to_have_text("已完成", timeout=LONG_MS)
        ring = await row.get_attribute("data-ring")
        path = page.locator(f'area-map path.drawn-ring[data-ring="{ring}"]')
        await expect(path).to_have_attribute("data-share", "100")
        assert float(await path.get_attribute("fill-opacity") or 0) > 0.4
        label = await row.get_attribute("data-label") or "?"
        await expect(page.locator(".map-label", has_text=label)).to_have_count(1)


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
async def test_all_of_the_matrix_is_seen_at_1280_pixels(desk: Desk, locale: str) -> None:
    """With millions in each ring of a lane, and estimates beside them."""
    page, alert = await _watched(desk, locale)
    await expect(page.locator("table.matrix thead th.number")).to_have_count(len(alert["rings"]) + 6)
    wide, place = await page.evaluate(
        """() => {
            const matrix = document.querySelector("table.matrix");
            const figures = matrix.querySelectorAll("[data-figure=accepted], [data-figure=failed]");
            for (const one of figures) one.textContent = "12,345,678";
            for (const cell of matrix.querySelectorAll("td[data-ring]")) {
                cell.querySelector("small")?.remove();
                cell.insertAdjacentHTML("beforeend", "<small>of about 12,345,678</small>");
            }
            return [matrix.parentElement.scrollWidth, matrix.parentElement.clientWidth];
        }"""
    )
    assert wide <= place


async def test_the_matrix_and_the_funnel_move_without_loading_the_page_again(desk: Desk) -> None:
    """A page that is open while an alert is sent ends at what was accepted, in the matrix and in the funnel."""
    await desk.deployment.run("authority", "review", "sz", "--policy", "approve")
    _, answer = await desk.deployment.file(desk.server)
    alert = answer["alert"]
    page = await desk.signed_in(Role.OPERATOR, "Anna")
    await page.goto(f"{desk.server.url}/console/alerts/{alert['id']}")
    await page.evaluate("window.stayed = true")
    await expect(page.locator("html")).to_have_attribute("data-link", "live", timeout=LONG_MS)
    approval = {"reason": "read", "case_number": alert["case_number"], "revision": alert["review"]["revision"]}
    status, _ = await desk.deployment.post(
        f"{desk.server.url}/v1/alerts/{alert['id']}/approval", approval, await desk.deployment.colleague()
    )
    assert status == 200
    progress = await desk.deployment.sent(desk.server, alert["id"])
    accepted = f"{progress['lanes']['tpns']['accepted']:,}"
    row = page.locator('tr[data-lane="tpns"]')
    await expect(row.locator(':scope > [data-figure="accepted"]')).to_have_text(accepted, timeout=LONG_MS)
    await expect(page.locator('[data-funnel] [data-step="accepted"]')).to_have_text(accepted, timeout=LONG_MS)
    assert await page.evaluate("window.stayed") is True


async def test_late_entrants_appear_on_the_page(desk: Desk) -> None:
    """Who comes into the area of a sent alert is counted on the open page, in the matrix and in the funnel."""
    page, _ = await _watched(desk)
    late = [90_000_001, 90_000_002, 90_000_003]
    reports = [
        {
            "user": user,
            "lane": "tpns",
            "longitude": SHENZHEN.longitude,
            "latitude": SHENZHEN.latitude,
            "at": datetime.now(UTC).isoformat(),
        }
        for user in late
    ]
    status, answer = await desk.deployment.post(f"{desk.server.url}/v1/devices", reports)
    assert (status, answer["accepted"]) == (200, len(late))
    row = page.locator('tr[data-lane="tpns"]')
    await expect(row.locator('[data-figure="entrants"]')).to_have_text(str(len(late)), timeout=LONG_MS)
    await expect(page.locator('[data-funnel] [data-step="entrants"]')).to_have_text(str(len(late)))


async def test_the_line_of_rates_has_the_points_of_its_table(desk: Desk) -> None:
    """As many points as the table has rates, and the mark of the thirty minutes beside them."""
    page, _ = await _watched(desk, "en")
    await expect(page.locator("rate-line path.rate")).to_have_count(1, timeout=LONG_MS)
    await page.locator("rate-line summary").click()
    points = await page.locator("rate-line path.rate").get_attribute("data-points")
    assert int(points or 0) == await page.locator("rate-line tr[data-rate]").count() > 0
    assert await page.locator("rate-line line.deadline").count() == 1


async def test_a_refused_websocket_is_replaced_by_polling_and_the_page_says_so(
    desk: Desk, free_port: int, tmp_path: Path
) -> None:
    """Behind a proxy that cuts WebSockets figures still move, and the page never says that it is live."""
    proxy = CuttingProxy(desk.server.url, free_port, tmp_path)
    await proxy.start()
    try:
        page = await desk.page()
        await page.goto(f"{proxy.url}/console")
        await page.fill("#token", await desk.token(Role.OPERATOR, "Anna"))
        await page.click("main button.primary")
        await page.wait_for_selector("header .who")
        await expect(page.locator("html")).to_have_attribute("data-link", "polling", timeout=LONG_MS)
        await expect(page.locator("[data-link-status]")).to_contain_text("refused")
        _, answer = await desk.deployment.file(desk.server)
        await expect(page.locator(f'.alert[data-alert="{answer["alert"]["id"]}"]')).to_be_visible(timeout=LONG_MS)
        await page.close()
        # The browser says each time that a WebSocket was refused: that, and nothing else.
        refusals = [one for one in desk.complaints if "WebSocket connection to" in one]
        assert refusals
        desk.complaints[:] = [one for one in desk.complaints if one not in refusals]
    finally:
        await proxy.close()


async def test_without_a_word_of_the_server_everything_is_grey_and_says_how_old_it_is(desk: Desk) -> None:
    """The page says it within its bound, with an age that grows; buttons say that what is shown is not of now."""
    page, _ = await _watched(desk, "zh-CN")
    await expect(page.locator("html")).to_have_attribute("data-link", "live", timeout=LONG_MS)
    desk.server.send_signal(signal.SIGSTOP)
    try:
        await expect(page.locator("html")).to_have_attribute("data-link", "lost", timeout=LONG_MS)
        status = page.locator("[data-link-status]")
        ages = [int(re.sub(r"\D", "", await status.inner_text()))]
        await expect(status).not_to_contain_text(f" {ages[0]} ", timeout=LONG_MS)
        ages.append(int(re.sub(r"\D", "", await status.inner_text())))
        assert 3 <= ages[0] < ages[1]
        assert "grayscale" in await page.locator("main").evaluate("main => getComputedStyle(main).filter")
        for button in await page.locator("stop-bar button, stop-bar a.button").all():
            assert await button.get_attribute("data-offline") is not None
            assert await button.get_attribute("title")
    finally:
        desk.server.send_signal(signal.SIGCONT)
    await expect(page.locator("html")).to_have_attribute("data-link", "live", timeout=LONG_MS)


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
async def test_somebody_sees_by_slider_whom_a_wider_radius_reaches_and_widens(desk: Desk, locale: str) -> None:
    """The slider is moved by keyboard, the estimate follows, the radius is the slider's, and the ring is added."""
    page, alert = await _watched(desk, locale)
    estimate = page.locator("live-region .figures dd").nth(1)
    before = await estimate.inner_text()
    await page.goto(f"{desk.server.url}/console/alerts/{alert['id']}/rings")
    slider = page.locator("#radius_slider")
    await slider.focus()
    for _ in range(3):
        await page.keyboard.press("PageUp")
    radius = await slider.input_value()
    assert float(radius) > alert["area"]["circle"]["radius_km"]
    assert await page.locator("#radius_km").input_value() == radius
    await until(lambda: _is_estimated(page))
    await expect(page.locator("[data-after]")).to_contain_text(f"{float(radius):g} km")
    await expect(page.locator("[data-after] .number")).to_contain_text("(")
    await page.locator("#reason").focus()
    await page.keyboard.type("seen on a train")
    await expect(page.locator("form[data-action=rings] button.primary")).to_be_disabled(timeout=LONG_MS)
    await expect(page.locator("button[formaction$='/estimate']")).to_be_enabled(timeout=LONG_MS)
    await page.fill("#case_number", alert["case_number"])
    await page.click("form[data-action=rings] button.primary")
    await page.wait_for_url("**done=rings")
    # Another count of the same people, which may have looked at fewer of them.
    await expect(estimate).to_contain_text("(", timeout=LONG_MS)
    await expect(estimate).not_to_have_text(before, timeout=LONG_MS)
    await expect(page.locator("area-map tr[data-shape]")).to_have_count(len(alert["rings"]) + 1, timeout=LONG_MS)
    await expect(page.locator("area-map path.drawn-ring")).to_have_count(len(alert["rings"]) + 1, timeout=LONG_MS)


async def _is_estimated(page: Page) -> bool:
    """Tell whether there is an estimate; what was not counted in time is asked for again, as people do."""
    if await page.locator("[data-after]").count():
        return True
    button = page.locator("button[formaction$='/estimate']")
    if await button.is_enabled():
        async with page.expect_response(lambda one: "estimate" in one.url):
            await button.click()
    return False


async def test_an_estimate_is_shown_without_javascript_and_changes_nothing(desk: Desk) -> None:
    """A button of the same form asks for it; what was typed is still there, and the alert is as it was."""
    _, answer = await desk.deployment.file(desk.server)
    alert = answer["alert"]
    page = await desk.signed_in(Role.OPERATOR, "Anna", javascript=False)
    await page.goto(f"{desk.server.url}/console/alerts/{alert['id']}/rings")
    await page.fill("#radius_km", "300")
    await page.fill("#reason", "half a text")
    await page.click("button[formaction$='/estimate']")
    await expect(page.locator("[data-after]")).to_contain_text("300 km")
    assert await page.locator("#reason").input_value() == "half a text"
    after = await desk.deployment.get(f"{desk.server.url}/v1/alerts/{alert['id']}")
    assert len(after["alert"]["rings"]) == len(alert["rings"])


@pytest.mark.parametrize(("locale", "javascript"), [("en", True), ("zh-CN", False)])
async def test_a_trail_is_verified_in_words_and_a_changed_event_is_said(
    desk: Desk, pool: Pool, locale: str, *, javascript: bool
) -> None:
    """The page says that nothing was changed; once an event was, behind the server's back, it says which one."""
    _, answer = await desk.deployment.file(desk.server)
    alert = answer["alert"]["id"]
    page = await desk.signed_in(Role.APPROVER, "Anna", locale=locale, javascript=javascript)
    await page.goto(f"{desk.server.url}/console/trail?case_number={answer['alert']['case_number']}")
    await page.click(".trails a")
    await expect(page.locator('.verified[data-intact="yes"]')).to_be_visible()
    seq = int(await page.locator("tr[data-seq]").first.get_attribute("data-seq") or 0)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("set local session_replication_role = replica")
        await connection.execute(
            "update audit_event set content = replace(content, 'SZ-2026', 'SZ-2025') where seq = $1", seq
        )
    await page.goto(f"{desk.server.url}/console/alerts/{alert}/trail")
    await expect(page.locator('.verified[data-intact="no"]')).to_contain_text(str(seq))
    assert await page.locator(".verified[data-intact='yes']").count() == 0


async def test_of_many_alerts_the_overview_shows_those_that_go_on_and_finds_the_others(desk: Desk, pool: Pool) -> None:
    """However many there are, a page has at most its bound of cards, live ones among them, and says that it is cut."""
    for number in range(3):
        await desk.deployment.file(desk.server, case_number=f"LIVE-{number}")
    await pool.execute(
        """with seed as (select * from alert limit 1), made as (
               insert into child_case overriding system value select (jsonb_populate_record(c, jsonb_build_object(
                   'id', c.id + 1000 + n, 'case_number', 'OLD-' || n))).*
               from child_case c, seed, generate_series(1, 120) n where c.id = seed.case_id returning id)
           insert into alert select (jsonb_populate_record(a, jsonb_build_object(
               'id', gen_random_uuid(), 'case_id', made.id, 'state', 'cancelled', 'ended_at', now()))).*
           from made, alert a where a.id = (select id from seed)"""
    )
    page = await desk.signed_in(Role.VIEWER, "Anna")
    await page.goto(f"{desk.server.url}/console")
    await expect(page.locator(".card.alert")).to_have_count(ALERTS_MAX)
    for number in range(3):
        await expect(page.locator(".card.alert", has_text=f"LIVE-{number}")).to_have_count(1)
    await expect(page.locator("[data-cut]")).to_be_visible()
    await page.fill("#case_number", "OLD-7")
    await page.click(".find button")
    await expect(page.locator(".card.alert")).to_have_count(1)


async def test_tiles_are_fetched_from_the_configured_server_alone_and_only_where_there_is_one(desk: Desk) -> None:
    """Without the setting a page may show pictures of its own server alone; with it, of that one server too."""
    page = await desk.signed_in(Role.VIEWER, "Anna")
    answer = await page.goto(f"{desk.server.url}/console")
    assert answer is not None
    assert "img-src 'self' data:;" in (await answer.all_headers())["content-security-policy"]
    other = await desk.deployment.server(
        QQ_ALERT_CONSOLE__TILES="https://tiles.example/{z}/{x}/{y}.png", QQ_ALERT_CONSOLE__TILES_ATTRIBUTION="Example"
    )
    page = await desk.page(javascript=False)
    answer = await page.goto(f"{other.url}/console/sign-in")
    assert answer is not None
    policy = (await answer.all_headers())["content-security-policy"]
    assert "img-src 'self' data: https://tiles.example;" in policy
