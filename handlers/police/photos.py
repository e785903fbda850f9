"""Takes the photo of a case that stands, signed like a case: JSON with the picture in base64.

Standard Webhooks sign a text, and their libraries take no other: so the picture is within one, and not beside it in a
multipart body. It is a change of the case like any other: where cases are approved it waits for that, and before it is
another revision, so that nobody approves a picture that was not seen. Bounded: `BODY_BYTES`, a few at once
(`handlers.http.serving.large_bodies`); `TRIES`.
"""

from __future__ import annotations

import asyncio
import hashlib
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec
from aiohttp import web

import sql.cases
import sql.filing
from handlers.action_requests import CaseNumber, refusal
from handlers.http import problems
from handlers.http.decoding import read
from handlers.http.problem_codes import ProblemCode
from handlers.http.route import JSON
from handlers.police.answers import changed_answer, stored
from handlers.police.case.fields import PICTURE_MAX, PictureData
from handlers.police.case_changes import photo_of
from handlers.police.updates import TRIES
from handlers.values.data_uri import read_data_uri
from push.alerts.actions.actor import of_authority
from push.alerts.actions.refusals import Refusal, Refused
from push.alerts.actions.transaction import Order
from push.alerts.actions.webhook_answer import WebhookAnswer
from push.alerts.record.digests import keyed

if TYPE_CHECKING:
    from uuid import UUID

    from handlers.auth.signed_webhooks import SignedWebhooks
    from handlers.http.route import Call
    from push.alerts.actions.changes import Changes
    from push.alerts.planner import Planner
    from sql.database import Pool

BODY_BYTES: Final = PICTURE_MAX + 1_000

OK: Final = 200


class NewPhoto(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The photo of who is missing, in the place of the one before."""

    case_number: CaseNumber
    photo_data: PictureData


class NewPhotos:
    """`POST /v1/intake/{authority}/photos`."""

    def __init__(self, pool: Pool, changes: Changes, signed: SignedWebhooks, planner: Planner) -> None:
        self._pool = pool
        self._changes = changes
        self._signed = signed
        self._planner = planner

    async def post(self, call: Call[bytes]) -> web.Response:
        """Take a photo."""
        authority, body = call.authority, call.body
        if (refused := await self._signed.refusal(call.request, authority, body)) is not None:
            return refused
        given = await asyncio.to_thread(read, body, NewPhoto)
        if isinstance(given, list):
            return problems.response(ProblemCode.BAD_FIELDS, "the photo has bad fields; nothing was changed", given)
        # A photo is not to be guessed by its digest once it is deleted.
        digest = keyed(await asyncio.to_thread(_digest, body), self._planner.secret)
        answer = WebhookAnswer(
            authority,
            call.request.headers["webhook-id"],
            digest,
            OK,
            partial(changed_answer, rule=self._planner.plan.disclosure),
        )
        if (earlier := await answer.earlier(self._pool)) is not None:
            return stored(earlier, digest, self._planner.secret)
        case = await sql.filing.find_case(self._pool, authority, given.case_number)
        if case is None:
            return problems.response(ProblemCode.UNKNOWN_CASE, "no such case of this authority")
        photo = await asyncio.to_thread(read_data_uri, given.photo_data)
        denied = await self._give(authority, case.alert_id, photo or b"", answer)
        if denied is None and answer.body is not None:
            return web.Response(status=OK, body=answer.body, content_type=JSON)
        # The same photo may have been taken by another server meanwhile.
        if (earlier := await answer.earlier(self._pool)) is not None:
            return stored(earlier, digest, self._planner.secret)
        return refusal(denied or Refused(Refusal.ANSWERED))

    async def _give(self, authority: str, alert_id: UUID, photo: bytes, answer: WebhookAnswer) -> Refused | None:
        """Have the photo shown, or proposed; None when that is done."""
        order, denied = Order(actor=of_authority(authority)), None
        for _ in range(TRIES):
            asked = photo_of(photo, await sql.cases.standing(self._pool, alert_id))
            denied = await self._changes.change_case(alert_id, order, asked, answer)
            if denied is None or denied.refusal is not Refusal.CASE_CHANGED:
                break
        if denied is not None and denied.refusal is Refusal.IMPOSSIBLE:
            return Refused(Refusal.NOT_RUNNING, denied.detail)
        return denied


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()
