"""Lists passkeys, and removes those that are lost, with an event in the audit trail.

Bounded: `sql.passkeys.PER_PERSON_MAX` a person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sql.audit
import sql.passkeys
from server.administration.access import COMMAND_LINE, RegistryError
from server.administration.terminal import this_terminal
from server.stores import record
from sql.audit import AuditEvent

if TYPE_CHECKING:
    from server.settings import Settings
    from server.stores import Stores
    from sql.passkeys import PasskeyRow


async def listed(_: Settings, stores: Stores, person: int | None) -> list[PasskeyRow]:
    """Return the passkeys of a person, or of all."""
    async with record(stores) as pool:
        return await sql.passkeys.listed(pool, person)


async def remove(_: Settings, stores: Stores, passkey: int, reason: str) -> None:
    """Remove a passkey; RegistryError where there is no such one."""
    async with record(stores) as pool, pool.acquire() as connection, connection.transaction():
        person = await sql.passkeys.remove(connection, passkey)
        if person is None:
            raise RegistryError(f"no passkey {passkey}: 'passkey list' shows them")
        details = {"passkey": passkey, "person": person}
        terminal = this_terminal()
        event = AuditEvent(
            actor=COMMAND_LINE, action="passkey removed", reason=reason, details=details, terminal=terminal
        )
        await sql.audit.append(connection, event)
