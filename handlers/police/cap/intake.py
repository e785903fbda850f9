"""Takes a CAP 1.2 document: files, updates or cancels an alert, or says why not.

What an authority's pinned certificate signed counts like a signed webhook, and never waits for what is not. All else is
a draft: it waits in review, whatever the authority's policy, and an unverified Update or Cancel changes nothing
but raises an alarm, because a real one may hide there. An unverified document is answered and costs the same whatever
authority it names. Bounded: the route's body, `handlers.police.cap.slots`, `push.alerts.drafts.ROOM`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import structlog
from aiohttp import web
from msgspec.structs import replace

import sql.access
import sql.cap
from handlers.cap.model import MessageType
from handlers.cap.reading import identity_of
from handlers.cap.verification import PINS_MAX, SignatureStatus, pinned
from handlers.http import problems
from handlers.http.connections import network_of
from handlers.http.problem_codes import ProblemCode
from handlers.http.route import JSON
from handlers.places import limit_of
from handlers.police.answers import answer_to, draft_answer
from handlers.police.cap.filing import filing_of, notes_on_area
from handlers.police.cap.following import Following
from handlers.police.cap.reception import Opened, ReceivedCase, case_of, open_document
from handlers.police.cap.slots import Slots
from handlers.values.time_zones import zone_or
from push.alerts.drafts import Draft, Drafts
from runtime.clock import record_now

if TYPE_CHECKING:
    from geo.cities import Cities
    from handlers.auth.authenticator import Authenticator
    from handlers.http.problems import FieldError
    from push.alerts.actions.changes import Changes
    from push.alerts.actions.decisions import Actions
    from push.alerts.filing import Filing, FilingService
    from sql.access import AuthorityTerms
    from sql.database import Pool

XML_TYPES = frozenset({"application/cap+xml", "application/xml", "text/xml"})
"""The type of CAP, and those under which many send it."""

DRAFT_STATUS = 202

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
        self._drafts = Drafts(pool, filing_service)
        self._following = Following(pool, actions, changes, self._drafts, filing_service.planner)
        self._cities = cities
        self._authenticator = authenticator
        self._slots = Slots()

    async def take(self, request: web.Request, authority: str, body: bytes) -> web.Response:
        """Take a document."""
        pems = await sql.cap.pins_of(self._pool, authority, PINS_MAX)
        is_claimed = b":Signature" in body or b"<Signature" in body
        busy = self._authenticator.busy(request)
        if not is_claimed and busy is not None:
            # After too many unsigned documents from an address, no more are read; what may be signed always is.
            return busy
        # What cannot be signed does not wait for what may be, nor that for it.
        slot = self._slots.of_signature(is_doubtful=busy is not None) if is_claimed else self._slots.unverified
        if slot.is_crowded:
            return _crowded()
        async with slot.taken():
            opened = await slot.run(partial(open_document, body, pinned(pems or ()), record_now()))
        if isinstance(opened, list):
            return self._authenticator.unsigned_document(request) or _unusable(opened)
        if opened.signature.signature_status is SignatureStatus.VERIFIED:
            return await self._take_verified(request, authority, opened)
        return await self._take_unverified(request, authority, opened, exists=pems is not None)

    async def _take_verified(self, request: web.Request, authority: str, opened: Opened) -> web.Response:
        _log.info("cap.received", authority=authority, signature_status=opened.signature.signature_status.value)
        identity = identity_of(opened.root)
        is_copy = identity is not None and await sql.cap.is_taken(self._pool, authority, *identity)
        if (refused := await self._authenticator.signed_document(request, authority, is_copy=is_copy)) is not None:
            return refused
        slot = self._slots.verified
        if slot.is_crowded:
            return _crowded()
        terms = await sql.access.terms_of(self._pool, authority)
        async with slot.taken():
            received = await slot.run(partial(case_of, opened, record_now()))
            if isinstance(received, list):
                return _unusable(received)
            if received.case.message_type is not MessageType.ALERT:
                filing = None
            else:
                filing = await slot.run(partial(self._filing, authority, received, terms))
        if filing is None:
            return await self._following.take(authority, received, self._notes(received))
        if isinstance(filing, list):
            return _unsendable(filing)
        async with self._filing_service.file(filing) as result:
            return answer_to(result, filing, self._notes(received), self._filing_service.planner)

    async def _take_unverified(
        self, request: web.Request, authority: str, opened: Opened, *, exists: bool
    ) -> web.Response:
        """Take what nobody signed verifiably; `exists`: whether there is such an authority, which no answer says."""
        status = opened.signature.signature_status
        _log.info("cap.received", authority=authority if exists else None, signature_status=status.value)
        if status is SignatureStatus.UNVERIFIABLE:
            refused = self._authenticator.unverified(request, authority if exists else None)
        else:
            refused = self._authenticator.unsigned_document(request)
        if refused is not None or (refused := await self._authenticator.strangers.wait_for_draft(request)) is not None:
            return refused
        slot = self._slots.unverified
        if slot.is_crowded:
            return _crowded()
        # One at a time until it is answered: the work for strangers is never more than that.
        async with slot.taken():
            received = await slot.run(partial(case_of, opened, record_now()))
            if isinstance(received, list):
                return _unusable(received)
            if received.case.message_type is not MessageType.ALERT:
                return await self._following.take(authority, received, [])
            terms = await sql.access.terms_of(self._pool, authority)
            filings = await slot.run(partial(self._filings_of_draft, authority, received, terms))
            if isinstance(filings, list):
                return _unsendable(filings)
            return await self._file_draft(request, received, *filings, exists=exists)

    async def _file_draft(
        self, request: web.Request, received: ReceivedCase, filing: Filing, limited: Filing | None, *, exists: bool
    ) -> web.Response:
        reason = f"not verified, so it waits for review: {received.signature.public_reason}"
        answer = draft_answer(filing, [reason, *self._notes(received)], self._filing_service.planner.secret)
        draft = Draft(
            filing=limited or filing,
            source=network_of(request.remote or "") if self._authenticator.knows_addresses else None,
            is_possible=exists and limited is not None,
            answer=answer,
            answer_status=DRAFT_STATUS,
        )
        await self._drafts.file(draft)
        return web.Response(status=DRAFT_STATUS, body=answer, content_type=JSON)

    def _filings_of_draft(
        self, authority: str, received: ReceivedCase, terms: AuthorityTerms
    ) -> tuple[Filing, Filing | None] | list[FieldError]:
        """Return a draft's filing, and the same within the authority's jurisdiction: None where it lies outside.

        The sender does not learn which of the two it is.
        """
        filing = self._filing(authority, received, replace(terms, jurisdiction=None))
        if isinstance(filing, list):
            return filing
        limited = self._filing(authority, received, terms)
        return filing, None if isinstance(limited, list) else limited

    def _filing(self, authority: str, received: ReceivedCase, terms: AuthorityTerms) -> Filing | list[FieldError]:
        plan = self._filing_service.planner.plan
        return filing_of(
            received.case,
            authority,
            plan,
            self._cities,
            limit_of(terms.jurisdiction),
            time_zone=zone_or(terms.time_zone, plan.time_zone),
            unverified=received.signature.unverified_reason,
            certificate=received.signature.fingerprint,
            asks=terms.asks,
        )

    def _notes(self, received: ReceivedCase) -> list[str]:
        return received.case.notes + notes_on_area(received.case.place, self._cities)


def _crowded() -> web.Response:
    return problems.response(ProblemCode.BUSY, "too many documents at once", headers={"Retry-After": "5"})


def _unusable(errors: list[FieldError]) -> web.Response:
    detail = "the message cannot be taken; nothing was stored or sent"
    return problems.response(ProblemCode.UNUSABLE_DOCUMENT, detail, errors)


def _unsendable(errors: list[FieldError]) -> web.Response:
    return problems.response(ProblemCode.UNUSABLE_CASE, "the message cannot be sent; nothing was stored", errors)
