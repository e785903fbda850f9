"""Serves the feed of public alerts, and each of them as signed CAP.

For partners and media; put a cache in front of it. Whoever asks, each is made once at a time, from what is kept of it,
and in a thread, so that the sends do not wait for it. Bounded: 200 alerts of `PUBLISHED`, as many messages and entries
kept; `READS_MAX` reads of the record at once.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import structlog

import sql.public
from handlers.http import problems
from handlers.http.problem_codes import ProblemCode
from handlers.http.requests import unknown_public_alert
from handlers.http.reuse.kept import Form, Kept, cached, form_of
from handlers.http.reuse.shared import Shared
from handlers.public.atom import ATOM_TYPE, CAP_TYPE, Entry, Feed, atom_of
from handlers.public.messages import entry_of, identifier_of, message_of
from runtime.decoding import DECODE_ERRORS
from sql.public import LIST_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from aiohttp import web

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

READS_MAX: Final = 2
"""Connections to the record that the public may have at once: the others are for the police and the sends."""

UNSIGNED: Final = "no key to sign with is configured ([cap] key_file)"
T = TypeVar("T")
_log = structlog.get_logger("handlers.public.alerts")


class _Versions(Generic[T]):
    """What was made of each alert last, good for as long as the alert has not changed."""

    def __init__(self) -> None:
        self._made: OrderedDict[UUID, tuple[str, T]] = OrderedDict()

    def of(self, alert: PublicAlert) -> T | None:
        """Return what was made of an alert as it stands, None when that has not been made."""
        known = self._made.get(alert.id)
        return None if known is None or known[0] != version_of(alert) else known[1]

    def keep(self, alert: PublicAlert, made: T) -> T:
        """Keep what was made, in place of what is oldest."""
        self._made.pop(alert.id, None)
        self._made[alert.id] = (version_of(alert), made)
        while len(self._made) > LIST_LIMIT:
            self._made.popitem(last=False)
        return made


def version_of(alert: PublicAlert) -> str:
    """Return what tells an alert from itself after a change: of a message, its area, its photo, the child's data."""
    drawn = "" if alert.city_polygon is None else len(alert.city_polygon)
    area = f"{alert.radius_km} {alert.circles} {alert.whole}"
    return f"{identifier_of(alert)} {len(alert.content)} {area} {alert.expires} {drawn} {alert.photo_tag}"


class Public:
    """`GET /v1/public/alerts.atom` and `GET /v1/public/alerts/{id}/cap`."""

    def __init__(self, pool: Pool, publisher: Publisher, signer: Signer | None) -> None:
        self._pool = pool
        self._publisher = publisher
        self._signer = signer
        self._feed = Kept(self._atom, FEED_KEPT_S)
        self._reads = asyncio.Semaphore(READS_MAX)
        self._messages: Shared[UUID, Form | None] = Shared()
        self._entries = _Versions[Entry]()
        self._signed = _Versions[Form]()
        self._listed: tuple[list[str], Form] | None = None

    async def get_feed(self, call: Call[None]) -> web.Response:
        """Return the feed."""
        if self._signer is None:
            return problems.response(ProblemCode.NOT_PUBLISHED, UNSIGNED)
        feed = await self._feed.get()
        return unknown_public_alert() if feed is None else cached(call.request, feed, MAX_AGE_S)

    async def _atom(self) -> Form:
        """Make the feed, unless no alert has changed."""
        async with self._reads:
            alerts = await sql.public.public_alerts(self._pool, PUBLISHED)
        versions = [f"{alert.id} {version_of(alert)}" for alert in alerts]
        if self._listed is None or self._listed[0] != versions:
            known = [(alert, self._entries.of(alert)) for alert in alerts]
            entries, form = await asyncio.to_thread(rendered, known, self._publisher)
            for alert, entry in zip(alerts, entries, strict=True):
                if entry is not None:
                    self._entries.keep(alert, entry)
            self._listed = versions, form
        return self._listed[1]

    async def get_cap(self, call: Call[None]) -> web.Response:
        """Return one alert's signed message as it stands."""
        if self._signer is None:
            return problems.response(ProblemCode.NOT_PUBLISHED, UNSIGNED)
        message = await self._messages.get(call.alert_id, lambda: self._read(call.alert_id))
        return unknown_public_alert() if message is None else cached(call.request, message, MAX_AGE_S)

    async def _read(self, alert_id: UUID) -> Form | None:
        async with self._reads:
            found = await sql.public.public_alerts(self._pool, PUBLISHED, alert_id)
            return await self._message(self._signer, found[0]) if found and self._signer is not None else None

    async def _message(self, signer: Signer, alert: PublicAlert) -> Form | None:
        """Return the signed message, signed once for each message and area, and once more without the child's data.

        None where the alert cannot be read.
        """
        known = self._signed.of(alert)
        if known is not None:
            return known
        # Signing computes for a millisecond or more, which the sends should not wait for.
        message = await asyncio.to_thread(_made, message_of, alert, self._publisher)
        if message is None:
            return None
        signed = await asyncio.to_thread(signer.signed, message)
        return self._signed.keep(alert, form_of(signed, CAP_TYPE))


def _made(make: Callable[[PublicAlert, Publisher], T], alert: PublicAlert, publisher: Publisher) -> T | None:
    """Make something of an alert; None where the record holds what cannot be read, so that all others are published."""
    try:
        return make(alert, publisher)
    except DECODE_ERRORS as error:
        _log.error("public.unreadable", alert=str(alert.id), error=type(error).__name__)
        return None


def rendered(alerts: list[tuple[PublicAlert, Entry | None]], publisher: Publisher) -> tuple[list[Entry | None], Form]:
    """Return the entries of alerts, of which some are known, None for one that cannot be read; and the feed."""
    entries = [entry or _made(entry_of, alert, publisher) for alert, entry in alerts]
    url = f"{publisher.public_url}/v1/public/alerts.atom"
    feed = Feed(
        id=url,
        title=publisher.sender_name,
        author=publisher.sender_name,
        link=url,
        updated=datetime(2026, 1, 1, tzinfo=UTC),
        entries=tuple(entry for entry in entries if entry is not None),
    )
    return entries, form_of(atom_of(feed), ATOM_TYPE, compresses=True)
