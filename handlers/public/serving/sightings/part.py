"""The routes of reports: the form, the report, its photos, its receipt.

Nothing that somebody sent is logged, nor where it came from. Bounded by the package's bounds.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import msgspec
from aiohttp import web

from handlers.http.serving.connection import Connection
from handlers.public.serving.sightings.answers import Answers, Asked
from handlers.public.serving.sightings.limits.admission import Admission, Full
from handlers.public.serving.sightings.limits.disk import MB
from handlers.public.serving.sightings.limits.places import SMALL_BYTES, BodyPlaces
from handlers.public.serving.sightings.pages import Pages, PageState
from handlers.public.serving.sightings.reading import FormReader, body_bytes_max
from handlers.public.serving.sightings.resuming import Resuming
from handlers.public.serving.sightings.senders import Senders
from handlers.public.serving.sightings.taking import Taking
from handlers.public.serving.sightings.uploads import Uploads
from public.objects import Trouble
from public.sightings.intake.receipts import PATTERN as RECEIPT
from public.sightings.intake.receipts import is_receipt
from runtime.decoding import DECODE_ERRORS
from runtime.page_codes import PATTERN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from handlers.public.serving.cache import ObjectCache
    from public.objects import Objects
    from public.settings import PublicSettings

LANGUAGE: Final = r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2}"
ASSET_CACHE: Final = "public, max-age=86400"


class Reporting:
    """Takes reports in; a part of serve-public."""

    def __init__(self, objects: Objects, cache: ObjectCache, settings: PublicSettings, within_s: float) -> None:
        """`within_s`: so long a body may keep us waiting, and longer where it is large and keeps coming."""
        photo_bytes = int(settings.sightings.photo_mb * MB)
        self._cache = cache
        self._bytes_max = body_bytes_max(photo_bytes)
        self._admission = Admission(objects, settings.sightings)
        self._places = BodyPlaces(within_s)
        self._senders = Senders(settings)
        self._uploads = Uploads(objects, self._admission, photo_bytes)
        self._resuming = Resuming(self._uploads, self._admission, self._places)
        pages = Pages(settings.languages, photo_bytes)
        self._modules = pages.modules
        self._answers = Answers(pages)
        self._taking = Taking(objects, self._admission, self._uploads, self._answers)

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the routes."""
        page, language = f"/s/{{code:{PATTERN}}}", f"{{language:{LANGUAGE}}}"
        receipt = f"/s/receipt/{{receipt:{RECEIPT}}}"
        for path in (page, f"{page}/{language}"):
            yield web.get(path, self._form)
            yield web.post(path, self._report)
        yield web.post(f"{page}/photos", self._begin_photo)
        yield web.patch(f"{page}/photos/{{upload:[0-9a-f]{{32}}}}", self._photo)
        yield web.head(f"{page}/photos/{{upload:[0-9a-f]{{32}}}}", self._photo)
        yield web.get(receipt, self._receipt)
        yield web.get(f"{receipt}/{language}", self._receipt)
        for module in self._modules:
            yield web.get(module.path, self._asset)

    def takes_reports(self) -> bool:
        """Tell whether what is needed to take reports in is known."""
        return self._admission.keys is not None and self._admission.disk.used is not None

    async def run(self) -> None:
        """Look at the disk and the key, until cancelled."""
        await self._admission.run()

    async def _form(self, request: web.Request) -> web.Response:
        asked = await self._asked(request)
        if isinstance(asked, web.Response):
            return asked
        return self._answers.full(asked, Full.AWAY) if self._admission.keys is None else self._answers.form(asked)

    async def _report(self, request: web.Request) -> web.Response:
        asked = await self._asked(request)
        if isinstance(asked, web.Response):
            return _unread(asked)
        length, block = request.content_length, self._senders.block_of(request)
        if request.headers.get("Content-Encoding", "identity") != "identity" or length is None:
            return _unread(web.Response(status=HTTPStatus.LENGTH_REQUIRED, text="411"))
        if self._senders.is_foreign(request):
            return _unread(self._answers.refused(asked, HTTPStatus.FORBIDDEN, "refused_foreign"))
        if length > self._bytes_max:
            return _unread(self._answers.refused(asked, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "refused_size"))
        full = self._admission.refused(block, asked.code)
        if full is not None and not (length <= SMALL_BYTES and self._admission.may_return(block)):
            return _unread(self._answers.full(asked, full))
        return await self._read(request, asked, block, length, takes_photos=full is None)

    async def _read(
        self, request: web.Request, asked: Asked, block: str, length: int, *, takes_photos: bool
    ) -> web.Response:
        """Read a form in a place of its own, and take it."""
        reader = None
        try:
            async with self._places.of(length).body(block) as body:
                if body is None:
                    return _unread(self._answers.full(asked, Full.BUSY))
                if isinstance(request.protocol, Connection):
                    request.protocol.waits()
                keys = self._admission.keys if takes_photos else None
                reader = FormReader(asked.code, body, keys, self._uploads, self._admission)
                form = await reader.read(request)
                if isinstance(request.protocol, Connection):
                    request.protocol.works()
                return await self._taking.take(asked, block, form)
        except TimeoutError:
            came = None if reader is None else reader.form
            return _unread(self._answers.refused(asked, HTTPStatus.REQUEST_TIMEOUT, "refused_late", came))

    async def _begin_photo(self, request: web.Request) -> web.Response:
        asked = await self._asked(request)
        if isinstance(asked, web.Response):
            return asked
        block, keys = self._senders.block_of(request), self._admission.keys
        full = self._admission.refused(block, asked.code)
        if full is not None or keys is None:
            return self._answers.full(asked, full or Full.AWAY)
        return self._resuming.begin(request, block, keys)

    async def _photo(self, request: web.Request) -> web.Response:
        keys = self._admission.keys
        if keys is None:
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, text="503")
        if request.method == "HEAD":
            return await self._resuming.offset(request, keys)
        if isinstance(request.protocol, Connection):
            request.protocol.waits()
        return await self._resuming.append(request, self._senders.block_of(request), keys)

    async def _receipt(self, request: web.Request) -> web.Response:
        asked, keys = Asked(language=request.match_info.get("language", "")), self._admission.keys
        if keys is None:
            return self._answers.full(asked, Full.AWAY)
        return self._answers.known(asked, is_receipt=is_receipt(keys.receipts, request.match_info["receipt"]))

    async def _asset(self, request: web.Request) -> web.Response:
        [module] = [one for one in self._modules if one.path == request.path]
        headers = {"Content-Type": "text/javascript; charset=utf-8", "Cache-Control": ASSET_CACHE}
        return web.Response(body=module.content, headers=headers)

    async def _asked(self, request: web.Request) -> Asked | web.Response:
        """Return of which page something is asked, or the answer where there is none or where it is over."""
        asked = Asked(
            code=request.match_info["code"],
            language=request.match_info.get("language", ""),
            takes_json="application/json" in request.headers.get("Accept", ""),
        )
        found = await self._cache.get(f"published/p/{asked.code}/state.json")
        if found is Trouble.MISSING:
            return self._answers.unknown(asked)
        if isinstance(found, Trouble):
            return self._answers.full(asked, Full.AWAY)
        try:
            state = msgspec.json.decode(found.content, type=PageState)
        except DECODE_ERRORS:
            return self._answers.full(asked, Full.AWAY)
        asked = msgspec.structs.replace(asked, state=state)
        return self._answers.over(asked) if state.state == "over" else asked


def _unread(response: web.Response) -> web.Response:
    """Return an answer after which the rest of the request is not read."""
    response.force_close()
    return response
