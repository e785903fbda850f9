"""`/v1/authorities`: what authorities there are, and how each stands.

Bounded: `AUTHORITIES_MAX` an answer, the secrets and certificates of one by `sql.administration`.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta

import sql.access
import sql.administration
from handlers.administration import jurisdictions
from handlers.administration.authorities import AUTHORITIES_MAX, unknown
from handlers.alert_answers import Answer
from handlers.http import problems
from handlers.http.problem_codes import ProblemCode
from handlers.http.problems import UnreadableAuthorityError
from handlers.operators.administration.asked import administrator_of, answered
from push.alerts.review import Asked, Review, known

if TYPE_CHECKING:
    from handlers.http.route import Call
    from sql.administration import AuthorityState
    from sql.database import Pool

GEOJSON = "application/geo+json"


class AuthoritiesQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """After which id the page begins, and how many it has at most."""

    after: Annotated[str, Meta(max_length=63)] = ""
    limit: Annotated[int, Meta(ge=1, le=AUTHORITIES_MAX)] = AUTHORITIES_MAX


class Authority(Answer, frozen=True, kw_only=True):
    """An authority; `secrets` counts those that verify, `certificates` all that are pinned.

    `newest_secret` numbers its newest secret; `certificate_ends_at`: the first end of one that has not expired.
    """

    id: str
    name: str
    created_at: datetime
    revoked_at: datetime | None
    limited: bool
    review: Review
    grace_s: int
    time_zone: str | None
    asks: list[Asked]
    secrets: int
    newest_secret: int | None
    newest_secret_at: datetime | None
    certificates: int
    certificate_ends_at: datetime | None


class AuthoritiesAnswer(Answer, frozen=True, kw_only=True):
    """Authorities by id; `next` is the id to go on after, null at the end."""

    authorities: list[Authority]
    next: str | None


class Secret(Answer, frozen=True, kw_only=True):
    """A webhook secret, without what it is; without an end it verifies until it is rotated."""

    id: int
    created_at: datetime
    expires_at: datetime | None


class Certificate(Answer, frozen=True, kw_only=True):
    """A certificate that may sign CAP messages."""

    fingerprint: str
    pinned_at: datetime
    not_after: datetime


class Jurisdiction(Answer, frozen=True, kw_only=True):
    """A jurisdiction in numbers; `bounds`: west, south, east, north in degrees."""

    polygons: int
    vertices: int
    bounds: list[float]


class AuthorityAnswer(Answer, frozen=True, kw_only=True):
    """One authority, with its secrets and certificates, newest first, and its jurisdiction.

    That is null without one, and where it cannot be read: `limited` says which.
    """

    authority: Authority
    secrets: list[Secret]
    certificates: list[Certificate]
    jurisdiction: Jurisdiction | None


class AuthorityReads:
    """Reads authorities."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def get_all(self, call: Call[None]) -> AuthoritiesAnswer | web.Response:
        """Return a page of authorities."""
        by = administrator_of(call)
        return by if isinstance(by, web.Response) else await self.page(call.query)

    async def page(self, query: AuthoritiesQuery) -> AuthoritiesAnswer:
        """Return a page of authorities."""
        found = await sql.administration.authorities(self._pool, query.after, query.limit + 1)
        following = found[query.limit - 1].id if len(found) > query.limit else None
        return AuthoritiesAnswer(authorities=[authority_of(one) for one in found[: query.limit]], next=following)

    async def get_one(self, call: Call[Any]) -> AuthorityAnswer | web.Response:
        """Return one authority."""
        by = administrator_of(call)
        return by if isinstance(by, web.Response) else await self.one(call.authority)

    async def one(self, authority: str) -> AuthorityAnswer | web.Response:
        """Return one authority."""
        state = await sql.administration.authority(self._pool, authority)
        if state is None:
            return answered(unknown(authority))
        secrets = await sql.administration.secrets(self._pool, authority)
        certificates = await sql.administration.certificates(self._pool, authority)
        return AuthorityAnswer(
            authority=authority_of(state),
            secrets=[Secret(**msgspec.structs.asdict(one)) for one in secrets],
            certificates=[Certificate(**msgspec.structs.asdict(one)) for one in certificates],
            jurisdiction=await self._jurisdiction(authority) if state.limited else None,
        )

    async def _jurisdiction(self, authority: str) -> Jurisdiction | None:
        wkb = (await sql.access.terms_of(self._pool, authority)).jurisdiction
        if wkb is None:
            return None
        try:
            shown = await asyncio.to_thread(jurisdictions.shown, wkb)
        except UnreadableAuthorityError:
            return None
        return Jurisdiction(polygons=shown.polygons, vertices=shown.vertices, bounds=list(shown.bounds))

    async def get_jurisdiction(self, call: Call[None]) -> web.Response:
        """Return the jurisdiction of an authority as GeoJSON, simplified for a map."""
        by = administrator_of(call)
        if isinstance(by, web.Response):
            return by
        if await sql.administration.authority(self._pool, call.authority) is None:
            return answered(unknown(call.authority))
        wkb = (await sql.access.terms_of(self._pool, call.authority)).jurisdiction
        if wkb is None:
            return problems.response(ProblemCode.NOT_LIMITED, "the authority has no jurisdiction")
        body = await asyncio.to_thread(jurisdictions.as_geojson, wkb)
        return web.Response(body=body, content_type=GEOJSON)


def authority_of(state: AuthorityState) -> Authority:
    """Return an authority as it is answered."""
    readable = msgspec.structs.replace(state, asks=[one.value for one in known(Asked, state.asks)])
    return msgspec.convert(readable, Authority, from_attributes=True)
