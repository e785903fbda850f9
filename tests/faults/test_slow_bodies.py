"""Strangers who hold a place by sending nothing: reports and photos from elsewhere are taken in all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest

from handlers.public.serving.sightings.limits.places import (
    LARGE_OF_BLOCK,
    LARGE_OPEN,
    SMALL_BYTES,
    SMALL_OF_BLOCK,
    SMALL_OPEN,
)
from tests.support.pictures import jpeg
from tests.support.processes.processes import until
from tests.support.processes.public_site import public_env
from tests.support.public.slow_bodies import slow_bodies
from tests.support.public.strangers import publish, receipt_of, reported, site_for

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

HONEST = "198.51.100.1"
LARGE = 50_000_000


async def _site(deployment: Deployment) -> tuple[Process, str]:
    """Return a serve-public as it is behind a proxy, and the code of a page."""
    await deployment.provider()
    server = await deployment.server(**public_env(deployment))
    _, answer = await deployment.file(server)
    code = await publish(deployment, answer["alert"]["id"])
    return await site_for(deployment, QQ_ALERT_LIMITS__PER_ADDRESS="false"), code


def _blocks(count: int, of_each: int) -> list[str]:
    return [f"100.{64 + block // 256}.{block % 256}.{host + 1}" for block in range(count) for host in range(of_each)]


async def _sends_photo(site: Process, code: str) -> bool:
    """Tell whether a photo is taken in that somebody from elsewhere sends."""
    photo = jpeg()
    headers = {"X-Forwarded-For": HONEST}
    async with aiohttp.ClientSession(site.url, headers=headers) as session:
        async with session.post(f"/s/{code}/photos", headers={"Upload-Length": str(len(photo))}) as answer:
            upload = (await answer.json())["upload"]
        async with session.patch(f"/s/{code}/photos/{upload}", data=photo, headers={"Upload-Offset": "0"}) as answer:
            return answer.status == 204


async def test_large_bodies_that_do_not_come_hold_up_no_report_and_no_photo(deployment: Deployment) -> None:
    """As many as there are places, each of another block: words have places of their own, and a photo takes one."""
    site, code = await _site(deployment)
    async with slow_bodies(site.address, f"/s/{code}", LARGE, _blocks(LARGE_OPEN + 16, 1)) as slow:
        await receipt_of(site.url, code, "seen at the station", address=HONEST)

        async def is_taken_in() -> bool:
            return await _sends_photo(site, code)

        await until(is_taken_in)
        assert slow.statuses[408] >= 1, "one of them lost its place"


async def test_small_bodies_that_do_not_come_hold_up_no_report(deployment: Deployment) -> None:
    """As many as there are places; who reports takes that of the slowest."""
    site, code = await _site(deployment)
    clients = _blocks(SMALL_OPEN // SMALL_OF_BLOCK + 1, SMALL_OF_BLOCK)
    async with slow_bodies(site.address, f"/s/{code}", SMALL_BYTES, clients) as slow:
        await receipt_of(site.url, code, "seen at the station", address=HONEST)
        assert slow.statuses[408] >= 1, "one of them lost its place"


@pytest.mark.parametrize("length", [SMALL_BYTES, LARGE])
async def test_whoever_shares_the_block_of_slow_senders_takes_the_place_of_one(
    deployment: Deployment, length: int
) -> None:
    """A town behind one address is not shut out by some of it; the others keep their places."""
    site, code = await _site(deployment)
    async with slow_bodies(site.address, f"/s/{code}", length, _blocks(1, SMALL_OF_BLOCK)) as slow:

        async def is_received() -> bool:
            photos = [jpeg()] if length == LARGE else []
            fields = {"what": "seen from the same town"}
            async with reported(site.url, code, fields, photos, address="100.64.0.250") as answer:
                return answer.status == 200

        await until(is_received)
        assert 1 <= slow.statuses[408] < LARGE_OF_BLOCK / 2, "one lost its place, and the others' time was not over"
