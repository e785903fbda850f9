"""Send messages to a simulated provider of any lane, and return the request bodies that it received.

Bounded by the test.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp
from aiohttp import web
from redis import asyncio as aioredis

from push.discovery import open_gateway, providers
from push.results import RequestStatus
from push.transport.quota import Quotas
from server.simulators.batch.honor import SimulatedHonor, SimulatedHonorSettings
from server.simulators.batch.huawei import SimulatedHuawei, SimulatedHuaweiSettings
from server.simulators.batch.oppo import SimulatedOppo, SimulatedOppoSettings
from server.simulators.batch.tpns import SimulatedTpns, SimulatedTpnsSettings
from server.simulators.batch.vivo import SimulatedVivo, SimulatedVivoSettings
from server.simulators.batch.xiaomi import SimulatedXiaomi, SimulatedXiaomiSettings
from server.simulators.token import site as token_site
from server.simulators.token.apns import SimulatedApns, SimulatedApnsSettings
from server.simulators.token.fcm import SimulatedFcm, SimulatedFcmSettings
from server.simulators.token.webpush import SimulatedWebpush, SimulatedWebpushSettings, subscription
from tests.support.providers.clearances import TESTING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from push.message.content import Message
    from push.provider import LaneSettings
    from server.simulators.batch.site import BatchProvider
    from server.simulators.token.exchange import Request, Response

TWO = [b"a1", b"b2"]
UNAVAILABLE = Quotas(aioredis.Redis(port=9))


class Lane(NamedTuple):
    """Settings for a simulated provider, recipients to send to, and the bodies received so far."""

    settings: LaneSettings
    to: list[bytes]
    bodies: list[bytes]

    def token(self, user: int) -> str:
        """Return a token of a user at this provider."""
        if self.to[0].startswith(b"{"):
            return subscription(self.settings.url, user)
        return f"{user:064x}"


class RecordingApns(SimulatedApns):
    """An APNs that keeps the bodies it receives."""

    def __init__(self, settings: SimulatedApnsSettings) -> None:
        super().__init__(settings)
        self.bodies: list[bytes] = []

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        self.bodies.append(request.body)
        return super().handle(request)


class RecordingFcm(SimulatedFcm):
    """An FCM that keeps the bodies it receives."""

    def __init__(self, settings: SimulatedFcmSettings) -> None:
        super().__init__(settings)
        self.bodies: list[bytes] = []

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        if request.path.endswith(":send"):
            self.bodies.append(request.body)
        return super().handle(request)


class RecordingWebpush(SimulatedWebpush):
    """A Web Push service that keeps the decrypted bodies, as browsers read them."""

    def __init__(self, settings: SimulatedWebpushSettings) -> None:
        super().__init__(settings)
        self.bodies: list[bytes] = []

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        answer = super().handle(request)
        if self.last:
            self.bodies.append(self.last)
        return answer


BATCH: dict[str, Callable[[Path], BatchProvider]] = {
    "huawei": lambda folder: SimulatedHuawei(SimulatedHuaweiSettings(service_account_file=folder / "huawei.json")),
    "xiaomi": lambda _: SimulatedXiaomi(SimulatedXiaomiSettings()),
    "vivo": lambda _: SimulatedVivo(SimulatedVivoSettings()),
    "oppo": lambda _: SimulatedOppo(SimulatedOppoSettings()),
    "honor": lambda _: SimulatedHonor(SimulatedHonorSettings()),
}
TOKEN: dict[str, Callable[[Path], Any]] = {
    "apns": lambda folder: RecordingApns(SimulatedApnsSettings(key_file=folder / "apns.p8")),
    "fcm": lambda folder: RecordingFcm(SimulatedFcmSettings(accounts_dir=folder)),
    "webpush": lambda folder: RecordingWebpush(SimulatedWebpushSettings(key_file=folder / "vapid.pem")),
}


def _own(name: str, url: str, folder: Path, certificate: Path | None) -> dict[str, Any]:
    """Return the settings that only one provider's lane has."""
    own: dict[str, dict[str, Any]] = {
        "tpns": {"access_id": "simulated", "secret_key": "simulated"},
        "huawei": {"service_account_file": folder / "huawei.json", "silent_category": "MARKETING"},
        "xiaomi": {"app_secret": "simulated", "package_name": "example.alert", "channel_id": "1"},
        "vivo": {"app_id": "simulated", "app_key": "simulated", "app_secret": "simulated"},
        "oppo": {"app_key": "simulated", "master_secret": "simulated", "notify_level": 16},
        "honor": {
            "app_id": "simulated",
            "client_id": "simulated",
            "client_secret": "simulated",
            "auth_url": f"{url}/auth/token",
        },
        "apns": {
            "key_file": folder / "apns.p8",
            "key_id": "SIMULATED1",
            "team_id": "SIMULATEDT",
            "topic": "example.alert",
            "ca_file": certificate,
        },
        "fcm": {"service_account_files": [folder / "simulated-project.json"], "ca_file": certificate},
        "webpush": {
            "key_file": folder / "vapid.pem",
            "subject": "mailto:alerts@police.example",
            "hosts": (url.removeprefix("https://"),),
            "ca_file": certificate,
        },
    }
    return {"url": url, **own[name]}


def settings_of(name: str, url: str, folder: Path, certificate: Path | None = None) -> LaneSettings:
    """Return the settings of a lane whose provider is at `url`."""
    return providers()[name].settings(**_own(name, url, folder, certificate))


@asynccontextmanager
async def _batch(name: str, folder: Path) -> AsyncIterator[Lane]:
    provider = None if name == "tpns" else BATCH[name](folder)
    tpns = SimulatedTpns(SimulatedTpnsSettings())
    bodies: list[bytes] = []

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        if "auth" not in request.path:
            bodies.append(body)
        return await tpns.handle(request) if provider is None else provider.paths()[request.path](request, body)

    runner = web.ServerRunner(web.Server(handle))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield Lane(settings_of(name, url, folder), [b"10000001", b"10000002"] if provider is None else TWO, bodies)
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _token(name: str, folder: Path) -> AsyncIterator[Lane]:
    provider, stopping = TOKEN[name](folder), asyncio.Event()
    listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as group:
        # No fault is simulated, so the settings of any token provider will do.
        settings = SimulatedApnsSettings(key_file=folder / "apns.p8")
        group.create_task(token_site.serve(provider, settings, stopping, listening.set_result))
        url, _, control_url = (await listening).partition(" control ")
        async with aiohttp.ClientSession() as session, session.get(f"{control_url}/simulated/endpoint") as answer:
            certificate = Path((await answer.json())["certificate"])
        to = [subscription(url, 7).encode()] if name == "webpush" else [b"%064x" % 1]
        yield Lane(settings_of(name, url, folder, certificate), to, provider.bodies)
        stopping.set()


@asynccontextmanager
async def lane_of(name: str, folder: Path) -> AsyncIterator[Lane]:
    """Run a simulated provider of a lane within the test."""
    async with (_token if name in TOKEN else _batch)(name, folder) as lane:
        yield lane


async def sent_bodies(name: str, folder: Path, *messages: Message) -> tuple[LaneSettings, list[bytes]]:
    """Send messages to a simulated provider; returns the lane's settings and the first body of each message.

    The first body holds the message; providers that store it first get a second request that only refers to it.
    """
    async with lane_of(name, folder) as there:
        provider, bodies = providers()[name], list[bytes]()
        gateway = open_gateway(provider, there.settings, UNAVAILABLE)
        for message in messages:
            before = len(there.bodies)
            answer = await gateway.send(message, there.to, TESTING)
            assert (answer.request_status, answer.asked) == (RequestStatus.ANSWERED, True)
            bodies.append(there.bodies[before])
        await gateway.close()
    return there.settings, bodies
