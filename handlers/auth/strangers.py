"""Tells strangers from those who have proved who they are, and has strangers wait for their turn.

Proved: a request with a token or a session that was good when it was seen last; a signed webhook from an address where
something verified within `PROVED_S`; a probe from the operator's own networks. All others take turns
(`handlers.http.serving.turns`); those of an address where something verified, and those that may be signed, first.

Bounded: `CREDENTIALS_MAX` digests, `PEERS_MAX` addresses; the one that was not seen for the longest time leaves first.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Final, TypeVar

from handlers.auth.webhook_signatures import may_be_signed
from handlers.http import problems
from handlers.http.bearer import BEARER
from handlers.http.connections import network_of
from handlers.http.problem_codes import ProblemCode
from handlers.http.serving.connection import Connection
from handlers.http.serving.turns import UNIT_BYTES, UNITS_MAX, Ask
from runtime.addresses import is_internal
from runtime.clock import wall_s

if TYPE_CHECKING:
    from aiohttp import web

    from handlers.http.serving.turns import Turns

CREDENTIALS_MAX: Final = 10_000
PEERS_MAX: Final = 1000
PROVED_S: Final = 3600.0
PROBES: Final = frozenset({"/health", "/ready", "/metrics"})
SAFE: Final = frozenset({"GET", "HEAD"})

VERIFIED: Final = "verified"
"""Where a request keeps that its signature verified."""

DETAIL: Final = "alerts are being sent, and many ask at once; nothing was stored"

K = TypeVar("K")
T = TypeVar("T")


class Strangers:
    """Lets those through who have proved who they are, and gives all others their turn."""

    def __init__(self, turns: Turns, *, knows_addresses: bool) -> None:
        """`knows_addresses`: requests come from the addresses of their senders, and not all from a proxy's."""
        self._turns = turns
        self._knows_addresses = knows_addresses
        self._credentials: dict[bytes, None] = {}
        self._peers: dict[str, float] = {}

    @property
    def refused(self) -> int:
        """How many requests got no turn."""
        return self._turns.refused

    async def wait(self, request: web.Request) -> web.Response | None:
        """Return when it is a request's turn, or with the refusal of one that does not get any."""
        peer = network_of(request.remote or "")
        is_near = self._has_proved(peer)
        may_verify = may_be_signed(request.headers, wall_s())
        if self._is_proved(request) or (is_near and may_verify):
            return None
        connection = request.protocol if isinstance(request.protocol, Connection) else None
        ask = Ask(
            peer if self._knows_addresses else "",
            is_first=is_near or may_verify,
            units=_units(request),
            has_body=request.can_read_body,
            is_gone=lambda: request.transport is None or request.transport.is_closing(),
        )
        if connection is not None:
            connection.waits_for_turn()
        had_turn = await self._turns.take(ask)
        if connection is not None:
            connection.works()
        if had_turn:
            return None
        refused = problems.response(ProblemCode.BUSY, DETAIL, headers=problems.RETRY_AFTER)
        refused.force_close()
        return refused

    def note(self, request: web.Request) -> None:
        """Note what a request has proved, once it is answered."""
        credential, has_bearer = _credential(request), BEARER in request
        if credential is not None and not has_bearer:
            self._credentials.pop(credential, None)
        elif credential is not None:
            _keep(self._credentials, credential, None, CREDENTIALS_MAX)
        if has_bearer or VERIFIED in request:
            _keep(self._peers, network_of(request.remote or ""), asyncio.get_running_loop().time(), PEERS_MAX)

    def _is_proved(self, request: web.Request) -> bool:
        if _credential(request) in self._credentials:
            return True
        return request.path in PROBES and request.method in SAFE and is_internal(request.remote or "")

    def _has_proved(self, peer: str) -> bool:
        proved_s = self._peers.get(peer)
        return proved_s is not None and asyncio.get_running_loop().time() - proved_s < PROVED_S


def _keep(kept: dict[K, T], key: K, value: T, keys_max: int) -> None:
    """Keep a key as the newest; the oldest leaves where there are too many."""
    kept.pop(key, None)
    if len(kept) >= keys_max:
        del kept[next(iter(kept))]
    kept[key] = value


def _credential(request: web.Request) -> bytes | None:
    """Return the digest of a request's token or cookie; None: it has neither."""
    given = request.headers.get("Authorization") or request.headers.get("Cookie")
    return None if given is None else hashlib.blake2b(given.encode(errors="surrogateescape"), digest_size=16).digest()


def _units(request: web.Request) -> int:
    """Return what a request costs: more with a body, of which nobody has said how long it is most."""
    if not request.can_read_body:
        return 1
    length = request.content_length
    return UNITS_MAX if length is None else min(UNITS_MAX, 1 + length // UNIT_BYTES)
