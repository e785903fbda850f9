"""Takes the police's word that a child is found or a case withdrawn, and ends the alert, or that it goes on after all.

They know first, and sending stops as soon as they know: so they need not wait for an operator. Sent again, it is
answered with the alert as it stands; the same `webhook-id` does nothing twice, whatever was done in between.
Bounded: `BODY_BYTES`.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, Literal

import msgspec

import sql.filing
import sql.progress
from handlers.action_requests import CaseNumber, Reason, refusal
from handlers.alert_answers import FiledAnswer, filed_alert
from handlers.found_reports import FoundReport, ending_of
from handlers.http import problems
from handlers.http.decoding import read
from handlers.http.problem_codes import ProblemCode
from handlers.http.problems import FieldError
from push.alerts.actions.actor import of_authority
from push.alerts.actions.refusals import Refusal
from push.alerts.actions.transaction import Order, Webhook
from push.alerts.lifecycle import OVER, State
from push.alerts.outcomes import CaseOutcome, Ending

if TYPE_CHECKING:
    from uuid import UUID

    from aiohttp import web

    from handlers.auth.signed_webhooks import SignedWebhooks
    from handlers.http.route import Call
    from push.alerts.actions.decisions import Actions
    from push.alerts.actions.refusals import Refused
    from push.alerts.disclosure.people import Disclosure
    from sql.database import Pool


class PoliceNotice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the police say of a case that they filed; `through_alert`: whether the alert helped, where that is known.

    `outcome` and `after_action` belong to `found`, may be said later in another one, and are sealed.
    """

    case_number: CaseNumber
    notice: Literal["found", "cancel", "reopen"]
    reason: Reason
    through_alert: bool | None = None
    outcome: CaseOutcome | None = None
    after_action: FoundReport | None = None


STANDS: Final = {
    "found": frozenset({State.FOUND}),
    "cancel": frozenset({State.CANCELLED}),
    "reopen": frozenset(State) - OVER,
}
"""Where a notice that changes nothing is answered with the alert: what it asks for is so already."""


class Notices:
    """`POST /v1/intake/{authority}/notices`."""

    def __init__(self, pool: Pool, actions: Actions, signed: SignedWebhooks, disclosure: Disclosure) -> None:
        self._pool = pool
        self._actions = actions
        self._signed = signed
        self._disclosure = disclosure

    async def post(self, call: Call[bytes]) -> FiledAnswer | web.Response:
        """Take a notice, signed like a case."""
        authority = call.authority
        if (refused := await self._signed.refusal(call.request, authority, call.body)) is not None:
            return refused
        notice = read(call.body, PoliceNotice)
        ending = notice if isinstance(notice, list) else _ending_of(notice)
        if isinstance(notice, list) or isinstance(ending, list):
            detail = "the notice has bad fields; nothing was changed"
            errors = [one for part in (notice, ending) if isinstance(part, list) for one in part]
            return problems.response(ProblemCode.BAD_FIELDS, detail, errors)
        case = await sql.filing.find_case(self._pool, authority, notice.case_number)
        if case is None:
            return problems.response(ProblemCode.UNKNOWN_CASE, "no such case of this authority")
        digest = hashlib.sha256(call.body).digest()
        order = Order(
            actor=of_authority(authority),
            reason=notice.reason,
            case_number=notice.case_number,
            webhook=Webhook(authority, call.request.headers["webhook-id"], digest),
        )
        denied = await self._do(case.alert_id, order, notice, ending)
        alert = (await sql.progress.list_alerts(self._pool, case.alert_id))[0]
        if denied is not None and not self._stands(denied, notice, State(alert.state)):
            return refusal(denied)
        return FiledAnswer(alert=filed_alert(alert, self._disclosure))

    def _stands(self, denied: Refused, notice: PoliceNotice, state: State) -> bool:
        return denied.refusal in {Refusal.IMPOSSIBLE, Refusal.NOTHING_NEW} and state in STANDS[notice.notice]

    async def _do(self, alert_id: UUID, order: Order, notice: PoliceNotice, ending: Ending) -> Refused | None:
        match notice.notice:
            case "found":
                return await self._actions.find(alert_id, order, ending)
            case "cancel":
                return await self._actions.cancel(alert_id, order)
            case "reopen":
                return await self._actions.reopen(alert_id, order)


def _ending_of(notice: PoliceNotice) -> Ending | list[FieldError]:
    """Return how it ended, or that something is said of an end that is none."""
    is_said = notice.outcome is not None or notice.after_action is not None
    if (is_said and notice.notice != "found") or (notice.through_alert is not None and notice.notice == "reopen"):
        return [FieldError("$.outcome", "how a case ended belongs to `found`")]
    return ending_of(notice)
