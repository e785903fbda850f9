"""Serves published objects: pages, their state, pictures, cards, posters and modules.

A code that was never published is answered like one that cannot be: 404. Bounded by the cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from handlers.public.serving.addresses import object_of
from public.objects import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable

    from handlers.public.serving.cache import ObjectCache
    from handlers.public.serving.prepared import Prepared

UNKNOWN: Final = {"Cache-Control": "public, max-age=1"}
"""A page that is asked for a moment before it is published is there a moment later."""

AWAY: Final = {"Retry-After": "1", "Cache-Control": "no-store"}
"""A cache in front of this process may serve what it has meanwhile, as long as its headers said."""


class Published:
    """`GET` of everything that is published; HEAD too."""

    def __init__(self, cache: ObjectCache, language: str) -> None:
        self._cache = cache
        self._language = language

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the routes; `addresses.py` says what there is below them."""
        for path in ("/p/{page:.+}", "/static/{name}", "/statistics", "/statistics/{language}", "/statistics.json"):
            yield web.get(path, self._get)

    async def run(self) -> None:
        """Do nothing besides answering."""

    async def _get(self, request: web.Request) -> web.Response:
        path = object_of(request.path, self._language)
        found = Trouble.MISSING if path is None else await self._cache.get(path)
        if found is Trouble.MISSING:
            return web.Response(status=404, text="404", headers=UNKNOWN)
        if isinstance(found, Trouble):
            return web.Response(status=503, text="503", headers=AWAY)
        return response_of(request, found)


def response_of(request: web.Request, found: Prepared) -> web.Response:
    """Return an object as a client takes it: compressed, or nothing where it has it already."""
    if found.etag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=found.headers)
    if found.compressed and "gzip" in request.headers.get("Accept-Encoding", ""):
        return web.Response(body=found.compressed, headers={**found.headers, "Content-Encoding": "gzip"})
    return web.Response(body=found.content, headers=found.headers)
