"""Makes what stands beside the documents of a page: the photo, share cards, posters and the QR code.

The photo is published before anything else is made, because phones ask for it once their owners are notified.

What was made before is used again while nothing of it has changed. Bounded: `KEPT` alerts are remembered; a photo and
for each language a card and two posters.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import msgspec

import sql.photos
from public.objects import Trouble
from public.pages.rendering import ShownDocument, ShownPhoto
from public.photos.case_photos import pictures_of
from public.photos.picture_sizes import MEDIUM, WIDTHS
from public.publishing.documents import card_of, metas_of, poster_of, qr_of_page
from public.publishing.site import Asset, Assets, put_files
from runtime.page_codes import photo_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from public.documents.contents import CardContent, PosterContent
    from public.documents.setting import Typesetter
    from public.objects import Objects
    from public.pages.rendering import PageSource, Surroundings
    from sql.database import Pool

KEPT: Final = 16
DIGEST_LENGTH: Final = 16


class AssetMaker:
    """Makes the assets of pages; `missing` gets how many characters of an alert's documents no font has."""

    def __init__(
        self,
        pool: Pool,
        objects: Objects,
        typesetter: Typesetter,
        around: Surroundings,
        *,
        card_shows_child: bool,
        missing: Callable[[UUID, int], None] = lambda *_: None,
    ) -> None:
        self._pool = pool
        self._objects = objects
        self._typesetter = typesetter
        self._around = around
        self._card_shows_child = card_shows_child
        self._missing = missing
        self._kept: dict[UUID, tuple[bytes, tuple[Asset, ...]]] = {}

    async def assets_of(self, alert_id: UUID, source: PageSource) -> Assets | Trouble:
        """Return what stands beside a page."""
        found = await pictures_of(self._pool, self._objects, alert_id)
        if isinstance(found, Trouble):
            return found
        jpegs: tuple[bytes, ...] = ()
        pictures: tuple[Asset, ...] = ()
        photo = None
        if found is not None:
            made, jpegs = found
            sizes = zip(WIDTHS, jpegs, strict=True)
            pictures = tuple(Asset(photo_name(made.tag, width), jpeg, "image/jpeg") for width, jpeg in sizes)
            trouble = await put_files(self._objects, source.code, pictures)
            if trouble is not None:
                return trouble
            await sql.photos.published(self._pool, alert_id, made.tag)
            address = f"/p/{source.code}/{pictures[MEDIUM].name}"
            photo = ShownPhoto(url=address, width=made.widths[MEDIUM], height=made.heights[MEDIUM])
        documents = await self._documents(alert_id, source, jpegs)
        qr = Asset("qr.svg", qr_of_page(source, self._around).encode(), "image/svg+xml")
        return Assets(
            files=(*documents, qr),
            published=frozenset(one.name for one in pictures),
            photo=photo,
            metas={
                one: metas_of(source, one, self._around, _named(documents, f"card.{one}."))
                for one in self._around.languages
            },
            documents={one: _shown(source, documents, one) for one in self._around.languages},
        )

    async def _documents(self, alert_id: UUID, source: PageSource, jpegs: tuple[bytes, ...]) -> tuple[Asset, ...]:
        """Return cards and posters in all languages; what cannot be set is left out."""
        large, medium = (jpegs[-1], jpegs[MEDIUM]) if jpegs else (None, None)
        contents: dict[str, tuple[CardContent, PosterContent]] = {}
        said = source.card_shows_child
        shows_child = self._card_shows_child if said is None else said
        for one in self._around.languages:
            card = card_of(source, one, self._around, medium, shows_child=shows_child)
            contents[one] = card, poster_of(source, one, self._around, large)
        key = hashlib.sha256(msgspec.msgpack.encode(contents)).digest()
        known = self._kept.pop(alert_id, None)
        if known is None or known[0] != key:
            known = key, await self._set(contents)
            self._missing(alert_id, self._count_missing(contents))
        self._kept[alert_id] = known
        while len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]
        return known[1]

    async def _set(self, contents: dict[str, tuple[CardContent, PosterContent]]) -> tuple[Asset, ...]:
        made: list[Asset] = []
        for language, (card, poster) in contents.items():
            for name, form, media_type, content in (
                ("card", "png", "image/png", await self._typesetter.card(card)),
                ("poster", "pdf", "application/pdf", await self._typesetter.poster(poster, "pdf")),
                ("poster", "png", "image/png", await self._typesetter.poster(poster, "png")),
            ):
                if content is not None:
                    made.append(Asset(f"{name}.{language}.{_digest(content)}.{form}", content, media_type))
        return tuple(made)

    def _count_missing(self, contents: dict[str, tuple[CardContent, PosterContent]]) -> int:
        words = "".join(
            _words(msgspec.to_builtins(msgspec.structs.replace(one, photo=None)))
            for pair in contents.values()
            for one in pair
        )
        return len(self._typesetter.fonts.missing(words))


def _words(value: object) -> str:
    """Return all words of a content."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return "".join(_words(one) for one in value.values())
    return "".join(_words(one) for one in value) if isinstance(value, (list, tuple)) else ""


def _shown(source: PageSource, documents: tuple[Asset, ...], language: str) -> tuple[ShownDocument, ...]:
    """Return the posters of a language, as its page leads to them."""
    return tuple(
        ShownDocument(kind=one.name.rpartition(".")[2], url=f"/p/{source.code}/{one.name}")
        for one in documents
        if one.name.startswith(f"poster.{language}.")
    )


def _named(documents: tuple[Asset, ...], start: str) -> str | None:
    return next((one.name for one in documents if one.name.startswith(start)), None)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:DIGEST_LENGTH]
