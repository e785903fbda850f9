"""Listeners of the feed: who holds which socket, and which one gives way when somebody holds too many.

Bounded by `[limits]`: feeds of a token, of a person (all their tokens) and of an address, of each server.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from aiohttp import WSCloseCode

from handlers.operators.scope import scope_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from aiohttp import web

    from handlers.auth.limits import LimitSettings
    from handlers.http.bearer import Bearer
    from handlers.operators.scope import Scope

BACKLOG: Final = 64


class Goodbye(NamedTuple):
    """With what a feed is closed."""

    code: int
    message: bytes


STOPS: Final = Goodbye(WSCloseCode.GOING_AWAY, b"the server stops")
OVER: Final = Goodbye(WSCloseCode.POLICY_VIOLATION, b"the token is over or revoked")
TOO_MANY: Final = 4008
"""Of those that RFC 6455 leaves to applications."""


class Message(NamedTuple):
    """One message of the feed, as it is sent; `within`: whether it is about something that a scope has.

    Not `is_numbered`: its number is that of the message before.
    """

    seq: int
    text: str
    within: Callable[[Scope], bool]
    is_numbered: bool


class Client:
    """One listener: what it may read about, a bounded backlog, and an event that wakes its writer."""

    def __init__(self, bearer: Bearer, address: str | None) -> None:
        self.digest = bearer.digest
        self.token_id = bearer.token_id
        self.person = bearer.person
        self.address = address
        self.scope = scope_of(bearer)
        self.backlog: deque[str] = deque()
        self.behind = False
        self.beats = False
        self.wake = asyncio.Event()

    def offer(self, message: Message) -> None:
        """Add a message that it may read; a full backlog is dropped for a snapshot."""
        if self.behind or not message.within(self.scope):
            return
        if len(self.backlog) >= BACKLOG:
            self.backlog.clear()
            self.behind = True
        else:
            self.backlog.append(message.text)
        self.wake.set()


class Listeners:
    """The open sockets, the oldest first."""

    def __init__(self, limits: LimitSettings) -> None:
        self._sockets: dict[web.WebSocketResponse, Client] = {}
        self._bounds: tuple[tuple[str, Callable[[Client], Hashable | None], int], ...] = (
            ("token", lambda one: one.token_id, limits.feeds_per_token),
            ("person", lambda one: one.person, limits.feeds_per_person),
            ("address", lambda one: one.address if limits.per_address else None, limits.feeds_per_address),
        )

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._sockets)

    @property
    def sockets(self) -> dict[web.WebSocketResponse, bytes]:
        """Each socket, with the digest of the token that opened it."""
        return {socket: client.digest for socket, client in self._sockets.items()}

    @property
    def clients(self) -> Iterable[Client]:
        """All clients."""
        return self._sockets.values()

    def add(self, socket: web.WebSocketResponse, client: Client) -> list[tuple[web.WebSocketResponse, Goodbye]]:
        """Add one; returns which others give way, and with what they are closed."""
        self._sockets[socket] = client
        leaving: list[tuple[web.WebSocketResponse, Goodbye]] = []
        for whose, key_of, most in self._bounds:
            key = key_of(client)
            same = [one for one, other in self._sockets.items() if key is not None and key_of(other) == key]
            why = Goodbye(TOO_MANY, f"more feeds of one {whose} than {most}: the oldest is closed".encode())
            for oldest in same[: max(0, len(same) - most)]:
                leaving.append((oldest, why))
                self.remove(oldest)
        return leaving

    def remove(self, socket: web.WebSocketResponse) -> None:
        """Remove one, if it is there."""
        self._sockets.pop(socket, None)
