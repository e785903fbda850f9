"""Takes the police webhook: a signed case, or a CAP document.

Nothing is read from a body before its signature is verified. Bounded: `cases.BODY_BYTES`, checked before reading.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog
from msgspec.structs import replace

import sql.access
from handlers.http import problems
from handlers.http.problem_codes import ProblemCode
from handlers.places import hinted, locate_within, notes_on_city
from handlers.police.answers import answer_to
from handlers.police.cap.intake import XML_TYPES
from handlers.police.case.basis import held_for
from handlers.police.case.case import kept, read_case, sealed_of
from handlers.police.case.checks import notes_on_photo, requested_area_faults, unsupported
from handlers.police.sightings import notes_on_places, sightings_of, with_sightings
from handlers.police.wording import content_of
from handlers.police.wording.left_out import notes_on_letters
from handlers.values.data_uri import read_data_uri
from handlers.values.time_zones import zone_or
from push.alerts.actions.actor import of_authority
from push.alerts.filing import Filed, Filing, FilingService
from push.alerts.record.digests import keyed
from push.alerts.rings import Override

if TYPE_CHECKING:
    from aiohttp import web

    from geo.cities import Cities
    from handlers.auth.signed_webhooks import SignedWebhooks
    from handlers.http.route import Call
    from handlers.police.cap.intake import CapIntake
    from handlers.police.case.case import Case
    from handlers.police.sightings import Sightings
    from push.alerts.actions.actor import Actor
    from push.alerts.review import HeldFor
    from push.message.content import Content
    from sql.audit import AuditEvent
    from sql.database import Pool

PHOTO_LEFT: Final = (
    "$.photo_data: not stored, because the case stands already: "
    "send it to /v1/intake/{authority}/photos, where it takes the place of the one before"
)

_log = structlog.get_logger("handlers.police.intake")


class Sent(NamedTuple):
    """A case as it was sent: in whose name, by whom, under which id; and an event that goes with a new alert."""

    authority: str
    actor: Actor
    id: str
    body: bytes
    event: AuditEvent | None = None


class Intake:
    """`POST /v1/intake/{authority}`."""

    def __init__(
        self, pool: Pool, filing_service: FilingService, signed: SignedWebhooks, cities: Cities | None, cap: CapIntake
    ) -> None:
        self._pool = pool
        self._cap = cap
        self._filing_service = filing_service
        self._signed = signed
        self._cities = cities

    async def post(self, call: Call[bytes]) -> web.Response:
        """Take a case, or a CAP document."""
        request, authority, body = call.request, call.authority, call.body
        if request.content_type in XML_TYPES:
            return await self._cap.take(request, authority, body)
        if (refused := await self._signed.refusal(request, authority, body)) is not None:
            return refused
        return await self.take(Sent(authority, of_authority(authority), request.headers["webhook-id"], body))

    async def take(self, sent: Sent) -> web.Response:
        """Take a case of somebody who may file it."""
        authority, body = sent.authority, sent.body
        case = read_case(body)
        if isinstance(case, list):
            detail = "the case has bad fields; nothing was stored or sent"
            return problems.response(ProblemCode.BAD_FIELDS, detail, hinted(case))
        terms = await sql.access.terms_of(self._pool, authority)
        place = await locate_within(case.last_seen, "$.last_seen", self._cities, terms.jurisdiction)
        faults = unsupported(case) + requested_area_faults(case, self._filing_service.planner.plan)
        if faults or isinstance(place, list):
            errors = faults + (place if isinstance(place, list) else [])
            return problems.response(ProblemCode.UNUSABLE_CASE, "the case cannot be sent; nothing was stored", errors)
        seen = await sightings_of(case, place, self._cities, terms.jurisdiction)
        if isinstance(seen, list):
            return problems.response(ProblemCode.UNUSABLE_CASE, "the case cannot be sent; nothing was stored", seen)
        content = content_of(case, zone_or(terms.time_zone, self._filing_service.planner.plan.time_zone))
        content = with_sightings(content, case)
        held = held_for(case.basis, terms.asks)
        return await self._file(sent, case, seen, content, held)

    async def _file(
        self,
        sent: Sent,
        case: Case,
        seen: Sightings,
        content: Content,
        held: tuple[HeldFor, ...],
    ) -> web.Response:
        authority = sent.authority
        encoded, sealed, digest = kept(case), sealed_of(case), hashlib.sha256(sent.body).digest()
        filing = Filing(
            authority=authority,
            actor=sent.actor,
            webhook_id=sent.id,
            # What is sealed is not to be guessed either.
            body_digest=digest if sealed is None else keyed(digest, self._filing_service.planner.secret),
            case_number=case.case_number,
            content_digest=hashlib.sha256(encoded).digest(),
            content=encoded.decode(),
            status=case.status,
            place=seen.place,
            last_seen_at=seen.seen_at,
            moves=seen.moves,
            policy=(case.area and case.area.policy) or self._filing_service.planner.plan.policy_for(case.subject_kind),
            override=_override(case, authority),
            message_content=content,
            subject_kind=case.subject_kind,
            sealed=sealed,
            held_for=held,
            photo=None if case.photo_data is None else read_data_uri(case.photo_data),
        )
        notes = notes_on_city(case.last_seen, self._cities) + notes_on_photo(case) + notes_on_letters(case)
        notes += notes_on_places(case)
        async with self._filing_service.file(filing) as result:
            if result.filed is Filed.SAME_CASE and filing.photo is not None:
                notes.append(PHOTO_LEFT.format(authority=authority))
            answer = answer_to(result, filing, notes, self._filing_service.planner)
            if sent.event is not None and result.filed is Filed.NEW and result.alert is not None:
                result.events = [*result.events, replace(sent.event, alert=result.alert.id)]
        _log.info("intake.answered", authority=authority, status=answer.status)
        return answer


def _override(case: Case, authority: str) -> Override | None:
    if case.area is None or case.area.radius_km is None:
        return None
    return Override(radius_km=case.area.radius_km, reason=case.area.reason, by=of_authority(authority).label)
