"""What a person with a token does to an alert; answered with the alert as it stands then.

What cannot be undone asks for the case number, typed; what the alert's state does not allow is a problem that says what
it does allow. Bounded: `handlers.action_requests`; texts by `Wording`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
from msgspec import Meta

from handlers.action_requests import CaseNumber, Reason, refusal
from handlers.found_reports import FoundReport, ending_of
from handlers.http import problems
from handlers.http.problem_codes import ProblemCode
from handlers.values.cleaning import cleaned_by
from handlers.values.text import clean
from push.alerts.actions.transaction import Order
from push.alerts.outcomes import CaseOutcome
from push.message.bidi import readable
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from aiohttp import web

    from handlers.http.route import Call
    from handlers.operators.alerts import AlertAnswer, Alerts
    from push.alerts.actions.changes import Changes
    from push.alerts.actions.decisions import Actions
    from push.alerts.actions.refusals import Refused


class Reasoned(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why; what is done can be taken back, so the case number may be left out. A wrong one is refused all the same."""

    reason: Reason
    case_number: CaseNumber | None = None


class Confirmed(Reasoned, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why, and the case number as typed by the person who means it."""

    case_number: CaseNumber


class Approval(Confirmed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is approved: the `revision` of the alert that was read, as the alert and its preview name it."""

    revision: Annotated[int, Meta(ge=1, le=2_000_000_000)]


class Found(Confirmed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The search is over; `through_alert`: whether because of the alert, absent while that is not known.

    `outcome` and `after_action` are sealed: how it ended, in one word, and what is known of how the child was found.
    """

    through_alert: bool | None = None
    outcome: CaseOutcome | None = None
    after_action: FoundReport | None = None


class Wording(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an alert says in one language; whom to call stays as the case has it."""

    title: Annotated[str, Meta(min_length=1, max_length=100)]
    body: Annotated[str, Meta(min_length=1, max_length=1000), cleaned_by(clean)]


class Update(Confirmed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Other texts, in every language of the alert."""

    texts: Annotated[dict[str, Wording], Meta(min_length=1, max_length=16)]


class Extension(Confirmed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much longer an alert is to live."""

    hours: Annotated[float, Meta(ge=1, le=168)]


class Release(Confirmed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many people an alert may reach that is held at the cap."""

    people_max: Annotated[int, Meta(ge=1, le=2_000_000_000)]


class Widening(Confirmed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A wider ring, due at once; `city` not given: as planned for that radius."""

    radius_km: Annotated[float, Meta(gt=0, le=20_000)]
    city: bool | None = None


T = TypeVar("T", bound=Reasoned)


class AlertActions:
    """`POST /v1/alerts/{id}/...`."""

    def __init__(self, actions: Actions, changes: Changes, alerts: Alerts) -> None:
        self._actions = actions
        self._changes = changes
        self._alerts = alerts

    async def post_approval(self, call: Call[Approval]) -> AlertAnswer | web.Response:
        """Approve."""
        return await self._do(call, self._actions.approve(call.alert_id, _order(call), call.body.revision))

    async def post_veto(self, call: Call[Reasoned]) -> AlertAnswer | web.Response:
        """Hold back what would be sent by itself, or drop a proposal."""
        return await self._do(call, self._actions.veto(call.alert_id, _order(call)))

    async def post_pause(self, call: Call[Reasoned]) -> AlertAnswer | web.Response:
        """Stop for now."""
        return await self._do(call, self._actions.pause(call.alert_id, _order(call)))

    async def post_resume(self, call: Call[Confirmed]) -> AlertAnswer | web.Response:
        """Go on."""
        return await self._do(call, self._actions.resume(call.alert_id, _order(call)))

    async def post_cancel(self, call: Call[Confirmed]) -> AlertAnswer | web.Response:
        """Stop for good, and notify those who were notified of that."""
        return await self._do(call, self._actions.cancel(call.alert_id, _order(call)))

    async def post_found(self, call: Call[Found]) -> AlertAnswer | web.Response:
        """Say that the search is over, and how it ended."""
        ending = ending_of(call.body)
        if isinstance(ending, list):
            return problems.response(ProblemCode.BAD_FIELDS, "nothing was changed", ending)
        return await self._do(call, self._actions.find(call.alert_id, _order(call), ending))

    async def post_reopen(self, call: Call[Confirmed]) -> AlertAnswer | web.Response:
        """Let it go on after all."""
        return await self._do(call, self._actions.reopen(call.alert_id, _order(call)))

    async def post_update(self, call: Call[Update]) -> AlertAnswer | web.Response:
        """Change the texts."""
        texts = {name: (readable(text.title), readable(text.body)) for name, text in call.body.texts.items()}
        return await self._do(call, self._changes.update(call.alert_id, _order(call), texts))

    async def post_extension(self, call: Call[Extension]) -> AlertAnswer | web.Response:
        """Let it live longer."""
        return await self._do(call, self._changes.extend(call.alert_id, _order(call), call.body.hours))

    async def post_release(self, call: Call[Release]) -> AlertAnswer | web.Response:
        """Let it reach more people than the cap."""
        return await self._do(call, self._actions.release(call.alert_id, _order(call), call.body.people_max))

    async def post_ring(self, call: Call[Widening]) -> AlertAnswer | web.Response:
        """Widen."""
        wider = self._changes.widen(call.alert_id, _order(call), call.body.radius_km, city=call.body.city)
        return await self._do(call, wider)

    async def _do(self, call: Call[T], action: Awaitable[Refused | None]) -> AlertAnswer | web.Response:
        """Do it, and answer with the alert or with why not."""
        refused = await action
        if refused is not None:
            return refusal(refused)
        try:
            return await self._alerts.after_action(call.alert_id)
        except UNAVAILABLE_ERRORS:
            detail = "it is done; but how the alert stands cannot be read now: look again"
            return problems.response(ProblemCode.RESULT_UNKNOWN, detail)


def _order(call: Call[T]) -> Order:
    return Order(actor=call.actor, reason=call.body.reason, case_number=call.body.case_number)
