"""Decides who may call: by bearer token, by ticket, or by signature.

Whatever asks for a token or a signature goes through here: unknown, over and too often are answered in one place.
Bounded by `handlers.auth.token_store`, `handlers.auth.limits` and `handlers.auth.failures`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from handlers.auth.strangers import Strangers
from handlers.http import problems
from handlers.http.connections import network_of
from handlers.http.problem_codes import ProblemCode
from handlers.http.roles import ALLOWS

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from handlers.auth.failures import Failures
    from handlers.auth.limits import Limits
    from handlers.auth.token_store import TokenStore
    from handlers.http.bearer import Bearer
    from handlers.http.roles import Role
    from handlers.http.serving.turns import Turns


class Authenticator:
    """Lets requests in: by bearer token, by ticket, or by signature."""

    def __init__(self, token_store: TokenStore, limits: Limits, failures: Failures, turns: Turns) -> None:
        self._token_store = token_store
        self.strangers = Strangers(turns, knows_addresses=failures.per_address)
        self.limits = limits
        self.failures = failures
        self.holder_of: Callable[[web.Request], bytes] = lambda _: b""
        """What only the browser has in whose session a ticket was made."""

    @property
    def tokens(self) -> TokenStore:
        """What looks tokens up."""
        return self._token_store

    async def bearer(self, request: web.Request, role: Role, *, while_away: bool = False) -> Bearer | web.Response:
        """Return whose token opens a route with `role`, or why it does not; `while_away`: as the token store has it."""
        authorization = request.headers.get("Authorization")
        if authorization is None:
            return _unauthorized("a bearer token is needed")
        # Only a guess costs its address anything: so a fleet that goes on with a token that has ended does not keep out
        # the new one from behind the same address.
        if not self._token_store.has_seen(authorization) and (wait_s := self.failures.attempt(request.remote)):
            self.failures.token()
            return _too_many_failures("too many failures from this address", wait_s)
        bearer = await self._token_store.bearer_of(authorization, while_away=while_away)
        if bearer is None:
            self.strangers.disproved(request)
            self.failures.token()
            return _unauthorized("the token is unknown, over or revoked")
        self.strangers.proved(request)
        if wait_s := await self.limits.token(bearer.token_id, role):
            return _rate_limited("too many requests of this token", wait_s)
        if bearer.role not in ALLOWS[role]:
            return problems.response(ProblemCode.WRONG_ROLE, f"this needs the role {role}")
        return bearer

    def forget(self) -> None:
        """Look every token up again."""
        self._token_store.forget()

    async def again(self, request: web.Request) -> web.Response | None:
        """Refuse a request whose token was revoked or ended while its body came; counts nothing."""
        if await self._token_store.bearer_of(request.headers.get("Authorization", "")) is not None:
            return None
        self.strangers.disproved(request)
        return _unauthorized("the token is unknown, over or revoked")

    async def estimate(self, bearer: Bearer) -> web.Response | None:
        """Count an estimate of a token; returns the refusal when there are too many."""
        if wait_s := await self.limits.estimate(bearer.token_id):
            return _rate_limited("too many estimates of this token", wait_s)
        return None

    def issue_ticket(self, bearer: Bearer, holder: bytes = b"") -> str:
        """Return a ticket that opens the feed once, in the name of the token that asks, for who has `holder`."""
        return self._token_store.issue_ticket(bearer, holder)

    async def ticket(self, request: web.Request, ticket: str, role: Role) -> Bearer | web.Response:
        """Use up a ticket for a route with `role`; returns whose token it stands for, or the refusal."""
        # A good one is let in, whoever else fails from its address: all of a control room, or of a proxy, have one.
        key = await self._token_store.redeem_ticket(ticket, role, self.holder_of(request))
        bearer = None if key is None else await self._token_store.bearer_with(key)
        if bearer is not None:
            return bearer
        self.failures.token()
        if wait_s := self.failures.attempt(request.remote):
            return _too_many_failures("too many failures from this address", wait_s)
        return problems.response(ProblemCode.INVALID_TICKET, "the ticket is unknown, used or too old")

    async def standing(self, keys: set[bytes], role: Role) -> set[bytes]:
        """Return which of these tokens, by digest, open a route with `role` still."""
        return await self._token_store.standing(keys, role)

    def unsigned(self, request: web.Request, authority: str | None, detail: str) -> web.Response:
        """Refuse a request whose signature does not verify; `authority` None when there is no such one."""
        if wait_s := self.failures.signature(request.remote, authority):
            return _too_many_failures("too many failures from this address", wait_s)
        return problems.response(ProblemCode.INVALID_SIGNATURE, detail)

    def unverified(self, request: web.Request, authority: str | None) -> web.Response | None:
        """Count a document whose signature does not verify; returns the refusal when there are too many.

        `authority` None when there is no such one.
        """
        wait_s = self.failures.signature(request.remote, authority)
        return _too_many_failures("too many failures from this address", wait_s) if wait_s else None

    @property
    def knows_addresses(self) -> bool:
        """Whether requests come from the addresses of their senders, and not all from a proxy's."""
        return self.failures.per_address

    def slow(self, request: web.Request) -> None:
        """Count a request whose body did not come in time: its address fails."""
        self.failures.attempt(request.remote)

    def busy(self, request: web.Request) -> web.Response | None:
        """Return the refusal of an address that has failed too often, counting nothing."""
        wait_s = self.failures.wait_s(request.remote)
        return _too_many_failures("too many failures from this address", wait_s) if wait_s else None

    def unsigned_document(self, request: web.Request) -> web.Response | None:
        """Count an unsigned document, which anybody may send; returns the refusal when there are too many."""
        wait_s = self.failures.attempt(request.remote)
        return _too_many_failures("too many unsigned documents from this address", wait_s) if wait_s else None

    def malformed(self, address: str | None) -> web.Response | None:
        """Count what cannot be parsed, whoever sent it; returns the refusal of an address with too much of it."""
        wait_s = self.failures.attempt(address)
        return _too_many_failures("too much from this address that cannot be read", wait_s) if wait_s else None

    async def signed(self, request: web.Request, authority: str) -> web.Response | None:
        """Count a webhook whose signature verified; returns the refusal when there are too many."""
        self.strangers.signed(request, is_webhook=True)
        if wait_s := await self.limits.authority(authority):
            return _rate_limited("too many webhooks of this authority", wait_s)
        return None

    async def signed_document(self, request: web.Request, authority: str, *, is_copy: bool) -> web.Response | None:
        """Count a document whose signature verified; returns the refusal when there are too many.

        Anybody may send a copy of one (`is_copy`: it was taken before), so that an authority's documents are counted
        from each address by itself, and never among its webhooks, nor are copies among those that are new.
        """
        self.strangers.signed(request, is_webhook=False)
        peer = network_of(request.remote or "") if self.knows_addresses else ""
        if wait_s := await self.limits.documents(authority, peer, is_copy=is_copy):
            return _rate_limited("too many documents of this authority from this address", wait_s)
        return None


def _unauthorized(detail: str) -> web.Response:
    return problems.response(ProblemCode.UNAUTHORIZED, detail, headers={"WWW-Authenticate": "Bearer"})


def _rate_limited(detail: str, wait_s: float) -> web.Response:
    return problems.response(ProblemCode.RATE_LIMITED, detail, headers={"Retry-After": str(math.ceil(wait_s))})


def _too_many_failures(detail: str, wait_s: float) -> web.Response:
    return problems.response(ProblemCode.TOO_MANY_FAILURES, detail, headers={"Retry-After": str(math.ceil(wait_s))})
