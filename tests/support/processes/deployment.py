"""A deployment for a test: stores, a simulated provider, servers, and people and cases around Shenzhen.

Bounded by `tests.support.processes.processes`; `close` ends every process that was started.
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import asyncpg
import msgspec
import numpy as np

from geo.area import Circle, distances_km
from geo.connection import connect
from geo.index.position_index import PositionIndex
from geo.index.reports import Positions, now_ms
from handlers.http.roles import Role
from runtime.retry import retry_until_available
from server.administration import access
from server.administration.file_case import send_case
from server.settings import load
from server.stores import Stores
from sql.database import UNAVAILABLE_ERRORS
from tests.support.processes.fork import PATIENT
from tests.support.processes.processes import Process
from tests.support.stores.kept_connections import KeptConnections

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from server.embedded import StoreUrls

EDGE_KM = 0.001
SENT_S = 240.0
"""Far longer than any alert of a test takes, also beside other work."""

CLOCK_TRIES = 100

SHENZHEN = Circle(114.0579, 22.5431, 120.0)
SEEN_ON = (datetime.now(UTC) - timedelta(days=2)).date().isoformat()
"""Two days ago: every ring of every policy is due, and no date check refuses it."""

CASE: dict[str, Any] = {
    "case_number": "SZ-2026-000123",
    "status": "actual",
    "reported_at": f"{SEEN_ON}T16:20:00+08:00",
    "child": {"name": "小明", "sex": "male", "age": 6, "height_cm": 118, "clothing": "蓝色校服"},
    "last_seen": {"at": f"{SEEN_ON}T15:40:00+08:00", "longitude": 114.0579, "latitude": 22.5431, "place": "莲花山公园"},
    "contact": {"name": "福田分局", "phone": "110"},
}


def reports_now(lane: str, users: list[int], longitudes: list[float], latitudes: list[float]) -> Positions:
    """Return position reports made just now."""
    return Positions(lane, users, longitudes, latitudes, [now_ms()] * len(users))


def _redis(url: str, login: str) -> dict[str, str]:
    """Return the settings of one Redis, or of a cluster."""
    if not url.startswith("redis+cluster://"):
        return {"QQ_ALERT_REDIS__URL": url.replace("unix:///", f"unix://{login}/") if login else url}
    return {"QQ_ALERT_REDIS__CLUSTER": json.dumps(url.partition("://")[2].split(","))}


class Listening(Protocol):
    """A server, of this version or another."""

    @property
    def url(self) -> str:
        """Where it listens."""


class Deployment:
    """Stores, a simulated provider and servers, with an authority that may file cases and an administrator's token.

    `redis_login`: as whom servers and commands log in to Redis; the test itself may do everything there.
    `patient`: what a server waits for less than a second for, it waits for longer, because the machine may be busy.
    """

    def __init__(self, stores: StoreUrls, folder: Path, redis_login: str = "", *, patient: bool = False) -> None:
        self.redis_login = redis_login
        self._patience = {PATIENT: "1", "QQ_ALERT_ALERT__ESTIMATE_WITHIN_S": "10"} if patient else {}
        assert stores.postgres is not None
        assert stores.redis is not None
        self.database_url = stores.postgres
        self.redis_url = stores.redis
        self._runtime_login = None if stores.runtime is None else urlsplit(stores.runtime).netloc
        self.folder = folder
        self.log = folder / "server.log"
        self.provider_url = ""
        self.secret = ""
        self.token = ""
        self._processes: list[Process] = []
        self._connections = KeptConnections()

    @property
    def server_database_url(self) -> str:
        """The database as servers reach it: as the role that is not its owner, wherever `database_url` leads."""
        if self._runtime_login is None:
            return self.database_url
        return urlunsplit(urlsplit(self.database_url)._replace(netloc=self._runtime_login))

    def env(self, **more: str) -> dict[str, str]:
        """Return the configuration of a server as environment."""
        return {
            "QQ_ALERT_LISTEN": "127.0.0.1:0",
            "QQ_ALERT_STATE_DIR": str(self.folder / "state"),
            "QQ_ALERT_LEASE_S": "1",
            # So small that processes share the few people of a test.
            "QQ_ALERT_ALERT__UNIT_PEOPLE": "500",
            # A test counts its few people; those of what is withheld have the default.
            "QQ_ALERT_PRIVACY__PEOPLE_MIN": "1",
            "QQ_ALERT_DATABASE__URL": self.server_database_url,
            **_redis(self.redis_url, self.redis_login),
            "QQ_ALERT_LANES__TPNS__URL": self.provider_url,
            "QQ_ALERT_LANES__TPNS__ACCESS_ID": "simulated",
            "QQ_ALERT_LANES__TPNS__SECRET_KEY": "simulated",
            "QQ_ALERT_LANES__TPNS__WORKERS": "4",
            "QQ_ALERT_LANES__TPNS__QUEUE_BATCHES": "8",
            "QQ_ALERT_LANES__TPNS__MISCONFIGURED_PROBE_S": "0.2",
            **self._patience,
            **more,
        }

    async def provider(self, *options: str) -> Process:
        """Start the simulated provider."""
        process = Process("simulate", "tpns", *options)
        self._processes.append(process)
        self.provider_url = await process.started()
        return process

    def own(self, process: Process) -> Process:
        """End a process with the others."""
        self._processes.append(process)
        return process

    async def server(self, **env: str) -> Process:
        """Start a server."""
        process = Process("serve", env=self.env(**env), log=self.log)
        self._processes.append(process)
        await process.started()
        return process

    @property
    def stores(self) -> Stores:
        """Return the stores as a command gets them: it migrates as the owner, and gives servers their rights."""
        owner_url = None if self._runtime_login is None else self.database_url
        return Stores(self.server_database_url, self.redis_url, embedded=False, dead=lambda: None, owner_url=owner_url)

    async def register(self) -> None:
        """Add the authority and a token; PostgreSQL may end a transaction that waits for a busy machine."""
        settings, stores = load(None, self.env()), self.stores
        add = partial(access.add_authority, settings, stores, "sz", "Shenzhen")
        self.secret = await retry_until_available(add, UNAVAILABLE_ERRORS, "postgresql")
        create = partial(access.create_token, settings, stores, Role.ADMIN, "test")
        _, self.token = await retry_until_available(create, UNAVAILABLE_ERRORS, "postgresql")

    async def command(self, *arguments: str) -> dict[str, Any]:
        """Run a command and return the JSON that it prints."""
        result: dict[str, Any] = json.loads(await self.run(*arguments))
        return result

    async def run(self, *arguments: str) -> str:
        """Run a command; returns what it prints."""
        process = Process(*arguments, env=self.env(), log=self.folder / "command.log")
        output = await process.printed()
        assert process.end() == 0, (self.folder / "command.log").read_text(encoding="utf-8")
        return output

    async def people(self, number: int, seed: int = 1) -> NDArray[np.int64]:
        """Put people around Shenzhen; returns the ids of those within 120 km by brute force."""
        rng = np.random.default_rng(seed)
        users = rng.choice(number * 4, number, replace=False).astype(np.int64) + 10_000_000
        longitudes, latitudes = 114.0579 + rng.normal(0, 1.0, number), 22.5431 + rng.normal(0, 0.8, number)
        # Redis stores 52-bit geohashes: a user within a metre of the edge may fall on either side.
        distances = distances_km(SHENZHEN.longitude, SHENZHEN.latitude, longitudes, latitudes)
        clear = np.abs(distances - SHENZHEN.radius_km) > EDGE_KM
        users, longitudes, latitudes = users[clear], longitudes[clear], latitudes[clear]
        redis = connect(self.redis_url)
        index = PositionIndex(redis, ("tpns",))
        for start in range(0, number, 20_000):
            part = slice(start, start + 20_000)
            await index.record(
                reports_now("tpns", users[part].tolist(), longitudes[part].tolist(), latitudes[part].tolist())
            )
        await redis.aclose()
        return np.sort(users[SHENZHEN.contains(longitudes, latitudes)])

    async def file(self, server: Listening, **changes: object) -> tuple[int, dict[str, Any]]:
        """File the signed case; returns the status and the answer."""
        body = msgspec.json.encode({**CASE, **changes})
        status, answer = await send_case(server.url, "sz", self.secret, body)
        return status, json.loads(answer)

    async def get(self, url: str) -> Any:  # noqa: ANN401 - JSON
        """Get JSON with the token."""
        async with self.session() as session, session.get(url) as response:
            return await response.json()

    def session(self) -> aiohttp.ClientSession:
        """Return a session with the token."""
        return aiohttp.ClientSession(headers={"Authorization": f"Bearer {self.token}"})

    async def counts(self) -> dict[str, Any]:
        """Return the simulated provider's counts."""
        counts: dict[str, Any] = await self.get(f"{self.provider_url}/simulated/counts")
        return counts

    async def reached(self) -> NDArray[np.int64]:
        """Return the accounts that the simulated provider accepted, sorted."""
        async with self.session() as session, session.get(f"{self.provider_url}/simulated/accounts") as response:
            return np.frombuffer(await response.read(), dtype="<i8")

    async def lane_metric(self, server: Listening, name: str, lane: str = "tpns") -> float:
        """Return what a server's metrics say of a lane now."""
        async with self.session() as session, session.get(f"{server.url}/metrics") as response:
            lines = (await response.text()).splitlines()
        [value] = [line.split()[-1] for line in lines if line.startswith(f'{name}{{lane="{lane}"')]
        return float(value)

    async def switch_outage(self, *, on: bool) -> None:
        """Start or end an outage of the simulated provider."""
        async with self.session() as session:
            await session.post(f"{self.provider_url}/simulated/outage", json={"on": on})

    async def pass_time(self, hours: float) -> None:
        """Move all times of all alerts into the past by some hours, as if that time had passed."""
        times = {
            "alert": (
                "received_at",
                "deadline",
                "expires",
                "send_at",
                "sent_at",
                "swept_at",
                "next_sweep_at",
                "ended_at",
            ),
            "ring": ("due_at", "deadline"),
            "notice": ("at",),
            "sweep_unit": ("done_at",),
        }
        connection = await asyncpg.connect(self.database_url)
        for attempt in range(1, CLOCK_TRIES + 1):
            try:
                async with connection.transaction():
                    # A lock timeout yields to a server that changes an alert, before PostgreSQL finds a deadlock.
                    await connection.execute("set local lock_timeout = '300ms'")
                    await connection.execute("lock table alert, ring, notice in share row exclusive mode")
                    # That of a ring's sweep follows the ring.
                    await connection.execute(
                        "update sweep set due_at = due_at - $1::interval where notice = 'reminder'",
                        timedelta(hours=hours),
                    )
                    for table, columns in times.items():
                        moved = ", ".join(f"{column} = {column} - $1::interval" for column in columns)
                        await connection.execute(f"update {table} set {moved}", timedelta(hours=hours))  # noqa: S608 - our names
                break
            except asyncpg.LockNotAvailableError:
                assert attempt < CLOCK_TRIES
        await connection.close()

    async def query(self, text: str, *arguments: object) -> list[Any]:
        """Query PostgreSQL."""
        return await self._connections.query(self.database_url, text, *arguments)

    async def place(self, users: Sequence[int], longitude: float, latitude: float) -> None:
        """Report users at one place (degrees), now."""
        client = connect(self.redis_url)
        number = len(users)
        await PositionIndex(client, ("tpns",)).record(
            reports_now("tpns", list(users), [longitude] * number, [latitude] * number)
        )
        await client.aclose()

    async def post(self, url: str, content: object, token: str = "") -> tuple[int, Any]:
        """Post JSON with the token, or another one; returns the status and the JSON of the answer."""
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {token or self.token}"}) as session,
            session.post(url, data=msgspec.json.encode(content)) as response,
        ):
            return response.status, await response.json(content_type=None)

    async def colleague(self) -> str:
        """Return the token of a second person, who approves."""
        settings = load(None, self.env())
        stores = self.stores
        return (await access.create_token(settings, stores, Role.APPROVER, "colleague"))[1]

    async def break_ledger(self) -> None:
        """Rename a column of the ledger, so that servers meet an unexpected database error."""
        connection = await asyncpg.connect(self.database_url)
        await connection.execute("alter table ledger rename column packed to hidden")
        await connection.close()

    async def sent(self, server: Listening, alert: str, within_s: float = SENT_S) -> dict[str, Any]:
        """Wait on the feed until the alert is sent; returns the last progress."""
        async with (
            asyncio.timeout(within_s),
            self.session() as session,
            session.ws_connect(f"{server.url}/v1/feed") as feed,
        ):
            async for message in feed:
                event = message.json()
                for progress in event.get("alerts", [event]):
                    if progress.get("alert") == alert and progress.get("state") == "sent":
                        result: dict[str, Any] = progress
                        return result
        raise AssertionError("the feed ended")

    async def close(self) -> None:
        """End all processes."""
        self._connections.close()
        for process in reversed(self._processes):
            await asyncio.to_thread(process.end)
