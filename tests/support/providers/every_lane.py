"""Run the simulated providers of all nine lanes within the test, and keep every request that each of them got.

A push of the Web Push lane is kept as its browser opens it. Bounded by the requests of the test.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from server.simulators.batch.tpns import SimulatedTpns, SimulatedTpnsSettings
from server.simulators.listener import serve_http
from server.simulators.token import site as token_site
from server.simulators.token.apns import SimulatedApns, SimulatedApnsSettings
from server.simulators.token.fcm import SimulatedFcm, SimulatedFcmSettings
from server.simulators.token.webpush import SimulatedWebpush, SimulatedWebpushSettings
from tests.support.providers.batch_lanes import HonorLane, HuaweiBatchLane, OppoLane, VivoLane, XiaomiLane
from tests.support.providers.lanes import ApnsLane, FcmLane, WebpushLane

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from pathlib import Path

    from aiohttp import web

    from server.simulators.token.exchange import Request, Response
    from tests.support.processes.deployment import Deployment
    from tests.support.providers.batch_lanes import BatchLane
    from tests.support.providers.lanes import DeviceLane, TlsLane

BATCH_LANES: Final = (HuaweiBatchLane, XiaomiLane, VivoLane, OppoLane, HonorLane)
TOKEN_LANES: Final = (ApnsLane, FcmLane, WebpushLane)
PEOPLE: Final = 20
"""In each lane and language: all of them are pushed to one by one."""


class EveryLane:
    """The lanes' settings, and by lane what its provider got: headers and bodies of every request, as bytes."""

    def __init__(self) -> None:
        self.env: dict[str, str] = {}
        self.pushes: dict[str, list[bytes]] = {}
        self.lanes: list[DeviceLane] = []

    def keep(self, lane: str, *parts: bytes) -> None:
        """Keep a request."""
        self.pushes.setdefault(lane, []).extend(parts)

    async def people(self, deployment: Deployment) -> None:
        """Put people of both languages into every lane around Shenzhen; the accounts of TPNS have one."""
        await deployment.people(4 * PEOPLE)
        for number, lane in enumerate(self.lanes, 1):
            for place, locale in enumerate(("zh-CN", "en")):
                await lane.people(PEOPLE, seed=number, locale=locale, first=100_000_000 * number + 1_000_000 * place)


@asynccontextmanager
async def every_lane(deployment: Deployment) -> AsyncIterator[EveryLane]:
    """Run all providers."""
    kept = EveryLane()
    async with AsyncExitStack() as stack:
        deployment.provider_url = await stack.enter_async_context(_tpns(kept))
        for batch_kind in BATCH_LANES:
            lane = batch_kind(deployment)
            _keep_batches(lane, kept)
            kept.lanes.append(await stack.enter_async_context(lane.serving()))
        for token_kind in TOKEN_LANES:
            token_lane = token_kind(deployment)
            await stack.enter_async_context(_token_lane(token_lane, deployment.folder, kept))
            kept.lanes.append(token_lane)
        kept.env = {name: value for lane in kept.lanes for name, value in lane.env().items()}
        yield kept


@asynccontextmanager
async def _tpns(kept: EveryLane) -> AsyncIterator[str]:
    settings = SimulatedTpnsSettings()
    provider = SimulatedTpns(settings)

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        kept.keep("tpns", str(request.headers).encode(), await request.read())
        return await provider.handle(request)

    async with _running(lambda stopping, ready: serve_http(handle, settings, stopping, ready)) as url:
        yield url


def _keep_batches(lane: BatchLane, kept: EveryLane) -> None:
    """Have a batch provider keep what it gets."""
    made = lane.provider

    def recording(**behaviour: Any) -> Any:  # noqa: ANN401 - as what it stands for
        provider, settings = made(**behaviour)
        paths = {path: _kept(lane.name, answer, kept) for path, answer in provider.paths().items()}
        provider.paths = lambda: paths  # type: ignore[method-assign] # the provider itself is unchanged
        return provider, settings

    lane.provider = recording  # type: ignore[method-assign] # as above


def _kept(
    lane: str, answer: Callable[[web.BaseRequest, bytes], web.Response], kept: EveryLane
) -> Callable[[web.BaseRequest, bytes], web.Response]:
    def recorded(request: web.BaseRequest, body: bytes) -> web.Response:
        kept.keep(lane, str(request.headers).encode(), body)
        return answer(request, body)

    return recorded


@asynccontextmanager
async def _token_lane(lane: TlsLane, folder: Path, kept: EveryLane) -> AsyncIterator[None]:
    made: dict[str, tuple[Any, Any]] = {
        "apns": (SimulatedApns, SimulatedApnsSettings(key_file=folder / "apns.p8")),
        "fcm": (SimulatedFcm, SimulatedFcmSettings(accounts_dir=folder)),
        "webpush": (SimulatedWebpush, SimulatedWebpushSettings(key_file=folder / "vapid.pem")),
    }
    kind, settings = made[lane.name]
    provider = kind(settings)
    handle: Callable[[Request], Response] = provider.handle

    def recorded(request: Request) -> Response:
        response = handle(request)
        opened = provider.last if lane.name == "webpush" else b""
        kept.keep(lane.name, str(dict(request.headers)).encode(), request.body, opened)
        return response

    provider.handle = recorded
    async with _running(lambda stopping, ready: token_site.serve(provider, settings, stopping, ready)) as urls:
        lane.control_url = urls.rpartition(" ")[2]
        endpoint = await lane._bench.get(f"{lane.control_url}/simulated/endpoint")  # noqa: SLF001 - a lane of the tests
        lane.url, lane.certificate = endpoint["url"], endpoint["certificate"]
        yield


@asynccontextmanager
async def _running(
    serve: Callable[[asyncio.Event, Callable[[str], None]], Coroutine[Any, Any, None]],
) -> AsyncIterator[str]:
    stopping, url = asyncio.Event(), asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as group:
        group.create_task(serve(stopping, url.set_result))
        try:
            yield await url
        finally:
            stopping.set()
