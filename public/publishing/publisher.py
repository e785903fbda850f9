"""Makes the wishes of the record true, page by page: claims one, makes its objects, says so, and takes the next.

Any number of processes share the work, as `public.publishing.attempt` has it. Pages that are to go have workers of
their own, so that none of them waits behind a page that is slow; a page whose alert ends while it is made is left to
them. Bounded: one page that lives and `TAKEDOWNS` that go at a time, `PAGE_S` a page, `FAILURES_MAX` failures a turn;
looks every `POLL_INTERVAL_S`, and at once when a change is committed.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import structlog

import sql.publishing
from public.objects import Trouble
from public.publishing.attempt import HELD, SETTLED, Attempt
from public.publishing.site import Assets, Overtaken, Shown, put_modules, put_page, take_away
from public.publishing.source import source_of
from runtime.retry import full_jitter_s
from runtime.tasks import cancel_and_wait, raise_if_cancelled
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from public.objects import Objects
    from public.pages.rendering import PageSource, Surroundings
    from sql.database import Connection, Pool
    from sql.publishing import PageWish

POLL_INTERVAL_S: Final = 1.0
PAGE_S: Final = 60.0
"""A page takes a fraction of a second; pictures of a bucket far away take longer."""

TAKEDOWNS: Final = 3
"""Pages that are to go which are taken away at once: one that a slow store keeps does not keep the others."""

FAILURES_MAX: Final = 10
"""In a turn: pages that cannot be made keep no other one from being made, and a store that is away is not stormed."""

LISTEN_CAP_S: Final = 5.0

_log = structlog.get_logger("public.publishing")


async def no_assets(_: UUID, __: PageSource) -> Assets | Trouble:
    """Make a page without anything beside it."""
    return Assets()


class Publisher:
    """Publishes pages until it is cancelled."""

    def __init__(
        self,
        pool: Pool,
        connect: Callable[[], Awaitable[Connection]],
        objects: Objects,
        around: Surroundings,
        *,
        lag: Callable[[float], None] = lambda _: None,
        assets: Callable[[UUID, PageSource], Awaitable[Assets | Trouble]] = no_assets,
        changed: Callable[[str], None] = lambda _: None,
        makes: bool = True,
    ) -> None:
        """Not `makes`: it takes pages away, and makes none.

        `lag` hears each second for how long the oldest wish waits (s); `changed` the code of each page made.
        """
        self._pool = pool
        self._connect = connect
        self._objects = objects
        self._around = around
        self._lag = lag
        self._assets = assets
        self._changed = changed
        self._makes = makes
        self._wakes: list[asyncio.Event] = []
        self._has_modules = False

    async def run(self) -> None:
        """Publish until cancelled."""
        works = {
            "publisher listens": self._listen(),
            **{f"take down {number}": self._work(goes=True) for number in range(TAKEDOWNS)},
        }
        if self._makes:
            works |= {"publisher measures": self._measure(), "publish what lives": self._work(goes=False)}
        tasks = [asyncio.create_task(work, name=name) for name, work in works.items()]
        try:
            await asyncio.gather(*tasks)
        finally:
            await cancel_and_wait(tasks)

    async def _work(self, *, goes: bool) -> None:
        """Make the pages that are to go, or all others, again and again."""
        wake = asyncio.Event()
        self._wakes.append(wake)
        while True:
            wake.clear()
            try:
                await self.publish_all(goes=goes)
            except UNAVAILABLE_ERRORS as error:
                raise_if_cancelled()
                _log.warning("publishing.waits", error=type(error).__name__)
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_INTERVAL_S):
                    await wake.wait()

    async def publish_all(self, *, goes: bool | None = None) -> None:
        """Make all pages that wait, as `publish_one`; a page that cannot be made keeps no other one."""
        failures = 0
        while failures < FAILURES_MAX:
            is_made = await self.publish_one(goes=goes)
            raise_if_cancelled()
            if is_made is None:
                return
            failures += not is_made

    async def _measure(self) -> None:
        """Say for how long the oldest wish waits, whatever is being made meanwhile."""
        while True:
            with suppress(*UNAVAILABLE_ERRORS):
                self._lag(await sql.publishing.lag_s(self._pool))
            raise_if_cancelled()
            await asyncio.sleep(POLL_INTERVAL_S)

    async def publish_one(self, *, goes: bool | None = None) -> bool | None:
        """Make one page; False when it could not be made, None when there is nothing to do.

        `goes`: one that is to be taken away, or one that is not.
        """
        claimed = await sql.publishing.claim(self._pool, HELD, SETTLED, goes=goes)
        if claimed is None:
            return None
        attempt = Attempt(self._pool, claimed)
        holding = asyncio.create_task(attempt.hold(), name="hold a page")
        making = asyncio.create_task(self._try_to_make(attempt), name="make a page")
        try:
            await asyncio.wait({holding, making}, timeout=PAGE_S, return_when=asyncio.FIRST_COMPLETED)
            done = making.done() and making.result()
        finally:
            await cancel_and_wait([holding, making])
        if not done:
            await attempt.fail()
        if attempt.is_overtaken:
            self._wake_all()
        return done

    async def _try_to_make(self, attempt: Attempt) -> bool:
        """Make a page; False where what the record has of it cannot be made one: it keeps no other page."""
        try:
            return await self._make(attempt)
        except Exception as error:  # noqa: BLE001 - whatever nobody wrote so may raise, and the publisher goes on
            raise_if_cancelled()
            # Its type alone: the text may quote the case.
            _log.error("publishing.failed", error=type(error).__name__, attempts=attempt.claimed.attempts)
            return False

    async def _make(self, attempt: Attempt) -> bool:
        claimed = attempt.claimed
        wish = await sql.publishing.read(self._pool, claimed.alert_id)
        if wish is None:
            return False
        shown = await self._put(attempt, wish)
        if shown is None:
            return False
        if isinstance(shown, Trouble):
            _log.warning("publishing.failed", trouble=shown.value, attempts=claimed.attempts)
            return False
        is_there = shown is not Shown.NOTHING
        if await attempt.made(wish, is_there=is_there, is_over=shown is Shown.OVER) and is_there:
            self._changed(claimed.code)
        return True

    async def _put(self, attempt: Attempt, wish: PageWish) -> Shown | Trouble | None:
        """Bring a page to what is wanted; None when something else is wanted by now."""
        code = attempt.claimed.code
        if not wish.live:
            # What an attempt had put before it was killed may stand there although nobody was notified.
            if not wish.begun and not attempt.claimed.unsettled:
                return Shown.NOTHING
            return await take_away(self._objects, code, self._around, is_known=wish.begun)
        attempt.shows_missing = True
        if not self._has_modules:
            trouble = await put_modules(self._objects)
            if trouble is not None:
                return trouble
            self._has_modules = True
        source = source_of(code, wish)
        if source is None:
            return Trouble.UNAVAILABLE
        assets = await self._assets(attempt.claimed.alert_id, source)
        if isinstance(assets, Trouble):
            return assets
        ended = await put_page(self._objects, source, assets, self._around, lambda: attempt.is_wanted(wish))
        if isinstance(ended, Overtaken):
            return None
        return ended or Shown.LIVE

    def _wake_all(self) -> None:
        for wake in self._wakes:
            wake.set()

    async def _listen(self) -> None:
        """Hear of changes at once, on a connection that is opened again when it is lost."""
        attempt = 0
        while True:
            connection = None
            try:
                connection = await self._connect()
                await connection.add_listener(sql.publishing.CHANNEL, lambda *_: self._wake_all())
                attempt = 0
                lost = asyncio.Event()
                connection.add_termination_listener(lambda _, lost=lost: lost.set())
                self._wake_all()
                await lost.wait()
            except UNAVAILABLE_ERRORS:
                attempt += 1
            finally:
                if connection is not None:
                    connection.terminate()
            await asyncio.sleep(full_jitter_s(attempt, cap_s=LISTEN_CAP_S))
