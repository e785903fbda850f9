"""Tells those who have proved who they are from those who only claim to be somebody, and from strangers.

Who has proved it waits for nobody: a request whose token or cookie was good when it was looked at last, a signed
webhook from an address where one verified within `PROVED_S`, and a probe from the operator's own networks. All others
take turns while alerts are being sent (`handlers.http.serving.turns`): those that claim something, or come from an
address where something verified, in one line, strangers in another, readers of what is published in a third, documents
that are worth no more than a draft in lines of their own. Behind a proxy nothing is known of addresses: there whatever
may be a signed webhook is verified at once, and floods of such are the proxy's to limit.

Bounded: `CREDENTIALS_MAX` digests, `PEERS_MAX` addresses of each kind; the one that was not seen for the longest time
leaves first.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Final, TypeVar

from handlers.auth.webhook_signatures import may_be_signed
from handlers.http import problems
from handlers.http.connections import network_of
from handlers.http.problem_codes import ProblemCode
from handlers.http.roles import Proof
from handlers.http.serving.connection import Connection
from handlers.http.serving.turns import UNIT_BYTES, UNITS_MAX, Ask, Line
from runtime.addresses import is_internal
from runtime.clock import record_now

if TYPE_CHECKING:
    from aiohttp import web

    from handlers.http.roles import Access
    from handlers.http.serving.turns import Turns

CREDENTIALS_MAX: Final = 10_000
PEERS_MAX: Final = 1000
PROVED_S: Final = 3600.0
SIGNED_UNITS: Final = 3
"""The secrets of an authority are read for what may be a signed webhook."""

COOKIE_UNITS: Final = 4
"""A session is looked for, and a whole page says that there is none."""

DRAFT_UNITS: Final = 60
"""What anybody may have written is read, and filed as a draft, in some 30 ms."""

CLAIMING: Final = frozenset({Line.CLAIM, Line.KNOWN_DRAFT})
PROBES: Final = frozenset({"/health", "/ready", "/metrics"})
SAFE: Final = frozenset({"GET", "HEAD"})
TICKET: Final = "ticket"
DETAIL: Final = "alerts are being sent, and many ask at once; nothing was stored"

K = TypeVar("K")
V = TypeVar("V")


class Strangers:
    """Lets those through who have proved who they are, and gives all others their turn."""

    def __init__(self, turns: Turns, *, knows_addresses: bool) -> None:
        """`knows_addresses`: requests come from the addresses of their senders, and not all from a proxy's."""
        self._turns = turns
        self._knows_addresses = knows_addresses
        self._credentials: dict[bytes, None] = {}
        self._webhooks: dict[str, float] = {}
        self._verified: dict[str, float] = {}

    @property
    def refused(self) -> int:
        """How many requests got no turn."""
        return self._turns.refused

    async def wait(self, request: web.Request, access: Access | None) -> web.Response | None:
        """Return when it is a request's turn, or with the refusal of one that does not get any.

        `access`: who may call what it asks for; it matters where that is signed, or published.
        """
        peer = self._peer(request)
        may_verify = access is Proof.SIGNATURE and may_be_signed(request.headers, record_now())
        if self._is_proved(request, peer) or (may_verify and (not peer or _is_fresh(self._webhooks, peer))):
            return None
        if access is Proof.PUBLISHED:
            line = Line.READER
        else:
            claims = may_verify or _claims(request) or _is_fresh(self._verified, peer)
            line = Line.CLAIM if claims else Line.STRANGER
        units = _units(request, may_verify=may_verify)
        return await self._wait(request, Ask(line, peer, units, request.can_read_body))

    async def wait_for_draft(self, request: web.Request) -> web.Response | None:
        """Return when it is the turn of a document that nobody signed, of which nothing was read but that.

        Its request had a turn before, which paid for as much. It waits among documents alone: a few of them would
        take the turns of all who sign in.
        """
        peer = self._peer(request)
        line = Line.KNOWN_DRAFT if _is_fresh(self._verified, peer) else Line.DRAFT
        return await self._wait(request, Ask(line, peer, DRAFT_UNITS, has_body=True))

    def _peer(self, request: web.Request) -> str:
        """Return where a request comes from, empty where nobody knows."""
        return network_of(request.remote or "") if self._knows_addresses else ""

    async def _wait(self, request: web.Request, ask: Ask) -> web.Response | None:
        connection = request.protocol if isinstance(request.protocol, Connection) else None
        if connection is None:
            had_turn = await self._turns.take(ask)
        else:
            with connection.in_line(claims=ask.line in CLAIMING) as watch:
                had_turn = await self._turns.take(ask, watch)
        if had_turn:
            return None
        refused = problems.response(ProblemCode.BUSY, DETAIL, headers=problems.RETRY_AFTER)
        refused.force_close()
        return refused

    def proved(self, request: web.Request) -> None:
        """Note that the token or the cookie of a request is good."""
        if (credential := _credential(request)) is not None:
            _keep(self._credentials, credential, None, CREDENTIALS_MAX)
        self._verify(self._verified, request)

    def disproved(self, request: web.Request) -> None:
        """Note that the token or the cookie of a request opens nothing."""
        if (credential := _credential(request)) is not None:
            self._credentials.pop(credential, None)

    def signed(self, request: web.Request, *, is_webhook: bool) -> None:
        """Note that a signature verified; one of a document may have been copied from where it is published."""
        self._verify(self._verified, request)
        if is_webhook:
            self._verify(self._webhooks, request)

    def _verify(self, peers: dict[str, float], request: web.Request) -> None:
        if self._knows_addresses:
            _keep(peers, network_of(request.remote or ""), asyncio.get_running_loop().time(), PEERS_MAX)

    def _is_proved(self, request: web.Request, peer: str) -> bool:
        if self._credentials and _credential(request) in self._credentials:
            return True
        return bool(peer) and request.path in PROBES and request.method in SAFE and is_internal(request.remote or "")


def _is_fresh(peers: dict[str, float], peer: str) -> bool:
    since_s = peers.get(peer)
    return since_s is not None and asyncio.get_running_loop().time() - since_s < PROVED_S


def _keep(kept: dict[K, V], key: K, value: V, keys_max: int) -> None:
    """Keep a key as the newest; the oldest leaves where there are too many."""
    kept.pop(key, None)
    if len(kept) >= keys_max:
        del kept[next(iter(kept))]
    kept[key] = value


def _claims(request: web.Request) -> bool:
    """Tell whether a request has something that may prove who sends it, and that nobody has looked at."""
    return "Authorization" in request.headers or "Cookie" in request.headers or TICKET in request.query


def _credential(request: web.Request) -> bytes | None:
    """Return the digest of a request's token or cookie; None: it has neither."""
    given = request.headers.get("Authorization") or request.headers.get("Cookie")
    return None if given is None else hashlib.blake2b(given.encode(errors="surrogateescape"), digest_size=16).digest()


def _units(request: web.Request, *, may_verify: bool) -> int:
    """Return what a request costs: by what it claims, and more with a body, most where nobody said how long that is."""
    claimed = SIGNED_UNITS if may_verify else COOKIE_UNITS if "Cookie" in request.headers else 1
    if not request.can_read_body:
        return claimed
    length = request.content_length
    return claimed + (UNITS_MAX - 1 if length is None else min(UNITS_MAX - 1, length // UNIT_BYTES))
