"""Plays SIMULATED strangers at the demo's page: a thousand open it, some share it, three say what they saw.

They do over HTTP what browsers do: read the page, say so by a beacon, send the form. Nobody of them is a person.
Bounded: `OPENS` people, `AT_ONCE` requests at once, `WITHIN_S` for what the server makes of it. Errors: TimeoutError,
RuntimeError for an answer that the demo does not expect.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

import aiohttp
import msgspec

from runtime.page_codes import code_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from server.demo.world import World

OPENS: Final = 1_000
SHARES: Final = 60
POSTERS: Final = 12
AT_ONCE: Final = 32
WITHIN_S: Final = 60.0
POLL_INTERVAL_S: Final = 0.1
SEED: Final = 2015
"""The year of the campaign: each run draws the same people."""

CAME_BY: Final = {"p": 0.90, "s": 0.07, "q": 0.03}
"""Shares of those who open it: from the push, a shared link, a poster."""

TOLD: Final = (
    ("小男孩背着红书包，一个人坐在长椅上", "地铁站出口"),
    ("好像见过，不太确定", "商场"),
    ("穿蓝色校服的孩子上了公交车", "公交站"),
)
"""What three of them say, and where that was."""

_SAMPLE: Final = re.compile(rb'data-sample="(\d+)"')


class PlayedPage(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the page of a demo's alert; numbers of people as the funnel of the server has them.

    `ready_s`: until the page was there, and `over_s`: until it said that the alert is over. `sample`: one view in so
    many was counted. `low` and `high`: the interval of `opened`. `beacons`: how many views said that they were opened.
    """

    url: str
    ready_s: float
    over_s: float
    sample: int
    opened: int
    low: int
    high: int
    shared: int
    poster: int
    reported: int
    passed_on: int
    found_through_alert: bool
    beacons: int

    @property
    def is_right(self) -> bool:
        """Whether the server counted what the strangers did."""
        reports = (self.reported, self.passed_on) == (len(TOLD), 1)
        return reports and self.opened == self.sample * self.beacons and self.found_through_alert


class Visit(NamedTuple):
    """What one of them does: by which way they came, and what they do then."""

    channel: str
    shares: bool
    fetches_poster: bool


async def play(world: World, alert: str, case_number: str, show: Callable[[str], None]) -> PlayedPage:
    """Let strangers come to an alert's page, an operator pass one report on, and the child be found through it."""
    url = f"{world.public_url}/p/{code_of(UUID(alert))}"
    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    headers = {"Authorization": f"Bearer {world.token}"}
    async with (
        aiohttp.ClientSession(connector=connector) as strangers,
        aiohttp.ClientSession(world.server_url, headers=headers) as desk,
    ):
        began_s = time.perf_counter()
        page = await _until(lambda: _page(strangers, url))
        ready_s = time.perf_counter() - began_s
        show(f"The page of the alert, for everybody: {url}")
        told = await _visit(strangers, url, page)
        await _until(lambda: _form(strangers, url))
        await _report(strangers, url)
        listed = await _until(lambda: _sightings(desk, alert))
        await _pass_on(desk, alert, listed[0])
        await _until(lambda: _counted(desk, alert, told))
        found = {"reason": "found where a sighting said (SIMULATED)", "case_number": case_number, "through_alert": True}
        await _post(desk, f"/v1/alerts/{alert}/found", found)
        began_s = time.perf_counter()
        await _until(lambda: _is_over(strangers, url))
        over_s = time.perf_counter() - began_s
        funnel = await _get(desk, f"/v1/alerts/{alert}/funnel")
    steps = funnel["page"]
    return PlayedPage(
        url=url,
        ready_s=round(ready_s, 2),
        over_s=round(over_s, 2),
        sample=steps["sample"],
        opened=steps["opened"]["people"],
        low=steps["opened"]["low"],
        high=steps["opened"]["high"],
        shared=steps["shared"]["people"],
        poster=steps["poster"]["people"],
        reported=steps["reported"]["people"],
        passed_on=steps["passed_on"]["people"],
        found_through_alert=funnel["found_through_alert"] is True,
        beacons=told["open"],
    )


def visits() -> list[Visit]:
    """Return what all of them do, the same each time."""
    draw = random.Random(SEED)
    channels = draw.choices([*CAME_BY], weights=[*CAME_BY.values()], k=OPENS)
    sharing, fetching = set(draw.sample(range(OPENS), SHARES)), set(draw.sample(range(OPENS), POSTERS))
    return [Visit(channel, number in sharing, number in fetching) for number, channel in enumerate(channels)]


async def _visit(strangers: aiohttp.ClientSession, url: str, page: bytes) -> Counter[str]:
    """Open the page as often as people do, each as its module does; returns what beacons said."""
    written = _SAMPLE.search(page)
    sample, told = 1 if written is None else int(written[1]), Counter[str]()
    code = url.rpartition("/")[2]
    beacon = f"{url.removesuffix(f'/p/{code}')}/b/{code}"
    # Each view is drawn anew, as browsers do: with another seed than that of who they are.
    draw = random.Random(SEED + 1)

    async def visit(one: Visit, *, counted: bool) -> None:
        async with strangers.get(url) as answer:
            await answer.read()
            _expect(answer, 200)
        did = ["open"] + ["share"] * one.shares + ["poster"] * one.fetches_poster
        for kind in did if counted else ():
            async with strangers.post(beacon, data=f"{kind} {one.channel}") as answer:
                _expect(answer, 204)
            told[kind] += 1

    async with asyncio.TaskGroup() as group:
        for one in visits():
            group.create_task(visit(one, counted=draw.random() * sample < 1))
    return told


async def _report(strangers: aiohttp.ClientSession, url: str) -> None:
    """Send the form of the page, as three of them do."""
    for what, place in TOLD:
        form = aiohttp.FormData(default_to_multipart=True)
        for name, value in (("what", what), ("place", place), ("language", "zh-CN")):
            form.add_field(name, value)
        async with strangers.post(url.replace("/p/", "/s/"), data=form) as answer:
            _expect(answer, 200)


async def _page(strangers: aiohttp.ClientSession, url: str) -> bytes | None:
    async with strangers.get(url) as answer:
        content = await answer.read()
        return content if answer.status == 200 else None  # noqa: PLR2004 - the page is there


async def _form(strangers: aiohttp.ClientSession, url: str) -> bool | None:
    """Return True once reports are taken in: the key to seal them with is published by the server."""
    async with strangers.get(url.replace("/p/", "/s/")) as answer:
        return True if answer.status == 200 else None  # noqa: PLR2004 - the form is there


async def _is_over(strangers: aiohttp.ClientSession, url: str) -> bool | None:
    async with strangers.get(f"{url}/state.json") as answer:
        return True if (await answer.json()).get("state") == "over" else None


async def _sightings(desk: aiohttp.ClientSession, alert: str) -> list[dict[str, Any]] | None:
    listed: list[dict[str, Any]] = (await _get(desk, f"/v1/alerts/{alert}/sightings"))["sightings"]
    return listed if len(listed) == len(TOLD) else None


async def _pass_on(desk: aiohttp.ClientSession, alert: str, sighting: dict[str, Any]) -> None:
    decision = {"decision": "pass_on", "revision": sighting["revision"]}
    await _post(desk, f"/v1/alerts/{alert}/sightings/{sighting['id']}/decision", decision)


async def _counted(desk: aiohttp.ClientSession, alert: str, told: Counter[str]) -> bool | None:
    """Return True once all that beacons said is in the funnel."""
    steps = (await _get(desk, f"/v1/alerts/{alert}/funnel"))["page"]
    known = [steps[step]["people"] for step in ("opened", "shared", "poster")]
    return True if known == [steps["sample"] * told[kind] for kind in ("open", "share", "poster")] else None


async def _get(desk: aiohttp.ClientSession, path: str) -> dict[str, Any]:
    async with desk.get(path) as answer:
        _expect(answer, 200)
        content: dict[str, Any] = await answer.json()
        return content


async def _post(desk: aiohttp.ClientSession, path: str, body: dict[str, Any]) -> None:
    async with desk.post(path, json=body) as answer:
        _expect(answer, 200)


def _expect(answer: aiohttp.ClientResponse, status: int) -> None:
    if answer.status != status:
        raise RuntimeError(f"{answer.url.path} was answered with {answer.status}")


async def _until(ask: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401 - what is asked for
    """Return what is asked for once it is there."""
    async with asyncio.timeout(WITHIN_S):
        while (found := await ask()) is None:
            await asyncio.sleep(POLL_INTERVAL_S)
    return found
