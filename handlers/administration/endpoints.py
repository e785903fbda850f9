"""Sets where an authority hears of what strangers saw, and sends again what nobody took there.

Bounded: one transaction a change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

import sql.audit
import sql.police_events
from handlers.administration.authorities import inactive
from handlers.administration.changing import Administrator, changed
from handlers.auth.webhook_signatures import Vault, new_secret
from handlers.http.problem_codes import ProblemCode
from handlers.http.problems import Refusal
from push.delivery.clearance import on_this_machine

if TYPE_CHECKING:
    from uuid import UUID

    from sql.database import Connection, Pool

URL_MAX: Final = 500
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
PASSES_ON: Final = ("operator", "all")


class Endpoint(NamedTuple):
    """Where an authority is told, and what: `operator` (what one passes on) or `all`."""

    url: str
    passes_on: str


def url_fault(url: str) -> str | None:
    """Return what is wrong with the address of an endpoint: it begins with https, on this machine alone with http.

    It may be in a private network: an administrator sets it, and many police have no other.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "no address"
    if len(url) > URL_MAX or not host or parts.username is not None or any(sign.isspace() for sign in url):
        return "no address: https://host/path, without a user name"
    if parts.scheme != "https" and not (parts.scheme == "http" and host in LOOPBACK):
        return "it begins with https://; http:// is for this machine alone"
    return None


def is_of_this_machine(url: str) -> bool:
    """Tell whether an address means another machine to whoever reads it elsewhere."""
    host = urlsplit(url).hostname or ""
    return host in LOOPBACK or on_this_machine(url)


def link_fault(url: str, base_url: str) -> str | None:
    """Return why an authority could not fetch the photos of which it is told; `base_url`: with which links begin.

    Also where its own address is none, as in a record that nobody wrote so.
    """
    try:
        urlsplit(url)
    except ValueError:
        return "its endpoint has no address that can be read"
    if is_of_this_machine(base_url) and not is_of_this_machine(url):
        return f"[cap] public_url is {base_url}, with which links to photos begin: nobody could fetch them there"
    return None


async def put(
    pool: Pool, by: Administrator, vault: Vault, authority: str, told: Endpoint, base_url: str
) -> str | Refusal:
    """Set where an authority is told, and what of it; returns the secret with which it is signed from now on.

    `base_url`: under which it reaches this server.
    """
    if (fault := url_fault(told.url) or link_fault(told.url, base_url)) is not None:
        return Refusal(ProblemCode.BAD_FIELDS, fault)
    secret = new_secret()

    async def work(connection: Connection) -> str | Refusal:
        if not await sql.police_events.put_endpoint(
            connection, authority, told.url, vault.seal(secret), told.passes_on
        ):
            return inactive(authority)
        event = by.event("authority endpoint set", authority=authority, passes_on=told.passes_on)
        await sql.audit.append(connection, event)
        return secret

    return await changed(pool, by, work)


async def remove(pool: Pool, by: Administrator, authority: str) -> Refusal | None:
    """Tell an authority nothing any more; what was not delivered is dead."""

    async def work(connection: Connection) -> Refusal | None:
        if not await sql.police_events.remove_endpoint(connection, authority):
            return Refusal(ProblemCode.UNKNOWN_AUTHORITY, f"authority {authority} has no endpoint")
        await sql.audit.append(connection, by.event("authority endpoint removed", authority=authority))
        return None

    return await changed(pool, by, work)


async def send_again(pool: Pool, by: Administrator, authority: str, event: UUID) -> Refusal | None:
    """Send a dead event again."""

    async def work(connection: Connection) -> Refusal | None:
        if not await sql.police_events.send_again(connection, authority, event):
            return Refusal(ProblemCode.UNKNOWN_EVENT, f"authority {authority} has no such dead event, or no endpoint")
        done = by.event("police event sent again", authority=authority, event=str(event))
        await sql.audit.append(connection, done)
        return None

    return await changed(pool, by, work)
