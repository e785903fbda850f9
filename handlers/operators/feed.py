"""The feed: encodes each change once and sends it to every client.

Each client has a short backlog of its own; one that falls behind gets a snapshot instead of its backlog, and never
slows a send or another client. An officer hears of the alerts of the own authority only.
Bounded: `CLIENTS_MAX` clients, each by `handlers.operators.listeners`; what was said, by
`handlers.operators.feed_history`; `FRAMES_PER_S` progress frames a second over all clients, `STUCK_S` for a client that
does not read.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
from aiohttp import web

from handlers.http import problems
from handlers.http.problem_codes import ProblemCode
from handlers.http.requests import may_open
from handlers.http.roles import Role
from handlers.operators.feed_answers import Ticket
from handlers.operators.feed_history import FeedHistory, LastShown, Moved
from handlers.operators.listeners import BACKLOG, OVER, STOPS, Client, Goodbye, Listeners
from handlers.operators.scope import scope_of
from handlers.operators.sightings.undecided import Undecided
from handlers.values.number import number_of
from push.alerts.disclosure.progress import shown_progress
from push.alerts.watch.watcher import TICK_S
from runtime.clock import record_now
from runtime.retry import retry_until_available
from runtime.tasks import cancel_and_wait
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from uuid import UUID

    from handlers.auth.authenticator import Authenticator
    from handlers.auth.limits import LimitSettings
    from handlers.http.bearer import Bearer
    from handlers.http.route import Call
    from handlers.operators.alarms.within import AlarmsWithin
    from handlers.operators.scope import Scope
    from push.alarms import Alarm
    from push.alerts.disclosure.people import Disclosure
    from push.alerts.watch.progress import AlertProgress
    from push.alerts.watch.watcher import Watcher
    from push.standing_alarms import StandingAlarm

CLIENTS_MAX = 5000
FRAMES_PER_S = 500
"""With more clients than this over four, everybody hears a little less often, and the sends go on at full rate."""

STUCK_S = 60.0
HEARTBEAT_S = 30.0
BEAT_S = 1.0
"""A third of how long a page takes what it shows for of now."""

SNAPSHOT_ALERTS = 200
SEQ_DIGITS = 18
GOODBYE_S = 1.0
"""Far longer than a listener that is there takes to answer, and no hindrance to the stop of the sends."""

POLL_INTERVAL_S = 5.0
"""As long as a token that was revoked may open anything else."""

_log = structlog.get_logger("handlers.operators.feed")


class Feed:
    """`GET /v1/feed`, and what publishes to it."""

    def __init__(
        self,
        authenticator: Authenticator,
        watcher: Watcher,
        alarms: AlarmsWithin,
        limits: LimitSettings,
        disclosure: Disclosure,
    ) -> None:
        self._authenticator = authenticator
        self._disclosure = disclosure
        self._watcher = watcher
        self._alarms = alarms
        self._history = FeedHistory()
        self._last_shown = LastShown()
        self.undecided = Undecided()
        self.listeners = Listeners(limits)
        self._closing = False
        self._revoked = asyncio.Event()
        watcher.publish = self._on_progress
        watcher.tick_s = self._tick_s
        alarms.shared.publish = self._on_alarm
        alarms.shared.publish_acknowledged = self._on_acknowledged

    def _tick_s(self) -> float:
        return max(TICK_S, len(self.listeners) / FRAMES_PER_S)

    def _on_progress(self, progress: AlertProgress) -> None:
        shown, authorities = shown_progress(progress, self._disclosure), (progress.authority, *progress.countersigned)
        moved = self._last_shown.moved(shown, progress.decisions)
        if moved is Moved.NOTHING:
            return
        content = msgspec.to_builtins(shown)

        def within(scope: Scope) -> bool:
            return scope.has(*authorities)

        if moved is Moved.DECISION:
            self._publish("alert", content, within)
        self._publish("progress", content, within)

    def _on_alarm(self, alarm: Alarm) -> None:
        self._publish("alarm", msgspec.to_builtins(alarm), lambda scope: self._alarms.has(scope, alarm))

    def _on_acknowledged(self, alarm: StandingAlarm) -> None:
        shown = msgspec.to_builtins(self._alarms.shown(alarm))
        self._publish("acknowledgement", shown, lambda scope: self._alarms.has(scope, alarm))

    def publish_sightings(self, alert: UUID, authorities: Sequence[str], new: int, oldest_at: datetime | None) -> None:
        """Say to who may read them how many sightings of an alert wait for a decision: nothing of what is in them."""
        self.undecided.note(alert, authorities, new)
        content = {"alert": str(alert), "undecided": new, "oldest_at": oldest_at}

        def within(scope: Scope) -> bool:
            return scope.reads_sightings and scope.has(*authorities)

        self._publish("sightings", content, within, is_numbered=False)

    def _publish(
        self, kind: str, content: dict[str, Any], within: Callable[[Scope], bool], *, is_numbered: bool = True
    ) -> None:
        message = self._history.add(kind, content, within, is_numbered=is_numbered)
        for client in self.listeners.clients:
            client.offer(message)

    def _snapshot(self, scope: Scope) -> str:
        within = (one for one in self._watcher.current.values() if scope.has(one.authority, *one.countersigned))
        alerts = sorted(within, key=lambda p: p.received_at, reverse=True)[:SNAPSHOT_ALERTS]
        return msgspec.json.encode(
            {
                "type": "snapshot",
                "seq": self._history.seq,
                "alerts": [shown_progress(one, self._disclosure) for one in alerts],
                "alarms": self._alarms.of(scope),
            }
        ).decode()

    def snapshot_for(self, bearer: Bearer) -> str:
        """Return what a listener with this token begins with, as JSON."""
        return self._snapshot(scope_of(bearer))

    async def get(self, call: Call[None]) -> web.StreamResponse:
        """Serve one listener until it goes."""
        request = call.request
        if not may_open(request):
            self._authenticator.failures.cross_site += 1
            return problems.response(ProblemCode.CROSS_SITE, "only the console's own pages open the feed in a browser")
        bearer = await self._opened(request)
        if isinstance(bearer, web.Response):
            return bearer
        if not _can_begin(request):
            headers = {"Connection": "Upgrade", "Upgrade": "websocket"}
            return problems.response(
                ProblemCode.UPGRADE_REQUIRED,
                "this is a WebSocket; GET /v1/alerts and /v1/alarms are not",
                headers=headers,
            )
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=4096, compress=False)
        await socket.prepare(request)
        client = Client(bearer, request.remote)
        client.beats = "beat" in request.query
        self._begin(client, request.query.get("after"))
        leaving = self.listeners.add(socket, client)
        writer = asyncio.create_task(self._write(socket, client), name="feed writer")
        try:
            await self._dismiss(leaving)
            # Nothing is expected from a listener; reading notices when it goes and answers its pings.
            async for _ in socket:
                pass
        finally:
            self.listeners.remove(socket)
            writer.cancel()
            await asyncio.wait({writer})
        return socket

    def _begin(self, client: Client, after: str | None) -> None:
        missed = self._history.since(number_of(after or "", SEQ_DIGITS), client.scope)
        if missed is not None and len(missed) <= BACKLOG:
            client.backlog.extend(missed)
        else:
            client.behind = True
        client.wake.set()

    async def _write(self, socket: web.WebSocketResponse, client: Client) -> None:
        try:
            while not socket.closed:
                if not await self._woken(client):
                    client.backlog.append(_beat())
                client.wake.clear()
                if client.behind:
                    client.behind = False
                    client.backlog.clear()
                    client.backlog.append(self._snapshot(client.scope))
                while client.backlog:
                    async with asyncio.timeout(STUCK_S):
                        await socket.send_str(client.backlog.popleft())
        except (ConnectionError, RuntimeError):
            return
        except TimeoutError:
            _log.info("feed.stuck_client_dropped")
            await socket.close(code=1013, drain=False)

    async def _woken(self, client: Client) -> bool:
        """Wait until there is something to send; False: nothing for as long as a page waits that wants to know."""
        try:
            async with asyncio.timeout(max(BEAT_S, self._tick_s()) if client.beats else None):
                return await client.wake.wait()
        except TimeoutError:
            return False

    async def _opened(self, request: web.Request) -> Bearer | web.Response:
        """Return whose token opens the feed, or why none does."""
        if self._closing:
            return problems.response(ProblemCode.BUSY, "the server stops", headers={"Retry-After": "5"})
        if len(self.listeners) >= CLIENTS_MAX:
            return problems.response(ProblemCode.BUSY, "too many listeners", headers={"Retry-After": "5"})
        ticket = request.query.get("ticket")
        if ticket is not None:
            return await self._authenticator.ticket(request, ticket, Role.VIEWER)
        return await self._authenticator.bearer(request, Role.VIEWER)

    def look(self) -> None:
        """Look every token up again, now: something was revoked."""
        self._authenticator.forget()
        self._revoked.set()

    async def run(self) -> None:
        """Close the feeds of tokens that are over or revoked, until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_INTERVAL_S):
                    await self._revoked.wait()
            self._revoked.clear()
            if self.listeners:
                await retry_until_available(self._dismiss_outlived, UNAVAILABLE_ERRORS, "postgresql")

    async def _dismiss_outlived(self) -> None:
        # A client that comes in meanwhile was let in just now.
        sockets = self.listeners.sockets
        standing = await self._authenticator.standing({*sockets.values()}, Role.VIEWER)
        await self._dismiss([(one, OVER) for one, key in sockets.items() if key not in standing])

    async def close(self) -> None:
        """Ask all clients to connect elsewhere; one that does not answer is left within `GOODBYE_S`."""
        self._closing = True
        await self._dismiss([(socket, STOPS) for socket in self.listeners.sockets])

    async def _dismiss(self, leaving: list[tuple[web.WebSocketResponse, Goodbye]]) -> None:
        closing = [asyncio.create_task(_goodbye(socket, why), name="goodbye") for socket, why in leaving]
        if closing:
            await asyncio.wait(closing, timeout=GOODBYE_S)
            await cancel_and_wait(closing)

    async def post_ticket(self, call: Call[None]) -> Ticket:
        """Return a ticket with which a browser opens the feed once."""
        return self.ticket_for(call.bearer)

    def ticket_for(self, bearer: Bearer, holder: bytes = b"") -> Ticket:
        """Return a ticket in the name of a token, for who has `holder`."""
        return Ticket(ticket=self._authenticator.issue_ticket(bearer, holder))


def _beat() -> str:
    return msgspec.json.encode({"type": "beat", "at": record_now()}).decode()


def _can_begin(request: web.Request) -> bool:
    """Tell whether a request begins a WebSocket; aiohttp raises where its key is no text of base64."""
    try:
        return web.WebSocketResponse().can_prepare(request).ok
    except ValueError:
        return False


async def _goodbye(socket: web.WebSocketResponse, why: Goodbye) -> None:
    with contextlib.suppress(ConnectionError, RuntimeError):
        await socket.close(code=why.code, message=why.message)
