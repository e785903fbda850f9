"""Shows what the police sealed of a case to those who judge it, and records who read it.

Officers of an authority whose case it is read it, and approvers and administrators who may see the alert: nobody
else, and it is never part of another answer but the preview's checklist. Bounded by the case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

import sql.audit
import sql.progress
import sql.sealed
from handlers.alert_answers import Answer
from handlers.http import problems
from handlers.http.problem_codes import ProblemCode
from handlers.http.requests import unknown_alert
from handlers.operators.scope import scope_of
from runtime.decoding import DECODE_ERRORS
from sql.audit import AuditEvent

if TYPE_CHECKING:
    from aiohttp import web

    from handlers.http.route import Call
    from push.alerts.record.sealing import Sealing
    from sql.database import Connection, Pool


class Notes(Answer, frozen=True, kw_only=True):
    """What the police wrote for those who judge the case, null where they wrote nothing."""

    medical: str | None = None
    custody: str | None = None
    school: str | None = None
    address: str | None = None
    notes: str | None = None


class Checklist(Answer, frozen=True, kw_only=True):
    """Which criteria the police checked; null: open, or not asked for."""

    is_missing: bool | None = None
    at_risk: bool | None = None
    describable: bool | None = None
    custody_dispute: bool | None = None


class GuardianConsent(Answer, frozen=True, kw_only=True):
    """Who agreed, when and to what, or why that is waived, or refused."""

    relation: str | None = None
    at: str | None = None
    scope: str | None = None
    waived: str | None = None
    refused: str | None = None


class CaseBasis(Answer, frozen=True, kw_only=True):
    """On what the case rests."""

    criteria: Checklist = Checklist()
    consent: GuardianConsent | None = None


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """What is sealed of a case; fields of a later version are left out."""

    internal: dict[str, Any] | None = None
    basis: dict[str, Any] | None = None


class Sealed(Answer, frozen=True, kw_only=True):
    """What is sealed of a case, null where there is nothing; `is_readable`: a key of this server opens it."""

    id: UUID
    is_readable: bool
    internal: Notes | None
    basis: CaseBasis | None


_OPENED = msgspec.json.Decoder(Opened)


class SealedNotes:
    """`GET /v1/alerts/{id}/internal`."""

    def __init__(self, pool: Pool, sealing: Sealing) -> None:
        self._pool = pool
        self._sealing = sealing

    async def get(self, call: Call[None]) -> Sealed | web.Response:
        """Show what is sealed, once that is in the audit trail."""
        async with self._pool.acquire() as connection, connection.transaction():
            listed = await sql.progress.list_alerts(connection, call.alert_id)
            scope = scope_of(call.bearer)
            if not listed or not scope.shows(listed[0]):
                return unknown_alert()
            if not scope.unseals(listed[0]):
                detail = "what is sealed is for the officers of the case's authorities, and for approvers"
                return problems.response(ProblemCode.WRONG_ROLE, detail)
            opened = await open_sealed(connection, self._sealing, call.alert_id)
            event = AuditEvent(
                actor=call.actor.label,
                action="read",
                alert=call.alert_id,
                details={"what": "internal"},
                token=call.actor.token_id,
            )
            await sql.audit.append(connection, event)
        shown = Opened() if opened is None else opened
        internal = None if shown.internal is None else msgspec.convert(shown.internal, Notes)
        return Sealed(id=call.alert_id, is_readable=opened is not None, internal=internal, basis=basis_of(shown))


async def open_sealed(connection: Connection, sealing: Sealing, alert_id: UUID) -> Opened | None:
    """Return what is sealed of an alert's case; None where no key of this server opens it."""
    row = await sql.sealed.read(connection, alert_id)
    if row is None:
        return Opened()
    text = sealing.open(row.case_id, row.ciphertext)
    try:
        return None if text is None else _OPENED.decode(text)
    except DECODE_ERRORS:
        return None


def basis_of(opened: Opened) -> CaseBasis | None:
    """Return on what the case rests, None where the police say nothing of that."""
    return None if opened.basis is None else msgspec.convert(opened.basis, CaseBasis)
