"""Makes links by which people sign in at the demo's console.

Bounded: a link lasts `LINK_LASTS`, and signs in once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.console.signing_in.sign_in import LINK_LASTS, add_link
from handlers.http.roles import Role
from server.administration import access
from server.stores import record

if TYPE_CHECKING:
    from server.demo.world import World

HOME = "/console"
LINK_MINUTES = round(LINK_LASTS.total_seconds() / 60)


async def sign_in_link(world: World, name: str, role: Role = Role.ADMIN) -> str:
    """Return a link that signs a new person in at the console, once."""
    token_id, _ = await access.create_token(world.settings, world.stores, role, name)
    async with record(world.stores) as pool:
        return world.server_url + await add_link(pool, token_id)
