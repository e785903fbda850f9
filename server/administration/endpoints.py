"""Runs what `handlers.administration.endpoints` does for a command, in the name of who typed it.

Errors: RegistryError with what was refused. Bounded as the work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sql.police_events
from handlers.administration import endpoints
from handlers.auth.webhook_signatures import Vault
from server.administration.access import done, here
from server.administration.encryption import encryption_key
from server.stores import record

if TYPE_CHECKING:
    from uuid import UUID

    from server.settings import Settings
    from server.stores import Stores
    from sql.police_events import EventRow


async def put(settings: Settings, stores: Stores, authority: str, url: str, passes_on: str) -> str:
    """Set where an authority is told what; returns the secret with which it is signed."""
    vault = Vault(encryption_key(settings))
    async with record(stores) as pool:
        told, base_url = endpoints.Endpoint(url, passes_on), settings.cap.public_url
        return done(await endpoints.put(pool, here(), vault, authority, told, base_url))


async def remove(_: Settings, stores: Stores, authority: str) -> None:
    """Tell an authority nothing any more."""
    async with record(stores) as pool:
        done(await endpoints.remove(pool, here(), authority))


async def events(_: Settings, stores: Stores, authority: str, *, dead: bool) -> list[EventRow]:
    """Return what an authority was told, or what nobody took."""
    async with record(stores) as pool:
        return await sql.police_events.listed(pool, authority, dead=dead)


async def send_again(_: Settings, stores: Stores, authority: str, event: UUID) -> None:
    """Send a dead event again."""
    async with record(stores) as pool:
        done(await endpoints.send_again(pool, here(), authority, event))
