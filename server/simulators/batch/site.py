"""Serves a SIMULATED batch provider: faults, latency, limits and counts, which all of them share.

The file of a provider holds only its own paths and checks. Under `/simulated/` are switches and counts, which a real
provider has not. Bounded: `HANG_S` a request.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import TYPE_CHECKING, Final

import msgspec
from aiohttp import web

from server.simulators.faults import AT_ONCE, HANG_S, Fault, Faults, SimulatedSettings
from server.simulators.listener import serve_http
from server.simulators.reached import Reached

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

SLOW_READER_S: Final = 0.1
"""How long a slow reader waits before it reads the body of a request, which may exceed the socket buffers."""

KINDS: Final = (*AT_ONCE, Fault.HALF_ANSWERED, Fault.SLOW_READER)


class SimulatedBatchSettings(SimulatedSettings, frozen=True, kw_only=True):
    """The settings of a simulated batch provider; it accepts an access token for `access_token_s`."""

    access_token_s: float = 86_400.0


class AccessTokens:
    """The access tokens that a provider issued, each with its expiry."""

    def __init__(self, life_s: float) -> None:
        self._life_s = life_s
        self._until_s: dict[str, float] = {}

    @property
    def issued(self) -> int:
        """Return how many were issued."""
        return len(self._until_s)

    def issue(self) -> str:
        """Return a new token."""
        token = f"simulated-{secrets.token_hex(16)}"
        self._until_s[token] = time.monotonic() + self._life_s
        return token

    def accepts(self, token: str) -> bool:
        """Return whether a token is known and has not expired."""
        return self._until_s.get(token, 0.0) > time.monotonic()


class BatchProvider:
    """The base of the simulated batch providers; each one defines `paths` and `busy`."""

    name = ""

    def __init__(self, settings: SimulatedBatchSettings) -> None:
        self.reached = Reached()
        self.faults = Faults(settings, KINDS)
        self.access = AccessTokens(settings.access_token_s)
        self._some_are_invalid = settings.invalid_rate > 0

    def paths(self) -> Mapping[str, Callable[[web.BaseRequest, bytes], web.Response]]:
        """Return the handlers of POST requests by path."""
        raise NotImplementedError

    def busy(self) -> web.Response:
        """Return the answer of an overloaded provider."""
        raise NotImplementedError

    def reach(self, tokens: Sequence[str], collapse_id: str) -> list[str]:
        """Count the valid tokens as reached; returns the invalid ones."""
        bad = [token for token in tokens if self.faults.is_invalid(token)] if self._some_are_invalid else []
        if bad:
            self.reached.invalid += len(bad)
            tokens = [token for token in tokens if token not in set(bad)]
        self.reached.accept(tokens, collapse_id)
        return bad


class BatchSite:
    """Answers the requests to one provider, and to its switches."""

    def __init__(self, provider: BatchProvider) -> None:
        self._provider = provider
        self._reached = provider.reached
        self._faults = provider.faults
        self._paths = provider.paths()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        if request.path.startswith("/simulated/"):
            return await self._control(request)
        answer = self._paths.get(request.path) if request.method == "POST" else None
        if answer is None:
            return web.Response(status=404, text="simulated: no such path")
        self._reached.request()
        fault = self._faults.next_fault()
        if fault is Fault.SLOW_READER:
            await asyncio.sleep(SLOW_READER_S)
        body = await request.read()
        await self._faults.latency()
        if fault is None or fault is Fault.SLOW_READER:
            return answer(request, body)
        self._reached.refused[fault.value] += 1
        if fault is Fault.HALF_ANSWERED:
            return await _half(request, answer(request, body))
        return await self._go_wrong(request, fault)

    async def _go_wrong(self, request: web.BaseRequest, fault: Fault) -> web.Response:
        if fault is Fault.HUNG:
            await asyncio.sleep(HANG_S)
        if fault is Fault.BUSY:
            return self._provider.busy()
        if fault is Fault.UNREADABLE:
            return web.Response(body=b"\x00<html>simulated garbage", content_type="text/html")
        if fault is Fault.DROPPED and request.transport is not None:
            request.transport.abort()
        return web.Response(status=502, text="simulated outage")

    async def _control(self, request: web.BaseRequest) -> web.Response:
        answers: dict[tuple[str, str], Callable[[], object]] = {
            ("GET", "/simulated/counts"): self._counts,
            ("GET", "/simulated/tokens"): self._reached.tokens,
            ("GET", "/simulated/repeats"): lambda: list(self._reached.repeats()),
        }
        where = (request.method, request.path)
        if where in answers:
            return json_answer(answers[where]())
        if where == ("POST", "/simulated/outage"):
            self._faults.outage = bool(msgspec.json.decode(await request.read())["on"])
        elif where == ("POST", "/simulated/reset"):
            self._reached.reset()
        else:
            return web.Response(status=404, text="simulated: no such path")
        return web.Response(status=204)

    def _counts(self) -> dict[str, object]:
        return {**self._reached.summary(), "access_tokens": self._provider.access.issued}


async def serve(
    provider: BatchProvider,
    settings: SimulatedBatchSettings,
    stopping: asyncio.Event,
    ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve until `stopping` is set; `ready` gets the base URL."""
    await serve_http(BatchSite(provider).handle, settings, stopping, ready)


def json_answer(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return a JSON answer."""
    body = msgspec.json.encode(content)
    return web.Response(status=status, body=body, headers=headers, content_type="application/json")


async def _half(request: web.BaseRequest, answer: web.Response) -> web.StreamResponse:
    """Send half of a success and close the connection: the client cannot know that the request was accepted."""
    body = answer.body if isinstance(answer.body, bytes) else b""
    half = web.StreamResponse(status=answer.status, headers={"Content-Length": str(len(body) + 1)})
    half.content_type = answer.content_type
    await half.prepare(request)
    await half.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return half
