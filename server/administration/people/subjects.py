"""Says which person an issuer's subject is, where that is open, with an event in the audit trail.

Bounded: one subject a call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sql.audit
import sql.persons
import sql.subjects
from handlers.console.signing_in.issuer.people import new_person
from server.administration.access import COMMAND_LINE, RegistryError
from server.administration.terminal import this_terminal
from server.stores import record
from sql.audit import AuditEvent

if TYPE_CHECKING:
    from server.settings import Settings
    from server.stores import Stores
    from sql.persons import PersonRow
    from sql.subjects import SubjectRow


async def decide(_: Settings, stores: Stores, subject_id: int, person: int | None) -> PersonRow:
    """Say that a subject is a person, or with None that it is one of its own; returns the person."""
    async with record(stores) as pool, pool.acquire() as connection, connection.transaction():
        await sql.persons.lock(connection)
        subject = await sql.subjects.by_id(connection, subject_id)
        if subject is None:
            raise RegistryError(f"no subject {subject_id}: 'person list' shows them")
        if person is None:
            owner: PersonRow | None = await new_person(connection, subject.name)
        else:
            owner = await sql.persons.read(connection, person)
        if owner is None:
            raise RegistryError(f"no person {person}")
        if not await sql.subjects.give(connection, subject_id, owner.id):
            raise RegistryError(f"subject {subject_id} is person {subject.person} already")
        details = {"subject": subject_id, "person": owner.id, "is_new": person is None}
        event = AuditEvent(actor=COMMAND_LINE, action="subject is a person", details=details, terminal=this_terminal())
        await sql.audit.append(connection, event)
        return owner


async def listed(_: Settings, stores: Stores) -> list[SubjectRow]:
    """Return the subjects of all issuers."""
    async with record(stores) as pool:
        return await sql.subjects.listed(pool)
