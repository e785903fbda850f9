"""Makes the photos of cases: fetches what is wished, or takes what was sent, and keeps three pictures of it.

Any number of processes share the work: each claims one wish for a while, and says afterwards what became of it. A
process that dies leaves its wish to the next. A wish that came meanwhile counts; what was made for the one before is
deleted. While our own objects cannot be written nobody is asked for a photo, and none is refused. Bounded: one photo at
a time; `ATTEMPTS_MAX` for each, `AGAIN_CAP_S` between two; looks by `POLL_INTERVAL_S`.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

import sql.photos
from public.objects import Trouble
from public.photos.fetching.plan import FetchFault
from public.photos.picture import PictureFault, Pictures
from public.photos.picture_sizes import WIDTHS
from runtime.retry import full_jitter_s
from runtime.tasks import raise_if_cancelled
from sql.database import UNAVAILABLE_ERRORS
from sql.photos import MadePhoto, PhotoWish

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from uuid import UUID

    from public.objects import Objects
    from public.photos.decoding import Decoder
    from public.photos.fetching.fetcher import Fetcher
    from sql.database import Pool

POLL_INTERVAL_S: Final = 1.0
"""A photo follows its case within so long, and what it takes to fetch and to decode it."""

HELD: Final = timedelta(seconds=150)
"""Longer than a fetch, a decoding and three puts may take: so long a photo waits whose process was killed."""

ATTEMPTS_MAX: Final = 12
AGAIN_S: Final = 2.0
AGAIN_CAP_S: Final = 600.0
"""Twelve attempts take 24 minutes on average, 47 at most: a server of the police that is away may come back."""

AWAY_CAP_S: Final = 30.0
"""Between attempts while our own objects cannot be written."""

GIVE_BACK_S: Final = 0.4
"""Less than a task has before it is cancelled once more."""

FOLDER: Final = "kept/photos"
TAG_DIGITS: Final = 16
TRIAL: Final = "0-trial"
"""An object of no wish, which shows that others can be written. It goes when a photo is made, or with the data."""

_log = structlog.get_logger("public.photos")


def folder_of(alert_id: UUID) -> str:
    """Return where the pictures of an alert are kept."""
    return f"{FOLDER}/{alert_id}"


def path_of(alert_id: UUID, tag: str, width: int) -> str:
    """Return where one of the three pictures is kept."""
    return f"{folder_of(alert_id)}/{tag}.{width}.jpg"


class CasePhotos:
    """Makes photos until it is cancelled.

    `refused` gets, after each look, the alerts that live whose photo was refused, and why. `results`: how often each
    thing became of an attempt.
    """

    def __init__(
        self,
        pool: Pool,
        objects: Objects,
        decoder: Decoder,
        fetcher: Fetcher,
        refused: Callable[[Mapping[UUID, str]], None] = lambda _: None,
    ) -> None:
        self._pool = pool
        self._objects = objects
        self._decoder = decoder
        self._fetcher = fetcher
        self._refused = refused
        self._away = 0
        """How many attempts in a row our own objects could not be written."""
        self.results: Counter[str] = Counter()

    async def run(self) -> None:
        """Make what is wished, again and again."""
        while True:
            try:
                while await self.make_one():
                    raise_if_cancelled()
                self._refused(await sql.photos.standing(self._pool))
            except UNAVAILABLE_ERRORS as error:
                raise_if_cancelled()
                _log.warning("photos.waits", error=type(error).__name__)
            await asyncio.sleep(POLL_INTERVAL_S)

    async def make_one(self) -> bool:
        """Make one photo; False when none waits.

        The name of its objects begins with the number of the wish, so that no process deletes what another one makes.
        """
        wish = await sql.photos.claim(self._pool, HELD)
        if wish is None:
            return False
        try:
            made = await self._make(wish)
        except asyncio.CancelledError:
            await self._give_back(wish)
            raise
        if isinstance(made, MadePhoto):
            self.results["made"] += 1
            await sql.photos.made(self._pool, wish, made)
            await self._tidy(wish)
            return True
        self.results[made.value] += 1
        if isinstance(made, Trouble):
            await self._wait_for_objects(wish, made)
        elif isinstance(made, PictureFault) or made.is_final or wish.attempts >= ATTEMPTS_MAX:
            await sql.photos.refused(self._pool, wish, made.value)
            _log.warning("photo.refused", alert=str(wish.alert_id), fault=made.value, attempts=wish.attempts)
        else:
            after = timedelta(seconds=1 + full_jitter_s(wish.attempts, AGAIN_S, AGAIN_CAP_S))
            await sql.photos.again(self._pool, wish, after, made.value, counts=True)
        return True

    async def _wait_for_objects(self, wish: PhotoWish, trouble: Trouble) -> None:
        """Have a photo tried again when our own objects may be back, however often that takes."""
        self._away += 1
        after = timedelta(seconds=1 + full_jitter_s(self._away, AGAIN_S, AWAY_CAP_S))
        await sql.photos.again(self._pool, wish, after, trouble.value, counts=False)
        _log.warning("photos.objects_away", trouble=trouble.value, attempts=self._away)

    async def _give_back(self, wish: PhotoWish) -> None:
        """Leave a wish to the next process at once when this one stops; if that fails, it waits as after a crash."""
        with suppress(*UNAVAILABLE_ERRORS, TimeoutError):
            async with asyncio.timeout(GIVE_BACK_S):
                await sql.photos.again(self._pool, wish, timedelta(0), "stopped", counts=False)

    async def _make(self, wish: PhotoWish) -> MadePhoto | PictureFault | FetchFault | Trouble:
        if self._away:
            # The police are not asked again and again for what could not be kept.
            trouble = await self._objects.put(f"{folder_of(wish.alert_id)}/{TRIAL}", b"")
            if trouble is not None:
                return trouble
        data = wish.given if wish.given is not None else await self._fetcher.fetch(wish.url or "")
        if isinstance(data, FetchFault):
            return data
        pictures = await self._decoder.decode(data)
        if isinstance(pictures, PictureFault):
            return pictures
        made = await self._keep(wish, pictures)
        self._away = self._away if isinstance(made, Trouble) else 0
        return made

    async def _keep(self, wish: PhotoWish, pictures: Pictures) -> MadePhoto | Trouble:
        sizes = (pictures.small, pictures.medium, pictures.large)
        tag = f"{wish.wish}-{hashlib.sha256(pictures.large.jpeg).hexdigest()[:TAG_DIGITS]}"
        for width, one in zip(WIDTHS, sizes, strict=True):
            trouble = await self._objects.put(path_of(wish.alert_id, tag, width), one.jpeg, media_type="image/jpeg")
            if trouble is not None:
                return trouble
        return MadePhoto(tag, [one.width for one in sizes], [one.height for one in sizes])

    async def _tidy(self, wish: PhotoWish) -> None:
        """Delete what was made for wishes that count no more, as this one may, too.

        What cannot be deleted now goes with the child's data.
        """
        kept = await sql.photos.wishes(self._pool, wish.alert_id)
        found = await self._objects.list(folder_of(wish.alert_id))
        if isinstance(found, Trouble):
            return
        # What a later wish makes meanwhile stays.
        newest = max(kept, default=wish.wish)
        names = {one.path: _wish_of(one.path.rpartition("/")[2]) for one in found}
        await self._objects.delete([path for path, of in names.items() if of not in kept and of <= newest])


def _wish_of(name: str) -> int:
    """Return for which wish an object was made, by its name; 0 for one that is none of ours."""
    number = name.partition("-")[0]
    return int(number) if number.isdecimal() else 0


async def pictures_of(
    pool: Pool, objects: Objects, alert_id: UUID
) -> tuple[MadePhoto, tuple[bytes, ...]] | Trouble | None:
    """Return the three pictures of an alert, from small to large; None when there is no photo.

    One whose objects are gone is no photo: it is wished again, and nothing waits for it.
    """
    photo = await sql.photos.read(pool, alert_id)
    if photo is None:
        return None
    found = []
    for width in WIDTHS:
        jpeg = await objects.get(path_of(alert_id, photo.tag, width))
        if jpeg is Trouble.MISSING:
            if await sql.photos.lost(pool, alert_id, photo.tag):
                _log.error("photo.lost", alert=str(alert_id))
            return None
        if isinstance(jpeg, Trouble):
            return jpeg
        found.append(jpeg)
    return photo, tuple(found)
