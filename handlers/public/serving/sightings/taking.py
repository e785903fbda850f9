"""Makes a report of a form that was read, and stores it with its photos; then it is acknowledged, and not before.

Bounded: `ACCEPTED_MAX` reports are known again when they are sent twice.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import msgspec

from handlers.public.serving.sightings.checking import check, id_of, report_of
from handlers.public.serving.sightings.limits.admission import Full
from handlers.public.serving.sightings.reading import Fault
from handlers.public.serving.sightings.uploads import Stopped
from public.sightings.intake.inbox import PhotoSent, Priority, Sent, is_upload, report_path
from public.sightings.intake.proof import Proofs
from public.sightings.intake.receipts import receipt_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from aiohttp import web

    from handlers.public.serving.sightings.answers import Answers, Asked
    from handlers.public.serving.sightings.limits.admission import Admission, Keys
    from handlers.public.serving.sightings.reading import Form
    from handlers.public.serving.sightings.uploads import Uploads
    from public.objects import Objects
    from public.sightings.content import Report

ACCEPTED_MAX: Final = 20_000


class Taking:
    """Takes reports."""

    def __init__(self, objects: Objects, admission: Admission, uploads: Uploads, answers: Answers) -> None:
        self._objects = objects
        self._admission = admission
        self._uploads = uploads
        self._answers = answers
        self._proofs = Proofs()
        self._accepted: OrderedDict[UUID, str] = OrderedDict()

    async def take(self, asked: Asked, block: str, form: Form) -> web.Response:
        """Store what was read as a report, or answer with the form as it was filled in."""
        asked = asked.with_form(form)
        meant = check(form, datetime.now(UTC), ZoneInfo(asked.state.zone))
        sighting = id_of(form, asked.code, meant)
        known = self._accepted.get(sighting)
        if known is not None:
            return self._answers.received(asked, known, left_out=_is_left_out(form))
        full, keys = self._admission.refused(block, asked.code), self._admission.keys
        if full is not None or keys is None:
            return self._answers.full(asked, full or Full.AWAY, form)
        photos = await self._photos(asked.code, keys, form)
        # Without its photos it is still a report.
        only_photos = form.faults.get("photo") == Fault.PHOTO_FULL and len(form.faults) == 1 and bool(meant.said.what)
        if form.faults and not only_photos:
            return self._answers.mistaken(asked, form)
        proved = self._proofs.take(form.values.get("proof", ""), asked.code, time.time())
        full = None if proved else self._admission.refused_unproved()
        if full is not None:
            return self._answers.full(asked, full, form)
        # Counted before it is stored: many at once are no way around the limit.
        self._admission.count_report(block, asked.code)
        report = report_of(sighting, asked.code, receipt_of(keys.receipts, sighting), meant, block, proved=proved)
        if not await self._store(keys, report, photos):
            self._admission.take_back_report(block, asked.code)
            return self._answers.full(asked, Full.AWAY, form)
        self._accepted[sighting] = report.receipt
        while len(self._accepted) > ACCEPTED_MAX:
            self._accepted.popitem(last=False)
        return self._answers.received(asked, report.receipt, left_out=_is_left_out(form))

    async def _store(self, keys: Keys, report: Report, photos: Sequence[PhotoSent]) -> bool:
        """Store a report after its photos were noted as its own; False where the store does not answer."""
        for photo in photos:
            if not await self._uploads.hold(photo.upload, str(report.id)):
                return False
        few = Priority.FIRST if self._admission.is_few(report.block) else Priority.FLOOD
        path = report_path(Priority.PROVED if report.proved else few, report, with_photos=bool(photos))
        sealed = keys.seal.seal(msgspec.json.encode(Sent(report=report, photos=tuple(photos))))
        if await self._objects.put(path, sealed) is not None:
            return False
        self._admission.disk.added(len(sealed), with_folder=False)
        return True

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


def _is_left_out(form: Form) -> bool:
    """Tell whether a report goes without one of its photos: the page's module says so, or there was no room."""
    return bool(form.values.get("left_out")) or form.faults.get("photo") == Fault.PHOTO_FULL
