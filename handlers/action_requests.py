"""Requests to act on an alert, and why an action is refused, for operators and police alike.

Bounded: `BODY_BYTES` a request, a reason by `Reason`, a case number by `CaseNumber`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from msgspec import Meta

from handlers.http import problems
from handlers.http.problem_codes import ProblemCode
from push.alerts.actions.refusals import Refusal, Refused

if TYPE_CHECKING:
    from aiohttp import web

BODY_BYTES = 16 * 1024
Reason = Annotated[str, Meta(min_length=1, max_length=500)]
"""Any words that are not blank: a stop never fails on its wording."""
CaseNumber = Annotated[str, Meta(min_length=1, max_length=150)]

CODES: Final = {
    Refusal.NO_ALERT: ProblemCode.UNKNOWN_ALERT,
    Refusal.REVOKED: ProblemCode.UNAUTHORIZED,
    Refusal.NOT_BELIEVED: ProblemCode.INVALID_SIGNATURE,
    Refusal.IMPOSSIBLE: ProblemCode.NOT_POSSIBLE,
    Refusal.CASE_NUMBER: ProblemCode.WRONG_CASE_NUMBER,
    Refusal.OWN_WORK: ProblemCode.OWN_WORK,
    Refusal.OWN_AUTHORITY: ProblemCode.OWN_AUTHORITY,
    Refusal.APPROVED: ProblemCode.ALREADY_APPROVED,
    Refusal.NOTHING_HELD: ProblemCode.NOTHING_HELD,
    Refusal.LOCALES: ProblemCode.WRONG_LOCALES,
    Refusal.SUPERSEDED: ProblemCode.SUPERSEDED,
    Refusal.NOT_NOW: ProblemCode.PROPOSAL_NOT_POSSIBLE,
    Refusal.STATUS: ProblemCode.WRONG_STATUS,
    Refusal.OUTDATED: ProblemCode.OUTDATED_MESSAGE,
    Refusal.MESSAGE_USED: ProblemCode.MESSAGE_REUSED,
    Refusal.WEBHOOK_USED: ProblemCode.WEBHOOK_ID_REUSED,
    Refusal.REVISION: ProblemCode.REVISION_CHANGED,
    Refusal.CASE_CHANGED: ProblemCode.CASE_CHANGED,
    Refusal.ANSWERED: ProblemCode.ALREADY_ANSWERED,
    Refusal.PROPOSED: ProblemCode.PROPOSAL_WAITS,
    Refusal.NOTHING_PROPOSED: ProblemCode.NOTHING_PROPOSED,
    Refusal.NOTHING_NEW: ProblemCode.NOTHING_NEW,
    Refusal.WEBHOOK_USED: ProblemCode.WEBHOOK_ID_REUSED,
    Refusal.TOO_MANY: ProblemCode.TOO_MANY_CHANGES,
    Refusal.OTHER_AUTHORITY: ProblemCode.OTHER_AUTHORITY,
    Refusal.NOT_LATER: ProblemCode.NOT_LATER,
    Refusal.EXPIRY_CAP: ProblemCode.OVER_EXPIRY_CAP,
    Refusal.NOT_RUNNING: ProblemCode.ALERT_OVER,
    Refusal.RADIUS_CAP: ProblemCode.OVER_RADIUS_CAP,
    Refusal.RADIUS_MIN: ProblemCode.UNDER_RADIUS_MIN,
    Refusal.AUDIENCE_CAP: ProblemCode.OVER_AUDIENCE_CAP,
    Refusal.UNKNOWN_AUDIENCE: ProblemCode.AUDIENCE_UNKNOWN,
    Refusal.NOT_WIDER: ProblemCode.NOT_WIDER,
    Refusal.BETWEEN: ProblemCode.BETWEEN_RINGS,
    Refusal.HELD: ProblemCode.RING_HELD,
    Refusal.NO_AUTHORITY: ProblemCode.UNKNOWN_AUTHORITY,
    Refusal.NOT_INVITED: ProblemCode.UNKNOWN_CASE,
    Refusal.BORDERS: ProblemCode.NOT_UNITED,
}
"""The code of each refusal."""


def refusal(refused: Refused) -> web.Response:
    """Return the answer of no, with what is possible where the state does not allow it."""
    detail = f"{refused.refusal.value}: {refused.detail}".rstrip(": ")
    possible = [one.value for one in refused.possible] if refused.refusal is Refusal.IMPOSSIBLE else None
    if possible is not None:
        detail += f"; possible: {', '.join(possible) or 'nothing more'}"
    return problems.response(CODES[refused.refusal], detail, possible=possible)
