"""Lanes that address devices: each starts its simulated provider and has the settings of a server that uses it.

A user's token is made from the user's id, so that the tokens counted by the provider tell which users it reached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from geo.connection import connect
from geo.index.devices import address
from geo.index.position_index import PositionIndex
from geo.index.reports import Positions, now_ms
from server.simulators.token.webpush import subscription
from tests.support.processes.deployment import SHENZHEN
from tests.support.processes.processes import Process

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.support.processes.deployment import Deployment

TOKEN_DIGITS = 64
FIRST_USER = 90_000_000


def token_of(user: int) -> str:
    """Return a user's token: hexadecimal, as long as Apple's."""
    return f"{user:0{TOKEN_DIGITS}x}"


class DeviceLane:
    """A lane of a simulated provider that addresses devices."""

    name = ""

    def __init__(self, deployment: Deployment) -> None:
        self._bench = deployment
        self.url = ""
        self.control_url = ""

    def options(self) -> list[str]:
        """Return the options of the simulated provider's command."""
        return []

    def own_settings(self) -> dict[str, str]:
        """Return the settings that only this lane has."""
        return {}

    def token_of(self, user: int) -> str:
        """Return a user's token at this provider."""
        return token_of(user)

    def user_of(self, token: str) -> int:
        """Return the user of a token that the simulated provider counted."""
        return int(token, 16)

    async def start(self, *options: str) -> Process:
        """Start the provider."""
        process = self._bench.own(Process("simulate", self.name, *self.options(), *options))
        self.url = self.control_url = await process.started()
        return process

    def env(self, **more: str) -> dict[str, str]:
        """Return the lane's settings as environment variables; `more` has names in lower case."""
        settings = {
            "url": self.url,
            "workers": "4",
            "queue_batches": "8",
            "misconfigured_probe_s": "0.2",
            **self.own_settings(),
            **more,
        }
        return {f"QQ_ALERT_LANES__{self.name.upper()}__{name.upper()}": value for name, value in settings.items()}

    async def people(
        self, number: int, seed: int = 2, locale: str = "zh-CN", first: int = FIRST_USER
    ) -> NDArray[np.int64]:
        """Report users with tokens around Shenzhen; returns the ids of those within 120 km, by brute force."""
        rng = np.random.default_rng(seed)
        users = rng.choice(number * 4, number, replace=False).astype(np.int64) + first
        longitudes, latitudes = 114.0579 + rng.normal(0, 0.4, number), 22.5431 + rng.normal(0, 0.3, number)
        inside = SHENZHEN.contains(longitudes, latitudes)
        users, longitudes, latitudes = users[inside], longitudes[inside], latitudes[inside]
        redis = connect(self._bench.redis_url)
        addresses = [address(locale, self.token_of(user)) for user in users.tolist()]
        columns = longitudes.tolist(), latitudes.tolist(), [now_ms()] * len(users)
        index = PositionIndex(redis, ("tpns", self.name))
        await index.record(Positions(self.name, users.tolist(), *columns, addresses))
        await redis.aclose()
        return np.sort(users)

    async def counts(self) -> dict[str, Any]:
        """Return the simulated provider's counts."""
        counts: dict[str, Any] = await self._bench.get(f"{self.control_url}/simulated/counts")
        return counts

    async def reached(self) -> NDArray[np.int64]:
        """Return the users whose tokens were accepted, sorted."""
        tokens = await self._bench.get(f"{self.control_url}/simulated/tokens")
        return np.sort(np.array([self.user_of(token) for token in tokens], dtype=np.int64))

    async def control(self, path: str, content: object) -> None:
        """Change the behaviour of the simulated provider."""
        async with self._bench.session() as session:
            await session.post(f"{self.control_url}/simulated/{path}", data=msgspec.json.encode(content))


class HuaweiLane(DeviceLane):
    """A lane of a simulated Huawei."""

    name = "huawei"

    def options(self) -> list[str]:
        """Return the option that names the key file."""
        return ["--service-account-file", str(self._bench.folder / "huawei.json")]

    def own_settings(self) -> dict[str, str]:
        """Return the setting that names the key file."""
        return {"service_account_file": str(self._bench.folder / "huawei.json")}


class TlsLane(DeviceLane):
    """A lane of a simulated provider over HTTP/2 and TLS."""

    certificate = ""

    async def start(self, *options: str) -> Process:
        """Start the provider, and ask for its URL and certificate."""
        process = await super().start(*options)
        endpoint = await self._bench.get(f"{self.control_url}/simulated/endpoint")
        self.url, self.certificate = endpoint["url"], endpoint["certificate"]
        return process


class ApnsLane(TlsLane):
    """A lane of a simulated APNs."""

    name = "apns"

    def options(self) -> list[str]:
        """Return the option that names the key file."""
        return ["--key-file", str(self._bench.folder / "apns.p8")]

    def own_settings(self) -> dict[str, str]:
        """Return our credentials there."""
        return {
            "key_file": str(self._bench.folder / "apns.p8"),
            "key_id": "SIMULATED1",
            "team_id": "SIMULATEDT",
            "topic": "example.alert",
            "ca_file": self.certificate,
        }


class FcmLane(TlsLane):
    """A lane of a simulated FCM."""

    name = "fcm"

    def options(self) -> list[str]:
        """Return the option that names the folder of key files."""
        return ["--accounts-dir", str(self._bench.folder)]

    def own_settings(self) -> dict[str, str]:
        """Return our credentials there."""
        file = self._bench.folder / "simulated-project.json"
        return {"service_account_files": f'["{file}"]', "ca_file": self.certificate}


class WebpushLane(TlsLane):
    """A lane of a simulated Web Push service; its tokens are the subscriptions of users' browsers."""

    name = "webpush"

    def options(self) -> list[str]:
        """Return the option that names the key file."""
        return ["--key-file", str(self._bench.folder / "vapid.pem")]

    def own_settings(self) -> dict[str, str]:
        """Return our credentials there, and its host as the only push service."""
        return {
            "key_file": str(self._bench.folder / "vapid.pem"),
            "subject": "mailto:alerts@police.example",
            "hosts": f'["{self.url.removeprefix("https://")}"]',
            "ca_file": self.certificate,
        }

    def token_of(self, user: int) -> str:
        """Return the subscription of a user's browser."""
        return subscription(self.url, user)

    def user_of(self, token: str) -> int:
        """Return the user: the service counts users."""
        return int(token)
