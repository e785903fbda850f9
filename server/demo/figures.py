"""Files a case, follows its alert on the operators' feed, and returns the figures of both.

Bounded: `DONE_S` for the alert to be sent, `LATE_S` for late entrants. Errors: TimeoutError, RuntimeError for an answer
that the demo does not expect.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec
import numpy as np

from server.administration.file_case import send_case
from server.demo.lanes import TPNS, token_of
from server.demo.people import lane_of
from server.demo.strangers import PlayedPage
from server.demo.world import AUTHORITY

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from server.demo.lanes import Endpoint
    from server.demo.scene import Scene
    from server.demo.world import World

DONE_S = 1800.0
LATE_S = 120.0
POLL_INTERVAL_S = 0.1
MEGABYTE = 1_000_000


class Figures(msgspec.Struct, frozen=True):
    """The figures of one alert; `accepted` and `duplicates` are counts of the simulated providers.

    `lanes`: the accepted recipients of each lane. `late_told`: late entrants notified. `late_others`: others notified
    after the first sweep; there should be none. `is_estimated`: its index said in time how many people to expect,
    `estimated`: so many, None of fewer than it shows. `page`: what came of the alert's page.
    """

    city: str
    people: int
    in_area: int
    is_estimated: bool
    estimated: int | None
    accepted: int
    duplicates: int
    webhook_ms: float
    first_request_ms: float
    completed_s: float
    deadline_margin_s: float
    recipients_per_s: int
    server_rss_mb: float
    late_moved_in: int = 0
    late_told: int = 0
    late_others: int = 0
    late_s: float = 0.0
    lanes: dict[str, int] = {}
    page: PlayedPage | None = None

    @property
    def are_right(self) -> bool:
        """Whether everyone in the area was notified once, and all late entrants, and no one else."""
        late = self.late_told == self.late_moved_in and self.late_others == 0
        played = self.page is None or self.page.is_right
        return self.accepted == self.in_area and self.duplicates == 0 and late and played


class Followed(msgspec.Struct, frozen=True):
    """How long the webhook took to answer, and what its answer says of the alert; estimates as in `Figures`."""

    webhook_s: float
    deadline: datetime
    alert: str
    case_number: str
    is_estimated: bool
    estimated: int | None


async def follow(world: World, scene: Scene, show: Callable[[dict[str, Any]], None]) -> Followed:
    """File a case as the police would, and follow it on the operators' feed until it is sent."""
    headers = {"Authorization": f"Bearer {world.token}"}
    async with (
        asyncio.timeout(DONE_S),
        aiohttp.ClientSession(headers=headers) as session,
        session.ws_connect(f"{world.server_url}/v1/feed") as feed,
    ):
        await feed.receive()
        started_s = time.perf_counter()
        alert = await file_case(world, scene)
        webhook_s = time.perf_counter() - started_s
        async for message in feed:
            event = message.json()
            if event.get("alert") != alert["id"] or event["type"] != "progress":
                continue
            show(_over_lanes(event["lanes"]))
            if event["state"] == "sent":
                return Followed(
                    webhook_s=webhook_s,
                    deadline=datetime.fromisoformat(alert["deadline"]),
                    alert=alert["id"],
                    case_number=alert["case_number"],
                    is_estimated=alert["estimate"] is not None,
                    estimated=(alert["estimate"] or {}).get("people"),
                )
    raise RuntimeError("the feed ended before the alert was sent")


async def file_case(world: World, scene: Scene) -> dict[str, Any]:
    """File the demo's case as the police would; returns its alert."""
    status, answer = await send_case(world.server_url, AUTHORITY, world.secret, _case(scene))
    if status != 202:  # noqa: PLR2004 - the one answer to a new case
        raise RuntimeError(f"the case was answered with {status}")
    alert: dict[str, Any] = msgspec.json.decode(answer)["alert"]
    return alert


async def figures_of(
    world: World, followed: Followed, *, scene: Scene, people: int, in_area: int, filed_at: float
) -> Figures:
    """Return the figures, from the counts of the simulated providers and the metrics of the server."""
    async with aiohttp.ClientSession() as session:
        lanes = {lane: await _counts(session, provider) for lane, provider in world.providers.items()}
        async with session.get(f"{world.server_url}/metrics") as response:
            metrics = await response.text()
    resident = next(line for line in metrics.splitlines() if line.startswith("process_resident_memory_bytes "))
    first = min(counts["first_request_at"] or filed_at for counts in lanes.values())
    last = max(counts["last_request_at"] or filed_at for counts in lanes.values())
    completed_s = last - filed_at
    accepted = {lane: counts["distinct"] for lane, counts in lanes.items()}
    return Figures(
        city=scene.city,
        people=people,
        in_area=in_area,
        is_estimated=followed.is_estimated,
        estimated=followed.estimated,
        accepted=sum(accepted.values()),
        duplicates=sum(counts["duplicates"] for counts in lanes.values()),
        webhook_ms=round(followed.webhook_s * 1000, 1),
        first_request_ms=round((first - filed_at) * 1000, 1),
        completed_s=round(completed_s, 3),
        deadline_margin_s=round((followed.deadline - datetime.fromtimestamp(last, UTC)).total_seconds(), 1),
        recipients_per_s=round(sum(accepted.values()) / completed_s) if completed_s else 0,
        server_rss_mb=round(float(resident.split()[1]) / MEGABYTE, 1),
        lanes=accepted,
    )


async def report(session: aiohttp.ClientSession, world: World, scene: Scene, users: list[int]) -> None:
    """Report users from within the area, as the platform would."""
    lanes = [*world.providers]
    place = {"longitude": scene.longitude, "latitude": scene.latitude, "at": datetime.now(UTC)}
    body = msgspec.json.encode([{**_device(user, lane_of(user, lanes)), **place} for user in users])
    async with session.post(f"{world.server_url}/v1/devices", data=body) as response:
        response.raise_for_status()


async def move_in(world: World, scene: Scene, figures: Figures, outsiders: list[int]) -> Figures:
    """Report outsiders from within the area, as the platform would, and wait until as many more are notified."""
    headers = {"Authorization": f"Bearer {world.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        before = await _reached(session, world)
        started_s = time.perf_counter()
        await report(session, world, scene, outsiders)
        async with asyncio.timeout(LATE_S):
            while sum([one["distinct"] for one in await _all_counts(session, world)]) < before.size + len(outsiders):
                await asyncio.sleep(POLL_INTERVAL_S)
        late_s = time.perf_counter() - started_s
        notified = np.setdiff1d(await _reached(session, world), before)
        duplicates = sum([one["duplicates"] for one in await _all_counts(session, world)])
    moved = np.isin(notified, np.array(outsiders, dtype=np.int64))
    return msgspec.structs.replace(
        figures,
        duplicates=duplicates,
        late_moved_in=len(outsiders),
        late_told=int(moved.sum()),
        late_others=int((~moved).sum()),
        late_s=round(late_s, 1),
    )


def _over_lanes(lanes: dict[str, Any]) -> dict[str, Any]:
    """Return the progress of all lanes as one; a ring is done when it is done in every lane."""
    rings: dict[str, Any] = {}
    for lane in lanes.values():
        for ring, state in lane["rings"].items():
            known = rings.setdefault(ring, dict.fromkeys(("units", "units_done", "accepted"), 0))
            rings[ring] = {name: count + state[name] for name, count in known.items()}
    return {name: sum(lane[name] for lane in lanes.values()) for name in ("found", "accepted")} | {"rings": rings}


def _device(user: int, lane: str) -> dict[str, Any]:
    return {"user": user, "lane": lane} if lane == TPNS else {"user": user, "lane": lane, "token": token_of(user)}


async def _all_counts(session: aiohttp.ClientSession, world: World) -> list[dict[str, Any]]:
    return [await _counts(session, provider) for provider in world.providers.values()]


async def _counts(session: aiohttp.ClientSession, provider: Endpoint) -> dict[str, Any]:
    async with session.get(f"{provider.control_url}/simulated/counts") as response:
        counts: dict[str, Any] = await response.json()
    return counts


async def _reached(session: aiohttp.ClientSession, world: World) -> NDArray[np.int64]:
    """Return the users that were reached in any lane."""
    reached: list[NDArray[np.int64]] = []
    for lane, provider in world.providers.items():
        where = "accounts" if lane == TPNS else "tokens"
        async with session.get(f"{provider.control_url}/simulated/{where}") as response:
            content = await response.read()
        if lane == TPNS:
            reached.append(np.frombuffer(content, dtype="<i8"))
        else:
            reached.append(np.array([int(token, 16) for token in msgspec.json.decode(content)], dtype=np.int64))
    return np.concatenate(reached)


def _case(scene: Scene) -> bytes:
    now = datetime.now(UTC)
    return msgspec.json.encode(
        {
            "case_number": f"DEMO-{now:%Y%m%d-%H%M%S}",
            "status": "actual",
            "reported_at": now,
            "child": {"name": "小明", "sex": "male", "age": 6, "height_cm": 118, "clothing": "蓝色校服，红书包"},
            "last_seen": {
                "at": now - timedelta(minutes=40),
                "longitude": scene.longitude,
                "latitude": scene.latitude,
                "place": f"{scene.name}市中心公园南门",
            },
            "contact": {"name": "分局", "phone": "110"},
        }
    )
