"""Simulated providers that record who was notified with which title, and when.

They run within the test and can hold requests, so that a test can stop a sweep at a chosen request. Bounded by the
test.
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
from server.simulators.batch.tpns import SimulatedTpns, SimulatedTpnsSettings
from server.simulators.faults import Faults, SimulatedSettings
from tests.support.processes.processes import until
from tests.support.providers.lanes import HuaweiLane

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from numpy.typing import NDArray

    from server.simulators.batch.tpns_checks import PushMessage, PushRequest
    from tests.support.processes.deployment import Deployment

FOUND: Final = "走失儿童已找到"
CANCEL: Final = "寻人信息已撤销"


class Gate(Faults):
    """Accepts a number of requests and holds all others until it is opened."""

    def __init__(self, settings: SimulatedSettings) -> None:
        super().__init__(settings)
        self._through: int | None = None
        self._opened = asyncio.Event()
        self.holding = 0
        self.skips_latency = False

    def close_after(self, requests: int) -> None:
        """Hold all requests after this many."""
        self._through = requests
        self._opened.clear()

    def open(self) -> None:
        """Release all held requests, and hold no more."""
        self._through = None
        self._opened.set()

    async def latency(self) -> None:
        """Wait while the request is held, then for the provider's latency unless `skips_latency`."""
        if self._through is not None and self._through <= 0:
            self.holding += 1
            await self._opened.wait()
            self.holding -= 1
        elif self._through is not None:
            self._through -= 1
        if not self.skips_latency:
            await super().latency()

    async def holds(self, requests: int) -> None:
        """Wait until this many requests are held."""

        async def held() -> bool:
            return self.holding == requests

        await until(held)


class Notified:
    """Who was notified with which title, when requests began, and the numbers by which a phone replaces messages."""

    def __init__(self) -> None:
        self._by_title: dict[str, list[NDArray[np.int64]]] = {}
        self.begun: list[tuple[str, float]] = []
        self.numbers: set[int] = set()
        self._with_sound: list[tuple[str, NDArray[np.int64]]] = []

    def note(self, title: str, users: Sequence[int], number: int, *, sound: bool = False) -> None:
        """Record that users were notified with a title, and whether that made a sound, as far as that is known."""
        some = np.array(users, dtype=np.int64)
        self._by_title.setdefault(title, []).append(some)
        self.numbers.add(number)
        if sound:
            self._with_sound.append((title, some))

    @property
    def with_sound(self) -> NDArray[np.int64]:
        """The users who were notified with a sound, sorted; one for whom it sounded twice appears twice."""
        parts = [some for _, some in self._with_sound]
        return np.sort(np.concatenate(parts)) if parts else np.empty(0, dtype=np.int64)

    @property
    def titles_with_sound(self) -> set[str]:
        """All titles that were notified with a sound."""
        return {title for title, _ in self._with_sound}

    def begin(self, title: str) -> None:
        """Record that a request arrived."""
        self.begun.append((title, asyncio.get_running_loop().time()))

    @property
    def titles(self) -> set[str]:
        """All titles with which users were notified."""
        return set(self._by_title)

    def of(self, *titles: str) -> NDArray[np.int64]:
        """Return the users notified with any of these titles, sorted; one notified twice appears twice."""
        parts = [part for title in titles for part in self._by_title.get(title, [])]
        return np.sort(np.concatenate(parts)) if parts else np.empty(0, dtype=np.int64)

    def largest(self, title: str) -> int:
        """Return how many users the largest request of a title notified."""
        return max((part.size for part in self._by_title.get(title, [])), default=0)

    def times(self, title: str) -> list[float]:
        """Return when each request of a title arrived, by the event loop's clock."""
        return [at_s for begun, at_s in self.begun if begun == title]

    @property
    def first(self) -> str:
        """The title of the first request."""
        return self.begun[0][0]


class RecordingTpns(SimulatedTpns):
    """A TPNS that records who was notified; with `drops_connections` it accepts requests but never answers.

    `phones`: the first message of each title, as phones get it.
    """

    def __init__(self, settings: SimulatedTpnsSettings) -> None:
        super().__init__(settings)
        self.faults = self.gate = Gate(settings)
        self.notified = Notified()
        self.drops_connections = False
        self.phones: dict[str, PushMessage] = {}
        self.url = ""

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer any request."""
        if request.path == "/v3/push/app":
            self.notified.begin(msgspec.json.decode(await request.read())["message"]["title"])
        response = await super().handle(request)
        if self.drops_connections and request.transport is not None:
            request.transport.abort()
        return response

    def _accept(self, push: PushRequest, at: float) -> web.Response:
        number = msgspec.json.decode(push.message.android["n_id"], type=int)
        self.phones.setdefault(push.message.title, push.message)
        sound = msgspec.json.decode(push.message.android["ring"]) == 1
        self.notified.note(push.message.title, [int(account) for account in push.account_list], number, sound=sound)
        return super()._accept(push, at)


class RecordingHuawei(SimulatedHuawei):
    """A Huawei that records who was notified; no token of a test is invalid."""

    def __init__(self, settings: SimulatedHuaweiSettings, user_of: Callable[[str], int]) -> None:
        super().__init__(settings)
        self.faults = self.gate = Gate(settings)
        self.notified = Notified()
        self._user_of = user_of

    def _send(self, request: web.BaseRequest, body: bytes) -> web.Response:
        notification = msgspec.json.decode(body)["payload"]["notification"]
        self.notified.begin(notification["title"])
        return super()._send(request, body)

    def _accept(self, tokens: list[str], collapse_id: str) -> web.Response:
        self.notified.note(self.notified.begun[-1][0], [self._user_of(token) for token in tokens], int(collapse_id))
        return super()._accept(tokens, collapse_id)


@asynccontextmanager
async def recording_tpns(deployment: Deployment, latency_ms: float = 0.0) -> AsyncIterator[RecordingTpns]:
    """Run a TPNS within this process, as the provider of the servers that the test starts."""
    provider = RecordingTpns(SimulatedTpnsSettings(latency_ms=latency_ms))
    async with _served(provider.handle) as provider.url:
        deployment.provider_url = provider.url
        yield provider


class RecordingHuaweiLane(HuaweiLane):
    """A lane of a Huawei within this process that records who was notified."""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Self]:
        """Run the provider in this process."""
        settings = SimulatedHuaweiSettings(service_account_file=self._bench.folder / "huawei.json")
        self.provider = RecordingHuawei(settings, self.user_of)
        self.notified, self.gate = self.provider.notified, self.provider.gate
        async with _served(BatchSite(self.provider).handle) as self.url:
            self.control_url = self.url
            yield self


async def units_released(deployment: Deployment) -> bool:
    """Tell whether no server holds a unit of the notice `alert`."""
    query = """select 1 from sweep s join sweep_unit u on u.sweep_id = s.id
               where s.notice = 'alert' and not u.done and u.lease_until > now()"""
    return not await deployment.query(query)


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
