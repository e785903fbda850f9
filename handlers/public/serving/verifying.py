"""`GET /verify`: is it real? A code or link in; live, over, or not ours out, and nothing more.

Whatever is asked takes one look at an object, also what can be no code, so that nobody learns from time or page which
codes there are. Bounded: one page for each language and verdict, made once.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING, Final

import msgspec
from aiohttp import web

from handlers.public.serving.prepared import Prepared, prepared
from handlers.public.serving.published import response_of
from public.objects import Trouble
from public.pages.verification import Verdict, code_in, verify_page

if TYPE_CHECKING:
    from collections.abc import Iterable

    from handlers.public.serving.cache import ObjectCache
    from public.settings import PublicSettings

NO_STORE: Final = "no-store"


class _State(msgspec.Struct):
    state: str
    mark: str = ""


_STATE: Final = msgspec.json.Decoder(_State)


class Verifying:
    """The page that says whether an alert is real."""

    def __init__(self, cache_of: ObjectCache, settings: PublicSettings) -> None:
        self._objects = cache_of
        self._site = settings.url or ""
        self._languages = settings.languages
        self._page = cache(self._made)

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the route."""
        yield web.get("/verify", self._get)

    async def run(self) -> None:
        """Do nothing besides answering."""

    async def _get(self, request: web.Request) -> web.Response:
        chosen = request.query.get("language", "")
        language = chosen if chosen in self._languages else self._languages[0]
        asked = request.query.get("code", "")
        verdict = await self._verdict(asked) if asked.strip() else None
        return response_of(request, self._page(language, verdict))

    async def _verdict(self, asked: str) -> Verdict:
        code = code_in(asked, self._site)
        name = hashlib.sha256(asked.encode("utf-8", "replace")).hexdigest()[:10] if code is None else code
        found = await self._objects.get(f"published/p/{name}/state.json")
        if found is Trouble.MISSING or code is None:
            return Verdict.NOT_OURS
        if isinstance(found, Trouble):
            return Verdict.AWAY
        try:
            state = _STATE.decode(found.content)
            return Verdict.EXERCISE if state.mark else Verdict(state.state)
        except ValueError:
            return Verdict.AWAY

    def _made(self, language: str, verdict: Verdict | None) -> Prepared:
        page = prepared("verify.html", verify_page(language, self._languages, verdict))
        headers = page.headers | {"Cache-Control": NO_STORE}
        return msgspec.structs.replace(page, headers=headers)
