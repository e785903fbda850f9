"""The feed: encodes each change once and sends it to every client.

Each client has a short backlog of its own; one that falls behind gets a snapshot instead of its backlog, and never
slows a send or another client. Bounded: `CLIENTS_MAX` clients, `BACKLOG` messages a client, `HISTORY` messages to
resume from, `FRAMES_PER_S` progress frames a second over all clients, `STUCK_S` for a client that does not read.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import structlog
from aiohttp import WSCloseCode, web

from handlers.alert_answers import Answer
from handlers.http import problems
from handlers.http.bearer import Bearer
from handlers.http.problem_codes import ProblemCode
from handlers.http.roles import Role
from push.alarms import Alarm
from push.alerts.watch.watcher import TICK_S
from runtime.retry import retry_until_available
from runtime.tasks import cancel_and_wait
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from handlers.auth.authenticator import Authenticator
    from handlers.http.route import Call
    from push.alarms import AlarmBoard
    from push.alerts.watch.progress import AlertProgress
    from push.alerts.watch.watcher import Watcher

CLIENTS_MAX = 5000
BACKLOG = 64
HISTORY = 2000
FRAMES_PER_S = 500
"""With more clients than this over four, everybody hears a little less often, and the sends go on at full rate."""

STUCK_S = 60.0
HEARTBEAT_S = 30.0
SNAPSHOT_ALERTS = 200
SEQ_DIGITS = 18
STATES_MAX = 2000
"""Ten times what is watched at once: then those are forgotten that are not watched any longer."""

GOODBYE_S = 1.0
"""Far longer than a listener that is there takes to answer, and no hindrance to the stop of the sends."""

POLL_INTERVAL_S = 5.0
"""As long as a token that was revoked may open anything else."""


class Goodbye(NamedTuple):
    """With what a feed is closed."""

    code: WSCloseCode
    message: bytes


STOPS = Goodbye(WSCloseCode.GOING_AWAY, b"the server stops")
OVER = Goodbye(WSCloseCode.POLICY_VIOLATION, b"the token is over or revoked")

_log = structlog.get_logger("handlers.operators.feed")


class AlarmsAnswer(Answer, frozen=True, kw_only=True):
    """The alarms that stand, oldest first."""

    alarms: list[Alarm]


class Ticket(Answer, frozen=True, kw_only=True):
    """What opens the feed once."""

    ticket: str


class FeedQuery(msgspec.Struct, frozen=True, kw_only=True):
    """From which message to go on, and what opens the feed instead of a bearer token."""

    after: str | None = None
    ticket: str | None = None


class Client:
    """One listener: a bounded backlog and a bell."""

    def __init__(self) -> None:
        self.backlog: deque[str] = deque()
        self.behind = False
        self.wake = asyncio.Event()

    def offer(self, text: str) -> None:
        """Add a message; a full backlog is dropped for a snapshot."""
        if self.behind:
            return
        if len(self.backlog) >= BACKLOG:
            self.backlog.clear()
            self.behind = True
        else:
            self.backlog.append(text)
        self.wake.set()


class Feed:
    """`GET /v1/feed`, and what publishes to it."""

    def __init__(self, authenticator: Authenticator, watcher: Watcher, alarms: AlarmBoard) -> None:
        self._authenticator = authenticator
        self._watcher = watcher
        self._alarms = alarms
        # A restart must not make an old `after` look like one of ours.
        self._seq = time.time_ns() // 1_000_000
        self._history: deque[tuple[int, str]] = deque(maxlen=HISTORY)
        self._states: dict[str, str] = {}
        self.clients: set[Client] = set()
        self._sockets: dict[web.WebSocketResponse, bytes] = {}
        self._closing = False
        watcher.publish = self._on_progress
        watcher.tick_s = self._tick_s
        alarms.publish = self._on_alarm

    def _tick_s(self) -> float:
        return max(TICK_S, len(self.clients) / FRAMES_PER_S)

    def _on_progress(self, progress: AlertProgress) -> None:
        content = msgspec.to_builtins(progress)
        alert = str(progress.alert)
        if self._states.get(alert) != progress.state:
            self._states[alert] = progress.state
            if len(self._states) > STATES_MAX:
                self._states = {str(one.alert): one.state for one in self._watcher.current.values()}
            self._publish("alert", content)
        self._publish("progress", content)

    def _on_alarm(self, alarm: Alarm) -> None:
        self._publish("alarm", msgspec.to_builtins(alarm))

    def _publish(self, kind: str, content: dict[str, Any]) -> None:
        self._seq += 1
        text = msgspec.json.encode({"type": kind, "seq": self._seq, **content}).decode()
        self._history.append((self._seq, text))
        for client in self.clients:
            client.offer(text)

    def _snapshot(self) -> str:
        alerts = sorted(self._watcher.current.values(), key=lambda p: p.received_at, reverse=True)
        return msgspec.json.encode(
            {
                "type": "snapshot",
                "seq": self._seq,
                "alerts": alerts[:SNAPSHOT_ALERTS],
                "alarms": self._alarms.standing,
            }
        ).decode()

    async def get(self, call: Call[None]) -> web.StreamResponse:
        """Serve one listener until it goes."""
        request = call.request
        key = await self._opened(request)
        if isinstance(key, web.Response):
            return key
        if not _can_begin(request):
            headers = {"Connection": "Upgrade", "Upgrade": "websocket"}
            return problems.response(
                ProblemCode.UPGRADE_REQUIRED,
                "this is a WebSocket; GET /v1/alerts and /v1/alarms are not",
                headers=headers,
            )
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=4096, compress=False)
        await socket.prepare(request)
        client = Client()
        self._begin(client, request.query.get("after"))
        self.clients.add(client)
        self._sockets[socket] = key
        writer = asyncio.create_task(self._write(socket, client), name="feed writer")
        try:
            # Nothing is expected from a listener; reading notices when it goes and answers its pings.
            async for _ in socket:
                pass
        finally:
            self.clients.discard(client)
            del self._sockets[socket]
            writer.cancel()
            await asyncio.wait({writer})
        return socket

    def _begin(self, client: Client, after: str | None) -> None:
        is_seq = after is not None and after.isascii() and after.isdigit() and len(after) <= SEQ_DIGITS
        seen = int(after) if after is not None and is_seq else None
        oldest = self._history[0][0] if self._history else self._seq + 1
        if seen is not None and oldest - 1 <= seen <= self._seq:
            missed = [text for seq, text in self._history if seq > seen]
            if len(missed) <= BACKLOG:
                client.backlog.extend(missed)
                client.wake.set()
                return
        client.behind = True
        client.wake.set()

    async def _write(self, socket: web.WebSocketResponse, client: Client) -> None:
        try:
            while not socket.closed:
                await client.wake.wait()
                client.wake.clear()
                if client.behind:
                    client.behind = False
                    client.backlog.clear()
                    client.backlog.append(self._snapshot())
                while client.backlog:
                    async with asyncio.timeout(STUCK_S):
                        await socket.send_str(client.backlog.popleft())
        except (ConnectionError, RuntimeError):
            return
        except TimeoutError:
            _log.info("feed.stuck_client_dropped")
            await socket.close(code=1013, drain=False)

    async def _opened(self, request: web.Request) -> bytes | web.Response:
        """Return the digest of the token that opens the feed, or why none does."""
        if self._closing:
            return problems.response(ProblemCode.BUSY, "the server stops", headers={"Retry-After": "5"})
        if len(self.clients) >= CLIENTS_MAX:
            return problems.response(ProblemCode.BUSY, "too many listeners", headers={"Retry-After": "5"})
        ticket = request.query.get("ticket")
        if ticket is not None:
            return await self._authenticator.ticket(request, ticket)
        bearer = await self._authenticator.bearer(request, Role.VIEWER)
        return bearer.digest if isinstance(bearer, Bearer) else bearer

    async def run(self) -> None:
        """Close the feeds of tokens that are over or revoked, until cancelled."""
        while True:
            await asyncio.sleep(POLL_INTERVAL_S)
            if self._sockets:
                await retry_until_available(self._dismiss_outlived, UNAVAILABLE_ERRORS, "postgresql")

    async def _dismiss_outlived(self) -> None:
        # A client that comes in meanwhile was let in just now.
        sockets = dict(self._sockets)
        standing = await self._authenticator.standing({*sockets.values()})
        await self._dismiss([one for one, key in sockets.items() if key not in standing], OVER)

    async def close(self) -> None:
        """Ask all clients to connect elsewhere; one that does not answer is left within `GOODBYE_S`."""
        self._closing = True
        await self._dismiss([*self._sockets], STOPS)

    async def _dismiss(self, sockets: list[web.WebSocketResponse], why: Goodbye) -> None:
        closing = [asyncio.create_task(_goodbye(socket, why), name="goodbye") for socket in sockets]
        if closing:
            await asyncio.wait(closing, timeout=GOODBYE_S)
            await cancel_and_wait(closing)

    async def get_alarms(self, _: Call[None]) -> AlarmsAnswer:
        """Return the alarms that stand in this process."""
        return AlarmsAnswer(alarms=self._alarms.standing)

    async def post_ticket(self, call: Call[None]) -> Ticket:
        """Return a ticket with which a browser opens the feed once."""
        return Ticket(ticket=await self._authenticator.issue_ticket(call.bearer))


def _can_begin(request: web.Request) -> bool:
    """Tell whether a request begins a WebSocket; aiohttp raises where its key is no text of base64."""
    try:
        return web.WebSocketResponse().can_prepare(request).ok
    except ValueError:
        return False


async def _goodbye(socket: web.WebSocketResponse, why: Goodbye) -> None:
    with contextlib.suppress(ConnectionError, RuntimeError):
        await socket.close(code=why.code, message=why.message)
