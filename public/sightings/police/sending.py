"""Sends events to the police until they are taken, for a day; each attempt is signed anew, under the same webhook-id.

Each authority is sent to by a task of its own, so that none waits for another that is silent; what an operator passed
on goes before what came by itself. Bounded: `AUTHORITIES_AT_ONCE` tasks, `sql.police_events.CLAIMED_MAX` requests each,
`ANSWER_S` for an answer of which `ANSWER_BYTES` are read, a wait of up to `AGAIN_MAX_S` between two attempts, `WITHIN`;
an authority that takes nothing rests up to `REST_MAX_S`. Nothing follows a redirection.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import aiohttp
import msgspec
import structlog
from standardwebhooks import Webhook

import sql.police_events
from public.sightings.police.bodies import body_of
from runtime.clock import record_now
from runtime.tasks import cancel_and_wait, raise_if_cancelled
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
AUTHORITIES_AT_ONCE: Final = 64
"""Silent ones rest, so others have a place within seconds however many those are."""

REST_S: Final = 1.0
REST_MAX_S: Final = 15.0
"""Between two attempts at an authority that takes nothing; each is one event, whatever waits."""

RECORD_AT_ONCE: Final = 4
"""Connections of the pool, which also sends."""

STEPS_A_LOOK: Final = 5
"""Of what is written or given up in parts."""

SEARCH_OVER: Final = "the search is over"

_log = structlog.get_logger("public.sightings.police")


class _Resting(msgspec.Struct):
    """An authority that takes nothing: how often in a row, and until when it rests (loop time, seconds)."""

    failures: int = 0
    until_s: float = 0.0


class Sender:
    """Sends what is due; `judge` hears which authorities do not take it."""

    def __init__(
        self,
        pool: Pool,
        sightings: Sightings,
        links: PhotoLinks,
        base_url: str,
        open_secret: Callable[[bytes], str | None],
        judge: Callable[[set[str]], None],
    ) -> None:
        self._pool = pool
        self._sightings = sightings
        self._links = links
        self._base_url = base_url
        self._open_secret = open_secret
        self._judge = judge
        self._record = asyncio.Semaphore(RECORD_AT_ONCE)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._resting: dict[str, _Resting] = {}

    async def run(self) -> None:
        """Send until cancelled."""
        timeout = aiohttp.ClientTimeout(total=ANSWER_S)
        # Without a limit of its own: places that silent authorities hold are no others' places.
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(
            timeout=timeout, connector=connector, cookie_jar=aiohttp.DummyCookieJar()
        ) as session:
            try:
                while True:
                    try:
                        await self._look(session)
                    except REFUSED_ERRORS as error:
                        raise_if_cancelled()
                        _log.warning("police.record_away", error=type(error).__name__)
                    await asyncio.sleep(POLL_INTERVAL_S)
            finally:
                await cancel_and_wait(self._tasks.values())

    async def _look(self, session: aiohttp.ClientSession) -> None:
        """Begin to send to authorities with something due, and write and give up some of what is to be."""
        now_s = _loop_s()
        busy = {*self._tasks} | {one for one, rest in self._resting.items() if rest.until_s > now_s}
        for authority in await sql.police_events.due(self._pool, [*busy], AUTHORITIES_AT_ONCE - len(self._tasks)):
            task = asyncio.create_task(self._send_all(session, authority), name=f"events of {authority}")
            self._tasks[authority] = task
            task.add_done_callback(partial(self._ended, authority))
        self._judge(await sql.police_events.unreachable(self._pool))
        for step in (sql.police_events.give_up_gone, sql.police_events.backfill):
            for _ in range(STEPS_A_LOOK):
                if not await step(self._pool):
                    break

    def _ended(self, authority: str, task: asyncio.Task[None]) -> None:
        self._tasks.pop(authority, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("police.sending_ended", authority=authority, error=type(error).__name__)
            self._rest(authority)

    async def _send_all(self, session: aiohttp.ClientSession, authority: str) -> None:
        """Send what is due of one authority until there is nothing, or it takes nothing."""
        try:
            while True:
                resting = self._resting.get(authority)
                # Who took nothing is asked by one event whether it does again.
                limit = sql.police_events.CLAIMED_MAX if resting is None else 1
                async with self._record:
                    claimed = await sql.police_events.claim(self._pool, authority, limit, HELD)
                if not claimed:
                    return
                taken = await asyncio.gather(*(self._try_to_send(session, event) for event in claimed))
                if not any(taken):
                    self._rest(authority)
                    return
                self._resting.pop(authority, None)
        except REFUSED_ERRORS as error:
            raise_if_cancelled()
            _log.warning("police.record_away", error=type(error).__name__)

    def _rest(self, authority: str) -> None:
        resting = self._resting.setdefault(authority, _Resting())
        resting.until_s = _loop_s() + min(REST_S * 2 ** min(resting.failures, 8), REST_MAX_S)
        resting.failures += 1

    async def _try_to_send(self, session: aiohttp.ClientSession, event: ClaimedEvent) -> bool:
        """Send one event as `_send`; one that cannot be made a request of has failed, and holds up no other."""
        try:
            return await self._send(session, event)
        except Exception as error:  # noqa: BLE001 - whatever nobody wrote so may raise, and the others are sent
            raise_if_cancelled()
            # Raises, too, where the record is away.
            await self._failed(event, None, type(error).__name__)
            return True

    async def _send(self, session: aiohttp.ClientSession, event: ClaimedEvent) -> bool:
        """Send one event; False where the authority did not take it, or it could not be sent at all."""
        if event.over:
            await self._failed(event, None, SEARCH_OVER, final=True)
            return True
        secret = self._open_secret(event.secret)
        if secret is None:
            await self._failed(event, None, "the secret cannot be opened")
            return False
        try:
            signer = Webhook(secret)
        except Exception:  # noqa: BLE001 - ValueError where it is no base64, and errors of its own
            await self._failed(event, None, "nothing can be signed with the secret")
            return False
        sighting = None
        if event.sighting_id is not None:
            async with self._record:
                sighting = await self._sightings.read(event.alert_id, event.sighting_id)
            if sighting is None:
                await self._failed(event, None, "the sighting is deleted", final=True)
                return True
            if sighting.said is None:
                await self._failed(event, None, "the sighting cannot be opened")
                return True
        now = record_now()
        body = body_of(event, sighting, self._links, self._base_url, now)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": str(event.id),
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signer.sign(str(event.id), now, body.decode()),
        }
        try:
            async with session.post(event.url, data=body, headers=headers, allow_redirects=False) as answer:
                await answer.content.read(ANSWER_BYTES)
                status = answer.status
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise_if_cancelled()
            await self._failed(event, None, type(error).__name__)
            return False
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            async with self._record:
                await sql.police_events.delivered(self._pool, event.id, status)
            return True
        # Who answers Gone wants nothing more of it (Standard Webhooks).
        await self._failed(event, status, f"HTTP {status}", final=status == HTTPStatus.GONE)
        return status == HTTPStatus.GONE

    async def _failed(self, event: ClaimedEvent, status: int | None, error: str, *, final: bool = False) -> None:
        _log.warning("police.not_taken", authority=event.authority, event_type=event.event, error=error)
        again = timedelta(seconds=min(AGAIN_S * 2 ** min(event.attempts - 1, 16), AGAIN_MAX_S))
        async with self._record:
            await sql.police_events.failed(self._pool, event.id, status, error, again, WITHIN, final=final)


def _loop_s() -> float:
    return asyncio.get_running_loop().time()
