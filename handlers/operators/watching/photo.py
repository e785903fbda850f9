"""The photo of an alert, for who judges it: that which waits for approval where there is one, else that which is shown.

It is the copy that was made here, never what was sent or an address of the police. That somebody looked at it is in the
audit trail. Bounded: one picture, of `PICTURE_BYTES`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from aiohttp import web

import sql.audit
import sql.lifecycle
import sql.photos
import sql.progress
from handlers.alert_answers import Answer
from handlers.http import problems
from handlers.http.problem_codes import ProblemCode
from handlers.http.requests import unknown_alert
from handlers.operators.scope import scope_of
from public.objects import Trouble
from public.photos.case_photos import path_of
from public.photos.picture_sizes import MEDIUM, WIDTHS
from push.alerts.actions.proposals import CaseChange, change_request_of
from sql.audit import AuditEvent

if TYPE_CHECKING:
    from uuid import UUID

    from handlers.http.route import Call
    from public.objects import Objects
    from sql.database import Connection, Pool
    from sql.photos import ReviewedPhoto

PICTURE_BYTES: Final = 8 * 1024 * 1024

NONE: Final = "there is no picture of it yet"


class JudgedPhoto(Answer, frozen=True, kw_only=True):
    """The photo that is part of what is approved; `is_proposed`: it replaces the one before with the proposal.

    `state`: `wanted` (not there yet: it is shown once it is), `made` or `refused` (there will be none, for a `fault`).
    `url`: where its picture is, with its pixels, null where there is none.
    """

    state: Literal["wanted", "made", "refused"]
    is_proposed: bool
    url: str | None = None
    width: int | None = None
    height: int | None = None
    fault: str | None = None


class AlertPhoto:
    """`GET /v1/alerts/{id}/photo`."""

    def __init__(self, pool: Pool, objects: Objects | None) -> None:
        self._pool = pool
        self._objects = objects

    async def get(self, call: Call[Any]) -> web.Response:
        """Return the picture, as JPEG; whoever keeps answers keeps it not."""
        alerts = await sql.progress.list_alerts(self._pool, call.alert_id)
        if not alerts or not scope_of(call.bearer).shows(alerts[0]):
            return unknown_alert()
        photo = last_of(await judged(self._pool, call.alert_id))
        if photo is None or photo.tag is None or self._objects is None:
            return problems.response(ProblemCode.NO_PHOTO, NONE)
        jpeg = await self._objects.get(path_of(call.alert_id, photo.tag, WIDTHS[MEDIUM]), PICTURE_BYTES)
        if jpeg is Trouble.MISSING:
            return problems.response(ProblemCode.NO_PHOTO, NONE)
        if isinstance(jpeg, Trouble):
            detail = "the objects do not answer"
            return problems.response(ProblemCode.STORE_UNAVAILABLE, detail, headers=problems.RETRY_AFTER)
        event = AuditEvent(
            actor=call.actor.label,
            action="read",
            alert=call.alert_id,
            details={"what": "photo"},
            token=call.actor.token_id,
        )
        async with self._pool.acquire() as connection, connection.transaction():
            await sql.audit.append(connection, event)
        return web.Response(body=jpeg, content_type="image/jpeg", headers={"Cache-Control": "no-store"})


async def judged(pool: Pool | Connection, alert_id: UUID) -> dict[bool, ReviewedPhoto]:
    """Return the photo that is shown (False), and the one that waits for approval (True), as far as there are such."""
    proposal = await sql.lifecycle.proposal_of(pool, alert_id)
    requested = None if proposal is None else change_request_of(proposal.change_request)
    wish = requested.photo if isinstance(requested, CaseChange) else None
    return {one.is_proposed: one for one in await sql.photos.reviewed(pool, alert_id, wish)}


def last_of(photos: dict[bool, ReviewedPhoto]) -> ReviewedPhoto | None:
    """Return the photo that somebody judges: what waits for approval, else what is shown."""
    return photos.get(True, photos.get(False))


def shown_photo(alert_id: UUID, photos: dict[bool, ReviewedPhoto]) -> JudgedPhoto | None:
    """Return how the photo stands that somebody judges."""
    photo = last_of(photos)
    if photo is None:
        return None
    is_made = photo.tag is not None and photo.widths is not None and photo.heights is not None
    return JudgedPhoto(
        state="made" if is_made else "refused" if photo.state == "refused" else "wanted",
        is_proposed=photo.is_proposed,
        url=f"/v1/alerts/{alert_id}/photo" if is_made else None,
        width=photo.widths[MEDIUM] if photo.widths else None,
        height=photo.heights[MEDIUM] if photo.heights else None,
        fault=photo.fault if photo.state == "refused" else None,
    )
