"""Finds the person of a subject, and the token in whose name it acts.

A subject is a person of its own, whatever its name: a name at the issuer can often be changed by who has it. Only where
somebody with a valid token is called the same, or looks the same, an administrator says first whether that is the same
person (`qq-alert person`), because two persons may approve together. Bounded: `NUMBERS_MAX` people of one name.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final, NamedTuple

import sql.access
import sql.persons
import sql.subjects
from handlers.auth.token_store import TOKEN_BYTES
from push.alerts.people.names import NAME_MAX, folded_name, skeleton

if TYPE_CHECKING:
    from datetime import timedelta

    from handlers.console.signing_in.issuer.roles import Standing
    from sql.database import Connection
    from sql.persons import PersonRow
    from sql.subjects import SubjectRow

NUMBERS_MAX: Final = 10_000
UNNAMED: Final = "unnamed"
"""What somebody is called of whom the issuer says nothing that is a name; a number follows."""


class Acting(NamedTuple):
    """In whose name somebody acts."""

    token_id: int
    name: str


class Undecided(NamedTuple):
    """An administrator has to say first which person a subject is."""

    subject_id: int


class NoSuchAuthority(NamedTuple):
    """The group of somebody names an authority that is unknown or revoked."""

    authority: str


async def known(connection: Connection, issuer: str, subject: str, name: str | None) -> SubjectRow:
    """Return a subject, added with its person at its first sign-in."""
    found = await sql.subjects.find(connection, issuer, subject)
    if found is not None:
        return found
    await sql.persons.lock(connection)
    # Another sign-in of the same person may have come first.
    found = await sql.subjects.find(connection, issuer, subject)
    if found is not None:
        return found
    if name is not None and await sql.subjects.namesake(connection, folded_name(name), skeleton(name)) is not None:
        return await sql.subjects.add(connection, issuer, subject, name, None)
    person = await new_person(connection, name)
    return await sql.subjects.add(connection, issuer, subject, person.name, person.id)


async def new_person(connection: Connection, name: str | None) -> PersonRow:
    """Add a person, with a number after a name that is taken or looks like one that is; the caller has the lock."""
    for number in range(1, NUMBERS_MAX):
        tail = "" if number == 1 and name is not None else f" {number}"
        called = f"{(name or UNNAMED)[: NAME_MAX - len(tail)]}{tail}"
        folded, looks = folded_name(called), skeleton(called)
        if await sql.persons.find(connection, folded, looks) is None:
            return await sql.persons.add(connection, called, folded, looks)
    raise RuntimeError("as many people of one name as there may be")


async def acting(
    connection: Connection, subject: SubjectRow, standing: Standing, lasts: timedelta
) -> Acting | Undecided | NoSuchAuthority:
    """Return the token of a subject with what it may do now; tokens with anything else are revoked.

    What was approved with those counts no longer.
    """
    person = None if subject.person is None else await sql.persons.read(connection, subject.person)
    if person is None:
        return Undecided(subject.id)
    role, authority = standing.role.value, standing.authority
    kept: int | None = None
    for one in await sql.subjects.tokens(connection, subject.id):
        if (one.role, one.authority) == (role, authority) and kept is None:
            kept = one.id
            continue
        await sql.access.revoke_token(connection, one.id)
        await sql.access.notify_change(connection)
    if kept is not None:
        await sql.subjects.extend_token(connection, kept, lasts)
        return Acting(kept, person.name)
    # Nobody has a text of which this would be the digest.
    digest = secrets.token_bytes(TOKEN_BYTES)
    added = await sql.subjects.add_token(connection, subject, person.name, digest, role, authority, lasts)
    return NoSuchAuthority(authority or "") if added is None else Acting(added, person.name)
