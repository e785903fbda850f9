"""Serves the feed of public alerts, and each of them as signed CAP.

For partners and media; put a cache in front of it. Bounded: 200 alerts of `PUBLISHED`, as many signed messages kept.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from aiohttp import web

import sql.public
from handlers.http import problems
from handlers.http.problem_codes import ProblemCode
from handlers.http.requests import unknown_public_alert
from handlers.public.atom import Feed, atom_of
from handlers.public.messages import entry_of, identifier_of, message_of
from sql.public import LIST_LIMIT

if TYPE_CHECKING:
    from uuid import UUID

    from handlers.cap.signing import Signer
    from handlers.http.route import Call
    from handlers.public.messages import Publisher
    from sql.database import Pool
    from sql.public import PublicAlert

PUBLISHED: Final = timedelta(days=30)
MAX_AGE_S: Final = 15
"""How long a cache may keep an answer: an alert's end is to be known everywhere soon."""

FEED_KEPT_S: Final = 0.5
"""For how long the feed is not made anew, however often it is asked for: 200 large areas take a fifth of a second."""

UNSIGNED: Final = "no key to sign with is configured ([cap] key_file)"


class Public:
    """`GET /v1/public/alerts.atom` and `GET /v1/public/alerts/{id}/cap`."""

    def __init__(self, pool: Pool, publisher: Publisher, signer: Signer | None) -> None:
        self._pool = pool
        self._publisher = publisher
        self._signer = signer
        self._feed, self._feed_until_s = b"", 0.0
        self._signed: OrderedDict[UUID, tuple[str, bytes]] = OrderedDict()

    async def get_feed(self, call: Call[None]) -> web.Response:
        """Return the feed."""
        if self._signer is None:
            return problems.response(ProblemCode.NOT_PUBLISHED, UNSIGNED)
        now_s = asyncio.get_running_loop().time()
        if self._feed_until_s <= now_s:
            self._feed, self._feed_until_s = await self._atom(), now_s + FEED_KEPT_S
        return _cached(call.request, self._feed, "application/atom+xml")

    async def _atom(self) -> bytes:
        alerts = await sql.public.public_alerts(self._pool, PUBLISHED)
        url = f"{self._publisher.public_url}/v1/public/alerts.atom"
        feed = Feed(
            id=url,
            title=self._publisher.sender_name,
            author=self._publisher.sender_name,
            link=url,
            updated=datetime(2026, 1, 1, tzinfo=UTC),
            entries=tuple(entry_of(alert, self._publisher) for alert in alerts),
        )
        return atom_of(feed)

    async def get_cap(self, call: Call[None]) -> web.Response:
        """Return one alert's signed message."""
        if self._signer is None:
            return problems.response(ProblemCode.NOT_PUBLISHED, UNSIGNED)
        found = await sql.public.public_alerts(self._pool, PUBLISHED, call.alert_id)
        if not found:
            return unknown_public_alert()
        return _cached(call.request, await self._message(self._signer, found[0]), "application/cap+xml")

    async def _message(self, signer: Signer, alert: PublicAlert) -> bytes:
        """Return the signed message, signed once for each message and area, and once more without the child's data."""
        key = f"{identifier_of(alert)} {len(alert.content)} {alert.radius_km} {alert.whole} {alert.expires}"
        known = self._signed.get(alert.id)
        if known is None or known[0] != key:
            # Signing computes for a millisecond or more, which the sends should not wait for.
            signed = await asyncio.to_thread(signer.signed, message_of(alert, self._publisher))
            known = self._signed[alert.id] = (key, signed)
        self._signed.move_to_end(alert.id)
        if len(self._signed) > LIST_LIMIT:
            self._signed.popitem(last=False)
        return known[1]


def _cached(request: web.Request, body: bytes, content_type: str) -> web.Response:
    """Return an answer that caches may keep for a while, or that it has not changed."""
    tag = hashlib.sha256(body).hexdigest()[:32]
    headers = {"ETag": f'"{tag}"', "Cache-Control": f"public, max-age={MAX_AGE_S}"}
    # A cache that compresses makes the tag a weak one, and a cache may name several.
    if any(known.value in {tag, "*"} for known in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, content_type=content_type, headers=headers)
