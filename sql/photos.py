"""The photos of cases: what is wished, what became of it, in the transaction of what wishes it.

Every time is the record's. A photo that waits for approval stands beside the one that is shown. Bounded: one photo a
claim; `STANDING_MAX` that were refused or lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from sql.query import query

if TYPE_CHECKING:
    from datetime import timedelta

    from sql.database import Connection, Pool

STANDING_MAX: Final = 100

_CLAIM = query("photo_claim")
_MADE = query("photo_made")
_REFUSED = query("photo_refused")
_AGAIN = query("photo_again")
_LOST = query("photo_lost")
_READ = query("photo_read")
_GIVE = query("photo_give")
_PAGE_WANT = query("photo_page_want")
_STANDING = query("photo_standing")
_WISHES = query("photo_wishes")
_PROPOSE = query("photo_propose")
_SHOW_PROPOSED = query("photo_show_proposed")
_REVIEWED = query("photo_reviewed")
_PUBLISHED = query("photo_published")


class PhotoWish(msgspec.Struct, frozen=True):
    """A photo that is wanted: fetched from `url`, or `given`. `wish`: which one, as they are counted."""

    alert_id: UUID
    wish: int
    url: str | None
    given: bytes | None
    attempts: int


class MadePhoto(msgspec.Struct, frozen=True):
    """A photo that is made: the tag of its objects, and their pixels from small to large."""

    tag: str
    widths: list[int]
    heights: list[int]


class ReviewedPhoto(msgspec.Struct, frozen=True):
    """A photo as somebody judges it: one that is shown, or waits for approval with a change (`is_proposed`).

    `state`: `wanted`, `made` (it has a `tag` and pixels), or `refused` for a `fault`.
    """

    is_proposed: bool
    state: str
    tag: str | None
    widths: list[int] | None
    heights: list[int] | None
    fault: str | None


async def claim(pool: Pool, held: timedelta) -> PhotoWish | None:
    """Return a photo that is wanted and waits, held for `held`; None when there is none."""
    row = await pool.fetchrow(_CLAIM, held)
    return None if row is None else PhotoWish(*row)


async def made(pool: Pool, wish: PhotoWish, photo: MadePhoto) -> bool:
    """Say that a photo is made, and have the page made anew; False when it is not wanted any more."""
    row = await pool.fetchrow(_MADE, wish.alert_id, wish.wish, photo.tag, photo.widths, photo.heights)
    return row is not None


async def refused(pool: Pool, wish: PhotoWish, fault: str) -> bool:
    """Say that there will be no photo, and why; False when it is not wanted any more."""
    return await pool.fetchval(_REFUSED, wish.alert_id, wish.wish, fault) is not None


async def again(pool: Pool, wish: PhotoWish, after: timedelta, fault: str, *, counts: bool) -> None:
    """Have a photo tried again after a while; not `counts`: the attempt says nothing about the photo."""
    await pool.execute(_AGAIN, wish.alert_id, wish.wish, after, fault, counts)


async def lost(pool: Pool, alert_id: UUID, tag: str) -> bool:
    """Say that the objects of a photo are gone, so that it is wished again; False when there is another one by now."""
    return await pool.fetchval(_LOST, alert_id, tag) is not None


async def read(pool: Pool, alert_id: UUID) -> MadePhoto | None:
    """Return what is made of the photo of an alert, None when there is nothing."""
    row = await pool.fetchrow(_READ, alert_id)
    return None if row is None else MadePhoto(*row)


async def give(connection: Connection, alert_id: UUID, photo: bytes) -> None:
    """Give an alert a photo as the police sent it, within the caller's transaction."""
    await connection.execute(_GIVE, alert_id, photo)
    await connection.execute(_PAGE_WANT, alert_id)


async def wishes(pool: Pool, alert_id: UUID) -> set[int]:
    """Return the wishes of an alert whose pictures are kept."""
    return {row[0] for row in await pool.fetch(_WISHES, alert_id)}


async def propose(connection: Connection, alert_id: UUID, url: str | None, given: bytes | None) -> int:
    """Have a photo made that waits for approval; returns its wish, by which the proposal names it."""
    wish: int = await connection.fetchval(_PROPOSE, alert_id, url, given)
    return wish


async def show_proposed(connection: Connection, alert_id: UUID, wish: int) -> None:
    """Show a photo that waited for approval from now on; nothing where another one has taken its place."""
    await connection.execute(_SHOW_PROPOSED, alert_id, wish)


async def reviewed(pool: Pool | Connection, alert_id: UUID, proposed: int | None) -> list[ReviewedPhoto]:
    """Return the photo of an alert and the one that waits with a proposal, by its wish, as far as there are such."""
    return [ReviewedPhoto(*row) for row in await pool.fetch(_REVIEWED, alert_id, proposed)]


async def published(pool: Pool, alert_id: UUID, tag: str) -> None:
    """Say that the pictures of a photo are published: phones get their address from now on."""
    await pool.execute(_PUBLISHED, alert_id, tag)


async def standing(pool: Pool) -> dict[UUID, str]:
    """Return the alerts that live whose photo was refused or lost, and why."""
    return {row[0]: row[1] for row in await pool.fetch(_STANDING, STANDING_MAX)}
