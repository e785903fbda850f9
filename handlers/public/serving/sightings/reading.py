"""Reads a report's form while it comes: fields into memory, photos into the inbox.

Bounded: `PARTS_MAX` parts, `FIELD_BYTES` a field, the body by what photos may have; in time by its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from aiohttp import BodyPartReader

from handlers.http.requests import BODY_ERRORS
from handlers.public.serving.sightings.uploads import Stopped
from public.sightings.content import PHOTOS_MAX
from public.sightings.intake.inbox import PIECE_BYTES, new_upload

if TYPE_CHECKING:
    from aiohttp import web

    from handlers.public.serving.sightings.limits.admission import Admission, Keys
    from handlers.public.serving.sightings.limits.places import Body
    from handlers.public.serving.sightings.uploads import Uploads

FIELDS: Final = (
    "what",
    "place",
    "longitude",
    "latitude",
    "accuracy_m",
    "seen_at",
    "contact",
    "language",
    "form",
    "proof",
    "left_out",
)
MULTIPART: Final = "multipart/form-data"
PHOTO: Final = "photo"
PHOTO_ID: Final = "photo_id"
PARTS_MAX: Final = 24
FIELD_BYTES: Final = 16 * 1024
OTHER_BYTES: Final = 64 * 1024
"""What all that is no photo may have."""

CHUNK_BYTES: Final = 64 * 1024


class Fault:
    """What is wrong with a part, as the catalogues name it."""

    TOO_LONG: Final = "too_long"
    PHOTO_TOO_LARGE: Final = "photo_too_large"
    PHOTO_FULL: Final = "photo_full"
    PHOTO_LOST: Final = "photo_lost"
    TOO_MANY_PHOTOS: Final = "too_many_photos"
    UNREADABLE: Final = "unreadable"


class Form(msgspec.Struct, kw_only=True):
    """What was sent: fields by name, uploads of photos, and faults by field."""

    values: dict[str, str] = {}
    uploads: list[str] = []
    faults: dict[str, str] = {}


class FormReader:
    """Reads one request; without keys it leaves photos aside."""

    def __init__(self, code: str, body: Body, keys: Keys | None, uploads: Uploads, admission: Admission) -> None:
        self._code = code
        self._body = body
        self._keys = keys
        self._uploads = uploads
        self._admission = admission
        self.form = Form()

    async def read(self, request: web.Request) -> Form:
        """Return what a request sends; a broken form is a fault. TimeoutError when it stands still: `form` has some."""
        try:
            is_whole = await self._parts(request)
        except (*BODY_ERRORS, ValueError, AssertionError, RuntimeError, LookupError):
            # aiohttp asserts that a form is multipart, and that a part has a boundary, and looks up what a part says of
            # itself.
            is_whole = False
        if not is_whole:
            self.form.faults["form"] = Fault.UNREADABLE
        return self.form

    async def _parts(self, request: web.Request) -> bool:
        """Read the parts; tells whether that were all."""
        if request.content_type != MULTIPART:
            return False
        reader = await request.multipart()
        for _ in range(PARTS_MAX):
            part = await self._body.wait_for(reader.next())
            if part is None:
                return True
            if not isinstance(part, BodyPartReader):
                return False
            if part.name == PHOTO:
                await self._photo(part)
            elif part.name in FIELDS or part.name == PHOTO_ID:
                await self._field(part, part.name)
            else:
                await self._skip(part)
        return False

    async def _chunk(self, part: BodyPartReader) -> bytes:
        content = bytes(await self._body.wait_for(part.read_chunk(CHUNK_BYTES)))
        self._body.came(len(content))
        return content

    async def _skip(self, part: BodyPartReader) -> None:
        while await self._chunk(part):
            continue

    async def _field(self, part: BodyPartReader, name: str) -> None:
        content = b""
        while more := await self._chunk(part):
            content += more[: FIELD_BYTES + 1 - len(content)]
        if len(content) > FIELD_BYTES:
            self.form.faults[name] = Fault.TOO_LONG
        text = content[:FIELD_BYTES].decode(errors="replace")
        if name == PHOTO_ID:
            self.form.uploads += [text] if text else []
        else:
            self.form.values[name] = text

    async def _photo(self, part: BodyPartReader) -> None:
        first = await self._chunk(part)
        if not first or self._keys is None:
            await self._skip(part)
            return
        refused = self._admission.refused_photo(self._body.block, len(first))
        if len(self.form.uploads) >= PHOTOS_MAX or refused is not None:
            self.form.faults[PHOTO] = Fault.TOO_MANY_PHOTOS if refused is None else Fault.PHOTO_FULL
        else:
            await self._store(part, first, self._keys)
        await self._skip(part)

    async def _store(self, part: BodyPartReader, first: bytes, keys: Keys) -> None:
        pending = bytearray(first)

        async def source(bytes_max: int) -> bytes:
            if not pending:
                pending.extend(await self._chunk(part))
            some = bytes(pending[:bytes_max])
            del pending[: len(some)]
            return some

        upload = new_upload(keys.receipts, self._code)
        self._admission.count_upload(self._body.block)
        stored = await self._uploads.store(keys.seal, upload, 0, source)
        if isinstance(stored, Stopped):
            self.form.faults[PHOTO] = Fault.PHOTO_TOO_LARGE if stored is Stopped.TOO_LARGE else Fault.PHOTO_LOST
            await self._uploads.remove(upload)
        else:
            self.form.uploads.append(upload)


def body_bytes_max(photo_bytes: int) -> int:
    """Return the largest body of a form."""
    return PHOTOS_MAX * photo_bytes + OTHER_BYTES + PIECE_BYTES
