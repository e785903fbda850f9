"""The feed and sightings: who may not read them learns not even how many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp

from handlers.http.roles import Role
from tests.support.life.officers import Officers
from tests.support.processes.processes import until
from tests.support.processes.public_site import public_env
from tests.support.public.strangers import publish, receipt_of, site_for

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment


async def test_a_viewer_hears_nothing_of_sightings_and_misses_no_number(deployment: Deployment) -> None:
    """An operator hears how many wait, also when they connect again; to a viewer no number of a message is missing."""
    await deployment.provider()
    server = await deployment.server(**public_env(deployment))
    officers = Officers(deployment, server)
    await officers.person("Vera", Role.VIEWER)
    await officers.person("Olga", Role.OPERATOR)
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    await deployment.sent(server, alert)
    code, site = await publish(deployment, alert), await site_for(deployment)
    async with _session(officers, "Vera") as viewer, _session(officers, "Olga") as operator:
        url = f"{server.url}/v1/feed"
        async with viewer.ws_connect(url) as watched, operator.ws_connect(url) as worked:
            assert (await watched.receive_json())["type"] == "snapshot"
            await receipt_of(site.url, code, "with a kite in the park")
            of_operator = await _until_sightings(worked)
            assert (of_operator[-1]["alert"], of_operator[-1]["undecided"]) == (alert, 1)
            await deployment.file(server, case_number="SZ-2")
            of_viewer = [await watched.receive_json(timeout=60)]
            while of_viewer[-1]["type"] != "alert":
                of_viewer.append(await watched.receive_json(timeout=60))
            of_operator.append(await worked.receive_json(timeout=60))
            while of_operator[-1]["seq"] < of_viewer[-1]["seq"]:
                of_operator.append(await worked.receive_json(timeout=60))
        assert [one for one in of_viewer if one["type"] == "sightings"] == []
        numbers = [one["seq"] for one in of_viewer]
        assert numbers == [*range(numbers[0], numbers[0] + len(numbers))]
        [seq] = [one["seq"] for one in of_operator if one["type"] == "sightings"]
        assert seq == numbers[0] - 1
        async with operator.ws_connect(f"{url}?after={seq}") as again:
            assert [one["type"] for one in await _until_sightings(again)] == ["sightings"]


def _session(officers: Officers, name: str) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(headers={"Authorization": f"Bearer {officers.text_of(name)}"})


async def _until_sightings(feed: aiohttp.ClientWebSocketResponse) -> list[dict[str, Any]]:
    """Return what the feed says until it says how many sightings wait."""
    heard: list[dict[str, Any]] = []

    async def is_heard() -> bool:
        heard.append(await feed.receive_json(timeout=60))
        return bool(heard[-1]["type"] == "sightings")

    await until(is_heard)
    return heard
