"""What an administrator changes of authorities: each change is what the command line does, with the same event.

Bounded: `JURISDICTION_BYTES` a request with a jurisdiction, `BODY_BYTES` any other.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from handlers.administration import authorities, certificates, secrets
from handlers.administration.jurisdictions import JurisdictionError, read_jurisdiction
from handlers.alert_answers import Answer
from handlers.http import problems
from handlers.http.decoding import read
from handlers.http.problem_codes import ProblemCode
from handlers.http.problems import Refusal
from handlers.operators.administration.asked import (
    Change,
    ConfirmedChange,
    administrator_of,
    answered,
    bad_field,
    confirmed,
)
from handlers.values.time_zones import zone_of
from push.alerts.review import Asked, Review

if TYPE_CHECKING:
    from handlers.auth.webhook_signatures import Vault
    from handlers.http.route import Call
    from handlers.operators.administration.authorities import AuthorityAnswer, AuthorityReads
    from push.alerts.actions.revocation import Distrusted
    from sql.database import Pool

JURISDICTION_BYTES: Final = 2 * 1024 * 1024
"""Some fifty thousand vertices: a larger file is for the command line."""

Id = Annotated[str, Meta(min_length=1, max_length=63, pattern="^[a-z0-9][a-z0-9-]*$")]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Zone = Annotated[str, Meta(min_length=1, max_length=64)]


class NewAuthority(Change, frozen=True, kw_only=True):
    """An authority to add; `jurisdiction`: GeoJSON, nobody outside of it is reached."""

    id: Id
    name: Name
    time_zone: Zone | None = None
    jurisdiction: dict[str, Any] | None = None


class NewJurisdiction(ConfirmedChange, frozen=True, kw_only=True):
    """A jurisdiction as GeoJSON; or `lifted`, and the alerts of the authority may be anywhere."""

    jurisdiction: dict[str, Any] | None = None
    lifted: bool = False


class NewTimeZone(Change, frozen=True, kw_only=True):
    """A time zone, as Asia/Urumqi; without one the configured one."""

    time_zone: Zone | None = None


class NewReview(Change, frozen=True, kw_only=True):
    """Who reviews the cases that come from now on; `grace_s`: for how long an officer can hold one back."""

    policy: Review
    grace_s: Annotated[int, Meta(ge=1, le=1800)] | None = None


class NewChecklist(Change, frozen=True, kw_only=True):
    """What a case has to say to go out without approval."""

    asks: Annotated[list[Asked], Meta(max_length=len(Asked))]


class Rotation(ConfirmedChange, frozen=True, kw_only=True):
    """`newest_secret`: the newest one that was seen; nothing is done where there is a newer one."""

    newest_secret: Annotated[int, Meta(ge=0, le=2**53)] | None = None


class NewCertificates(Change, frozen=True, kw_only=True):
    """Certificates (PEM) to trust."""

    pem: Annotated[str, Meta(min_length=1, max_length=60_000)]


class Unpinning(ConfirmedChange, frozen=True, kw_only=True):
    """A certificate that is trusted no longer; `keep_live`: what it signed and is live goes on."""

    fingerprint: Annotated[str, Meta(min_length=1, max_length=128)]
    keep_live: bool = False


class Revocation(ConfirmedChange, frozen=True, kw_only=True):
    """`keep_live`: what the authority filed and is live goes on."""

    keep_live: bool = False


class NewSecret(Answer, frozen=True, kw_only=True):
    """A webhook secret, which is shown this once."""

    id: str
    secret: str


class Distrust(Answer, frozen=True, kw_only=True):
    """Which alerts are held until somebody approves or cancels them, which are paused, and of which the end is held."""

    held: list[UUID]
    paused: list[UUID]
    ends: list[UUID]


class AuthorityChanges:
    """Changes authorities."""

    def __init__(self, pool: Pool, vault: Vault, reads: AuthorityReads) -> None:
        self._pool = pool
        self._vault = vault
        self._reads = reads

    async def post_new(self, call: Call[bytes]) -> NewSecret | web.Response:
        """Add an authority; returns its first secret, once."""
        body = await asyncio.to_thread(read, call.body, NewAuthority)
        return _bad(body) if isinstance(body, list) else await self.add(call.with_body(body))

    async def add(self, call: Call[NewAuthority]) -> NewSecret | web.Response:
        """Add an authority; returns its first secret, once."""
        body, by = call.body, administrator_of(call, call.body.reason)
        if isinstance(by, web.Response):
            return by
        zone = None if body.time_zone is None else zone_of(body.time_zone)
        if zone is None and body.time_zone is not None:
            return bad_field("$.time_zone", "no such time zone")
        limit = await _wkb(body.jurisdiction)
        if isinstance(limit, web.Response):
            return limit
        added = await authorities.add(self._pool, by, self._vault, body.id, body.name, limit, zone)
        return answered(added) if isinstance(added, Refusal) else NewSecret(id=body.id, secret=added)

    async def post_jurisdiction(self, call: Call[bytes]) -> AuthorityAnswer | web.Response:
        """Limit an authority to a jurisdiction, or lift the limit."""
        body = await asyncio.to_thread(read, call.body, NewJurisdiction)
        return _bad(body) if isinstance(body, list) else await self.limit(call.with_body(body))

    async def limit(self, call: Call[NewJurisdiction]) -> AuthorityAnswer | web.Response:
        """Limit an authority to a jurisdiction, or lift the limit."""
        body, by = call.body, confirmed(call, call.authority)
        if isinstance(by, web.Response):
            return by
        if body.lifted is (body.jurisdiction is not None):
            return bad_field("$.jurisdiction", "either a jurisdiction or `lifted`")
        limit = await _wkb(body.jurisdiction)
        if isinstance(limit, web.Response):
            return limit
        return await self._then(call, await authorities.limit(self._pool, by, call.authority, limit))

    async def post_time_zone(self, call: Call[NewTimeZone]) -> AuthorityAnswer | web.Response:
        """Set the time zone in which its alerts give times."""
        by, name = administrator_of(call, call.body.reason), call.body.time_zone
        zone = None if name is None else zone_of(name)
        if isinstance(by, web.Response):
            return by
        if zone is None and name is not None:
            return bad_field("$.time_zone", "no such time zone")
        return await self._then(call, await authorities.set_time_zone(self._pool, by, call.authority, zone))

    async def post_review(self, call: Call[NewReview]) -> AuthorityAnswer | web.Response:
        """Set how its cases are reviewed."""
        body, by = call.body, administrator_of(call, call.body.reason)
        if isinstance(by, web.Response):
            return by
        done = await authorities.set_review(self._pool, by, call.authority, body.policy, body.grace_s)
        return await self._then(call, done)

    async def post_checklist(self, call: Call[NewChecklist]) -> AuthorityAnswer | web.Response:
        """Set what its cases have to say to go out without approval."""
        by = administrator_of(call, call.body.reason)
        if isinstance(by, web.Response):
            return by
        return await self._then(call, await authorities.set_asks(self._pool, by, call.authority, call.body.asks))

    async def post_secret(self, call: Call[Rotation]) -> NewSecret | web.Response:
        """Add a secret, which is returned once; the earlier ones verify for seven days more."""
        by = confirmed(call, call.authority)
        if isinstance(by, web.Response):
            return by
        secret = await secrets.rotate(self._pool, by, self._vault, call.authority, call.body.newest_secret)
        return answered(secret) if isinstance(secret, Refusal) else NewSecret(id=call.authority, secret=secret)

    async def post_certificates(self, call: Call[NewCertificates]) -> AuthorityAnswer | web.Response:
        """Trust certificates to sign its CAP messages."""
        by = administrator_of(call, call.body.reason)
        if isinstance(by, web.Response):
            return by
        pinned = await certificates.pin(self._pool, by, call.authority, call.body.pem.encode())
        return await self._then(call, pinned if isinstance(pinned, Refusal) else None)

    async def post_unpinning(self, call: Call[Unpinning]) -> Distrust | web.Response:
        """Trust a certificate no longer; what it signed is held or paused."""
        body, by = call.body, confirmed(call, call.authority)
        if isinstance(by, web.Response):
            return by
        done = await certificates.unpin(self._pool, by, call.authority, body.fingerprint, keep_live=body.keep_live)
        return _distrust(done)

    async def post_revocation(self, call: Call[Revocation]) -> Distrust | web.Response:
        """Revoke an authority; what it filed is held or paused."""
        by = confirmed(call, call.authority)
        if isinstance(by, web.Response):
            return by
        return _distrust(await authorities.revoke(self._pool, by, call.authority, keep_live=call.body.keep_live))

    async def _then(self, call: Call[Any], refused: Refusal | None) -> AuthorityAnswer | web.Response:
        return await self._reads.one(call.authority) if refused is None else answered(refused)


def _distrust(done: Distrusted | Refusal) -> Distrust | web.Response:
    return answered(done) if isinstance(done, Refusal) else Distrust(held=done.held, paused=done.paused, ends=done.ends)


def _bad(errors: list[problems.FieldError]) -> web.Response:
    detail = "the request has bad fields; nothing was changed"
    return problems.response(ProblemCode.BAD_FIELDS, detail, errors)


async def _wkb(geojson: dict[str, Any] | None) -> bytes | web.Response | None:
    """Return a jurisdiction as it is stored, None without one; or what is wrong with it."""
    if geojson is None:
        return None
    try:
        return await asyncio.to_thread(read_jurisdiction, msgspec.json.encode(geojson))
    except JurisdictionError as error:
        return bad_field("$.jurisdiction", str(error))
