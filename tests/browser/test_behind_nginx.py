"""The shipped configuration of nginx, with a real nginx: what the API, the feed and the console are like behind it."""

from __future__ import annotations

import ssl
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING

import aiohttp
import msgspec

from handlers.http.roles import Role
from server.administration.file_case import send_case
from tests.browser.desk import Desk
from tests.integration.test_tls import issued, written
from tests.support.processes.deployment import CASE
from tests.support.processes.nginx import nginx

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from tests.support.processes.deployment import Deployment

BODY_MAX = 4 * 1024 * 1024


async def test_the_api_the_feed_and_the_console_work_behind_the_shipped_nginx(
    deployment: Deployment, browser: Browser
) -> None:
    """A case is filed, its progress comes over the feed, large bodies and metrics are refused, and people sign in.

    The console's cookie is one that browsers keep to HTTPS; its forms are of its own origin on any port; it is live.
    """
    await deployment.provider()
    await deployment.people(500)
    server = await deployment.server(QQ_ALERT_CONSOLE__ENCRYPTED="true", QQ_ALERT_LIMITS__PER_ADDRESS="false")
    certificate, key = written(deployment.folder, "nginx", issued("alerts.example"))
    trusting = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=str(certificate)))
    headers = {"Authorization": f"Bearer {deployment.token}"}
    async with (
        nginx(deployment.folder, server.url, certificate, key) as url,
        aiohttp.ClientSession(url, connector=trusting, headers=headers) as session,
    ):
        async with session.get("/health") as health:
            assert (health.status, health.headers["Strict-Transport-Security"]) == (200, "max-age=31536000")
        async with session.get("/metrics") as metrics:
            assert metrics.status == HTTPStatus.NOT_FOUND
        async with session.post("/v1/devices", data=BytesIO(b" " * (BODY_MAX + 1))) as large:
            assert large.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        async with session.ws_connect("/v1/feed") as feed:
            status, answer = await send_case(server.url, "sz", deployment.secret, msgspec.json.encode(CASE))
            assert status == HTTPStatus.ACCEPTED
            alert = msgspec.json.decode(answer)["alert"]["id"]
            async for message in feed:
                event = message.json()
                if any(one.get("alert") == alert for one in event.get("alerts", [event])):
                    break
            assert not feed.closed, "the feed ended before the alert was in it"
        desk = Desk(deployment, server, browser)
        page = await desk.page(trusts_any=True)
        await page.goto(f"{url}/console")
        await page.fill("#token", await desk.token(Role.OPERATOR, "Anna"))
        await page.click("main button.primary")
        await page.wait_for_selector("header .who")
        [cookie] = await page.context.cookies()
        assert (cookie.get("name"), cookie.get("secure")) == ("__Host-qq-alert", True)
        await page.wait_for_selector('html[data-link="live"]')
        await page.click("header form button")
        await page.wait_for_selector("#token")
        await desk.close()
