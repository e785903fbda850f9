"""Takes the signature of a second authority under a case that another one filed and invited it to.

No authority attaches itself to a case uninvited, and one that is not invited is not told whether there is such a case.
Sent again, it is answered with the alert as it stands. Bounded: `BODY_BYTES`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

import sql.progress
import sql.sharing
from handlers.action_requests import CaseNumber, Reason, refusal
from handlers.alert_answers import FiledAnswer, filed_alert
from handlers.http import problems
from handlers.http.decoding import read
from handlers.http.problem_codes import ProblemCode
from push.alerts.actions.actor import of_authority
from push.alerts.actions.transaction import Order

if TYPE_CHECKING:
    from aiohttp import web

    from handlers.auth.signed_webhooks import SignedWebhooks
    from handlers.http.route import Call
    from push.alerts.actions.joining.sharing import Sharing
    from push.alerts.disclosure.people import Disclosure
    from sql.database import Pool


class Countersignature(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which case is countersigned: who filed it, and under which number."""

    authority: CaseNumber
    case_number: CaseNumber
    reason: Reason


class Countersignatures:
    """`POST /v1/intake/{authority}/countersignatures`."""

    def __init__(self, pool: Pool, sharing: Sharing, signed: SignedWebhooks, disclosure: Disclosure) -> None:
        self._pool = pool
        self._sharing = sharing
        self._signed = signed
        self._disclosure = disclosure

    async def post(self, call: Call[bytes]) -> FiledAnswer | web.Response:
        """Take a countersignature, signed like a case."""
        authority = call.authority
        if (refused := await self._signed.refusal(call.request, authority, call.body)) is not None:
            return refused
        asked = read(call.body, Countersignature)
        if isinstance(asked, list):
            detail = "the countersignature has bad fields; nothing was changed"
            return problems.response(ProblemCode.BAD_FIELDS, detail, asked)
        number = asked.case_number
        alert_id = await sql.sharing.find(self._pool, authority, asked.authority, number, countersigned=False)
        if alert_id is None:
            return problems.response(ProblemCode.UNKNOWN_CASE, "no such case to which this authority is invited")
        order = Order(actor=of_authority(authority), reason=asked.reason, case_number=number)
        denied = await self._sharing.countersign(alert_id, order, authority)
        alert = (await sql.progress.list_alerts(self._pool, alert_id))[0]
        if denied is not None and authority not in alert.countersigned:
            return refusal(denied)
        return FiledAnswer(alert=filed_alert(alert, self._disclosure))
