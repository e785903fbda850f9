"""Actions over HTTP: what a person with a token wants done to an alert flows in, the alert as it stands then flows out.

What cannot be undone asks for the case number, typed; what the alert's state does not allow is a 409 that says what it
does. Bounded: `BODY_BYTES`; a reason by `Reason`, texts by `Wording`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
from aiohttp import web
from msgspec import Meta

from handlers.http import problems
from handlers.http.decoding import read
from handlers.http.requests import actor_of, alert_of, no_alert, read_body
from push.alerts.actions.operations import Order
from push.alerts.actions.refusals import Refusal, Refused
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from handlers.operators.alerts import Alerts
    from push.alerts.actions.changes import Changes
    from push.alerts.actions.decisions import Actions

BODY_BYTES = 16 * 1024
Reason = Annotated[str, Meta(min_length=5, max_length=500)]
CaseNumber = Annotated[str, Meta(min_length=1, max_length=150)]

STATUSES = {
    Refusal.NO_ALERT: 404,
    Refusal.CASE_NUMBER: 422,
    Refusal.LOCALES: 422,
    Refusal.STATUS: 422,
    Refusal.OWN_WORK: 403,
    Refusal.OWN_AUTHORITY: 403,
    Refusal.OTHER_AUTHORITY: 403,
    Refusal.EXPIRY_CAP: 422,
    Refusal.RADIUS_CAP: 422,
    Refusal.AUDIENCE_CAP: 422,
    Refusal.UNKNOWN_AUDIENCE: 503,
}
"""What a refusal is in HTTP; all others are conflicts with what stands."""


class Reasoned(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why; what is done can be taken back, so the case number may be left out. A wrong one is refused all the same."""

    reason: Reason
    case_number: CaseNumber | None = None


class Confirmed(Reasoned, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why, and the case number as typed by whoever means it."""

    case_number: CaseNumber


class Approval(Confirmed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is approved: the `revision` of the alert that was read, as the alert and its preview name it."""

    revision: Annotated[int, Meta(ge=1, le=2_000_000_000)]


class Found(Confirmed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The child is found; `through_alert`: whether because of the alert, absent while that is not known."""

    through_alert: bool | None = None


class Wording(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an alert says in one language; whom to call stays as the case has it."""

    title: Annotated[str, Meta(min_length=1, max_length=100)]
    body: Annotated[str, Meta(min_length=1, max_length=1000)]


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

    async def post_approval(self, request: web.Request) -> web.Response:
        """Approve."""
        return await self._do(
            request,
            Approval,
            lambda one, order, requested: self._actions.approve(one, order, requested.revision),
        )

    async def post_veto(self, request: web.Request) -> web.Response:
        """Hold back what would be sent by itself, or let what is proposed go."""
        return await self._do(request, Reasoned, lambda one, order, _: self._actions.veto(one, order))

    async def post_pause(self, request: web.Request) -> web.Response:
        """Stop for now."""
        return await self._do(request, Reasoned, lambda one, order, _: self._actions.pause(one, order))

    async def post_resume(self, request: web.Request) -> web.Response:
        """Go on."""
        return await self._do(request, Confirmed, lambda one, order, _: self._actions.resume(one, order))

    async def post_cancel(self, request: web.Request) -> web.Response:
        """Stop for good, and say so to those who were told."""
        return await self._do(request, Confirmed, lambda one, order, _: self._actions.cancel(one, order))

    async def post_found(self, request: web.Request) -> web.Response:
        """Say that the child is found."""
        return await self._do(
            request,
            Found,
            lambda one, order, requested: self._actions.find(one, order, through_alert=requested.through_alert),
        )

    async def post_update(self, request: web.Request) -> web.Response:
        """Say something else."""

        def update(one: UUID, order: Order, requested: Update) -> Awaitable[Refused | None]:
            return self._changes.update(
                one, order, {name: (text.title, text.body) for name, text in requested.texts.items()}
            )

        return await self._do(request, Update, update)

    async def post_extension(self, request: web.Request) -> web.Response:
        """Let it live longer."""
        return await self._do(
            request,
            Extension,
            lambda one, order, requested: self._changes.extend(one, order, requested.hours),
        )

    async def post_release(self, request: web.Request) -> web.Response:
        """Let it reach more people than the cap."""
        return await self._do(
            request,
            Release,
            lambda one, order, requested: self._actions.release(one, order, requested.people_max),
        )

    async def post_ring(self, request: web.Request) -> web.Response:
        """Widen."""

        def wider(one: UUID, order: Order, requested: Widening) -> Awaitable[Refused | None]:
            return self._changes.widen(one, order, requested.radius_km, city=requested.city)

        return await self._do(request, Widening, wider)

    async def _do(
        self, request: web.Request, kind: type[T], act: Callable[[UUID, Order, T], Awaitable[Refused | None]]
    ) -> web.Response:
        """Read what is wanted, do it, and answer with the alert or with why not."""
        alert_id = alert_of(request)
        if alert_id is None:
            return no_alert()
        body = await read_body(request, BODY_BYTES)
        if isinstance(body, web.Response):
            return body
        requested = read(body, kind)
        if isinstance(requested, list):
            return problems.response(422, "the request has bad fields", requested)
        order = Order(actor=actor_of(request), reason=requested.reason, case_number=requested.case_number)
        refused = await act(alert_id, order, requested)
        if refused is not None:
            return refusal(refused)
        try:
            return await self._alerts.get_one(request)
        except UNAVAILABLE_ERRORS:
            return problems.response(503, "it is done; but how the alert stands cannot be read now: look again")


def refusal(refused: Refused) -> web.Response:
    """Return the answer of no, with what is possible where the state does not allow it."""
    detail = f"{refused.refusal.value}: {refused.detail}".rstrip(": ")
    possible = [one.value for one in refused.possible] if refused.refusal is Refusal.IMPOSSIBLE else None
    if possible is not None:
        detail += f"; possible: {', '.join(possible) or 'nothing more'}"
    return problems.response(STATUSES.get(refused.refusal, 409), detail, possible=possible)
