"""Pins certificates that sign CAP messages to authorities, and unpins them.

Bounded: `PINS_MAX` certificates of an authority that have not expired.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding

import sql.audit
import sql.cap
from handlers.administration.authorities import distrusted, inactive
from handlers.administration.changing import Administrator, changed
from handlers.cap.verification import PINS_MAX, fingerprint, read_pins
from handlers.http.problem_codes import ProblemCode
from handlers.http.problems import Refusal

if TYPE_CHECKING:
    from push.alerts.actions.revocation import Distrusted
    from sql.database import Connection, Pool


async def pin(pool: Pool, by: Administrator, authority: str, pem: bytes) -> list[str] | Refusal:
    """Pin certificates (PEM) to an authority; returns their fingerprints. Those that have expired take no room."""
    try:
        certificates = read_pins([pem])
    except ValueError:
        return Refusal(ProblemCode.BAD_FIELDS, "not a file of certificates (PEM), or too many")

    async def work(connection: Connection) -> list[str] | Refusal:
        if await sql.cap.pins_of(connection, authority, PINS_MAX) is None:
            return inactive(authority)
        for one in certificates:
            text = one.public_bytes(Encoding.PEM).decode()
            await sql.cap.pin(connection, authority, fingerprint(one), text, one.not_valid_after_utc)
        if await sql.cap.lasting(connection, authority) > PINS_MAX:
            detail = f"an authority has at most {PINS_MAX} certificates that have not expired: unpin one"
            return Refusal(ProblemCode.TOO_MANY_CERTIFICATES, detail)
        pinned = [fingerprint(one) for one in certificates]
        await sql.audit.append(connection, by.event("certificates pinned", authority=authority, certificates=pinned))
        return pinned

    return await changed(pool, by, work)


async def unpin(
    pool: Pool, by: Administrator, authority: str, certificate: str, *, keep_live: bool = False
) -> Distrusted | Refusal:
    """Unpin a certificate by its fingerprint; what it signed is held or paused, but what is live may be kept."""

    async def work(connection: Connection) -> Distrusted | Refusal:
        if not await sql.cap.unpin(connection, authority, certificate):
            return Refusal(ProblemCode.UNKNOWN_CERTIFICATE, f"no such certificate of {authority}")
        return await distrusted(connection, by, authority, certificate, "certificate unpinned", keep_live=keep_live)

    return await changed(pool, by, work)
