"""The routes of reports: the form, the report, its photos, its receipt.

Nothing that somebody sent is logged, nor where it came from. Bounded: the package's bounds; `ACCEPTED_MAX` reports are
known again when they are sent twice.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from handlers.http.serving.connection import Connection
from handlers.public.serving.sightings.admission import MB, Admission, Full, Keys
from handlers.public.serving.sightings.checking import check, id_of, report_of
from handlers.public.serving.sightings.limits.places import BodyPlaces
from handlers.public.serving.sightings.pages import POLICE, Pages, PageState, answer
from handlers.public.serving.sightings.reading import Fault, FormReader, body_bytes_max
from handlers.public.serving.sightings.resuming import Resuming
from handlers.public.serving.sightings.senders import Senders
from handlers.public.serving.sightings.uploads import Stopped, Uploads
from public.objects import Trouble
from public.sightings.intake.inbox import PhotoSent, Priority, Sent, is_upload, report_path
from public.sightings.intake.proof import Proofs
from public.sightings.intake.receipts import PATTERN as RECEIPT
from public.sightings.intake.receipts import is_receipt, receipt_of
from runtime.decoding import DECODE_ERRORS
from runtime.page_codes import PATTERN

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from handlers.public.serving.cache import ObjectCache
    from handlers.public.serving.sightings.reading import Form
    from public.objects import Objects
    from public.settings import PublicSettings

ACCEPTED_MAX: Final = 20_000
LANGUAGE: Final = r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2}"
ASSET_CACHE: Final = "public, max-age=86400"
_STATUS: Final = {
    Full.BLOCK: HTTPStatus.TOO_MANY_REQUESTS,
    Full.BUSY: HTTPStatus.SERVICE_UNAVAILABLE,
    Full.DISK: HTTPStatus.INSUFFICIENT_STORAGE,
    Full.AWAY: HTTPStatus.SERVICE_UNAVAILABLE,
}


class Reporting:
    """Takes reports in; a part of serve-public."""

    def __init__(self, objects: Objects, cache: ObjectCache, settings: PublicSettings) -> None:
        photo_bytes = int(settings.sightings.photo_mb * MB)
        self._objects = objects
        self._cache = cache
        self._admission = Admission(objects, settings.sightings)
        self._uploads = Uploads(objects, self._admission, photo_bytes)
        self._places = BodyPlaces()
        self._resuming = Resuming(self._uploads, self._admission, self._places)
        self._pages = Pages(settings.languages, photo_bytes)
        self._senders = Senders(settings)
        self._bytes_max = body_bytes_max(photo_bytes)
        self._proofs = Proofs()
        self._accepted: OrderedDict[UUID, str] = OrderedDict()

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the routes."""
        yield web.get(f"/s/{{code:{PATTERN}}}", self._form)
        yield web.get(f"/s/{{code:{PATTERN}}}/{{language:{LANGUAGE}}}", self._form)
        yield web.post(f"/s/{{code:{PATTERN}}}", self._report)
        yield web.post(f"/s/{{code:{PATTERN}}}/photos", self._begin_photo)
        yield web.patch(f"/s/{{code:{PATTERN}}}/photos/{{upload:[0-9a-f]{{32}}}}", self._photo)
        yield web.head(f"/s/{{code:{PATTERN}}}/photos/{{upload:[0-9a-f]{{32}}}}", self._photo)
        yield web.get(f"/s/receipt/{{receipt:{RECEIPT}}}", self._receipt)
        yield web.get(f"/s/receipt/{{receipt:{RECEIPT}}}/{{language:{LANGUAGE}}}", self._receipt)
        for module in self._pages.modules:
            yield web.get(module.path, self._asset)

    async def run(self) -> None:
        """Look at the disk and the key, until cancelled."""
        await self._admission.run()

    async def _form(self, request: web.Request) -> web.Response:
        language = request.match_info.get("language", "")
        state = await self._state(request)
        if isinstance(state, web.Response):
            return state
        if self._admission.keys is None:
            return self._refuse(request, language, Full.AWAY, state.number)
        return answer(self._pages.form(language, request.match_info["code"], state))

    async def _report(self, request: web.Request) -> web.Response:
        code, block = request.match_info["code"], self._senders.block_of(request)
        state = await self._state(request)
        if isinstance(state, web.Response):
            return _unread(state)
        length, keys = request.content_length, self._admission.keys
        if request.headers.get("Content-Encoding", "identity") != "identity" or length is None:
            return _unread(web.Response(status=HTTPStatus.LENGTH_REQUIRED, text="411"))
        if self._senders.is_foreign(request):
            return _unread(self._refuse_in_words(request, "", 403, "refused_foreign", state.number))
        full = self._admission.refused(block, code)
        if full is not None or keys is None:
            return _unread(self._refuse(request, "", full or Full.AWAY, state.number))
        if length > self._bytes_max:
            return _unread(self._refuse_in_words(request, "", 413, "refused_size", state.number))
        try:
            async with self._places.of(length).body(block) as body:
                if body is None:
                    return _unread(self._refuse(request, "", Full.BUSY, state.number))
                if isinstance(request.protocol, Connection):
                    request.protocol.waits()
                form = await FormReader(code, body, keys, self._uploads, self._admission).read(request)
                if isinstance(request.protocol, Connection):
                    request.protocol.works()
                return await self._take(request, code, block, keys, form, state)
        except TimeoutError:
            return _unread(self._refuse_in_words(request, "", 408, "refused_late", state.number))

    async def _take(
        self, request: web.Request, code: str, block: str, keys: Keys, form: Form, state: PageState
    ) -> web.Response:
        """Store what was read as a report, or answer with the form as it was filled in."""
        language = form.values.get("language", "")
        meant = check(form, datetime.now(UTC), ZoneInfo(state.zone))
        sighting = id_of(form, code, meant)
        known = self._accepted.get(sighting)
        if known is not None:
            return self._received(request, language, known, code)
        photos = await self._photos(code, keys, form)
        # Without its photos it is still a report.
        only_photos = form.faults.get("photo") == Fault.PHOTO_FULL and len(form.faults) == 1 and bool(meant.said.what)
        if form.faults and not only_photos:
            return self._refill(request, language, code, form, state)
        proved = self._proofs.take(form.values.get("proof", ""), code, time.time())
        full = self._admission.refused(block, code)
        full = full if proved or full is not None else self._admission.refused_unproved()
        if full is not None:
            return self._refuse(request, language, full, state.number, form, state)
        # Counted before it is stored: many at once are no way around the limit.
        self._admission.count_report(block, code)
        report = report_of(sighting, code, receipt_of(keys.receipts, sighting), meant, block, proved=proved)
        for photo in photos:
            if not await self._uploads.hold(photo.upload, str(sighting)):
                return self._refuse(request, language, Full.AWAY, state.number, form, state)
        few = Priority.FIRST if self._admission.is_few(block) else Priority.FLOOD
        path = report_path(Priority.PROVED if proved else few, report, with_photos=bool(photos))
        sealed = keys.seal.seal(msgspec.json.encode(Sent(report=report, photos=tuple(photos))))
        if await self._objects.put(path, sealed) is not None:
            return self._refuse(request, language, Full.AWAY, state.number, form, state)
        self._admission.added(len(sealed))
        self._accepted[sighting] = report.receipt
        while len(self._accepted) > ACCEPTED_MAX:
            self._accepted.popitem(last=False)
        return self._received(request, language, report.receipt, code)

    async def _photos(self, code: str, keys: Keys, form: Form) -> list[PhotoSent]:
        """Return the photos of a form that are here; one that is not is a fault, and left out of the form."""
        found = []
        for upload in dict.fromkeys(form.uploads):
            size = await self._uploads.offset(upload) if is_upload(keys.receipts, code, upload) else 0
            if isinstance(size, Stopped) or not size:
                form.faults.setdefault("photo", Fault.PHOTO_LOST)
            else:
                found.append(PhotoSent(upload=upload, size_bytes=size))
        form.uploads = [one.upload for one in found]
        return found

    async def _begin_photo(self, request: web.Request) -> web.Response:
        state = await self._state(request)
        if isinstance(state, web.Response):
            return state
        block, keys = self._senders.block_of(request), self._admission.keys
        full = self._admission.refused(block, request.match_info["code"])
        if full is not None or keys is None:
            return self._refuse(request, "", full or Full.AWAY, state.number)
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
        language, keys = request.match_info.get("language", ""), self._admission.keys
        if keys is None:
            return self._refuse(request, language, Full.AWAY, POLICE)
        if is_receipt(keys.receipts, request.match_info["receipt"]):
            return answer(self._pages.received(language))
        unknown = self._pages.text(language, "receipt_unknown")
        return answer(self._pages.notice(language, unknown, ()), HTTPStatus.NOT_FOUND)

    async def _asset(self, request: web.Request) -> web.Response:
        [module] = [one for one in self._pages.modules if one.path == request.path]
        headers = {"Content-Type": "text/javascript; charset=utf-8", "Cache-Control": ASSET_CACHE}
        return web.Response(body=module.content, headers=headers)

    async def _state(self, request: web.Request) -> PageState | web.Response:
        """Return the state of a page, or the answer where it has none or is over."""
        language = request.match_info.get("language", "")
        found = await self._cache.get(f"published/p/{request.match_info['code']}/state.json")
        if found is Trouble.MISSING:
            unknown = self._pages.text(language, "unknown")
            return self._words(request, language, HTTPStatus.NOT_FOUND, unknown, ())
        if isinstance(found, Trouble):
            return self._refuse(request, language, Full.AWAY, POLICE)
        try:
            state = msgspec.json.decode(found.content, type=PageState)
        except DECODE_ERRORS:
            return self._refuse(request, language, Full.AWAY, POLICE)
        if state.state != "over":
            return state
        heading = self._pages.text(language, "over_title")
        lines = (self._pages.text(language, "over"), self._pages.text(language, "over_call", state.number))
        return self._words(request, language, HTTPStatus.GONE, heading, lines)

    def _received(self, request: web.Request, language: str, receipt: str, code: str) -> web.Response:
        if _takes_json(request):
            return web.json_response({"receipt": receipt})
        return answer(self._pages.received(language, receipt, code))

    def _refill(self, request: web.Request, language: str, code: str, form: Form, state: PageState) -> web.Response:
        if _takes_json(request):
            texts: dict[str, Any] = {name: self._pages.fault(language, one) for name, one in form.faults.items()}
            return web.json_response({"faults": texts}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        page = self._pages.form(language, code, state, form)
        return answer(page, HTTPStatus.UNPROCESSABLE_ENTITY)

    def _refuse(
        self,
        request: web.Request,
        language: str,
        full: Full,
        number: str,
        form: Form | None = None,
        state: PageState | None = None,
    ) -> web.Response:
        return self._refuse_in_words(request, language, _STATUS[full], f"refused_{full.value}", number, form, state)

    def _refuse_in_words(
        self,
        request: web.Request,
        language: str,
        status: int,
        name: str,
        number: str,
        form: Form | None = None,
        state: PageState | None = None,
    ) -> web.Response:
        """Say why a report is not taken in, and whom to call; with what was typed, where it was read."""
        why = self._pages.text(language, name, number)
        if form is not None and state is not None and not _takes_json(request):
            page = self._pages.form(language, request.match_info["code"], state, form, why)
            return answer(page, status)
        return self._words(request, language, status, self._pages.text(language, "refused_title"), (why,))

    def _words(
        self, request: web.Request, language: str, status: int, heading: str, lines: tuple[str, ...]
    ) -> web.Response:
        if _takes_json(request):
            return web.json_response({"refused": " ".join(lines) or heading}, status=status)
        return answer(self._pages.notice(language, heading, lines), status)


def _takes_json(request: web.Request) -> bool:
    return "application/json" in request.headers.get("Accept", "")


def _unread(response: web.Response) -> web.Response:
    """Return an answer after which the rest of the request is not read."""
    response.force_close()
    return response
