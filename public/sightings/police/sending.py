"""Sends events to the police until they are taken, for a day; each attempt is signed anew, under the same webhook-id.

Bounded: `sql.police_events.CLAIMED_MAX` at once, `ANSWER_S` for an answer of which `ANSWER_BYTES` are read, a wait of
up to `AGAIN_MAX_S` between two attempts, `WITHIN`. Nothing follows a redirection.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import aiohttp
import structlog
from standardwebhooks import Webhook

import sql.police_events
from public.sightings.police.bodies import body_of
from runtime.tasks import raise_if_cancelled
from sql.database import REFUSED_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable

    from public.sightings.police.links import PhotoLinks
    from public.sightings.record import Sightings
    from sql.database import Pool
    from sql.police_events import ClaimedEvent

POLL_INTERVAL_S: Final = 1.0
ANSWER_S: Final = 10.0
ANSWER_BYTES: Final = 4096
HELD: Final = timedelta(seconds=30)
"""Longer than an attempt takes: who died with it lets another try."""

AGAIN_S: Final = 5.0
AGAIN_MAX_S: Final = 3600.0
WITHIN: Final = timedelta(days=1)
UNREACHABLE_ATTEMPTS: Final = 2
"""After so many failures of one event somebody is to know."""

_log = structlog.get_logger("public.sightings.police")


class Sender:
    """Sends what is due; `judge` hears which authorities do not take it, and how many events of each."""

    def __init__(
        self,
        pool: Pool,
        sightings: Sightings,
        links: PhotoLinks,
        base_url: str,
        open_secret: Callable[[bytes], str | None],
        judge: Callable[[dict[str, int]], None],
    ) -> None:
        self._pool = pool
        self._sightings = sightings
        self._links = links
        self._base_url = base_url
        self._open_secret = open_secret
        self._judge = judge

    async def run(self) -> None:
        """Send until cancelled."""
        timeout = aiohttp.ClientTimeout(total=ANSWER_S)
        async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session:
            while True:
                sent = 0
                try:
                    sent = await self._look(session)
                except REFUSED_ERRORS as error:
                    raise_if_cancelled()
                    _log.warning("police.record_away", error=type(error).__name__)
                if not sent:
                    await asyncio.sleep(POLL_INTERVAL_S)

    async def _look(self, session: aiohttp.ClientSession) -> int:
        claimed = await sql.police_events.claim(self._pool, HELD)
        await asyncio.gather(*(self._send(session, event) for event in claimed))
        self._judge(await sql.police_events.unreachable(self._pool, UNREACHABLE_ATTEMPTS))
        return len(claimed)

    async def _send(self, session: aiohttp.ClientSession, event: ClaimedEvent) -> None:
        secret = self._open_secret(event.secret)
        if secret is None:
            await self._failed(event, None, "the secret cannot be opened")
            return
        sighting = None
        if event.sighting_id is not None:
            sighting = await self._sightings.read(event.alert_id, event.sighting_id)
            if sighting is None:
                await self._failed(event, None, "the sighting is deleted", final=True)
                return
            if sighting.said is None:
                await self._failed(event, None, "the sighting cannot be opened")
                return
        now = datetime.now(UTC)
        body = body_of(event, sighting, self._links, self._base_url, now)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": str(event.id),
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign(str(event.id), now, body.decode()),
        }
        try:
            async with session.post(event.url, data=body, headers=headers, allow_redirects=False) as answer:
                await answer.content.read(ANSWER_BYTES)
                status = answer.status
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise_if_cancelled()
            await self._failed(event, None, type(error).__name__)
            return
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            await sql.police_events.delivered(self._pool, event.id, status)
        else:
            # Who answers Gone wants nothing more of it (Standard Webhooks).
            await self._failed(event, status, f"HTTP {status}", final=status == HTTPStatus.GONE)

    async def _failed(self, event: ClaimedEvent, status: int | None, error: str, *, final: bool = False) -> None:
        _log.warning("police.not_taken", authority=event.authority, event_type=event.event, error=error)
        again = timedelta(seconds=min(AGAIN_S * 2 ** min(event.attempts - 1, 16), AGAIN_MAX_S))
        await sql.police_events.failed(self._pool, event.id, status, error, again, WITHIN, final=final)
