"""Makes the wishes of the record true, page by page: claims one, makes its objects, says so, and takes the next.

Any number of processes share the work. A page is held until a moment that its publisher moves on while it works, and no
lock is held meanwhile; whoever loses a page says that it is to be made once more, because something that it had begun
may be written after what the next one wrote. For the same reason a page is made once more after an attempt that failed.
Bounded: one page at a time, `PAGE_S` a page; looks every `POLL_INTERVAL_S`, and at once when a change is committed.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

import sql.publishing
from public.funnel.sampling import sample_of
from public.objects import Trouble
from public.pages.case import PhoneContent, PublicCase
from public.pages.rendering import PageSource
from public.publishing.site import Assets, put_modules, put_over, put_page
from runtime.decoding import DECODE_ERRORS
from runtime.retry import full_jitter_s
from runtime.tasks import cancel_and_wait, raise_if_cancelled
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from public.objects import Objects
    from public.pages.rendering import Surroundings
    from sql.database import Connection, Pool
    from sql.publishing import PageClaim, PageWish

POLL_INTERVAL_S: Final = 1.0
HELD: Final = timedelta(seconds=5)
"""So long a page waits whose publisher was killed: a third of what a takedown may take."""

EXTEND_S: Final = 1.5
PAGE_S: Final = 60.0
"""A page takes a fraction of a second; pictures of a bucket far away take longer."""

AGAIN_S: Final = 0.5
AGAIN_CAP_S: Final = 2.0
"""Between attempts: a takedown may have to wait so long."""

SETTLED: Final = timedelta(seconds=15)
"""By then what an attempt had begun is written: longer than a put may take."""

LISTEN_CAP_S: Final = 5.0

_CASE = msgspec.json.Decoder(PublicCase)
_CONTENT = msgspec.json.Decoder(PhoneContent)
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
    ) -> None:
        """`lag` hears now and then for how long the oldest wish waits (s); `changed` the code of each page made."""
        self._pool = pool
        self._connect = connect
        self._objects = objects
        self._around = around
        self._lag = lag
        self._assets = assets
        self._changed = changed
        self._wake = asyncio.Event()
        self._has_modules = False

    async def run(self) -> None:
        """Publish until cancelled."""
        listening = asyncio.create_task(self._listen(), name="publisher listens")
        try:
            while True:
                self._wake.clear()
                try:
                    while await self.publish_one():
                        raise_if_cancelled()
                    self._lag(await sql.publishing.lag_s(self._pool))
                except UNAVAILABLE_ERRORS as error:
                    raise_if_cancelled()
                    _log.warning("publishing.waits", error=type(error).__name__)
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL_INTERVAL_S):
                        await self._wake.wait()
        finally:
            await cancel_and_wait([listening])

    async def publish_one(self) -> bool:
        """Make one page; False when there is nothing to do, or when it could not be made."""
        claimed = await sql.publishing.claim(self._pool, HELD)
        if claimed is None:
            return False
        work = _Work(self._pool, claimed)
        holding = asyncio.create_task(work.hold(), name="hold a page")
        making = asyncio.create_task(self._make(work), name="make a page")
        try:
            await asyncio.wait({holding, making}, timeout=PAGE_S, return_when=asyncio.FIRST_COMPLETED)
            done = making.done() and making.result()
        finally:
            await cancel_and_wait([holding, making])
        if not done:
            await work.fail()
        return done

    async def _make(self, work: _Work) -> bool:
        wish = await sql.publishing.read(self._pool, work.claimed.alert_id)
        if wish is None:
            return False
        trouble = await self._put(work.claimed, wish)
        if trouble is not None:
            _log.warning("publishing.failed", trouble=trouble.value, attempts=work.claimed.attempts)
            return False
        if await work.made(wish) and (wish.live or wish.begun):
            self._changed(work.claimed.code)
        return True

    async def _put(self, claimed: PageClaim, wish: PageWish) -> Trouble | None:
        if not wish.live:
            return await put_over(self._objects, claimed.code, self._around) if wish.begun else None
        if not self._has_modules:
            trouble = await put_modules(self._objects)
            if trouble is not None:
                return trouble
            self._has_modules = True
        source = source_of(claimed.code, wish)
        if source is None:
            return Trouble.UNAVAILABLE
        assets = await self._assets(claimed.alert_id, source)
        if isinstance(assets, Trouble):
            return assets
        return await put_page(self._objects, source, assets, self._around)

    async def _listen(self) -> None:
        """Hear of changes at once, on a connection that is opened again when it is lost."""
        attempt = 0
        while True:
            connection = None
            try:
                connection = await self._connect()
                await connection.add_listener(sql.publishing.CHANNEL, lambda *_: self._wake.set())
                attempt = 0
                lost = asyncio.Event()
                connection.add_termination_listener(lambda _, lost=lost: lost.set())
                self._wake.set()
                await lost.wait()
            except UNAVAILABLE_ERRORS:
                attempt += 1
            finally:
                if connection is not None:
                    connection.terminate()
            await asyncio.sleep(full_jitter_s(attempt, cap_s=LISTEN_CAP_S))


class _Work:
    """One page while it is held: how long it is, and how that ends."""

    def __init__(self, pool: Pool, claimed: PageClaim) -> None:
        self._pool = pool
        self.claimed = claimed
        self._turn = asyncio.Lock()

    async def hold(self) -> None:
        """Go on holding the page; returns when another publisher has it."""
        while True:
            await asyncio.sleep(EXTEND_S)
            async with self._turn:
                with suppress(*UNAVAILABLE_ERRORS):
                    extended = await sql.publishing.hold(self._pool, self.claimed, HELD)
                    if extended is None:
                        return
                    self.claimed = extended

    async def made(self, wish: PageWish) -> bool:
        """Say that the page is as the wish has it."""
        again = SETTLED if self.claimed.interrupted else None
        async with self._turn:
            is_ours = await sql.publishing.made(
                self._pool,
                self.claimed,
                wish.wanted,
                is_there=wish.live or wish.begun,
                is_over=wish.begun and not wish.live,
                again_after=again,
                sample=sampled(wish),
            )
        if not is_ours:
            await sql.publishing.want(self._pool, self.claimed.alert_id)
        return is_ours

    async def fail(self) -> None:
        """Let the page be tried again soon; one that another publisher has is made once more."""
        again = timedelta(seconds=full_jitter_s(self.claimed.attempts, AGAIN_S, AGAIN_CAP_S))
        if not await sql.publishing.fail(self._pool, self.claimed, again):
            await sql.publishing.want(self._pool, self.claimed.alert_id)


def sampled(wish: PageWish) -> int:
    """Return how many views of a page a beacon stands for: what it was published with first."""
    return wish.sample if wish.published else sample_of(wish.people)


def source_of(code: str, wish: PageWish) -> PageSource | None:
    """Return what a page is made of; None where the record holds no case that can be read."""
    try:
        case, content = _CASE.decode(wish.case_content), _CONTENT.decode(wish.content)
    except DECODE_ERRORS as error:
        _log.error("publishing.unreadable", error=type(error).__name__)
        return None
    if not content.texts:
        return None
    return PageSource(
        code=code,
        status=wish.status,
        subject_kind=wish.subject_kind,
        expires=wish.expires,
        sample=sampled(wish),
        case=case,
        content=content,
        is_reworded=wish.reworded,
    )
