"""The server that tests compare with the model: it has an authority for each policy, and a token for each person.

Bounded: `WITHIN_S` for each request.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import numpy as np

import sql.audit
import sql.lifecycle
from handlers.http.roles import Role
from push.alerts.lifecycle import State
from server.administration import access
from server.administration.file_case import send_case
from server.settings import load
from server.stores import Stores
from sql.audit import Entry, Link
from tests.support.life.model import NEEDED, PEOPLE, Alert, Person
from tests.support.processes.deployment import CASE, Deployment
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from collections.abc import Coroutine

    import aiohttp

    from sql.database import Pool
    from tests.support.processes.processes import Process

WITHIN_S = 60
NEAR, FAR = 24, 6
RATE_PER_S = 90
"""Slow enough that a sweep which does not stop at once is noticed."""

GRACE_S = 900
NEVER_S = "3600"
"""No case is deleted during a test: hours pass, and the model does not include deletion."""


class ServerUnderTest:
    """A server and its provider, an authority for each policy, and a token for each person."""

    def __init__(self, deployment: Deployment, pool: Pool, session: aiohttp.ClientSession) -> None:
        self.deployment = deployment
        self.pool = pool
        self.session = session
        self.loop = asyncio.get_running_loop()
        self.server: Process
        self.secrets: dict[str, str] = {}
        self.tokens: dict[Person, str] = {}

    async def begin(self) -> None:
        """Start the provider and the server; register authorities and tokens."""
        await self.deployment.provider()
        limits = {f"QQ_ALERT_LIMITS__{name}": "1000000" for name in ("PEOPLE_PER_S", "PEOPLE_BURST")}
        limits["QQ_ALERT_LIMITS__WEBHOOKS_PER_MINUTE"] = "1000000"
        limits |= {"QQ_ALERT_LANES__TPNS__RATE_PER_S": str(RATE_PER_S), "QQ_ALERT_RETENTION__LOOK_S": NEVER_S}
        self.server = await self.deployment.server(**limits)
        config = load(None, self.deployment.env())
        stores = Stores(self.deployment.database_url, self.deployment.redis_url, embedded=False, dead=lambda: None)
        for policy in NEEDED:
            self.secrets[policy] = await access.add_authority(config, stores, policy, policy)
            assert await sql.lifecycle.set_review(self.pool, policy, policy, GRACE_S)
        for one in PEOPLE:
            created = access.create_token(config, stores, Role(one.role), one.name, authority=one.authority)
            self.tokens[one] = (await created)[1]

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - the result of any coroutine
        """Run a coroutine on the test's event loop, from the thread of the state machine."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(WITHIN_S)

    async def ask(self, person: Person, method: str, path: str, content: object = None) -> tuple[int, Any]:
        """Send a request as a person; returns the status and the answer."""
        headers = {"Authorization": f"Bearer {self.tokens[person]}"}
        body = None if content is None else msgspec.json.encode(content)
        async with self.session.request(method, f"{self.server.url}{path}", data=body, headers=headers) as response:
            return response.status, await response.json(content_type=None)

    async def look(self, alert: Alert) -> dict[str, Any]:
        """Return the alert as an administrator sees it."""
        status, answer = await self.ask(PEOPLE[-1], "GET", f"/v1/alerts/{alert.id}")
        assert status == 200
        found: dict[str, Any] = answer["alert"]
        return found

    async def file(self, policy: str, place: int) -> tuple[int, dict[str, Any]]:
        """File the case of a place, or repeat it."""
        longitude, latitude = 80 + place % 60 * 0.5, 5 + place // 60 * 0.5
        case = {
            **CASE,
            "case_number": f"L-{place}",
            "last_seen": {"at": CASE["last_seen"]["at"], "longitude": longitude, "latitude": latitude},
            "area": {"radius_km": 5, "reason": "a small place"},
        }
        status, answer = await send_case(
            self.server.url, policy, self.secrets[policy], msgspec.json.encode(case, order="deterministic")
        )
        return status, msgspec.json.decode(answer)

    async def report_people(self, place: int) -> None:
        """Report the people of a place: most of them near, some in the next ring."""
        longitude, latitude = 80 + place % 60 * 0.5, 5 + place // 60 * 0.5
        people = [*users_of(place)]
        await self.deployment.place(people[:NEAR], longitude, latitude)
        await self.deployment.place(people[NEAR:], longitude, latitude + 0.07)

    async def notified(self, alert: Alert) -> frozenset[int]:
        """Return the people of an alert's place who were notified."""
        reached = await self.deployment.reached()
        return frozenset(np.intersect1d(reached, np.array(users_of(alert.place))).tolist())

    async def wait_until_begun(self, alert: Alert) -> None:
        """Wait until anybody is notified."""

        async def begun() -> bool:
            return bool(await self.notified(alert))

        await until(begun)

    async def wait_until_notified(self, alert: Alert, people: frozenset[int]) -> None:
        """Wait until exactly these people are notified."""

        async def all_notified() -> bool:
            return await self.notified(alert) == people

        await until(all_notified)

    async def wait_until_released(self, alert: Alert) -> None:
        """Wait until the server holds no unit of an alert that it could send."""
        text = """select from sweep_unit u join sweep s on s.id = u.sweep_id
                  where s.alert_id = $1 and s.notice = 'alert' and not u.done and u.lease_until > now()"""

        async def is_released() -> bool:
            return not await self.deployment.query(text, UUID(alert.id))

        await until(is_released)

    async def wait_for(self, alert: Alert) -> None:
        """Wait until an alert has the model's state, and sends nothing more unless that is `sending`."""

        async def is_there() -> bool:
            return (await self.look(alert))["state"] in alert.states

        await until(is_there)
        if alert.state is not State.SENDING:
            await self.wait_until_released(alert)

    async def was_sent(self, alert: Alert) -> bool:
        """Tell whether the alert's audience was searched to the end once, which is told to nobody but the record."""
        text = "select from alert where id = $1 and sent_at is not null"
        return bool(await self.deployment.query(text, UUID(alert.id)))

    async def trail(self, alert: Alert) -> list[Entry]:
        """Return the audit trail of an alert."""
        rows = await sql.audit.of_alert(self.pool, UUID(alert.id), 0)
        return [msgspec.json.decode(row.content, type=Link).event for row in rows]


def users_of(place: int) -> range:
    """Return the ids of the people of a place."""
    return range(1000 + place * 100, 1000 + place * 100 + NEAR + FAR)
