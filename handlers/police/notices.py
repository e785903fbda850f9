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
import sql.sharing
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
    from push.alerts.actions.joining.sharing import Sharing
    from push.alerts.actions.refusals import Refused
    from push.alerts.disclosure.people import Disclosure
    from sql.database import Pool
    from sql.progress import ListedAlert


class Invitation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which authority may countersign a case, and share it from then on."""

    authority: CaseNumber


class PoliceNotice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the police say of a case that they filed; `through_alert`: whether the alert helped, where that is known.

    `authority`: who filed it, where they countersigned it. `invite`: who may countersign it, for the notice `invite`.
    `outcome` and `after_action` belong to `found`, may be said later in another one, and are sealed.
    """

    case_number: CaseNumber
    notice: Literal["found", "cancel", "reopen", "invite"]
    reason: Reason
    through_alert: bool | None = None
    outcome: CaseOutcome | None = None
    after_action: FoundReport | None = None
    authority: CaseNumber | None = None
    invite: Invitation | None = None


STANDS: Final = {
    "found": frozenset({State.FOUND}),
    "cancel": frozenset({State.CANCELLED}),
    "reopen": frozenset(State) - OVER,
}
"""Where a notice that changes nothing is answered with the alert: what it asks for is so already."""


class Notices:
    """`POST /v1/intake/{authority}/notices`."""

    def __init__(
        self, pool: Pool, actions: Actions, sharing: Sharing, signed: SignedWebhooks, disclosure: Disclosure
    ) -> None:
        self._pool = pool
        self._sharing = sharing
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
        if (notice.notice == "invite") is (notice.invite is None):
            wrong = FieldError("$.invite", "given with the notice invite, and with no other")
            return problems.response(ProblemCode.BAD_FIELDS, "nothing was changed", [wrong])
        alert_id = await self._alert_of(authority, notice)
        if alert_id is None:
            return problems.response(ProblemCode.UNKNOWN_CASE, "no such case of this authority")
        order = Order(
            actor=of_authority(authority),
            reason=notice.reason,
            case_number=notice.case_number,
            webhook=Webhook(authority, call.request.headers["webhook-id"], hashlib.sha256(call.body).digest()),
        )
        denied = await self._do(alert_id, order, notice, ending)
        alert = (await sql.progress.list_alerts(self._pool, alert_id))[0]
        if denied is not None and not _stands(denied, notice, alert):
            return refusal(denied)
        return FiledAnswer(alert=filed_alert(alert, self._disclosure))

    async def _alert_of(self, authority: str, notice: PoliceNotice) -> UUID | None:
        """Return the alert of a case that the authority filed, or that it shares."""
        number = notice.case_number
        if notice.authority in {None, authority}:
            case = await sql.filing.find_case(self._pool, authority, number)
            if case is not None or notice.authority is not None:
                return None if case is None else case.alert_id
        return await sql.sharing.find(self._pool, authority, notice.authority, number, countersigned=True)

    async def _do(self, alert_id: UUID, order: Order, notice: PoliceNotice, ending: Ending) -> Refused | None:
        if notice.invite is not None:
            return await self._sharing.invite(alert_id, order, notice.invite.authority)
        if notice.notice == "found":
            return await self._actions.find(alert_id, order, ending)
        if notice.notice == "reopen":
            return await self._actions.reopen(alert_id, order)
        return await self._actions.cancel(alert_id, order)


def _stands(denied: Refused, notice: PoliceNotice, alert: ListedAlert) -> bool:
    """Tell whether what a notice asks for is so already."""
    if notice.invite is not None:
        return notice.invite.authority in {*alert.authorities, *alert.invited}
    is_late = denied.refusal in {Refusal.IMPOSSIBLE, Refusal.NOTHING_NEW}
    return is_late and State(alert.state) in STANDS[notice.notice]


def _ending_of(notice: PoliceNotice) -> Ending | list[FieldError]:
    """Return how it ended, or that something is said of an end that is none."""
    is_said = notice.outcome is not None or notice.after_action is not None
    is_end = notice.notice in {"found", "cancel"}
    if (is_said and notice.notice != "found") or (notice.through_alert is not None and not is_end):
        return [FieldError("$.outcome", "how a case ended belongs to `found`")]
    return ending_of(notice)
