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
    from collections.abc import Awaitable, Callable, Coroutine, Hashable

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


def _nothing(_: dict[str, Any]) -> str | None:
    """Return what a reader has of their own where a part shows nothing of it."""
    return None


class _Read:
    """What was read for a part, and the part as each kind of reader sees it, made once of it."""

    def __init__(self, values: dict[str, Any] | None) -> None:
        self.values = values
        self._forms: dict[Hashable, asyncio.Task[Form]] = {}

    async def form(self, kind: Hashable, make: Callable[[], Coroutine[Any, Any, Form]]) -> Form:
        """Return the part as readers of this kind see it."""
        if kind not in self._forms:
            self._forms[kind] = asyncio.create_task(make(), name="part of a page")
            # All who wait for it may have left.
            self._forms[kind].add_done_callback(lambda made: made.cancelled() or made.exception())
        return await asyncio.shield(self._forms[kind])


class SharedParts:
    """Answers with parts of pages, by who may read what they show."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._fresh: Shared[Hashable, _Read] = Shared()

    async def answer(self, request: web.Request, template: str, scope: Hashable, read: Read) -> web.Response:
        """Return a part; `read` returns what its template shows to readers of this `scope`."""
        t = texts_for(request)
        key = (template, t.locale, scope)
        kept = self._kept.get(key)
        if kept is None:

            async def make() -> Form | None:
                values = await read()
                return None if values is None else await self._form(t, template, values)

            kept = self._kept[key] = Kept(make, KEPT_S, since_begun=True)
            if len(self._kept) > KEYS_MAX:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        form = await kept.get()
        return self._pages.compressed(request, b"" if form is None else form.body)

    async def of_alert(
        self, call: Call[Any], template: str, read: Read, own: Callable[[dict[str, Any]], str | None] = _nothing
    ) -> web.Response:
        """Return a part of an alert's page no older than the request; who asks meanwhile shares the next one.

        It is read once for all readers of a scope and role: what is withheld of numbers goes by both. Its template
        knows the role, and as `why_not` what `own` returns for them: one of few words, each of which is a part to make.
        """
        t, reader = texts_for(call.request), Reader(call.bearer.role)

        async def read_once() -> _Read:
            return _Read(await read())

        key = (template, call.alert_id, scope_of(call.bearer), reader.role)
        found = await self._fresh.get(key, read_once)
        if found.values is None:
            return self._pages.problem(call.request, 404, "problem.unknown_alert")
        why_not = own(found.values)
        values = found.values | {"viewer": reader, "why_not": why_not}
        kind = (t.locale, why_not)
        form = await found.form(kind, lambda: self._form(t, template, values))
        return self._pages.compressed(call.request, form.body)

    async def _form(self, t: Texts, template: str, values: dict[str, Any]) -> Form:
        text = self._pages.part(t, template, **values)
        return form_of(await asyncio.to_thread(gzip.compress, text.encode(), LEVEL), "")
