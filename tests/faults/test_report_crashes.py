"""kill -9 of serve-public and of the server at random moments of reporting: no report that was acknowledged is lost.

`REPORT_KILLS` sets how many kills there are; each run prints its seed, which `REPORT_SEED` takes.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.support.pictures import jpeg
from tests.support.processes.processes import until
from tests.support.processes.public_site import public_env
from tests.support.public.strangers import objects_for, publish, reported, site_for

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

KILLS = int(os.environ.get("REPORT_KILLS", "4"))
SEED = int(os.environ.get("REPORT_SEED", str(random.SystemRandom().randrange(2**31))))
REPORTERS = 4
PHOTO_EVERY = 20
PAUSE_S = 0.1
TAKEN_IN_S = 300.0
MOMENT_S = 2.5
"""Long enough for reports to be taken in between two kills."""

LOOSE = {"QQ_ALERT_PUBLIC__SIGHTINGS__BLOCK_PER_H": "100000"}


class Reporters:
    """People who report all the time, and try again where no answer came; `acknowledged`: receipts by what was said."""

    def __init__(self, code: str) -> None:
        self._code = code
        self.url = ""
        self.acknowledged: dict[str, str] = {}
        self.with_photo: set[str] = set()
        self._next = 0

    async def report(self) -> None:
        """Report until cancelled; the same again until it is acknowledged."""
        while True:
            number = self._next
            self._next += 1
            # Each is decoded by a process of its own, which takes half a second of a core.
            photos = [jpeg(number % 50)] if number % PHOTO_EVERY == 0 else []
            while not await self._acknowledged(f"report {number}", f"{number:032x}", photos):
                await asyncio.sleep(0.1)
            self.with_photo |= {f"report {number}"} if photos else set()
            await asyncio.sleep(PAUSE_S)

    async def _acknowledged(self, what: str, form: str, photos: list[bytes]) -> bool:
        try:
            async with (
                asyncio.timeout(20),
                reported(self.url, self._code, {"what": what, "form": form}, photos) as answer,
            ):
                if answer.status == 200:
                    self.acknowledged[what] = (await answer.json())["receipt"]
                return answer.status == 200
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False


async def test_no_report_that_was_acknowledged_is_lost_and_none_stands_twice(deployment: Deployment) -> None:
    """Whichever process dies at whatever moment, each is in the record once, with the photos that it had."""
    chance = random.Random(SEED)
    print(f"REPORT_SEED={SEED}")  # noqa: T201 - to do it again
    await deployment.provider()
    server = await deployment.server(**public_env(deployment))
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    await deployment.sent(server, alert)
    site = await site_for(deployment, **LOOSE)
    reporters = Reporters(await publish(deployment, alert))
    reporters.url = site.url
    tasks = [asyncio.create_task(reporters.report()) for _ in range(REPORTERS)]
    try:
        for _ in range(KILLS):
            await asyncio.sleep(chance.random() * MOMENT_S)
            if chance.random() < 0.5:
                server.end(signal.SIGKILL)
                server = await deployment.server(**public_env(deployment))
            else:
                site.end(signal.SIGKILL)
                site = await site_for(deployment, **LOOSE)
                reporters.url = site.url
        seen = len(reporters.acknowledged)

        async def go_on() -> bool:
            return len(reporters.acknowledged) > seen + REPORTERS

        await until(go_on)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await _until_taken_in(deployment)
    stored = await _all(deployment, server, alert)
    assert len(reporters.acknowledged) > KILLS
    for what, receipt in reporters.acknowledged.items():
        assert len([one for one in stored if one["receipt"] == receipt]) == 1, f"{what} of {SEED}"
    assert len({one["what"] for one in stored} & {*reporters.acknowledged}) == len(reporters.acknowledged)
    photos = {one["what"] for one in stored if one["photos"]}
    assert photos >= reporters.with_photo, "each has the photo that it came with"
    kept = {str(path.parent.name) for path in (deployment.folder / "objects" / "kept").rglob("original.*")}
    assert kept >= {one["id"] for one in stored if one["photos"]}


async def _until_taken_in(deployment: Deployment) -> None:
    objects = objects_for(deployment)

    async def is_empty() -> bool:
        return await objects.list("inbox/reports") == await objects.list("inbox/photo-reports") == []

    await until(is_empty, TAKEN_IN_S)


async def _all(deployment: Deployment, server: Process, alert: str) -> list[dict[str, Any]]:
    """Return all sightings, also those within stacks."""
    found: dict[str, dict[str, Any]] = {}
    after: int | None = 0
    path = f"{server.url}/v1/alerts/{alert}/sightings"
    while after is not None:
        page = await deployment.get(f"{path}?limit=100&after={after}")
        for one in page["sightings"]:
            found[one["id"]] = one
            if one["alike"] > 1:
                like = await deployment.get(f"{path}?like={one['id']}")
                found |= {other["id"]: other for other in like["sightings"]}
        after = page["next"]
    return list(found.values())
