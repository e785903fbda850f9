"""Shows what phones would show of an alert, and records who read it.

It says which revision it shows, as an approval has to. It shows the child's data, which nothing else does: so who read
it is in the audit trail. Bounded by the alert.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

import sql.audit
import sql.lifecycle
import sql.progress
from handlers.alert_answers import Answer, FiledAlert, filed_alert
from handlers.http.requests import unknown_alert
from handlers.operators.scope import scope_of
from handlers.operators.sealed.notes import CaseBasis, basis_of, open_sealed
from handlers.operators.watching.photo import JudgedPhoto, judged, shown_photo
from push.alerts.actions.proposals import Rewording
from push.alerts.preview import ReminderPlan, photos, reminder_of
from push.message.rendering import Rendering, TooLarge
from sql.audit import AuditEvent

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import TypeAlias
    from uuid import UUID

    from aiohttp import web

    from handlers.http.route import Call
    from push.alerts.disclosure.people import Disclosure
    from push.alerts.preview import Previews
    from push.alerts.record.sealing import Sealing
    from push.message.sound import Sounds
    from runtime.clock import ComparedClock
    from sql.database import Pool

    Render: TypeAlias = Callable[[UUID, str, str, datetime, str | None], Previews]
    """What phones would show of an alert: its id, content (JSON text), status, end, what is proposed (JSON text)."""


class Reasons(Answer, frozen=True, kw_only=True):
    """Why: of the rings that somebody asked for, by number, and of what is proposed. They may name the child."""

    rings: dict[str, str]
    proposal: str | None


class Previewed(Answer, frozen=True, kw_only=True, omit_defaults=True):
    """What phones would show, by notice, locale and lane; `photos`: the address of the picture then, by notice.

    `photo`: the one that is part of what is approved, null where there is none. `basis`: on what the case rests, for
    who may read what is sealed of it. `reminder`: the morning reminder, where one comes.
    """

    alert: FiledAlert
    reasons: Reasons
    basis: CaseBasis | None
    photo: JudgedPhoto | None
    photos: dict[str, str | None]
    notices: dict[str, dict[str, dict[str, Rendering | TooLarge]]]
    reminder: ReminderPlan | None = None


class Preview:
    """`GET /v1/alerts/{id}/preview`."""

    def __init__(
        self, pool: Pool, render: Render, disclosure: Disclosure, sealing: Sealing, sounds: Sounds, clock: ComparedClock
    ) -> None:
        self._clock = clock
        self._pool = pool
        self._sounds = sounds
        self._sealing = sealing
        self._disclosure = disclosure
        self._render = render

    async def get(self, call: Call[Any], tried: dict[str, tuple[str, str]] | None = None) -> Previewed | web.Response:
        """Show what phones would show; `tried`: titles and bodies by locale, shown as the update that they would be."""
        async with self._pool.acquire() as connection, connection.transaction():
            content = await sql.lifecycle.content_of_alert(connection, call.alert_id)
            if content is None:
                return unknown_alert()
            proposal = await sql.lifecycle.proposal_of(connection, call.alert_id)
            listed = (await sql.progress.list_alerts(connection, call.alert_id))[0]
            scope = scope_of(call.bearer)
            if not scope.shows(listed):
                return unknown_alert()
            opened = None
            if scope.unseals(listed):
                opened = await open_sealed(connection, self._sealing, call.alert_id)
            judged_photos = await judged(connection, call.alert_id)
            event = AuditEvent(actor=call.actor.label, action="read", alert=call.alert_id, token=call.actor.token_id)
            await sql.audit.append(connection, event)
        proposed = None if proposal is None else proposal.change_request
        if tried is not None:
            proposed = msgspec.json.encode(Rewording(texts=tried)).decode()
        return Previewed(
            alert=filed_alert(listed, self._disclosure),
            reasons=Reasons(
                rings={str(ring.ring): ring.reason for ring in listed.rings if ring.reason},
                proposal=None if listed.proposal is None else listed.proposal.reason,
            ),
            basis=None if opened is None else basis_of(opened),
            photo=shown_photo(call.alert_id, judged_photos),
            photos=photos(content[0], proposed, {is_proposed: one.tag for is_proposed, one in judged_photos.items()}),
            notices=self._render(call.alert_id, *content, proposed),
            reminder=reminder_of(listed, self._sounds, self._disclosure, self._clock.now()),
        )
