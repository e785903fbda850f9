"""Creates and revokes bearer tokens: a new one is returned once, and stored as a digest.

Bounded: a token lasts `TOKEN_DAYS` by default, and `TOKEN_DAYS_MAX` at most; `TOKENS_MAX` tokens a page.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

import sql.access
import sql.administration
import sql.audit
import sql.persons
from handlers.administration.authorities import inactive
from handlers.administration.changing import Administrator, changed
from handlers.auth.token_store import digest, new_token
from handlers.http.problem_codes import ProblemCode
from handlers.http.problems import Refusal
from push.alerts.actions.revocation import Distrusted, distrust_token
from push.alerts.people.persons import find_or_add
from sql.persons import PersonRow

if TYPE_CHECKING:
    from handlers.http.roles import Role
    from sql.database import Connection, Pool

TOKEN_DAYS: Final = 365
TOKEN_DAYS_MAX: Final = 1095
TOKENS_MAX: Final = 200


class NewToken(NamedTuple):
    """A token that was created: its id, which revokes it, and its text."""

    id: int
    token: str


class Bearing(NamedTuple):
    """What a token is for: its role, whose it is by name or by the id of the person, and of which authority.

    `newest`: the newest token that somebody saw; where that person has got one of that role since, none is created.
    """

    role: Role
    name: str = ""
    person: int | None = None
    authority: str | None = None
    days: int = TOKEN_DAYS
    newest: int | None = None


async def create(pool: Pool, by: Administrator, wanted: Bearing) -> NewToken | Refusal:
    """Create a bearer token that expires after `days`, for an officer of `authority` if given.

    It belongs to the person with this name, who is added if there is none; or to `person`, whatever the name.
    """
    if not 1 <= wanted.days <= TOKEN_DAYS_MAX:
        return Refusal(ProblemCode.BAD_FIELDS, f"a token lasts 1 to {TOKEN_DAYS_MAX} days")
    token, lasts, role = new_token(), timedelta(days=wanted.days), wanted.role.value

    async def work(connection: Connection) -> NewToken | Refusal:
        owner = await _owner(connection, wanted)
        if isinstance(owner, Refusal):
            return owner
        if wanted.newest is not None:
            since = await sql.administration.tokens(connection, wanted.newest, TOKENS_MAX, standing=True)
            if any((one.person, one.role) == (owner.id, role) for one in since):
                return Refusal(ProblemCode.TOKEN_EXISTS, "this person has got such a token meanwhile; look at the list")
        token_id = await sql.access.add_token(
            connection, owner.name, role, digest(token), lasts=lasts, authority=wanted.authority, person=owner.id
        )
        if token_id is None:
            return inactive(f"{wanted.authority}")
        created = {"token": token_id, "person": owner.id, "name": owner.name, "role": role}
        await sql.audit.append(connection, by.event("token created", **created, authority=wanted.authority))
        return NewToken(token_id, token)

    return await changed(pool, by, work)


async def _owner(connection: Connection, wanted: Bearing) -> PersonRow | Refusal:
    if wanted.person is None:
        found = await find_or_add(connection, wanted.name)
        return found if isinstance(found, PersonRow) else Refusal(ProblemCode.UNUSABLE_NAME, found)
    person = await sql.persons.read(connection, wanted.person)
    return person or Refusal(ProblemCode.UNKNOWN_PERSON, f"no person {wanted.person}")


async def revoke(
    pool: Pool, by: Administrator, token_id: int, name: str | None = None, *, keep_live: bool = False
) -> Distrusted | Refusal:
    """Revoke a token: every server drops it at once, and what it approved or proposed counts no longer.

    What is sent because of it is paused until a person decides, but may be kept. `name`: whose token it is, as typed,
    where it was asked for.
    """

    async def work(connection: Connection) -> Distrusted | Refusal:
        if name is not None:
            found = await sql.administration.tokens(connection, token_id - 1, 1, standing=False)
            if found and found[0].id == token_id and found[0].name != name:
                return Refusal(ProblemCode.WRONG_CONFIRMATION, "what was typed is not the name on this token")
        if not await sql.access.revoke_token(connection, token_id):
            return Refusal(ProblemCode.UNKNOWN_TOKEN, f"no active token {token_id}")
        done = Distrusted(held=[], paused=[], ends=[], events=[])
        if not keep_live:
            done = await distrust_token(connection, token_id, by.actor)
        await sql.access.notify_change(connection)
        event = by.event(
            "token revoked", token=token_id, paused=len(done.paused), ends=len(done.ends), keep_live=keep_live
        )
        await sql.audit.append(connection, event, *map(by.as_theirs, done.events))
        return done

    return await changed(pool, by, work)
