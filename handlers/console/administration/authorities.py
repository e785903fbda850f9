"""Authorities: the list, the page of one with everything that can be changed of it, and its jurisdiction for the map.

Bounded: `AUTHORITIES_MAX` a page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from aiohttp import web

from handlers.console.administration.forms import HOME, NOTHING, Failed, Form, done, seen_after
from handlers.console.pages.actions import problem_of
from handlers.console.showing.forms import fields_of
from handlers.operators.administration.asked import administrator_of
from handlers.operators.administration.authorities import AuthoritiesQuery
from handlers.operators.administration.authority_changes import (
    Distrust,
    NewAuthority,
    NewCertificates,
    NewChecklist,
    NewJurisdiction,
    NewReview,
    NewSecret,
    NewTimeZone,
    Revocation,
    Rotation,
    Unpinning,
)
from push.alerts.review import Asked, Review

if TYPE_CHECKING:
    from handlers.console.showing.pages import Pages
    from handlers.http.route import Call
    from handlers.operators.administration.authorities import AuthorityReads
    from handlers.operators.administration.authority_changes import AuthorityChanges

LIST: Final = f"{HOME}/authorities"


class AuthorityPages:
    """`/console/administration/authorities`."""

    def __init__(self, reads: AuthorityReads, changes: AuthorityChanges, pages: Pages) -> None:
        self._reads = reads
        self._pages = pages
        self._new = Form(NewAuthority, changes.add)
        self.forms: Final = {
            "review": Form(NewReview, changes.post_review),
            "checklist": Form(NewChecklist, changes.post_checklist),
            "time-zone": Form(NewTimeZone, changes.post_time_zone),
            "jurisdiction": Form(NewJurisdiction, changes.limit),
            "certificates": Form(NewCertificates, changes.post_certificates),
            "unpinning": Form(Unpinning, changes.post_unpinning),
            "secrets": Form(Rotation, changes.post_secret),
            "revocation": Form(Revocation, changes.post_revocation),
        }

    async def get_all(self, call: Call[None]) -> web.Response:
        """Show the list, and the form that adds one."""
        return await self._list(call, NOTHING)

    async def post_new(self, call: Call[bytes]) -> web.StreamResponse:
        """Add an authority; its secret is shown once."""
        result = await done(call, "new", fields_of(call.body), self._new)
        return await self._list(call, result) if isinstance(result, Failed) else self._once(call, result)

    async def get_one(self, call: Call[None]) -> web.Response:
        """Show an authority."""
        return await self._one(call, NOTHING)

    async def post(self, call: Call[bytes]) -> web.StreamResponse:
        """Do the change that the path ends with."""
        name = call.request.path.rpartition("/")[2]
        result = await done(call, name, fields_of(call.body), self.forms[name])
        if isinstance(result, Failed):
            return await self._one(call, result)
        if isinstance(result, NewSecret):
            return self._once(call, result)
        if isinstance(result, Distrust) and (result.held or result.paused):
            page, of = "administration/distrusted.html", call.authority
            return self._pages.page(call.request, page, authority=of, held=result.held, paused=result.paused)
        return seen_after(f"{LIST}/{quote(call.authority)}", name)

    async def get_jurisdiction(self, call: Call[None]) -> web.Response:
        """Return the jurisdiction for the map."""
        return await self._reads.get_jurisdiction(call)

    def _once(self, call: Call[Any], secret: object) -> web.Response:
        assert isinstance(secret, NewSecret)  # nosec B101 # noqa: S101 - what the form makes
        page, back = "administration/secret.html", f"{LIST}/{secret.id}"
        return self._pages.page(call.request, page, secret=secret.secret, of=secret.id, back=back, kind="secret")

    async def _list(self, call: Call[Any], failed: Failed) -> web.Response:
        refused = administrator_of(call)
        if isinstance(refused, web.Response):
            return self._pages.problem(call.request, 403, "problem.officer")
        after = call.request.query.get("after", "")[:63]
        found = await self._reads.page(AuthoritiesQuery(after=after))
        return self._pages.page(
            call.request,
            "administration/authorities.html",
            failed.status,
            authorities=found.authorities,
            following=found.next,
            failed=failed,
        )

    async def _one(self, call: Call[Any], failed: Failed) -> web.Response:
        answer = await self._reads.get_one(call)
        if isinstance(answer, web.Response):
            key = "problem.officer" if problem_of(answer).status == web.HTTPForbidden.status_code else "problem.unknown"
            return self._pages.problem(call.request, answer.status, key)
        return self._pages.page(
            call.request,
            "administration/authority.html",
            failed.status,
            authority=answer.authority,
            secrets=answer.secrets,
            certificates=answer.certificates,
            jurisdiction=answer.jurisdiction,
            policies=[*Review],
            asked=[*Asked],
            failed=failed,
            done=call.request.query.get("done"),
        )
