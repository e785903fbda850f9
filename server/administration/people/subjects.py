"""Says which person an issuer's subject is, where that is open, for a command.

Bounded: one subject a call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sql.subjects
from handlers.console.administration import subjects
from server.administration.access import done, here
from server.stores import record

if TYPE_CHECKING:
    from server.settings import Settings
    from server.stores import Stores
    from sql.persons import PersonRow
    from sql.subjects import SubjectRow


async def decide(_: Settings, stores: Stores, subject_id: int, person: int | None) -> PersonRow:
    """Say that a subject is a person, or with None that it is one of its own; returns the person."""
    async with record(stores) as pool:
        return done(await subjects.decide(pool, here(), subject_id, person))


async def listed(_: Settings, stores: Stores) -> list[SubjectRow]:
    """Return the subjects of all issuers."""
    async with record(stores) as pool:
        return await sql.subjects.listed(pool)
