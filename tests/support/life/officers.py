"""People with tokens who act on alerts over HTTP, and queries for the results.

Bounded by the timeouts of `tests.support.processes.processes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec

from server.administration import access
from server.settings import load
from server.stores import Stores
from tests.support.processes.deployment import CASE, Deployment
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from handlers.http.roles import Role
    from push.alerts.review import Review
    from tests.support.processes.processes import Process

NUMBER = CASE["case_number"]
WHY = {"reason": "because of a test", "case_number": NUMBER}


class Officers:
    """People, each with a token of their own, who act on the alerts of one server."""

    def __init__(self, deployment: Deployment, server: Process) -> None:
        self.deployment = deployment
        self.server = server
        self._tokens: dict[str, str] = {}

    async def person(self, name: str, role: Role, authority: str | None = None) -> None:
        """Create a token for a person."""
        settings = load(None, self.deployment.env())
        stores = Stores(self.deployment.database_url, self.deployment.redis_url, embedded=False, dead=lambda: None)
        _, self._tokens[name] = await access.create_token(settings, stores, role, name, authority=authority)

    async def token(
        self, label: str, role: Role, name: str = "", authority: str | None = None, person: int | None = None
    ) -> int:
        """Create a token under a label of the test: of a name or a person; returns its id."""
        settings = load(None, self.deployment.env())
        stores = Stores(self.deployment.database_url, self.deployment.redis_url, embedded=False, dead=lambda: None)
        token_id, self._tokens[label] = await access.create_token(
            settings, stores, role, name, authority=authority, person=person
        )
        return token_id

    def text_of(self, label: str) -> str:
        """Return a token."""
        return self._tokens[label]

    async def review(self, policy: Review, grace_s: int | None = None) -> None:
        """Set the authority's review policy."""
        settings = load(None, self.deployment.env())
        stores = Stores(self.deployment.database_url, self.deployment.redis_url, embedded=False, dead=lambda: None)
        await access.review(settings, stores, "sz", policy, grace_s)

    async def act(self, alert: str, action: str, by: str = "", **request: object) -> tuple[int, Any]:
        """Act on an alert; returns the status and the answer."""
        token = self._tokens.get(by, self.deployment.token)
        if action == "approval":
            request = {"revision": (await self.review_of(alert))["revision"]} | request
        body = msgspec.json.encode(
            WHY | request if action not in {"veto", "pause"} else {"reason": WHY["reason"]} | request
        )
        url = f"{self.server.url}/v1/alerts/{alert}/{action}"
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session,
            session.post(url, data=body) as response,
        ):
            return response.status, await response.json(content_type=None)

    async def review_of(self, alert: str) -> dict[str, Any]:
        """Return the review of an alert: what an approver is asked to approve."""
        seen: dict[str, Any] = await self.deployment.get(f"{self.server.url}/v1/alerts/{alert}")
        review: dict[str, Any] = seen["alert"]["review"]
        return review

    async def state(self, alert: str) -> str:
        """Return an alert's state."""
        state: str = (await self.deployment.get(f"{self.server.url}/v1/alerts/{alert}"))["alert"]["state"]
        return state

    async def recipients(self, notice: str, alert: str) -> int:
        """Return how many recipients of a notice the ledger holds."""
        query = "select coalesce(sum(recipients), 0) from ledger where notice = $1 and alert_id = $2"
        return int((await self.deployment.query(query, notice, alert))[0][0])

    async def wait_until_notified(self, notice: str, alert: str, people: int) -> None:
        """Wait until the ledger holds this many recipients of a notice, and all of its units are done."""

        async def done() -> bool:
            query = """select count(*) from sweep s join sweep_unit u on u.sweep_id = s.id
                       where s.alert_id = $1 and s.notice = $2 and not u.done"""
            open_units = (await self.deployment.query(query, alert, notice))[0][0]
            return await self.recipients(notice, alert) == people and open_units == 0

        await until(done)
