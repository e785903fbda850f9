"""Limits the requests of a token and the webhooks of an authority; all processes keep one limit.

A request is the unit, whatever it holds: a request of 10,000 reports costs one round trip to Redis more. While Redis
does not answer, each process keeps the limits by itself and nothing is refused for that. Whatever Redis holds, nobody
is told to wait longer than a whole burst takes to come back.

Bounded: `TIMEOUT_S` for Redis, which is then left alone for `ALONE_S`; `KEYS_MAX` allowances kept meanwhile.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
import structlog
from msgspec import Meta
from redis.exceptions import RedisError

from geo.connection import UNAVAILABLE_ERRORS
from geo.index.checks.unreadable import UnreadableKind, unreadable_of
from geo.index.scripts import register
from handlers.auth.allowance import Allowances, Rate
from handlers.http.roles import Role
from runtime.tasks import raise_if_cancelled

if TYPE_CHECKING:
    from geo.connection import Client

TIMEOUT_S: Final = 0.25
ALONE_S: Final = 5.0
KEYS_MAX: Final = 10_000
MICROSECONDS: Final = 1_000_000
HOUR_S: Final = 3600

ESTIMATES_PER_HOUR: Final = 30
"""More than the places of one case that somebody compares; far fewer than a search for somebody takes."""

FEEDS_PER_TOKEN: Final = 8
FEEDS_PER_PERSON: Final = 16
"""A few browsers and a wall screen; one person has two tokens while one takes the place of the other."""

FEEDS_PER_ADDRESS: Final = 256
"""A whole control centre behind one address."""

Feeds = Annotated[int, Meta(ge=1, le=100_000)]
Often = Annotated[int, Meta(ge=1, le=1_000_000)]

_log = structlog.get_logger("handlers.auth.limits")


class LimitSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Requests of a token on the platform's routes and on all others, signed webhooks of an authority, and failures.

    `estimates_per_hour` of a token, all of which may come at once. `feeds_per_token`, `feeds_per_person` (all their
    tokens) and `feeds_per_address` (where `per_address` is on): feeds that each server keeps; the oldest gives way.

    `failures_per_minute`: wrong signatures and tokens, and what cannot be read, from one remote address; `connections`:
    open ones in all, and `connections_per_address` of one, as far as the process has descriptors for them.
    `per_address` off where a proxy stands in front of the server, because then all requests come from the proxy's
    address. More than `failed_signatures` of an authority, or `failed_tokens`, within `failed_window_s` are an alarm,
    until it was quiet for as long. The headers of a request are there within `headers_s`, and its body within `body_s`
    more, or later where it is large and keeps coming; its answer is read within `response_s`, or later where it is
    large.
    """

    platform_per_s: Often = 2000
    platform_burst: Often = 4000
    people_per_s: Often = 100
    people_burst: Often = 2000
    webhooks_per_minute: Often = 600
    per_address: bool = True
    connections: Annotated[int, Meta(ge=16, le=1_000_000)] = 10_000
    estimates_per_hour: Annotated[int, Meta(ge=1, le=10_000)] = ESTIMATES_PER_HOUR
    feeds_per_token: Feeds = FEEDS_PER_TOKEN
    feeds_per_person: Feeds = FEEDS_PER_PERSON
    feeds_per_address: Feeds = FEEDS_PER_ADDRESS
    headers_s: Annotated[float, Meta(ge=0.1, le=300)] = 15.0
    body_s: Annotated[float, Meta(ge=0.1, le=300)] = 25.0
    response_s: Annotated[float, Meta(ge=0.1, le=300)] = 25.0
    connections_per_address: Annotated[int, Meta(ge=1, le=1_000_000)] = 1000
    failures_per_minute: Often = 300
    failed_signatures: Annotated[int, Meta(ge=1, le=10_000)] = 20
    failed_tokens: Annotated[int, Meta(ge=1, le=10_000)] = 20
    failed_window_s: Annotated[float, Meta(ge=0.1, le=86_400)] = 300.0


def per_minute(number: int) -> Rate:
    """Return the rate of so many a minute, all of which may come at once."""
    return Rate(number / 60, number)


class Limits:
    """The limits of tokens and authorities."""

    def __init__(self, client: Client, settings: LimitSettings, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._request = register(client, "request", "handlers.auth")
        self._unreadable = unreadable_of(client)
        self._platform = Rate(settings.platform_per_s, settings.platform_burst)
        self._people = Rate(settings.people_per_s, settings.people_burst)
        self._webhooks = per_minute(settings.webhooks_per_minute)
        self._estimates = Rate(settings.estimates_per_hour / HOUR_S, settings.estimates_per_hour)
        self._own = Allowances(KEYS_MAX)
        self._alone_until_s = 0.0
        self.refused: dict[str, int] = {"token": 0, "authority": 0, "documents": 0, "estimates": 0}

    async def token(self, token_id: int, role: Role) -> float:
        """Count a request of a token on a route with `role`; returns 0.0, or how many seconds to wait."""
        # By the route, so that an administrator who reports devices has the platform's limit there.
        if role is Role.PLATFORM:
            return await self._take("token", f"{token_id}:platform", self._platform)
        return await self._take("token", str(token_id), self._people)

    async def authority(self, authority: str) -> float:
        """Count a webhook whose signature verified; returns 0.0, or how many seconds to wait."""
        return await self._take("authority", authority, self._webhooks)

    async def documents(self, authority: str, peer: str, *, is_copy: bool) -> float:
        """Count a signed document from an address (empty: nobody knows); returns 0.0, or how many seconds to wait.

        `is_copy`: one that was taken before, of which there are as many beside those that are new.
        """
        return await self._take("documents", f"{authority}:{peer}{':copies' if is_copy else ''}", self._webhooks)

    async def estimate(self, token_id: int) -> float:
        """Count an estimate of a token; returns 0.0, or how many seconds to wait."""
        return await self._take("estimates", str(token_id), self._estimates)

    async def _take(self, kind: str, name: str, rate: Rate) -> float:
        key = f"limit:{kind}:{name}"
        wait_s = await self._shared(key, rate)
        if wait_s is None:
            wait_s = self._own.take(key, rate)
        self.refused[kind] += wait_s > 0
        return wait_s

    async def _shared(self, key: str, rate: Rate) -> float | None:
        """Ask Redis; None while it does not answer."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._alone_until_s:
            return None
        try:
            async with asyncio.timeout(self._timeout_s):
                wait_us, unreadable = await self._request(
                    keys=[key], args=[round(rate.cost_s * MICROSECONDS), rate.burst]
                )
        except (*UNAVAILABLE_ERRORS, RedisError, TimeoutError) as error:
            raise_if_cancelled()
            # No request waits for it again at once: a Redis that is slow must not slow every request.
            self._alone_until_s = loop.time() + ALONE_S
            _log.warning("limits.alone", error=type(error).__name__, for_s=ALONE_S)
            return None
        raise_if_cancelled()
        self._unreadable.report(UnreadableKind.LIMIT, unreadable)
        return min(float(wait_us) / MICROSECONDS, rate.burst * rate.cost_s)
