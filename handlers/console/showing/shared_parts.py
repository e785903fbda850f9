"""Parts of pages that are the same for many readers: written once in a moment, and compressed once, whoever asks.

When an alert changes, every open overview asks for its parts again. Bounded: `KEPT_S`, `KEYS_MAX` parts.
"""

from __future__ import annotations

import asyncio
import gzip
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

from handlers.console.showing.texts import texts_for
from handlers.http.reuse.kept import Form, Kept, form_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

    from aiohttp import web

    from handlers.console.showing.pages import Pages

KEPT_S: Final = 0.5
"""Half of what a page waits before it asks: what it gets is never older than the change of which it heard."""

KEYS_MAX: Final = 64
"""Parts, languages, and what people of different authorities may read."""

LEVEL: Final = 5
"""Of gzip: HTML of cards becomes a tenth, at a fifth of what the best costs."""


class SharedParts:
    """Answers with parts of pages, by who may read what they show."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()

    async def answer(
        self, request: web.Request, template: str, scope: Hashable, read: Callable[[], Awaitable[dict[str, Any]]]
    ) -> web.Response:
        """Return a part; `read` returns what its template shows to readers of this `scope`."""
        t = texts_for(request)
        key = (template, t.locale, scope)
        kept = self._kept.get(key)
        if kept is None:

            async def make() -> Form:
                text = self._pages.part(t, template, **await read())
                return form_of(await asyncio.to_thread(gzip.compress, text.encode(), LEVEL), "")

            kept = self._kept[key] = Kept(make, KEPT_S, since_begun=True)
            if len(self._kept) > KEYS_MAX:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        form = await kept.get()
        return self._pages.compressed(request, b"" if form is None else form.body)
