"""Brings the objects of one page to where they are served from, or takes them away.

A page that is made: first what it leads to, then its state, then its documents, so that no document leads to what is
not there. A page that is over: first its documents and its state, then all else is deleted. Every step may be done
again. Bounded: `FILES_MAX` objects of a page; each call as `public.objects` bounds it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec

from public.objects import Objects, Trouble
from public.pages.modules import modules
from public.pages.rendering import ShownDocument, ShownPhoto, live_page, over_page, state_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable

    from public.pages.rendering import PageSource, Surroundings

FOLDER: Final = "published/p"
STATE: Final = "state.json"
FILES_MAX: Final = 200
"""Each picture, card and poster in each language, of the version before, too."""

HTML: Final = "text/html; charset=utf-8"


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
        trouble = await objects.put(f"published/static/{module.file}", module.content, media_type="text/javascript")
        if trouble is not None:
            return trouble
    return None


async def put_page(objects: Objects, source: PageSource, assets: Assets, around: Surroundings) -> Trouble | None:
    """Publish a page and what stands beside it, and delete what stood beside it before."""
    folder = f"{FOLDER}/{source.code}"
    trouble = await put_files(objects, source.code, assets.files)
    trouble = trouble or await objects.put(
        f"{folder}/{STATE}", state_of(source, around.languages), media_type="application/json"
    )
    if trouble is not None:
        return trouble
    pages = {
        language: live_page(
            source, language, around, assets.photo, assets.metas.get(language, ()), assets.documents.get(language, ())
        )
        for language in around.languages
    }
    trouble = await _all(
        objects.put(f"{folder}/index.{one}.html", page, media_type=HTML) for one, page in pages.items()
    )
    kept = {one.name for one in assets.files} | assets.published
    return trouble or await _delete_others(objects, folder, kept, around)


async def put_files(objects: Objects, code: str, files: Iterable[Asset]) -> Trouble | None:
    """Publish files beside a page, which nothing leads to yet."""
    return await _all(
        objects.put(f"{FOLDER}/{code}/{one.name}", one.content, media_type=one.media_type) for one in files
    )


async def put_over(objects: Objects, code: str, around: Surroundings) -> Trouble | None:
    """Publish that a page is over, in all languages that it had, and delete everything else of it."""
    folder = f"{FOLDER}/{code}"
    documents = [(language, f"{folder}/index.{language}.html") for language in around.languages]
    trouble = await _all(
        [
            objects.put(f"{folder}/{STATE}", state_of(None), media_type="application/json"),
            *(objects.put(path, over_page(language, around), media_type=HTML) for language, path in documents),
        ]
    )
    return trouble or await _delete_others(objects, folder, set(), around)


async def _delete_others(objects: Objects, folder: str, kept: set[str], around: Surroundings) -> Trouble | None:
    """Delete what a page had before: pictures that are not its own any more, and languages that it has no more."""
    found = await objects.list(folder, FILES_MAX)
    if isinstance(found, Trouble):
        return found
    known = {STATE, *kept, *(f"index.{language}.html" for language in around.languages)}
    names = {one.path.rpartition("/")[2]: one.path for one in found}
    gone = [path for name, path in names.items() if name not in known]
    return await objects.delete(gone)


async def _all(work: Iterable[Awaitable[Trouble | None]]) -> Trouble | None:
    """Return the first trouble of several calls."""
    return next((one for one in await asyncio.gather(*work) if one is not None), None)
