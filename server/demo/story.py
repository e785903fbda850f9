"""What happened: a filed case flows in, the operators' feed is followed, one struct of figures flows out.

Bounded: `DONE_S` for the alert to be through.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec

from server.demo.world import AUTHORITY
from server.file_case import send_case

if TYPE_CHECKING:
    from collections.abc import Callable

    from geo.area import Circle
    from server.demo.world import World

DONE_S = 1800.0
MEGABYTE = 1_000_000


class Story(msgspec.Struct, frozen=True):
    """The figures of one alert; `accepted` and `duplicates` are what the simulated provider saw."""

    people: int
    in_area: int
    accepted: int
    duplicates: int
    webhook_ms: float
    first_request_ms: float
    completed_s: float
    deadline_margin_s: float
    recipients_per_s: int
    server_rss_mb: float


class Followed(msgspec.Struct, frozen=True):
    """What the feed and the webhook's answer said."""

    webhook_s: float
    deadline: datetime


async def follow(world: World, area: Circle, show: Callable[[dict[str, Any]], None]) -> Followed:
    """File a case as the police would, and follow it on the operators' feed until it is sent."""
    headers = {"Authorization": f"Bearer {world.token}"}
    async with (
        asyncio.timeout(DONE_S),
        aiohttp.ClientSession(headers=headers) as session,
        session.ws_connect(f"{world.server_url}/v1/feed") as feed,
    ):
        await feed.receive()
        started_s = time.perf_counter()
        status, answer = await send_case(world.server_url, AUTHORITY, world.secret, _case(area))
        webhook_s = time.perf_counter() - started_s
        if status != 202:  # noqa: PLR2004 - the one answer to a new case
            raise RuntimeError(f"the case was answered with {status}")
        alert = msgspec.json.decode(answer)["alert"]
        async for message in feed:
            event = message.json()
            if event.get("alert") != alert["id"] or event["type"] != "progress":
                continue
            show(event["lanes"]["tpns"])
            if event["state"] == "sent":
                return Followed(webhook_s, datetime.fromisoformat(alert["deadline"]))
    raise RuntimeError("the feed ended before the alert was sent")


async def story_of(world: World, followed: Followed, *, people: int, in_area: int, filed_at: float) -> Story:
    """Ask the simulated provider and the server what they saw."""
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{world.provider_url}/simulated/counts") as response:
            counts = await response.json()
        async with session.get(f"{world.server_url}/metrics") as response:
            metrics = await response.text()
    resident = next(line for line in metrics.splitlines() if line.startswith("process_resident_memory_bytes "))
    first, last = counts["first_request_at"] or filed_at, counts["last_request_at"] or filed_at
    completed_s = last - filed_at
    return Story(
        people=people,
        in_area=in_area,
        accepted=counts["distinct"],
        duplicates=counts["duplicates"],
        webhook_ms=round(followed.webhook_s * 1000, 1),
        first_request_ms=round((first - filed_at) * 1000, 1),
        completed_s=round(completed_s, 3),
        deadline_margin_s=round((followed.deadline - datetime.fromtimestamp(last, UTC)).total_seconds(), 1),
        recipients_per_s=round(counts["accepted"] / completed_s) if completed_s else 0,
        server_rss_mb=round(float(resident.split()[1]) / MEGABYTE, 1),
    )


def _case(area: Circle) -> bytes:
    now = datetime.now(UTC)
    return msgspec.json.encode(
        {
            "case_number": f"DEMO-{now:%Y%m%d-%H%M%S}",
            "status": "actual",
            "reported_at": now,
            "child": {"name": "小明", "sex": "male", "age": 6, "height_cm": 118, "clothing": "蓝色校服，红书包"},
            "last_seen": {
                "at": now - timedelta(minutes=40),
                "longitude": area.longitude,
                "latitude": area.latitude,
                "place": "深圳市福田区莲花山公园南门",
            },
            "contact": {"name": "福田分局", "phone": "110"},
        }
    )
