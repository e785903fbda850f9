"""Who signs in by an issuer, and which persons they are, where an administrator has to say so.

The command line does the same by `decide`, with the same event. Bounded: one subject a decision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from aiohttp import web
from msgspec import Meta

import sql.audit
import sql.persons
import sql.subjects
from handlers.administration.changing import changed
from handlers.console.administration.forms import HOME, NOTHING, Failed, Form, done, seen_after
from handlers.console.showing.forms import fields_of
from handlers.console.signing_in.issuer.people import new_person
from handlers.http.problem_codes import ProblemCode
from handlers.http.problems import Refusal
from handlers.operators.administration.asked import Change, administrator_of, answered, bad_field

if TYPE_CHECKING:
    from handlers.administration.changing import Administrator
    from handlers.console.showing.pages import Pages
    from handlers.http.route import Call
    from sql.database import Connection, Pool
    from sql.persons import PersonRow

PAGE: Final = f"{HOME}/people"
ID_MAX: Final = 2**53


class Decision(Change, frozen=True, kw_only=True):
    """Which person a subject is: one who has a token, or with `new` somebody else. The subject's name, typed."""

    subject: Annotated[int, Meta(ge=1, le=ID_MAX)]
    person: Annotated[int, Meta(ge=1, le=ID_MAX)] | None = None
    new: bool = False
    confirmation: Annotated[str, Meta(min_length=1, max_length=200)]


async def decide(
    pool: Pool, by: Administrator, subject_id: int, person: int | None, name: str | None = None
) -> PersonRow | Refusal:
    """Say that a subject is a person, or with None that it is one of its own; returns the person.

    `name`: the subject's name, as typed, where it was asked for.
    """

    async def work(connection: Connection) -> PersonRow | Refusal:
        await sql.persons.lock(connection)
        subject = await sql.subjects.by_id(connection, subject_id)
        if subject is None:
            return Refusal(ProblemCode.UNKNOWN_PERSON, f"no subject {subject_id}: 'person list' shows them")
        if name is not None and name != subject.name:
            return Refusal(ProblemCode.WRONG_CONFIRMATION, "what was typed is not the name of this subject")
        if person is None:
            owner: PersonRow | None = await new_person(connection, subject.name)
        else:
            owner = await sql.persons.read(connection, person)
        if owner is None:
            return Refusal(ProblemCode.UNKNOWN_PERSON, f"no person {person}")
        if not await sql.subjects.give(connection, subject_id, owner.id):
            return Refusal(ProblemCode.NOTHING_NEW, f"subject {subject_id} is person {subject.person} already")
        event = by.event("subject is a person", subject=subject_id, person=owner.id, is_new=person is None)
        await sql.audit.append(connection, event)
        return owner

    return await changed(pool, by, work)


class SubjectPages:
    """`/console/administration/people`."""

    def __init__(self, pool: Pool, pages: Pages) -> None:
        self._pool = pool
        self._pages = pages
        self._decision = Form(Decision, self._decide)

    async def get(self, call: Call[None]) -> web.Response:
        """Show who signs in by an issuer."""
        return await self._page(call, NOTHING)

    async def post(self, call: Call[bytes]) -> web.StreamResponse:
        """Say which person somebody is."""
        result = await done(call, "decision", fields_of(call.body), self._decision)
        return await self._page(call, result) if isinstance(result, Failed) else seen_after(PAGE, "decision")

    async def _decide(self, call: Call[Decision]) -> web.Response:
        body, by = call.body, administrator_of(call, call.body.reason)
        if isinstance(by, web.Response):
            return by
        if (body.person is None) is not body.new:
            return bad_field("$.person", "either a person, or somebody else")
        decided = await decide(self._pool, by, body.subject, body.person, body.confirmation)
        return answered(decided) if isinstance(decided, Refusal) else web.Response(status=204)

    async def _page(self, call: Call[Any], failed: Failed) -> web.Response:
        if isinstance(administrator_of(call), web.Response):
            return self._pages.problem(call.request, 403, "problem.officer")
        subjects = await sql.subjects.listed(self._pool)
        return self._pages.page(
            call.request,
            "administration/people.html",
            failed.status,
            subjects=subjects,
            undecided=[one for one in subjects if one.person is None],
            failed=failed,
            done=call.request.query.get("done"),
        )
