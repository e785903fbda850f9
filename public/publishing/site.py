"""Brings the objects of one page to where they are served from, or takes them away.

A page that is made: first what it leads to, then its state, then its documents, so that no document leads to what is
not there. A page that is over: first its documents and its state, then all else is deleted. Every step may be done
again. Bounded: `FILES_MAX` objects of a page a list; each call as `public.objects` bounds it.
"""

from __future__ import annotations

import asyncio
import enum
from typing import TYPE_CHECKING, Final

import msgspec

from public.cache_control import cache_control_of
from public.objects import Objects, Trouble
from public.pages.modules import modules
from public.pages.rendering import ShownDocument, ShownPhoto, live_page, over_page, state_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from public.pages.rendering import PageSource, Surroundings

FOLDER: Final = "published/p"
STATE: Final = "state.json"
FILES_MAX: Final = 200
"""Each picture, card and poster in each language, of the version before, too."""

STAGED_S: Final = 30.0
"""No file of a page takes so long to be written."""

HTML: Final = "text/html; charset=utf-8"
JSON: Final = "application/json"


def page_folder(code: str) -> str:
    """Return where all of a page is."""
    return f"{FOLDER}/{code}"


class Shown(enum.Enum):
    """What stands at the address of an alert."""

    LIVE = "live"
    OVER = "over"
    NOTHING = "nothing"


class Overtaken(enum.Enum):
    """Why documents were not published: the alert changed while what they lead to was."""

    BY_A_CHANGE = "by a change"


class Asset(msgspec.Struct, frozen=True):
    """A file beside the documents of a page: its name, which changes with its bytes."""

    name: str
    content: bytes
    media_type: str


class Assets(msgspec.Struct, frozen=True, kw_only=True):
    """What stands beside the documents of a page.

    `published`: the names of what stands there already. By language: `metas`, what sites that show its link read of it;
    `documents`, the posters that it leads to.
    """

    files: tuple[Asset, ...] = ()
    published: frozenset[str] = frozenset()
    photo: ShownPhoto | None = None
    metas: dict[str, tuple[tuple[str, str, str], ...]] = {}
    documents: dict[str, tuple[ShownDocument, ...]] = {}


async def put_modules(objects: Objects) -> Trouble | None:
    """Publish the modules of pages: before the first page that leads to them."""
    for module in modules().values():
        trouble = await _put(objects, f"published/static/{module.file}", module.content, "text/javascript")
        if trouble is not None:
            return trouble
    return None


async def _always() -> bool:
    return True


async def put_page(
    objects: Objects,
    source: PageSource,
    assets: Assets,
    around: Surroundings,
    is_wanted: Callable[[], Awaitable[bool]] = _always,
) -> Trouble | Overtaken | None:
    """Publish a page and what stands beside it, and delete what stood beside it before.

    `is_wanted` is asked before anything is published that somebody finds by the page's address.
    """
    folder = page_folder(source.code)
    trouble = await put_files(objects, source.code, assets.files)
    if trouble is not None:
        return trouble
    if not await is_wanted():
        return Overtaken.BY_A_CHANGE
    trouble = await _put(objects, f"{folder}/{STATE}", state_of(source, around.languages), JSON)
    if trouble is not None:
        return trouble
    pages = {
        language: live_page(
            source, language, around, assets.photo, assets.metas.get(language, ()), assets.documents.get(language, ())
        )
        for language in around.languages
    }
    trouble = await _all(_put(objects, f"{folder}/index.{one}.html", page, HTML) for one, page in pages.items())
    kept = {one.name for one in assets.files} | assets.published
    return trouble or await _delete_others(objects, folder, kept, around, staged_s=STAGED_S)


async def put_files(objects: Objects, code: str, files: Iterable[Asset]) -> Trouble | None:
    """Publish files beside a page, which nothing leads to yet."""
    return await _all(_put(objects, f"{page_folder(code)}/{one.name}", one.content, one.media_type) for one in files)


async def take_away(objects: Objects, code: str, around: Surroundings, *, is_known: bool) -> Shown | Trouble:
    """Have a page say that it is over; one that nobody knows (not `is_known`) only where there is something of it."""
    if not is_known:
        found = await objects.list(page_folder(code), 1)
        if isinstance(found, Trouble):
            return found
        if not found:
            return Shown.NOTHING
    return await put_over(objects, code, around) or Shown.OVER


async def put_over(objects: Objects, code: str, around: Surroundings) -> Trouble | None:
    """Publish that a page is over, in all languages that it had, and delete everything else of it."""
    folder = page_folder(code)
    documents = [(language, f"{folder}/index.{language}.html") for language in around.languages]
    trouble = await _all(
        [
            _put(objects, f"{folder}/{STATE}", state_of(None), JSON),
            *(_put(objects, path, over_page(language, around), HTML) for language, path in documents),
        ]
    )
    # Beside a page that is over nobody else has anything to write.
    return trouble or await _delete_others(objects, folder, set(), around, staged_s=0)


async def _delete_others(
    objects: Objects, folder: str, kept: set[str], around: Surroundings, *, staged_s: float
) -> Trouble | None:
    """Delete what a page had before: pictures that are not its own any more, and languages that it has no more.

    And what interrupted puts left, where it is older than `staged_s`.
    """
    known = {STATE, *kept, *(f"index.{language}.html" for language in around.languages)}
    staged = await objects.delete_staged(folder, older_than_s=staged_s)
    if isinstance(staged, Trouble):
        return staged
    while True:
        found = await objects.list(folder, FILES_MAX)
        if isinstance(found, Trouble):
            return found
        gone = [one.path for one in found if one.path.rpartition("/")[2] not in known]
        trouble = await objects.delete(gone)
        if trouble is not None or not gone or len(found) < FILES_MAX:
            return trouble


async def _put(objects: Objects, path: str, content: bytes, media_type: str) -> Trouble | None:
    return await objects.put(path, content, media_type=media_type, cache_control=cache_control_of(path))


async def _all(work: Iterable[Awaitable[Trouble | None]]) -> Trouble | None:
    """Return the first trouble of several calls."""
    return next((one for one in await asyncio.gather(*work) if one is not None), None)
