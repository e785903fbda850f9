"""Updates or cancels what earlier CAP messages began.

What is not verified changes nothing, and its answer says nothing of what there is. Bounded by the message's references.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sql.cap
import sql.filing
import sql.progress
from handlers.action_requests import refusal
from handlers.alert_answers import FiledAnswer, filed_alert
from handlers.cap.model import MessageType
from handlers.http import problems
from handlers.http.problem_codes import ProblemCode
from handlers.http.problems import FieldError
from handlers.http.responses import json_response
from handlers.police.cap.filing import message_of, texts_of
from handlers.police.case.basis import held_for
from push.alerts.actions.actor import of_authority
from push.alerts.actions.transaction import Order

if TYPE_CHECKING:
    from uuid import UUID

    from aiohttp import web

    from handlers.police.cap.acceptance import CapCase
    from handlers.police.cap.reception import ReceivedCase
    from push.alerts.actions.changes import Changes
    from push.alerts.actions.decisions import Actions
    from push.alerts.disclosure.people import Disclosure
    from push.alerts.drafts import Drafts
    from sql.database import Pool


class Following:
    """Takes Updates and Cancels."""

    def __init__(self, pool: Pool, actions: Actions, changes: Changes, drafts: Drafts, disclosure: Disclosure) -> None:
        self._pool = pool
        self._disclosure = disclosure
        self._actions = actions
        self._changes = changes
        self._drafts = drafts

    async def take(self, authority: str, received: ReceivedCase) -> web.Response:
        """Do what a verified message says; of any other, only note it where it is about an alert."""
        case, signature = received.case, received.signature
        alert_id = await self._alert_of(authority, case)
        if signature.unverified_reason is not None:
            await self._drafts.note_message(alert_id, case.message_type.value, signature.unverified_reason)
            # The same answer whether or not there is such an alert, or such an authority: anybody may ask.
            why = FieldError("/alert/Signature", signature.public_reason or "")
            detail = "not verified, so it changes nothing; operators get an alarm where it is about an alert"
            return problems.response(ProblemCode.UNVERIFIED_MESSAGE, detail, [why])
        if alert_id is None:
            return problems.response(ProblemCode.UNKNOWN_REFERENCE, "none of the messages that it refers to is known")
        refused = await self._do(authority, alert_id, case, signature.fingerprint)
        if refused is not None:
            return refused
        listed = (await sql.progress.list_alerts(self._pool, alert_id))[0]
        return json_response(FiledAnswer(alert=filed_alert(listed, self._disclosure)))

    async def _do(self, authority: str, alert_id: UUID, case: CapCase, certificate: str | None) -> web.Response | None:
        actor = of_authority(authority)
        order = Order(
            actor=actor,
            message=message_of(case, certificate),
            status=case.status.value.lower(),
            held_for=held_for(case.basis, ()),
        )
        if case.message_type is MessageType.CANCEL:
            refused = await self._actions.cancel(alert_id, order)
        else:
            texts = texts_of(case)
            if isinstance(texts, list):
                return problems.response(
                    ProblemCode.UNUSABLE_CASE, "the message cannot be sent; nothing was changed", texts
                )
            wording = {locale: (text.title, text.body) for locale, text in texts.items()}
            refused = await self._changes.update(alert_id, order, wording)
        return None if refused is None else refusal(refused)

    async def _alert_of(self, authority: str, case: CapCase) -> UUID | None:
        """Return the alert that a message refers to, by the messages that were taken before or by its case number.

        Two statements, whatever is found.
        """
        messages = [(one.sender, one.identifier, one.sent) for one in case.references]
        by_message = await sql.cap.find(self._pool, authority, messages)
        numbers = [one.identifier for one in case.references]
        by_number = await sql.filing.find_any_case(self._pool, authority, numbers)
        return by_message or by_number
