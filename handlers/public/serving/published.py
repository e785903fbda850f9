"""Serves published objects: pages, their state, pictures, cards, posters and modules.

A code that was never published is answered like one that cannot be: 404. Bounded by the cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from public.objects import Trouble
from runtime.page_codes import PATTERN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from handlers.public.serving.cache import ObjectCache
    from handlers.public.serving.prepared import Prepared

LANGUAGE: Final = r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2}"
OF_A_PAGE: Final = r"(?:state\.json|qr\.svg|(?:photo|card|poster)\.[A-Za-z0-9.-]{1,80}\.(?:jpg|png|pdf))"
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
        """Return the routes."""
        yield web.get(f"/p/{{code:{PATTERN}}}", self._page)
        yield web.get(f"/p/{{code:{PATTERN}}}/{{language:{LANGUAGE}}}", self._page)
        yield web.get(f"/p/{{code:{PATTERN}}}/{{name:{OF_A_PAGE}}}", self._of_a_page)
        yield web.get(r"/static/{name:[a-z-]{1,40}\.[0-9a-f]{8,64}\.js}", self._module)
        yield web.get("/statistics", self._statistics)
        yield web.get(f"/statistics/{{language:{LANGUAGE}}}", self._statistics)
        yield web.get("/statistics.json", self._statistics_json)

    async def run(self) -> None:
        """Do nothing besides answering."""

    async def _page(self, request: web.Request) -> web.Response:
        language = request.match_info.get("language", self._language)
        return await self._object(request, f"p/{request.match_info['code']}/index.{language}.html")

    async def _of_a_page(self, request: web.Request) -> web.Response:
        return await self._object(request, f"p/{request.match_info['code']}/{request.match_info['name']}")

    async def _module(self, request: web.Request) -> web.Response:
        return await self._object(request, f"static/{request.match_info['name']}")

    async def _statistics(self, request: web.Request) -> web.Response:
        return await self._object(request, f"statistics.{request.match_info.get('language', self._language)}.html")

    async def _statistics_json(self, request: web.Request) -> web.Response:
        return await self._object(request, "statistics.json")

    async def _object(self, request: web.Request, name: str) -> web.Response:
        found = await self._cache.get(f"published/{name}")
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
