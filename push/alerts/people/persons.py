"""Persons: finds or adds the person of a name, and gives persons to tokens that have none yet.

A rule that asks for two people compares the ids of persons. Bounded: `sql.persons.MISSING_MAX` names at once.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import structlog

import sql.persons
from push.alerts.name_matching import folded
from push.alerts.people.names import displayed, fault_of, folded_name, skeleton

if TYPE_CHECKING:
    from sql.database import Connection, Pool
    from sql.persons import PersonRow

_log = structlog.get_logger("push.alerts.people.persons")


async def find_or_add(connection: Connection, name: str) -> PersonRow | str:
    """Return the person of a name, added if there is none, within the caller's transaction; or why it is not taken."""
    if (fault := fault_of(name)) is not None:
        return fault
    await sql.persons.lock(connection)
    compared = folded_name(name)
    found = await sql.persons.find(connection, compared, skeleton(name))
    if found is None:
        return await sql.persons.add(connection, displayed(name), compared, skeleton(name))
    if found.folded != compared:
        return (
            f"the name looks like that of person {found.id}: --person {found.id} if it is the same, else another name"
        )
    return found


async def adopt(pool: Pool) -> None:
    """Give a person to every token that has none: one of a server that did not know persons.

    Names of that time may be any: one that only looks like another's is taken for the same person.
    """
    async with pool.acquire() as connection, connection.transaction():
        names = await sql.persons.missing(connection)
        if not names:
            return
        await sql.persons.lock(connection)
        for name in names:
            compared = folded_name(name) or name
            found = await sql.persons.find(connection, compared, skeleton(name))
            person = found or await sql.persons.add(connection, displayed(name), compared, skeleton(name))
            await sql.persons.give(connection, name, person.id, (compared, folded(name), _before(name)))
    _log.info("persons.adopted", names=len(names))


def _before(name: str) -> str:
    """Return a name as servers without persons compared it."""
    plain = unicodedata.normalize("NFKC", name.casefold())
    return "".join(sign for sign in plain if sign.isalnum())
