"""What makes pages live: a ticket for the feed, and the same figures for browsers to which the feed is refused.

Bounded by the feed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from handlers.http.responses import json_response
from handlers.http.route import JSON

if TYPE_CHECKING:
    from handlers.console.signing_in.sessions import Sessions
    from handlers.http.route import Call
    from handlers.operators.feed import Feed


class Live:
    """`/console/feed-ticket` and `/console/live`."""

    def __init__(self, feed: Feed, sessions: Sessions) -> None:
        self._feed = feed
        self._sessions = sessions

    async def post_ticket(self, call: Call[bytes]) -> web.Response:
        """Return a ticket with which a page opens the feed once."""
        return json_response(self._feed.ticket_for(call.bearer, self._sessions.holder_of(call.request)))

    async def get(self, call: Call[None]) -> web.Response:
        """Return what the feed says to who begins to listen."""
        return web.Response(text=self._feed.snapshot_for(call.bearer), content_type=JSON)
