"""Takes what the police know anew of a case that they filed: looks, photos, companions, vehicle, guidance, texts, end.

Retried with the same webhook-id, an update gets its first answer again, whichever server takes it. What is given and
not applied stands in the notes of the answer. Bounded: `case.BODY_BYTES`; `TRIES`.
"""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING, Final

from aiohttp import web

import sql.cases
import sql.filing
from handlers.action_requests import refusal
from handlers.http import problems
from handlers.http.decoding import read
from handlers.http.problem_codes import ProblemCode
from handlers.http.route import JSON
from handlers.police.answers import changed_answer, stored
from handlers.police.case.basis import held_for
from handlers.police.case.case import sealed_from
from handlers.police.case.update import CaseUpdate
from handlers.police.case_changes import PATHS, asked_by
from push.alerts.actions.actor import of_authority
from push.alerts.actions.case_changes import Asked
from push.alerts.actions.proposals import CaseChange
from push.alerts.actions.refusals import Refusal, Refused
from push.alerts.actions.transaction import Order
from push.alerts.actions.webhook_answer import WebhookAnswer
from push.alerts.record.digests import keyed

if TYPE_CHECKING:
    from uuid import UUID

    from handlers.auth.signed_webhooks import SignedWebhooks
    from handlers.http.problems import FieldError
    from handlers.http.route import Call
    from push.alerts.actions.changes import Changes
    from push.alerts.planner import Planner
    from sql.cases import StandingCase
    from sql.database import Pool

TRIES: Final = 8
"""So often an update is made anew because another one came between; each of them has an answer of its own."""

DELETED: Final = "{}"
"""The case of an alert whose child's data is deleted."""

OK: Final = 200


class Updates:
    """`POST /v1/intake/{authority}/updates`."""

    def __init__(self, pool: Pool, changes: Changes, signed: SignedWebhooks, planner: Planner) -> None:
        self._pool = pool
        self._changes = changes
        self._signed = signed
        self._planner = planner

    async def post(self, call: Call[bytes]) -> web.Response:
        """Take an update, signed like a case."""
        authority, body = call.authority, call.body
        if (refused := await self._signed.refusal(call.request, authority, body)) is not None:
            return refused
        update = read(body, CaseUpdate)
        if isinstance(update, list):
            detail = "the update has bad fields; nothing was changed"
            return problems.response(ProblemCode.BAD_FIELDS, detail, update)
        digest = hashlib.sha256(body).digest()
        answer = WebhookAnswer(
            authority,
            call.request.headers["webhook-id"],
            # What is sealed is not to be guessed either.
            keyed(digest, self._planner.secret) if update.internal or update.basis else digest,
            OK,
            partial(changed_answer, rule=self._planner.plan.disclosure),
        )
        if (earlier := await self._earlier(answer)) is not None:
            return earlier
        case = await sql.filing.find_case(self._pool, authority, update.case_number)
        if case is None:
            return problems.response(ProblemCode.UNKNOWN_CASE, "no such case of this authority")
        return await self._change_case(authority, case.alert_id, update, body, answer)

    async def _change_case(
        self, authority: str, alert_id: UUID, update: CaseUpdate, body: bytes, answer: WebhookAnswer
    ) -> web.Response:
        order = Order(
            actor=of_authority(authority),
            reason=update.reason,
            case_number=update.case_number,
            status=update.status,
            held_for=held_for(update.basis, ()),
            sealed=sealed_from(update.internal, update.basis),
        )
        refused = Refused(Refusal.CASE_CHANGED)
        for _ in range(TRIES):
            asked = _asked(update, body, await sql.cases.standing(self._pool, alert_id))
            if isinstance(asked, list):
                detail = "the case would be none that can be sent; nothing was changed"
                return problems.response(ProblemCode.UNUSABLE_CASE, detail, asked)
            result = await self._changes.change_case(alert_id, order, asked, answer)
            if result is None and answer.body is not None:
                return web.Response(status=OK, body=answer.body, content_type=JSON)
            refused = result or refused
            if refused.refusal is not Refusal.CASE_CHANGED:
                break
        # The same update may have been taken by another server meanwhile.
        return await self._earlier(answer) or refusal(refused)

    async def _earlier(self, answer: WebhookAnswer) -> web.Response | None:
        receipt = await answer.earlier(self._pool)
        return None if receipt is None else stored(receipt, answer.body_digest, self._planner.secret)


def _asked(update: CaseUpdate, body: bytes, standing: StandingCase) -> Asked | list[FieldError]:
    if standing.case == DELETED:
        # The alert is over, and says so.
        return Asked(requested=CaseChange(parts=(), base=standing.digest), paths=PATHS)
    return asked_by(update, body, standing)
