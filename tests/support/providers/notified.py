"""Providers that know who heard what: requests to a TPNS and a Huawei flow in, who heard each title when flows out.

They run within the test. Requests can be held, so that the middle of a sweep is a place and not a moment. Bounded by
the test.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, Self

import msgspec
import numpy as np
from aiohttp import web

from server.simulators.batch.huawei import SimulatedHuawei, SimulatedHuaweiSettings
from server.simulators.batch.site import BatchSite
from server.simulators.batch.tpns import SimulatedTpns
from server.simulators.faults import Faults, SimulatedTpnsSettings
from tests.support.processes.processes import until
from tests.support.providers.lanes import HuaweiLane

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from numpy.typing import NDArray

    from server.simulators.batch.tpns_checks import PushRequest
    from tests.support.processes.deployment import Bench

FOUND: Final = "走失儿童已找到"
CANCEL: Final = "寻人信息已撤销"


class Gate(Faults):
    """Lets so many requests through and holds all others until it is opened."""

    def __init__(self, settings: SimulatedTpnsSettings) -> None:
        super().__init__(settings)
        self._through: int | None = None
        self._opened = asyncio.Event()
        self.holding = 0
        self.hurries = False

    def close_after(self, requests: int) -> None:
        """Hold every request after so many."""
        self._through = requests
        self._opened.clear()

    def open(self) -> None:
        """Let all through."""
        self._through = None
        self._opened.set()

    async def latency(self) -> None:
        """Wait at the gate, then as long as the provider would, unless it `hurries`."""
        if self._through is not None and self._through <= 0:
            self.holding += 1
            await self._opened.wait()
            self.holding -= 1
        elif self._through is not None:
            self._through -= 1
        if not self.hurries:
            await super().latency()

    async def holds(self, requests: int) -> None:
        """Wait until so many are held."""

        async def held() -> bool:
            return self.holding == requests

        await until(held)


class Heard:
    """Who heard which title, the titles of requests as they began, and the numbers that a phone replaces by."""

    def __init__(self) -> None:
        self._heard: dict[str, list[NDArray[np.int64]]] = {}
        self.begun: list[tuple[str, float]] = []
        self.numbers: set[int] = set()

    def note(self, title: str, users: Sequence[int], number: int) -> None:
        """Note who heard a title."""
        self._heard.setdefault(title, []).append(np.array(users, dtype=np.int64))
        self.numbers.add(number)

    def begin(self, title: str) -> None:
        """Note that a request came in."""
        self.begun.append((title, asyncio.get_running_loop().time()))

    @property
    def titles(self) -> set[str]:
        """What was said at all."""
        return set(self._heard)

    def of(self, *titles: str) -> NDArray[np.int64]:
        """Return who heard any of these titles, sorted, as often as they did."""
        parts = [part for title in titles for part in self._heard.get(title, [])]
        return np.sort(np.concatenate(parts)) if parts else np.empty(0, dtype=np.int64)

    def largest(self, title: str) -> int:
        """Return how many heard a title by one request, at most."""
        return max((part.size for part in self._heard.get(title, [])), default=0)

    def times(self, title: str) -> list[float]:
        """Return when each request of a title came in, by the event loop's clock."""
        return [at_s for begun, at_s in self.begun if begun == title]

    @property
    def first(self) -> str:
        """The title that came first."""
        return self.begun[0][0]


class HearingTpns(SimulatedTpns):
    """A TPNS that knows who heard what; while it is `mute`, it takes requests and drops their connections."""

    def __init__(self, settings: SimulatedTpnsSettings) -> None:
        super().__init__(settings)
        self.faults = self.gate = Gate(settings)
        self.heard = Heard()
        self.mute = False
        self.url = ""

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer any request."""
        if request.path == "/v3/push/app":
            self.heard.begin(msgspec.json.decode(await request.read())["message"]["title"])
        response = await super().handle(request)
        if self.mute and request.transport is not None:
            request.transport.abort()
        return response

    def _accept(self, push: PushRequest, at: float) -> web.Response:
        number = msgspec.json.decode(push.message.android["n_id"], type=int)
        self.heard.note(push.message.title, [int(account) for account in push.account_list], number)
        return super()._accept(push, at)


class HearingHuawei(SimulatedHuawei):
    """A Huawei that knows who heard what; no token of a test is invalid."""

    def __init__(self, settings: SimulatedHuaweiSettings, user_of: Callable[[str], int]) -> None:
        super().__init__(settings)
        self.faults = self.gate = Gate(settings)
        self.heard = Heard()
        self._user_of = user_of

    def _send(self, request: web.BaseRequest, body: bytes) -> web.Response:
        shown = msgspec.json.decode(body)["payload"]["notification"]
        self.heard.begin(shown["title"])
        return super()._send(request, body)

    def _accept(self, tokens: list[str], collapse_id: str) -> web.Response:
        self.heard.note(self.heard.begun[-1][0], [self._user_of(token) for token in tokens], int(collapse_id))
        return super()._accept(tokens, collapse_id)


@asynccontextmanager
async def hearing_tpns(bench: Bench, latency_ms: float = 0.0) -> AsyncIterator[HearingTpns]:
    """Serve a TPNS within this process, which the bench's servers send to."""
    provider = HearingTpns(SimulatedTpnsSettings(latency_ms=latency_ms))
    async with _served(provider.handle) as provider.url:
        bench.provider_url = provider.url
        yield provider


class HearingHuaweiLane(HuaweiLane):
    """A lane of Huawei within this process."""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Self]:
        """Serve in this process."""
        settings = SimulatedHuaweiSettings(service_account_file=self._bench.folder / "huawei.json")
        self.provider = HearingHuawei(settings, self.user_of)
        self.heard, self.gate = self.provider.heard, self.provider.gate
        async with _served(BatchSite(self.provider).handle) as self.url:
            self.control_url = self.url
            yield self


async def given_back(bench: Bench) -> bool:
    """Tell whether nobody holds a unit of the first message."""
    query = """select 1 from sweep s join sweep_unit u on u.sweep_id = s.id
               where s.notice = 'alert' and not u.done and u.lease_until > now()"""
    return not await bench.query(query)


@asynccontextmanager
async def _served(handle: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    runner = web.ServerRunner(web.Server(handle), shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
