"""Adds, changes and revokes authorities; a new one gets its first webhook secret, which is shown once.

Bounded: `AUTHORITIES_MAX` authorities a page.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import sql.access
import sql.audit
import sql.lifecycle
from handlers.administration.changing import Administrator, changed
from handlers.auth.webhook_signatures import Vault, new_secret
from handlers.http.problem_codes import ProblemCode
from handlers.http.problems import Refusal
from push.alerts.actions.revocation import Distrusted, distrust

if TYPE_CHECKING:
    from push.alerts.review import Asked, Review
    from sql.database import Connection, Pool

AUTHORITIES_MAX: Final = 200
ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
ID_RULE: Final = "an authority's id has small letters, digits and dashes, 63 at most"


def unknown(authority: str) -> Refusal:
    """Return that there is no such authority."""
    return Refusal(ProblemCode.UNKNOWN_AUTHORITY, f"no authority {authority}")


def inactive(authority: str) -> Refusal:
    """Return that there is no such authority, or that it is revoked."""
    return Refusal(ProblemCode.UNKNOWN_AUTHORITY, f"no active authority {authority}")


async def add(
    pool: Pool,
    by: Administrator,
    vault: Vault,
    authority: str,
    name: str,
    jurisdiction: bytes | None = None,
    time_zone: str | None = None,
) -> str | Refusal:
    """Add an authority, with a jurisdiction (WKB) and a time zone of its own if given; returns its first secret."""
    if not ID.fullmatch(authority):
        return Refusal(ProblemCode.BAD_FIELDS, ID_RULE)
    secret = new_secret()

    async def work(connection: Connection) -> str | Refusal:
        if not await sql.access.add_authority(connection, authority, name):
            detail = f"authority {authority} is there already; 'rotate' gives it a new secret"
            return Refusal(ProblemCode.AUTHORITY_EXISTS, detail)
        await sql.access.limit_authority(connection, authority, jurisdiction)
        await sql.access.set_time_zone(connection, authority, time_zone)
        await sql.access.add_secret(connection, authority, vault.seal(secret))
        await sql.audit.append(connection, by.event("authority added", authority=authority))
        return secret

    return await changed(pool, by, work)


async def limit(pool: Pool, by: Administrator, authority: str, jurisdiction: bytes | None) -> Refusal | None:
    """Limit an authority to a jurisdiction (WKB), or lift the limit."""

    async def work(connection: Connection) -> Refusal | None:
        if not await sql.access.limit_authority(connection, authority, jurisdiction):
            return unknown(authority)
        event = by.event("authority limited", authority=authority, limited=jurisdiction is not None)
        await sql.audit.append(connection, event)
        return None

    return await changed(pool, by, work)


async def set_time_zone(pool: Pool, by: Administrator, authority: str, time_zone: str | None) -> Refusal | None:
    """Set the time zone in which an authority's alerts give times; None: the configured one."""

    async def work(connection: Connection) -> Refusal | None:
        if not await sql.access.set_time_zone(connection, authority, time_zone):
            return unknown(authority)
        zone = time_zone or "configured"
        await sql.audit.append(connection, by.event("authority time zone set", authority=authority, time_zone=zone))
        return None

    return await changed(pool, by, work)


async def set_card(pool: Pool, by: Administrator, authority: str, *, shows_child: bool | None) -> Refusal | None:
    """Say whether share cards of an authority's alerts show who is missing; None: as configured."""

    async def work(connection: Connection) -> Refusal | None:
        if not await sql.access.set_card(connection, authority, shows_child):
            return unknown(authority)
        event = by.event("authority card set", authority=authority, shows_child=shows_child)
        await sql.audit.append(connection, event)
        return None

    return await changed(pool, by, work)


async def set_review(
    pool: Pool, by: Administrator, authority: str, policy: Review, grace_s: int | None = None
) -> Refusal | None:
    """Set the review policy of an authority; filed cases keep their own."""

    async def work(connection: Connection) -> Refusal | None:
        if not await sql.lifecycle.set_review(connection, authority, policy.value, grace_s):
            return unknown(authority)
        event = by.event("review policy", authority=authority, policy=policy.value, grace_s=grace_s)
        await sql.audit.append(connection, event)
        return None

    return await changed(pool, by, work)


async def set_asks(pool: Pool, by: Administrator, authority: str, asks: list[Asked]) -> Refusal | None:
    """Set which items of the checklist an authority is asked for."""
    words = sorted({one.value for one in asks})

    async def work(connection: Connection) -> Refusal | None:
        if not await sql.access.set_asks(connection, authority, words):
            return unknown(authority)
        await sql.audit.append(connection, by.event("checklist", authority=authority, asks=words))
        return None

    return await changed(pool, by, work)


async def revoke(pool: Pool, by: Administrator, authority: str, *, keep_live: bool = False) -> Distrusted | Refusal:
    """Revoke an authority: its signatures and tokens fail from now on.

    What it filed is held or paused until a person decides, but what is live may be kept.
    """

    async def work(connection: Connection) -> Distrusted | Refusal:
        if not await sql.access.revoke_authority(connection, authority):
            return inactive(authority)
        return await distrusted(connection, by, authority, None, "authority revoked", keep_live=keep_live)

    return await changed(pool, by, work)


async def distrusted(
    connection: Connection, by: Administrator, authority: str, certificate: str | None, action: str, *, keep_live: bool
) -> Distrusted:
    """Hold or pause what was filed, with all events, as the end of the transaction that revokes."""
    done = await distrust(connection, authority, certificate, by.actor, keep_live=keep_live)
    await sql.access.notify_change(connection)
    named = {"authority": authority} | ({} if certificate is None else {"certificate": certificate})
    counts = {"held": len(done.held), "paused": len(done.paused), "ends": len(done.ends)}
    event = by.event(action, **named, **counts, keep_live=keep_live)
    await sql.audit.append(connection, event, *map(by.as_theirs, done.events))
    return done
