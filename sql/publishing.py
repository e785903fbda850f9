"""What is to be published: claims the pages whose wish is newer than what was made, and says what was made.

Every time is the record's. A publisher holds a page until a moment, never a lock. Bounded: one page a claim.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from runtime.page_codes import PageCode
from sql.query import query

if TYPE_CHECKING:
    from sql.database import Pool

CHANNEL: Final = "page"

_CLAIM = query("page_claim")
_HOLD = query("page_hold")
_READ = query("page_read")
_MADE = query("page_made")
_FAIL = query("page_fail")
_WANT = query("page_want")
_LAG = query("page_lag")


class PageClaim(msgspec.Struct, frozen=True):
    """A page that a publisher holds until a moment, since `began_at`.

    `unsettled`: what an attempt before this one had begun may still be written, or be there although nothing says so.
    """

    alert_id: UUID
    code: PageCode
    held_until: datetime
    attempts: int
    began_at: datetime
    unsettled: bool


class PageHold(msgspec.Struct, frozen=True):
    """Until when a page is held, and what is wanted of it now; `lives`: it is to say who is missing."""

    held_until: datetime
    wanted: int
    lives: bool


class PageWish(msgspec.Struct, frozen=True):
    """What is wanted of a page at one moment; `content` and `case_content` are JSON text.

    `live`: it says who is missing. `begun`: people may have its address. `published`: it has been there.
    `people`: those whom the alert would notify, by the estimate. `card_shows_child`: as its authority says, if it does.
    """

    wanted: int
    published: bool
    sample: int
    status: str
    subject_kind: str
    expires: datetime
    live: bool
    begun: bool
    reworded: bool
    content: str
    case_content: str
    people: int | None
    card_shows_child: bool | None = None


async def claim(pool: Pool, held: timedelta, settled: timedelta, *, goes: bool | None = None) -> PageClaim | None:
    """Return a page whose objects are to be made, held for `held`; None when there is none.

    `goes`: only one that is to be taken away, or only one that is not. A page that was left settles after `settled`.
    """
    row = await pool.fetchrow(_CLAIM, held, settled, goes)
    return None if row is None else PageClaim(*row)


async def hold(pool: Pool, claimed: PageClaim, held: timedelta) -> PageHold | None:
    """Go on holding a page; None when another publisher has it."""
    row = await pool.fetchrow(_HOLD, claimed.alert_id, claimed.held_until, held)
    return None if row is None else PageHold(*row)


async def read(pool: Pool, alert_id: UUID) -> PageWish | None:
    """Return what is wanted of a page."""
    row = await pool.fetchrow(_READ, alert_id)
    return None if row is None else PageWish(*row)


async def made(pool: Pool, claimed: PageClaim, wanted: int, *, is_there: bool, is_over: bool, sample: int) -> bool:
    """Say that a page is as a wish has it; False when another publisher has it."""
    values = (claimed.alert_id, claimed.held_until, wanted, is_there, is_over, claimed.began_at, sample)
    return await pool.fetchval(_MADE, *values) is not None


async def fail(pool: Pool, claimed: PageClaim, again_after: timedelta, settled: timedelta) -> bool:
    """Let a page be tried again after a while, and once more after `settled`; False when another publisher has it."""
    return await pool.fetchval(_FAIL, claimed.alert_id, claimed.held_until, again_after, settled) is not None


async def want(pool: Pool, alert_id: UUID, settled: timedelta) -> None:
    """Wish a page once more, at once and after `settled`."""
    await pool.fetchval(_WANT, alert_id, settled)


async def lag_s(pool: Pool) -> float:
    """Return for how long the oldest wish waits (s)."""
    return float(await pool.fetchval(_LAG))
