"""Malformed tokens are judged at the report by each lane's own form, and stop no lane; nor does a refused message."""

from __future__ import annotations

import io
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from geo.connection import connect
from geo.index.devices import address
from geo.index.position_index import PositionIndex
from tests.conformance.test_batch_lanes import ONE_RING
from tests.support.processes.deployment import CASE, reports_now
from tests.support.providers.batch_lanes import HonorLane, HuaweiBatchLane, OppoLane, VivoLane, XiaomiLane
from tests.support.providers.lanes import ApnsLane, FcmLane, WebpushLane

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process
    from tests.support.providers.lanes import DeviceLane

REPORTS: Final = 3000
BAD_EVERY: Final = 10
ONE_LANE: Final = 100_000_000
TOKEN_LANES: Final = (ApnsLane, FcmLane, WebpushLane)
BATCH_LANES: Final = (HuaweiBatchLane, XiaomiLane, VivoLane, OppoLane, HonorLane)
SPOILED: Final = ("a token", "töken" * 16, "x" * 5000, '{"endpoint": 1}', "<0 1>" * 9, "a\nb" * 20, "\u202e" * 64)
"""No token of any lane, and not clear what was meant."""

UNAMBIGUOUS: Final = ("{}\n", " {} ", "\u3000{}", "{}\r\n", "\ufeff{}")
"""A token with what never belongs to one around it."""


@asynccontextmanager
async def _lanes(
    deployment: Deployment,
    refused_text: str = "",
    token_lanes: tuple[type[DeviceLane], ...] = TOKEN_LANES,
    batch_lanes: tuple[type[Any], ...] = BATCH_LANES,
) -> AsyncIterator[list[DeviceLane]]:
    """Run simulated providers; yields their lanes."""
    async with AsyncExitStack() as stack:
        lanes: list[DeviceLane] = [
            await stack.enter_async_context(kind(deployment).serving(refused_text=refused_text)) for kind in batch_lanes
        ]
        for kind in token_lanes:
            lanes.append(lane := kind(deployment))
            await lane.start("--refused-text", refused_text)
        yield lanes


async def _serve(deployment: Deployment, lanes: list[DeviceLane]) -> Process:
    await deployment.provider()
    env = {name: value for lane in lanes for name, value in lane.env().items()}
    return await deployment.server(**ONE_RING, **env, QQ_ALERT_ALERT__LATE_ENTRANTS_EVERY_S="1")


def _reports(lane: DeviceLane, first: int) -> list[dict[str, Any]]:
    reports = [
        {"user": user, "lane": lane.name, "token": lane.token_of(user), "longitude": 114.05, "latitude": 22.54}
        for user in range(first, first + REPORTS)
    ]
    for row in range(0, REPORTS, BAD_EVERY):
        reports[row]["token"] = SPOILED[row // BAD_EVERY % len(SPOILED)]
        near = reports[row + 1]
        before, _, after = UNAMBIGUOUS[row // BAD_EVERY % len(UNAMBIGUOUS)].partition("{}")
        near["token"] = f"{before}{near['token']}{after}"
    return reports


async def _report(deployment: Deployment, server: Process, reports: list[dict[str, Any]], at: str) -> list[int]:
    """Report devices; returns the places of those that were rejected."""
    body = msgspec.json.encode([{**report, "at": at} for report in reports])
    async with (
        deployment.session() as session,
        session.post(f"{server.url}/v1/devices", data=io.BytesIO(body)) as response,
    ):
        answer = await response.json()
    assert answer["accepted"] == len(reports) - len(answer["rejected"]), answer
    return [one["index"] for one in answer["rejected"]]


async def _alarms(deployment: Deployment, server: Process) -> set[tuple[str, str]]:
    async with deployment.session() as session, session.ws_connect(f"{server.url}/v1/feed") as feed:
        return {(alarm["kind"], alarm["lane"]) for alarm in (await feed.receive_json())["alarms"]}


async def test_a_tenth_of_malformed_tokens_costs_nobody_else_the_alert(deployment: Deployment, now: str) -> None:
    """On each of eight lanes of 3,000 reports: the bad ones are named in the answer, all others get both alerts."""
    async with _lanes(deployment) as lanes:
        server = await _serve(deployment, lanes)
        good: dict[str, list[int]] = {}
        for number, lane in enumerate(lanes, 1):
            reports = _reports(lane, ONE_LANE * number)
            bad = await _report(deployment, server, reports, now)
            assert bad == [*range(0, REPORTS, BAD_EVERY)], lane.name
            good[lane.name] = [report["user"] for row, report in enumerate(reports) if row % BAD_EVERY]
        for case_number in ("A-1", "A-2"):
            _, answer = await deployment.file(server, case_number=case_number)
            progress = await deployment.sent(server, answer["alert"]["id"])
            assert {name: progress["lanes"][name]["accepted"] for name in good} == dict.fromkeys(good, 2700), (
                case_number
            )
        for lane in lanes:
            assert (await lane.reached()).tolist() == good[lane.name], lane.name
        assert not {kind for kind, _ in await _alarms(deployment, server)} & {"invalid_tokens", "misconfigured"}


async def test_malformed_tokens_that_were_reported_long_ago_stop_no_lane(deployment: Deployment) -> None:
    """They came before reports were judged: they are quarantined unasked, and all others are notified."""
    async with _lanes(deployment, batch_lanes=(HuaweiBatchLane,), token_lanes=(FcmLane,)) as lanes:
        for number, lane in enumerate(lanes, 1):
            users = [ONE_LANE * number + row for row in range(REPORTS)]
            tokens = [lane.token_of(user) if user % BAD_EVERY else "not a token" for user in users]
            positions = reports_now(lane.name, users, [114.05] * REPORTS, [22.54] * REPORTS)
            positions = replace(positions, addresses=[address("zh-CN", token) for token in tokens])
            redis = connect(deployment.redis_url)
            await PositionIndex(redis, (lane.name,)).record(positions)
            await redis.aclose()
        server = await _serve(deployment, lanes)
        _, answer = await deployment.file(server)
        progress = await deployment.sent(server, answer["alert"]["id"])
        for lane in lanes:
            assert progress["lanes"][lane.name]["accepted"] == REPORTS * (BAD_EVERY - 1) // BAD_EVERY, lane.name
        assert not {kind for kind, _ in await _alarms(deployment, server)} & {"invalid_tokens", "misconfigured"}


PICTURED: Final = {**CASE["child"], "photo_url": "https://police.example/unloadable.jpg"}


async def test_a_picture_that_a_provider_refuses_costs_nobody_the_alert(deployment: Deployment, now: str) -> None:
    """It is sent without the picture, the lane stays open, and the next alert is sent as always."""
    pictured = (HuaweiBatchLane, HonorLane)
    async with _lanes(deployment, "unloadable", batch_lanes=pictured, token_lanes=(FcmLane,)) as lanes:
        server = await _serve(deployment, lanes)
        devices = {}
        for number, lane in enumerate(lanes, 1):
            devices[lane.name] = await lane.people(500, first=ONE_LANE * number)
        for case_number, child in (("P-1", PICTURED), ("P-2", CASE["child"])):
            _, answer = await deployment.file(server, case_number=case_number, child=child)
            progress = await deployment.sent(server, answer["alert"]["id"])
            for lane in lanes:
                assert progress["lanes"][lane.name]["accepted"] == devices[lane.name].size, (
                    case_number,
                    progress["lanes"],
                )
                assert np.array_equal(await lane.reached(), devices[lane.name]), (case_number, lane.name)
        assert not {kind for kind, _ in await _alarms(deployment, server)} & {"invalid_tokens", "misconfigured"}


async def test_a_wording_that_a_provider_refuses_stops_no_lane(deployment: Deployment) -> None:
    """Once the lane has sent another alert: its recipients are settled as refused, with an alarm; others get theirs."""
    async with _lanes(deployment, "unsayable", batch_lanes=(HuaweiBatchLane,), token_lanes=(FcmLane,)) as lanes:
        server = await _serve(deployment, lanes)
        devices = {lane.name: await lane.people(500, first=ONE_LANE * row) for row, lane in enumerate(lanes, 1)}
        for number, name, sent in (("W-1", "小明", True), ("W-2", "unsayable", False), ("W-3", "小红", True)):
            _, answer = await deployment.file(server, case_number=number, child={"name": name})
            progress = (await deployment.sent(server, answer["alert"]["id"]))["lanes"]
            for lane in lanes:
                counts = progress[lane.name]
                assert counts["accepted" if sent else "refused"] == devices[lane.name].size, (number, lane.name)
        alarms = await _alarms(deployment, server)
        assert {("message_refused", lane.name) for lane in lanes} <= alarms
        assert not {kind for kind, _ in alarms} & {"invalid_tokens", "misconfigured"}


@pytest.fixture
def now() -> str:
    """Return the time as a report has it."""
    return datetime.now(UTC).isoformat()
