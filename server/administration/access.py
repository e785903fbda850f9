"""Runs what `handlers.administration` does for a command: on its stores, in the name of who typed it.

Errors: RegistryError with what was refused. Bounded as the work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import sql.access
from handlers.administration import authorities, certificates, secrets, tokens
from handlers.administration.changing import Administrator
from handlers.administration.secrets import OVERLAP
from handlers.administration.tokens import TOKEN_DAYS, TOKEN_DAYS_MAX, Bearing
from handlers.auth.webhook_signatures import Vault
from handlers.http.problems import Refusal
from server.administration.encryption import encryption_key
from server.administration.terminal import this_terminal
from server.stores import record

if TYPE_CHECKING:
    from handlers.http.roles import Role
    from push.alerts.actions.revocation import Distrusted
    from push.alerts.review import Asked, Review
    from server.settings import Settings
    from server.stores import Stores
    from sql.access import AuthorityRow, TokenRow

__all__ = ["COMMAND_LINE", "OVERLAP", "TOKEN_DAYS", "TOKEN_DAYS_MAX", "RegistryError"]

COMMAND_LINE: Final = "command line"
"""The actor in the audit trail; its details name the user of the operating system."""

T = TypeVar("T")


class RegistryError(Exception):
    """A request that cannot be done, for example because an authority is unknown or exists already."""


def here() -> Administrator:
    """Return who typed the command."""
    return Administrator(actor=COMMAND_LINE, terminal=this_terminal())


def done(result: T | Refusal) -> T:
    """Return what came of it; RegistryError where it was refused."""
    if isinstance(result, Refusal):
        raise RegistryError(result.detail)
    return result


async def add_authority(
    settings: Settings,
    stores: Stores,
    authority: str,
    name: str,
    jurisdiction: bytes | None = None,
    time_zone: str | None = None,
) -> str:
    """Add an authority, with a jurisdiction (WKB) and a time zone of its own if given; returns its first secret."""
    vault = Vault(encryption_key(settings))
    async with record(stores) as pool:
        return done(await authorities.add(pool, here(), vault, authority, name, jurisdiction, time_zone))


async def limit_authority(_: Settings, stores: Stores, authority: str, jurisdiction: bytes | None) -> None:
    """Limit an authority to a jurisdiction (WKB), or lift the limit."""
    async with record(stores) as pool:
        done(await authorities.limit(pool, here(), authority, jurisdiction))


async def set_time_zone(_: Settings, stores: Stores, authority: str, time_zone: str | None) -> None:
    """Set the time zone in which an authority's alerts give times; None: the configured one."""
    async with record(stores) as pool:
        done(await authorities.set_time_zone(pool, here(), authority, time_zone))


async def set_card(_: Settings, stores: Stores, authority: str, *, shows_child: bool | None) -> None:
    """Say whether share cards of an authority's alerts show who is missing; None: as configured."""
    async with record(stores) as pool:
        done(await authorities.set_card(pool, here(), authority, shows_child=shows_child))


async def rotate(settings: Settings, stores: Stores, authority: str) -> str:
    """Add a secret and return it; the earlier ones verify for another `OVERLAP`."""
    async with record(stores) as pool:
        return done(await secrets.rotate(pool, here(), Vault(encryption_key(settings)), authority))


async def review(_: Settings, stores: Stores, authority: str, policy: Review, grace_s: int | None = None) -> None:
    """Set the review policy of an authority."""
    async with record(stores) as pool:
        done(await authorities.set_review(pool, here(), authority, policy, grace_s))


async def set_asks(_: Settings, stores: Stores, authority: str, asks: list[Asked]) -> None:
    """Set which items of the checklist an authority is asked for."""
    async with record(stores) as pool:
        done(await authorities.set_asks(pool, here(), authority, asks))


async def pin(_: Settings, stores: Stores, authority: str, pem: bytes) -> list[str]:
    """Pin certificates (PEM) to an authority; returns their fingerprints. Those that have expired take no room."""
    async with record(stores) as pool:
        return done(await certificates.pin(pool, here(), authority, pem))


async def unpin(
    _: Settings, stores: Stores, authority: str, certificate: str, *, keep_live: bool = False
) -> Distrusted:
    """Unpin a certificate by its fingerprint; what it signed is held or paused, but what is live may be kept."""
    async with record(stores) as pool:
        return done(await certificates.unpin(pool, here(), authority, certificate, keep_live=keep_live))


async def list_authorities(_: Settings, stores: Stores) -> list[AuthorityRow]:
    """Return all authorities."""
    async with record(stores) as pool:
        return await sql.access.list_authorities(pool)


async def revoke_authority(_: Settings, stores: Stores, authority: str, *, keep_live: bool = False) -> Distrusted:
    """Revoke an authority: its signatures and tokens fail from now on.

    What it filed is held or paused until a person decides, but what is live may be kept.
    """
    async with record(stores) as pool:
        return done(await authorities.revoke(pool, here(), authority, keep_live=keep_live))


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
    async with record(stores) as pool:
        return done(await tokens.create(pool, here(), Bearing(role, name, person, authority, days)))


async def list_tokens(_: Settings, stores: Stores) -> list[TokenRow]:
    """Return all tokens as stored: digests stand for their texts."""
    async with record(stores) as pool:
        return await sql.access.list_tokens(pool)


async def revoke_token(_: Settings, stores: Stores, token_id: int, *, keep_live: bool = False) -> Distrusted:
    """Revoke a token: every server drops it at once, and what it approved or proposed counts no longer.

    Returns which alerts wait for a person now.
    """
    async with record(stores) as pool:
        return done(await tokens.revoke(pool, here(), token_id, keep_live=keep_live))
