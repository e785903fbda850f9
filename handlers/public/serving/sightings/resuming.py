"""Photos that are sent piece by piece, and resumed where the connection was lost.

After the resumable uploads of the IETF's HTTP working group, as far as a page of ours needs them: `POST` begins one,
`PATCH` with `Upload-Offset` appends, `HEAD` says how far it is. Bounded: by the places of bodies; one request at a time
of each upload.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from aiohttp import web

from handlers.http.requests import BODY_ERRORS
from handlers.public.serving.sightings.limits.admission import Full
from handlers.public.serving.sightings.uploads import Stopped
from public.sightings.intake.inbox import is_upload, new_upload

if TYPE_CHECKING:
    from handlers.public.serving.sightings.limits.admission import Admission, Keys
    from handlers.public.serving.sightings.limits.places import Body, BodyPlaces
    from handlers.public.serving.sightings.uploads import Uploads

OFFSET: Final = "Upload-Offset"
LENGTH: Final = "Upload-Length"
DIGITS_MAX: Final = 12
_STATUS: Final = {
    Stopped.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Stopped.ELSEWHERE: HTTPStatus.CONFLICT,
    Stopped.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
}
_FULL: Final = {
    Full.BLOCK: HTTPStatus.INSUFFICIENT_STORAGE,
    Full.DISK: HTTPStatus.INSUFFICIENT_STORAGE,
    Full.AWAY: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""507: for good; 503: in a moment it may be otherwise."""


class Resuming:
    """Begins, continues and measures uploads."""

    def __init__(self, uploads: Uploads, admission: Admission, places: BodyPlaces) -> None:
        self._uploads = uploads
        self._admission = admission
        self._places = places
        self._busy: set[str] = set()

    def begin(self, request: web.Request, block: str, keys: Keys) -> web.Response:
        """Begin an upload; its id is in the answer."""
        size = _number(request.headers.get(LENGTH))
        if size is None or not size:
            return _answer(HTTPStatus.BAD_REQUEST)
        if size > self._uploads.bytes_max:
            return _answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        full = self._admission.refused_photo(block, size)
        if full is not None:
            return _answer(_FULL[full])
        self._admission.count_upload(block)
        upload = new_upload(keys.receipts, request.match_info["code"])
        return web.json_response({"upload": upload}, status=HTTPStatus.CREATED, headers={OFFSET: "0"})

    async def offset(self, request: web.Request, keys: Keys) -> web.Response:
        """Say how far an upload is."""
        upload = request.match_info["upload"]
        if not is_upload(keys.receipts, request.match_info["code"], upload):
            return _answer(HTTPStatus.NOT_FOUND)
        at = await self._uploads.offset(upload)
        return _answer(_STATUS[at]) if isinstance(at, Stopped) else _answer(HTTPStatus.NO_CONTENT, at)

    async def append(self, request: web.Request, block: str, keys: Keys) -> web.Response:
        """Append what comes; what came before the connection is lost stays."""
        upload, start = request.match_info["upload"], _number(request.headers.get(OFFSET))
        if not is_upload(keys.receipts, request.match_info["code"], upload):
            return _answer(HTTPStatus.NOT_FOUND)
        if start is None or request.content_length is None:
            return _answer(HTTPStatus.BAD_REQUEST)
        if start + request.content_length > self._uploads.bytes_max:
            return _answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if upload in self._busy:
            return _answer(HTTPStatus.CONFLICT)
        full = self._admission.refused_photo("", request.content_length)
        if full is not None:
            return _answer(_FULL[full])
        self._busy.add(upload)
        try:
            async with self._places.of(request.content_length).body(block) as body:
                if body is None:
                    return _answer(HTTPStatus.SERVICE_UNAVAILABLE)
                return await self._append(request, upload, start, keys, body)
        except TimeoutError:
            return _answer(HTTPStatus.REQUEST_TIMEOUT)
        finally:
            self._busy.discard(upload)

    async def _append(self, request: web.Request, upload: str, start: int, keys: Keys, body: Body) -> web.Response:
        at = await self._uploads.offset(upload)
        if at != start:
            return _answer(_STATUS[at]) if isinstance(at, Stopped) else _answer(HTTPStatus.CONFLICT, at)

        async def source(bytes_max: int) -> bytes:
            content = await body.wait_for(request.content.read(bytes_max))
            body.came(len(content))
            return content

        try:
            stored = await self._uploads.store(keys.seal, upload, start, source)
        except BODY_ERRORS:
            return _answer(HTTPStatus.BAD_REQUEST)
        return _answer(_STATUS[stored]) if isinstance(stored, Stopped) else _answer(HTTPStatus.NO_CONTENT, stored)


def _number(text: str | None) -> int | None:
    if text is None or not text.isascii() or not text.isdigit() or len(text) > DIGITS_MAX:
        return None
    return int(text)


def _answer(status: int, offset: int | None = None) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    if offset is not None:
        headers[OFFSET] = str(offset)
    response = web.Response(status=status, headers=headers)
    if status >= HTTPStatus.BAD_REQUEST:
        # What is still to come of it is not read.
        response.force_close()
    return response
