"""Adds, changes and revokes authorities and tokens, each with an event in the audit trail; secrets are shown once.

Bounded: an old secret still verifies for `OVERLAP` after a rotation, so that the police change over without a gap; a
token lasts `TOKEN_DAYS` by default, and `TOKEN_DAYS_MAX` at most.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding

import sql.access
import sql.audit
import sql.cap
import sql.lifecycle
import sql.persons
from handlers.auth.token_store import digest, new_token
from handlers.auth.webhook_signatures import SECRETS_MAX, Vault, new_secret
from handlers.cap.verification import PINS_MAX, fingerprint, read_pins
from push.alerts.actions.revocation import Distrusted, distrust
from push.alerts.people.persons import find_or_add
from server.administration.encryption import encryption_key
from server.administration.terminal import this_terminal
from server.stores import record
from sql.audit import AuditEvent
from sql.persons import PersonRow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from handlers.http.roles import Role
    from push.alerts.review import Asked, Review
    from server.settings import Settings
    from server.stores import Stores
    from sql.access import AuthorityRow, TokenRow
    from sql.database import Connection

OVERLAP = timedelta(days=7)
COMMAND_LINE: Final = "command line"
"""The actor in the audit trail; its details name the user of the operating system."""

TOKEN_DAYS: Final = 365
TOKEN_DAYS_MAX: Final = 1095


class RegistryError(Exception):
    """A request that cannot be done, for example because an authority is unknown or exists already."""


async def add_authority(
    settings: Settings,
    stores: Stores,
    authority: str,
    name: str,
    jurisdiction: bytes | None = None,
    time_zone: str | None = None,
) -> str:
    """Add an authority, with a jurisdiction (WKB) and a time zone of its own if given; returns its first secret."""
    secret = new_secret()
    async with _transaction(stores) as connection:
        if not await sql.access.add_authority(connection, authority, name):
            raise RegistryError(f"authority {authority} is there already; 'rotate' gives it a new secret")
        await sql.access.limit_authority(connection, authority, jurisdiction)
        await sql.access.set_time_zone(connection, authority, time_zone)
        await sql.access.add_secret(connection, authority, Vault(encryption_key(settings)).seal(secret))
        await _note(connection, "authority added", authority=authority)
    return secret


async def limit_authority(_: Settings, stores: Stores, authority: str, jurisdiction: bytes | None) -> None:
    """Limit an authority to a jurisdiction (WKB), or lift the limit."""
    async with _transaction(stores) as connection:
        if not await sql.access.limit_authority(connection, authority, jurisdiction):
            raise RegistryError(f"no authority {authority}")
        await _note(connection, "authority limited", authority=authority, limited=jurisdiction is not None)


async def set_time_zone(_: Settings, stores: Stores, authority: str, time_zone: str | None) -> None:
    """Set the time zone in which an authority's alerts give times; None: the configured one."""
    async with _transaction(stores) as connection:
        if not await sql.access.set_time_zone(connection, authority, time_zone):
            raise RegistryError(f"no authority {authority}")
        await _note(connection, "authority time zone set", authority=authority, time_zone=time_zone or "configured")


async def rotate(settings: Settings, stores: Stores, authority: str) -> str:
    """Add a secret and return it; the earlier ones verify for another `OVERLAP`."""
    secret = new_secret()
    async with _transaction(stores) as connection:
        if authority not in {row.id for row in await sql.access.list_authorities(connection) if row.revoked_at is None}:
            raise RegistryError(f"no active authority {authority}")
        await sql.access.expire_secrets(connection, authority, OVERLAP)
        await sql.access.add_secret(connection, authority, Vault(encryption_key(settings)).seal(secret))
        if len(await sql.access.secrets_of(connection, authority, SECRETS_MAX + 1)) > SECRETS_MAX:
            raise RegistryError(f"{SECRETS_MAX} secrets of {authority} verify already: wait until the first one ends")
        await _note(connection, "secret rotated", authority=authority)
    return secret


async def review(_: Settings, stores: Stores, authority: str, policy: Review, grace_s: int | None = None) -> None:
    """Set the review policy of an authority."""
    async with _transaction(stores) as connection:
        if not await sql.lifecycle.set_review(connection, authority, policy.value, grace_s):
            raise RegistryError(f"no authority {authority}")
        await _note(connection, "review policy", authority=authority, policy=policy.value, grace_s=grace_s)


async def set_asks(_: Settings, stores: Stores, authority: str, asks: list[Asked]) -> None:
    """Set which items of the checklist an authority is asked for."""
    words = sorted({one.value for one in asks})
    async with _transaction(stores) as connection:
        if not await sql.access.set_asks(connection, authority, words):
            raise RegistryError(f"no authority {authority}")
        await _note(connection, "checklist", authority=authority, asks=words)


async def pin(_: Settings, stores: Stores, authority: str, pem: bytes) -> list[str]:
    """Pin certificates (PEM) to an authority; returns their fingerprints. Those that have expired take no room."""
    try:
        certificates = read_pins([pem])
    except ValueError:
        raise RegistryError("not a file of certificates (PEM), or too many") from None
    async with _transaction(stores) as connection:
        if await sql.cap.pins_of(connection, authority, PINS_MAX) is None:
            raise RegistryError(f"no active authority {authority}")
        for one in certificates:
            text = one.public_bytes(Encoding.PEM).decode()
            await sql.cap.pin(connection, authority, fingerprint(one), text, one.not_valid_after_utc)
        if await sql.cap.lasting(connection, authority) > PINS_MAX:
            raise RegistryError(f"an authority has at most {PINS_MAX} certificates that have not expired: unpin one")
        pinned = [fingerprint(one) for one in certificates]
        await _note(connection, "certificates pinned", authority=authority, certificates=pinned)
    return pinned


async def unpin(
    _: Settings, stores: Stores, authority: str, certificate: str, *, keep_live: bool = False
) -> Distrusted:
    """Unpin a certificate by its fingerprint; what it signed is held or paused, but what is live may be kept."""
    async with _transaction(stores) as connection:
        if not await sql.cap.unpin(connection, authority, certificate):
            raise RegistryError(f"no such certificate of {authority}")
        return await _distrust(connection, authority, certificate, "certificate unpinned", keep_live=keep_live)


async def list_authorities(_: Settings, stores: Stores) -> list[AuthorityRow]:
    """Return all authorities."""
    async with record(stores) as pool:
        return await sql.access.list_authorities(pool)


async def revoke_authority(_: Settings, stores: Stores, authority: str, *, keep_live: bool = False) -> Distrusted:
    """Revoke an authority: its signatures and tokens fail from now on.

    What it filed is held or paused until a person decides, but what is live may be kept.
    """
    async with _transaction(stores) as connection:
        if not await sql.access.revoke_authority(connection, authority):
            raise RegistryError(f"no active authority {authority}")
        return await _distrust(connection, authority, None, "authority revoked", keep_live=keep_live)


async def _distrust(
    connection: Connection, authority: str, certificate: str | None, action: str, *, keep_live: bool
) -> Distrusted:
    """Hold or pause what was filed, with all events, as the end of the transaction that revokes."""
    done = await distrust(connection, authority, certificate, COMMAND_LINE, keep_live=keep_live)
    await sql.access.notify_change(connection)
    named = {"authority": authority} | ({} if certificate is None else {"certificate": certificate})
    details = {**named, "held": len(done.held), "paused": len(done.paused), "keep_live": keep_live}
    terminal = this_terminal()
    event = AuditEvent(actor=COMMAND_LINE, action=action, details=details, terminal=terminal)
    caused = [msgspec.structs.replace(one, terminal=terminal) for one in done.events]
    await sql.audit.append(connection, event, *caused)
    return done


async def create_token(
    _: Settings,
    stores: Stores,
    role: Role,
    name: str,
    *,
    days: int = TOKEN_DAYS,
    authority: str | None = None,
    person: int | None = None,
) -> tuple[int, str]:
    """Create a bearer token that expires after `days`, for an officer of `authority` if given; returns (id, token).

    It belongs to the person with this name, who is added if there is none; or to `person`, whatever the name.
    """
    if not 1 <= days <= TOKEN_DAYS_MAX:
        raise RegistryError(f"a token lasts 1 to {TOKEN_DAYS_MAX} days")
    token, lasts = new_token(), timedelta(days=days)
    async with _transaction(stores) as connection:
        owner = await find_or_add(connection, name) if person is None else await sql.persons.read(connection, person)
        if not isinstance(owner, PersonRow):
            raise RegistryError(owner or f"no person {person}")
        token_id = await sql.access.add_token(
            connection, owner.name, role.value, digest(token), lasts=lasts, authority=authority, person=owner.id
        )
        if token_id is None:
            raise RegistryError(f"no active authority {authority}")
        created = {"token": token_id, "person": owner.id, "name": owner.name, "role": role.value}
        await _note(connection, "token created", **created, authority=authority)
    return token_id, token


async def list_tokens(_: Settings, stores: Stores) -> list[TokenRow]:
    """Return all tokens as stored: digests stand for their texts."""
    async with record(stores) as pool:
        return await sql.access.list_tokens(pool)


async def revoke_token(_: Settings, stores: Stores, token_id: int) -> None:
    """Revoke a token: every server drops it at once, and what it approved or proposed counts no longer."""
    async with _transaction(stores) as connection:
        if not await sql.access.revoke_token(connection, token_id):
            raise RegistryError(f"no active token {token_id}")
        await sql.access.notify_change(connection)
        await _note(connection, "token revoked", token=token_id)


@asynccontextmanager
async def _transaction(stores: Stores) -> AsyncIterator[Connection]:
    async with record(stores) as pool, pool.acquire() as connection, connection.transaction():
        yield connection


async def _note(connection: Connection, action: str, **details: object) -> None:
    """Append to the audit trail, as the last statement of a transaction."""
    event = AuditEvent(actor=COMMAND_LINE, action=action, details=details, terminal=this_terminal())
    await sql.audit.append(connection, event)
