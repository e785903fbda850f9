"""Reports through proxies: nginx with the shipped file, a CDN before it, Docker's gateway, and one nobody named."""

from __future__ import annotations

import re
import ssl
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp

from handlers.public.serving.sightings.limits.places import LARGE_OF_BLOCK, LARGE_OPEN
from public.sightings.intake.address_blocks import client_of, read_networks
from server.settings import load
from tests.integration.test_tls import issued, written
from tests.support.processes.nginx import SHIPPED_PUBLIC, nginx
from tests.support.processes.processes import ROOT
from tests.support.processes.public_site import public_env
from tests.support.public.slow_bodies import slow_bodies
from tests.support.public.strangers import publish, receipt_of, reported, site_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.processes.deployment import Deployment

CDN = {
    "#set_real_ip_from 192.0.2.0/24;": "set_real_ip_from 127.0.0.0/8;",
    "#real_ip_header X-Forwarded-For;": "real_ip_header X-Forwarded-For;",
    "#real_ip_recursive on;": "real_ip_recursive on;",
}
"""What the shipped file says to change behind a CDN; here it is the test that comes from its network."""

PHOTOS_OF_A_TOWN = 100
LARGE = 50_000_000


async def _page(deployment: Deployment) -> str:
    """Return the code of a page."""
    await deployment.provider()
    server = await deployment.server(**public_env(deployment))
    _, answer = await deployment.file(server)
    return await publish(deployment, answer["alert"]["id"])


@asynccontextmanager
async def _behind_nginx(
    deployment: Deployment, site: str, changes: dict[str, str] | None = None
) -> AsyncIterator[aiohttp.ClientSession]:
    certificate, key = written(deployment.folder, "nginx", issued("alerts.example"))
    cache = {"/var/cache/nginx/qq-alert": str(deployment.folder / "cache"), **(changes or {})}
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=str(certificate)))
    async with (
        nginx(deployment.folder, site, certificate, key, shipped=SHIPPED_PUBLIC, changes=cache) as url,
        aiohttp.ClientSession(url, connector=connector) as session,
    ):
        yield session


async def _report(session: aiohttp.ClientSession, code: str, what: str, client: str) -> tuple[int, str]:
    """Report through nginx, after a CDN that names a client; returns the status and who answered it."""
    form = aiohttp.FormData(default_to_multipart=True)
    form.add_field("what", what)
    headers = {"Accept": "application/json", "X-Forwarded-For": client}
    async with session.post(f"/s/{code}", data=form, headers=headers) as answer:
        return answer.status, "serve-public" if answer.content_type == "application/json" else "nginx"


async def test_behind_a_cdn_each_town_has_limits_of_its_own(deployment: Deployment) -> None:
    """Those of who reports, whom the CDN names; not those of the CDN's edge, which all share."""
    code = await _page(deployment)
    site = await site_for(deployment, QQ_ALERT_PUBLIC__SIGHTINGS__BLOCK_PER_H="1")
    async with _behind_nginx(deployment, site.url, CDN) as session:
        assert await _report(session, code, "first", "203.0.113.7") == (200, "serve-public")
        assert await _report(session, code, "from elsewhere", "198.51.100.1, 127.0.0.9") == (200, "serve-public")
        assert await _report(session, code, "second", "192.0.2.1, 203.0.113.9") == (429, "serve-public")


async def test_without_a_cdn_nobody_chooses_an_address(deployment: Deployment) -> None:
    """As shipped, what a client says of its address is not believed."""
    code = await _page(deployment)
    site = await site_for(deployment, QQ_ALERT_PUBLIC__SIGHTINGS__BLOCK_PER_H="1")
    async with _behind_nginx(deployment, site.url) as session:
        assert await _report(session, code, "first", "203.0.113.7") == (200, "serve-public")
        assert await _report(session, code, "second", "198.51.100.1") == (429, "serve-public")


async def test_a_town_behind_one_address_sends_its_photos(deployment: Deployment) -> None:
    """Nginx counts reports, and not each piece of their photos and each look at the form, as reports."""
    code = await _page(deployment)
    site = await site_for(deployment, QQ_ALERT_PUBLIC__SIGHTINGS__BLOCK_PER_H="1000")
    statuses: list[int] = []
    async with _behind_nginx(deployment, site.url) as session:
        for _ in range(PHOTOS_OF_A_TOWN):
            async with session.post(f"/s/{code}/photos", headers={"Upload-Length": "1000"}) as answer:
                statuses.append(answer.status)
        assert statuses == [201] * PHOTOS_OF_A_TOWN
        answers = [await _report(session, code, f"report {number}", "") for number in range(PHOTOS_OF_A_TOWN)]
    assert set(answers) == {(200, "serve-public"), (429, "nginx")}, "a flood of reports is nginx's to refuse"


async def test_slow_senders_are_not_let_through_to_shut_others_out(deployment: Deployment) -> None:
    """Nginx passes bodies on as they come; eight hosts that fill the places of their blocks hold up nobody."""
    code = await _page(deployment)
    site = await site_for(deployment, QQ_ALERT_LIMITS__PER_ADDRESS="false")
    hosts = [f"203.0.{number}.1" for number in range(LARGE_OPEN // LARGE_OF_BLOCK) for _ in range(LARGE_OF_BLOCK)]
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with _behind_nginx(deployment, site.url, CDN) as session:
        url = urlsplit(str(session._base_url))  # noqa: SLF001 - where nginx listens
        assert url.hostname is not None
        assert url.port is not None
        async with slow_bodies((url.hostname, url.port), f"/s/{code}", LARGE, hosts, context) as slow:
            assert await _report(session, code, "seen", "192.0.2.1") == (200, "serve-public")
            assert sum(slow.statuses.values()) < len(hosts), "they still hold their places"


def test_compose_trusts_the_gateway_from_which_nginx_comes() -> None:
    """Each network of Docker has its gateway in its subnet; the subnet is a fixed one, and the one in the settings."""
    compose = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    [subnet] = re.findall(r'subnet: "\$\{PUBLIC_SUBNET:-([0-9./]+)\}"', compose)
    [trusted] = re.findall(r"QQ_ALERT_PUBLIC__SIGHTINGS__TRUSTED_PROXIES: '(.*)'", compose)
    named = trusted.replace(f"${{PUBLIC_SUBNET:-{subnet}}}", subnet)
    settings = load(None, {"QQ_ALERT_PUBLIC__SIGHTINGS__TRUSTED_PROXIES": named})
    gateway = str(next(ip_network(subnet).hosts()))
    networks = read_networks(settings.public.sightings.trusted_proxies)
    assert client_of(gateway, ["203.0.113.7"], networks) == "203.0.113.7"


async def test_a_proxy_that_nobody_named_is_said_once(deployment: Deployment) -> None:
    """All that comes through it is of one block, and the log says which setting is missing: nothing of who reports."""
    code = await _page(deployment)
    proxies = {"QQ_ALERT_PUBLIC__SIGHTINGS__TRUSTED_PROXIES": '["192.0.2.0/24"]'}
    site = await site_for(deployment, QQ_ALERT_PUBLIC__SIGHTINGS__BLOCK_PER_H="2", **proxies)
    for number in range(2):
        await receipt_of(site.url, code, f"seen {number}", address=f"203.0.{number}.1")
    async with reported(site.url, code, {"what": "more"}, address="198.51.100.1") as answer:
        assert answer.status == 429
    log = (deployment.folder / "serve-public.log").read_text(encoding="utf-8")
    [line] = [one for one in log.splitlines() if "sightings.proxy_not_trusted" in one]
    assert "public.sightings.trusted_proxies" in line
    assert not [one for one in ("127.0.0.1", "203.0", "198.51") if one in line]
