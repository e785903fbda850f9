"""Updates or cancels what earlier CAP messages began.

What is not verified changes nothing, and its answer says nothing of what there is. Bounded by the message's references.
"""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING, Final

from aiohttp import web

import sql.cap
import sql.cases
import sql.filing
import sql.progress
from handlers.action_requests import refusal
from handlers.alert_answers import FiledAnswer, filed_alert
from handlers.cap.model import MessageType
from handlers.centre import centre_of
from handlers.http import problems
from handlers.http.problem_codes import ProblemCode
from handlers.http.problems import FieldError
from handlers.http.responses import json_response
from handlers.http.route import JSON
from handlers.police.answers import changed_answer
from handlers.police.cap.case_change import asked_by
from handlers.police.cap.filing import Point, kept, key_of, message_of
from handlers.police.case.basis import held_for
from push.alerts.actions.actor import of_authority
from push.alerts.actions.refusals import Refusal, Refused
from push.alerts.actions.transaction import Order
from push.alerts.actions.webhook_answer import WebhookAnswer
from push.alerts.outcomes import Ending
from push.alerts.record.digests import is_digest

if TYPE_CHECKING:
    from uuid import UUID

    from handlers.police.cap.acceptance import CapCase
    from handlers.police.cap.reception import ReceivedCase
    from push.alerts.actions.changes import Changes
    from push.alerts.actions.decisions import Actions
    from push.alerts.drafts import Drafts
    from push.alerts.planner import Planner
    from sql.database import Pool

OK: Final = 200
TRIES: Final = 8
"""So often an Update is made anew because another change came between."""


class Following:
    """Takes Updates and Cancels."""

    def __init__(self, pool: Pool, actions: Actions, changes: Changes, drafts: Drafts, planner: Planner) -> None:
        self._pool = pool
        self._disclosure = planner.plan.disclosure
        self._secret = planner.secret
        self._actions = actions
        self._changes = changes
        self._drafts = drafts

    async def take(self, authority: str, received: ReceivedCase, notes: list[str]) -> web.Response:
        """Do what a verified message says; of any other, only note it where it is about an alert.

        `notes`: what its sender is to know besides.
        """
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
        actor = of_authority(authority)
        order = Order(
            actor=actor,
            message=message_of(case, signature.fingerprint),
            status=case.status.value.lower(),
            held_for=held_for(case.basis, ()),
        )
        if case.outcome is not None:
            refused = await self._actions.find(alert_id, order, Ending(outcome=case.outcome))
            return await self._answer(alert_id) if refused is None else refusal(refused)
        if case.message_type is MessageType.CANCEL:
            refused = await self._actions.cancel(alert_id, order)
            return await self._answer(alert_id) if refused is None else refusal(refused)
        return await self._update(authority, alert_id, order, case, notes)

    async def _update(
        self, authority: str, alert_id: UUID, order: Order, case: CapCase, notes: list[str]
    ) -> web.Response:
        """Apply an Update once, and answer what of it is not applied."""
        answer = WebhookAnswer(
            authority,
            f"cap-update:{hashlib.sha256(key_of(case).encode()).hexdigest()}",
            hashlib.sha256(kept(case)).digest(),
            OK,
            partial(changed_answer, rule=self._disclosure),
        )
        unusable = await self._unusable(alert_id, case)
        refused = Refused(Refusal.CASE_CHANGED)
        for _ in range(TRIES):
            if (earlier := await self._earlier(answer)) is not None:
                return earlier
            asked = asked_by(case, authority, await sql.cases.standing(self._pool, alert_id), notes, unusable)
            if isinstance(asked, list):
                detail = "the message cannot be sent; nothing was changed"
                return problems.response(ProblemCode.UNUSABLE_CASE, detail, asked)
            result = await self._changes.change_case(alert_id, order, asked, answer)
            if result is None and answer.body is not None:
                return web.Response(status=OK, body=answer.body, content_type=JSON)
            if result is None:
                return await self._again(alert_id, answer)
            refused = result
            if refused.refusal not in {Refusal.CASE_CHANGED, Refusal.ANSWERED}:
                break
        return refusal(refused)

    async def _unusable(self, alert_id: UUID, case: CapCase) -> str | None:
        """Return why nobody can be asked around the centre of a message's circle, None where they can."""
        circle = None if case.place is None else case.place.circle
        if circle is None:
            return None
        found = await centre_of(self._pool, alert_id, Point(longitude=circle.longitude, latitude=circle.latitude))
        return "; ".join(fault.detail for fault in found) if isinstance(found, list) else None

    async def _earlier(self, answer: WebhookAnswer) -> web.Response | None:
        """Return the first answer to this very message; None for another, or one that a server before took."""
        receipt = await answer.earlier(self._pool)
        if receipt is None or not is_digest(receipt.body_digest, answer.body_digest, self._secret):
            return None
        return web.Response(status=receipt.status, body=receipt.answer, content_type=JSON)

    async def _again(self, alert_id: UUID, answer: WebhookAnswer) -> web.Response:
        """Answer a message that was taken before: by a server that kept no answer, or with another picture or area."""
        if (earlier := await self._earlier(answer)) is not None:
            return earlier
        is_other = await answer.earlier(self._pool) is not None
        return refusal(Refused(Refusal.MESSAGE_USED)) if is_other else await self._answer(alert_id)

    async def _answer(self, alert_id: UUID) -> web.Response:
        listed = (await sql.progress.list_alerts(self._pool, alert_id))[0]
        return json_response(FiledAnswer(alert=filed_alert(listed, self._disclosure)))

    async def _alert_of(self, authority: str, case: CapCase) -> UUID | None:
        """Return the alert that a message refers to, by the messages that were taken before or by its case number.

        Two statements, whatever is found.
        """
        messages = [(one.sender, one.identifier, one.sent) for one in case.references]
        by_message = await sql.cap.find(self._pool, authority, messages)
        numbers = [one.identifier for one in case.references]
        by_number = await sql.filing.find_any_case(self._pool, authority, numbers)
        return by_message or by_number
