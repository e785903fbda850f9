"""Intake: a signed webhook flows in, a committed alert or a clear refusal flows out.

Nothing is read from a body before its signature is verified. Bounded: `cases.BODY_BYTES`, checked before reading.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
from aiohttp import web

import sql.access
from geo.polygon import load
from handlers import problems
from handlers.cases import BODY_BYTES, Case, unsupported, wish_faults
from handlers.places import hinted, locate
from handlers.reading import read
from handlers.signing import Vault, is_signed
from handlers.wording import content_of
from push.actor import Actor
from push.filing import Desk, Filed, Filing
from push.plan import Override

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geo.cities import Cities
    from handlers.door import Door
    from push.audience import Place
    from push.plan import Ring
    from sql.database import Pool
    from sql.filing import ReceiptRow
    from sql.progress import ListedAlert
    from sql.rings import RingRow

UNSIGNED = "unknown authority, or the signature or timestamp does not verify"
"""One text for all of these: a stranger learns nothing of which authorities exist."""

_log = structlog.get_logger("handlers.intake")


class Intake:
    """`POST /v1/intake/{authority}`."""

    def __init__(self, pool: Pool, desk: Desk, vault: Vault, cities: Cities | None, door: Door) -> None:
        self._pool = pool
        self._door = door
        self._desk = desk
        self._vault = vault
        self._cities = cities

    async def post(self, request: web.Request) -> web.Response:
        """Take a case."""
        if (request.content_length or 0) > BODY_BYTES:
            return problems.response(413, f"a case has at most {BODY_BYTES} bytes")
        body = await request.content.read(BODY_BYTES + 1)
        while len(body) <= BODY_BYTES and (more := await request.content.read(BODY_BYTES + 1 - len(body))):
            body += more
        if len(body) > BODY_BYTES:
            return problems.response(413, f"a case has at most {BODY_BYTES} bytes")
        authority = request.match_info["authority"]
        secrets = self._vault.open(await sql.access.secrets_of(self._pool, authority))
        if not is_signed(secrets, request.headers, body):
            return self._door.unsigned(request, authority if secrets else None, UNSIGNED)
        if (refused := await self._door.signed(authority)) is not None:
            return refused
        case = read(body, Case)
        if isinstance(case, list):
            return problems.response(422, "the case has bad fields; nothing was stored or sent", hinted(case))
        limit = await sql.access.jurisdiction_of(self._pool, authority)
        place = locate(case.last_seen, "$.last_seen", self._cities, None if limit is None else load(limit))
        faults = unsupported(case) + wish_faults(case, self._desk.planner.plan)
        if faults or isinstance(place, list):
            errors = faults + (place if isinstance(place, list) else [])
            return problems.response(422, "the case cannot be sent; nothing was stored", errors)
        return await self._file(authority, request.headers["webhook-id"], body, case, place)

    async def _file(self, authority: str, webhook_id: str, body: bytes, case: Case, place: Place) -> web.Response:
        content = msgspec.json.encode(case, order="deterministic")
        filing = Filing(
            authority=authority,
            actor=Actor(role="authority", name=authority, authority=authority),
            webhook_id=webhook_id,
            body_digest=hashlib.sha256(body).digest(),
            case_number=case.case_number,
            content_digest=hashlib.sha256(content).digest(),
            content=content.decode(),
            status=case.status,
            place=place,
            last_seen_at=case.last_seen.at,
            policy=(case.area and case.area.policy) or self._desk.planner.plan.policy,
            override=_override(case, authority),
            said=content_of(case),
        )
        receipt = await self._desk.file(filing, _render)
        if receipt.body_digest != filing.body_digest:
            # Answering the first case's 202 here would lose a second child's case without a word.
            return problems.response(409, "this webhook-id was used before for another body; nothing was sent")
        _log.info("intake.answered", authority=authority, status=receipt.status)
        return _response(receipt)


def _response(receipt: ReceiptRow) -> web.Response:
    is_problem = receipt.status in {Filed.OTHER_CONTENT.value, Filed.TOO_MANY_DRAFTS.value}
    return web.Response(
        status=receipt.status,
        body=receipt.answer,
        content_type="application/problem+json" if is_problem else "application/json",
    )


def _render(filed: Filed, alert: ListedAlert | None) -> bytes:
    if filed is Filed.TOO_MANY_DRAFTS:
        return problems.body(429, "too many unsigned cases of this authority wait for review; nothing was stored")
    if filed is Filed.OTHER_CONTENT or alert is None:
        return problems.body(409, "this case number stands with other content; the alert that stands is unchanged")
    return msgspec.json.encode({"alert": alert_json(alert)})


def _override(case: Case, authority: str) -> Override | None:
    if case.area is None or case.area.radius_km is None:
        return None
    return Override(radius_km=case.area.radius_km, reason=case.area.reason, by=f"authority {authority}")


def alert_json(alert: ListedAlert) -> dict[str, Any]:
    """Return an alert as the outside sees it: never the child's data."""
    return {
        "id": alert.id,
        "case_number": alert.case_number,
        "status": alert.status,
        "state": alert.state,
        "review": {
            "policy": alert.review,
            "verified": alert.verified,
            "approvals": alert.approvals,
            "send_at": alert.send_at,
        },
        "version": alert.version,
        "received_at": alert.received_at,
        "deadline": alert.deadline,
        "expires": alert.expires,
        "area": area_json(alert.longitude, alert.latitude, alert.city, alert.rings),
        "policy": alert.policy,
        "rings": alert.rings,
        "estimate": None if alert.estimate is None else msgspec.Raw(alert.estimate.encode()),
    }


def area_json(
    longitude: float | None, latitude: float | None, city: str | None, rings: Sequence[Ring | RingRow]
) -> dict[str, Any]:
    """Return the widest area that is planned: a circle, a city, or both."""
    radius_km = max((ring.radius_km for ring in rings if ring.radius_km is not None), default=None)
    circle = None
    if longitude is not None and radius_km is not None:
        circle = {"longitude": longitude, "latitude": latitude, "radius_km": radius_km}
    return {"circle": circle, "city": city if any(ring.city for ring in rings) else None}
