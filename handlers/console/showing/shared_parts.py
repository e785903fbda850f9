"""Parts of pages that are the same for many readers: written once in a moment, and compressed once, whoever asks.

When an alert changes, every open overview and every page of it asks for its parts again. Bounded: `KEPT_S`, `KEYS_MAX`
parts of overviews; parts of alerts as long as somebody waits for them.
"""

from __future__ import annotations

import asyncio
import gzip
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

from handlers.console.showing.pages import Reader
from handlers.console.showing.texts import texts_for
from handlers.http.reuse.kept import Form, Kept, form_of
from handlers.http.reuse.shared import Shared
from handlers.operators.scope import scope_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

    from aiohttp import web

    from handlers.console.showing.pages import Pages
    from handlers.console.showing.texts import Texts
    from handlers.http.route import Call

    Read = Callable[[], Awaitable[dict[str, Any] | None]]

KEPT_S: Final = 0.5
"""Half of what a page waits before it asks: what it gets is never older than the change of which it heard."""

KEYS_MAX: Final = 64
"""Parts, languages, and what people of different authorities may read."""

LEVEL: Final = 5
"""Of gzip: HTML of cards becomes a tenth, at a fifth of what the best costs."""


class _Part:
    """A part for readers of one language and scope; what reads it is the same for all of them."""

    def __init__(self, template: str, locale: str, scope: Hashable, texts: Texts, read: Read) -> None:
        self.template, self.texts, self.read = template, texts, read
        self._key = (template, locale, scope)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Part) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


class SharedParts:
    """Answers with parts of pages, by who may read what they show."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._fresh: Shared[_Part, Form | None] = Shared(self._form)

    async def answer(self, request: web.Request, template: str, scope: Hashable, read: Read) -> web.Response:
        """Return a part; `read` returns what its template shows to readers of this `scope`."""
        t = texts_for(request)
        key = (template, t.locale, scope)
        kept = self._kept.get(key)
        if kept is None:

            async def make() -> Form | None:
                return await self._form(_Part(template, t.locale, scope, t, read))

            kept = self._kept[key] = Kept(make, KEPT_S, since_begun=True)
            if len(self._kept) > KEYS_MAX:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        form = await kept.get()
        return self._pages.compressed(request, b"" if form is None else form.body)

    async def of_alert(self, call: Call[Any], template: str, read: Read) -> web.Response:
        """Return a part of an alert's page no older than the request; who asks meanwhile shares the next one.

        Its template knows the reader's role and scope alone.
        """
        t = texts_for(call.request)
        reader = Reader(call.bearer.role)

        async def read_for_reader() -> dict[str, Any] | None:
            values = await read()
            return None if values is None else values | {"viewer": reader}

        scope = (call.alert_id, scope_of(call.bearer), reader.role)
        form = await self._fresh.get(_Part(template, t.locale, scope, t, read_for_reader))
        if form is None:
            return self._pages.problem(call.request, 404, "problem.unknown_alert")
        return self._pages.compressed(call.request, form.body)

    async def _form(self, part: _Part) -> Form | None:
        values = await part.read()
        if values is None:
            return None
        text = self._pages.part(part.texts, part.template, **values)
        return form_of(await asyncio.to_thread(gzip.compress, text.encode(), LEVEL), "")
