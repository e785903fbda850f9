"""Takes a CAP 1.2 document: files, updates or cancels an alert, or says why not.

What an authority's pinned certificate signed counts like a signed webhook. Everything else is a draft: it waits in
review, whatever the authority's policy, and an unverified Update or Cancel changes nothing but raises an alarm, because
a real one may hide there. Bounded: the route's body, `push.alerts.filing.DRAFTS_MAX` drafts of an authority.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

import sql.access
import sql.cap
import sql.filing
import sql.lifecycle
import sql.progress
from geo.polygon import load
from handlers.action_requests import refusal
from handlers.alert_answers import FiledAnswer, filed_alert
from handlers.auth.signed_webhooks import UNSIGNED
from handlers.cap.model import MessageType
from handlers.cap.verification import SignatureStatus, read_pins
from handlers.http import problems
from handlers.http.problem_codes import ProblemCode
from handlers.http.problems import FieldError
from handlers.http.responses import json_response
from handlers.police.answers import answer_to
from handlers.police.cap.filing import filing_of, message_of, notes_on_area, texts_of
from handlers.police.cap.reception import ReceivedCase, receive_case
from push.alerts.actions.actor import of_authority
from push.alerts.actions.transaction import Order

if TYPE_CHECKING:
    from uuid import UUID

    from aiohttp import web

    from geo.cities import Cities
    from handlers.auth.authenticator import Authenticator
    from handlers.police.cap.acceptance import CapCase
    from push.alerts.actions.changes import Changes
    from push.alerts.actions.decisions import Actions
    from push.alerts.filing import FilingService
    from sql.database import Pool

XML_TYPES = frozenset({"application/cap+xml", "application/xml", "text/xml"})
"""The type of CAP, and those under which many send it."""

WAITING_MAX = 100
"""Documents that wait to be read: each is read in milliseconds, and all of them are a few megabytes."""

_log = structlog.get_logger("handlers.police.cap.intake")


class CapIntake:
    """`POST /v1/intake/{authority}` with a CAP document."""

    def __init__(
        self,
        pool: Pool,
        filing_service: FilingService,
        actions: Actions,
        changes: Changes,
        cities: Cities | None,
        authenticator: Authenticator,
    ) -> None:
        self._pool = pool
        self._filing_service = filing_service
        self._actions = actions
        self._changes = changes
        self._cities = cities
        self._authenticator = authenticator
        self._reading = asyncio.Semaphore(1)
        self._waiting = 0

    async def take(self, request: web.Request, authority: str, body: bytes) -> web.Response:
        """Take a document."""
        pems = await sql.cap.pins_of(self._pool, authority)
        if pems is None:
            return self._authenticator.unsigned(request, None, UNSIGNED)
        if b":Signature" not in body and b"<Signature" not in body and (refused := self._authenticator.busy(request)):
            # After too many unsigned documents from an address, no more are read; what may be signed always is.
            return refused
        if self._waiting >= WAITING_MAX:
            return problems.response(ProblemCode.BUSY, "too many documents at once", headers={"Retry-After": "5"})
        received = await self._read(body, pems)
        if isinstance(received, list):
            refused = self._authenticator.unsigned_document(request)
            detail = "the message cannot be taken; nothing was stored or sent"
            return refused or problems.response(ProblemCode.UNUSABLE_DOCUMENT, detail, received)
        signature_status = received.signature.signature_status
        _log.info("cap.received", authority=authority, signature_status=signature_status.value)
        if signature_status is SignatureStatus.VERIFIED:
            refused = await self._authenticator.signed(authority)
        elif signature_status is SignatureStatus.UNVERIFIABLE:
            refused = self._authenticator.unverified(request, authority)
        else:
            refused = self._authenticator.unsigned_document(request)
        if refused is not None:
            return refused
        if received.case.message_type is MessageType.ALERT:
            return await self._file(authority, received)
        return await self._follow(authority, received)

    async def _read(self, body: bytes, pems: list[str]) -> ReceivedCase | list[FieldError]:
        """Read a document, one at a time and in a thread: it may take long, and the sends do not wait for it."""
        self._waiting += 1
        try:
            async with self._reading:
                pins = read_pins([pem.encode() for pem in pems])
                return await asyncio.to_thread(receive_case, body, pins, datetime.now(UTC))
        finally:
            self._waiting -= 1

    async def _file(self, authority: str, received: ReceivedCase) -> web.Response:
        terms = await sql.access.terms_of(self._pool, authority)
        plan = self._filing_service.planner.plan
        bound = None if terms.jurisdiction is None else load(terms.jurisdiction)
        time_zone = terms.time_zone or plan.time_zone
        why = received.signature.unverified_reason
        filing = filing_of(received.case, authority, plan, self._cities, bound, time_zone=time_zone, unverified=why)
        if isinstance(filing, list):
            return problems.response(
                ProblemCode.UNUSABLE_CASE, "the message cannot be sent; nothing was stored", filing
            )
        notes = [] if why is None else [f"not verified, so it waits for review: {why}"]
        notes += received.case.notes + notes_on_area(received.case.place, self._cities)
        async with self._filing_service.file(filing) as result:
            return answer_to(result, filing, notes)

    async def _follow(self, authority: str, received: ReceivedCase) -> web.Response:
        """Update or cancel what earlier messages began."""
        case = received.case
        alert_id = await self._alert_of(authority, case)
        unverified_reason = received.signature.unverified_reason
        if unverified_reason is not None:
            if alert_id is not None:
                await self._filing_service.note_unverified(alert_id, case.message_type.value, unverified_reason)
            # The same answer whether or not there is such an alert: anybody may ask.
            why = FieldError("/alert/Signature", unverified_reason)
            detail = "not verified, so it changes nothing; operators get an alarm where it is about an alert"
            return problems.response(ProblemCode.UNVERIFIED_MESSAGE, detail, [why])
        if alert_id is None:
            return problems.response(ProblemCode.UNKNOWN_REFERENCE, "none of the messages that it refers to is known")
        refused = await self._do(authority, alert_id, case)
        if refused is not None:
            return refused
        listed = (await sql.progress.list_alerts(self._pool, alert_id))[0]
        return json_response(FiledAnswer(alert=filed_alert(listed)))

    async def _do(self, authority: str, alert_id: UUID, case: CapCase) -> web.Response | None:
        actor = of_authority(authority)
        order = Order(actor=actor, message=message_of(case), status=case.status.value.lower())
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
        """Return the alert that a message refers to, by the messages that were taken before or by its case number."""
        messages = [(one.sender, one.identifier, one.sent) for one in case.references]
        known = await sql.cap.find(self._pool, authority, messages)
        if known is not None:
            return known
        for one in case.references:
            found = await sql.filing.find_case(self._pool, authority, one.identifier)
            if found is not None:
                return found.alert_id
        return None
