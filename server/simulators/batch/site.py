"""Serves a SIMULATED batch provider, with the switches of its faults.

What every one of them has is here: faults, latency, limits, counts; a provider's own file is what it is strict about.
Under `/simulated/` are switches and counts, which the real ones do not have. Bounded: `HANG_S` a request.
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
"""For how long a slow reader lets a request's body wait, which is more than the buffers between us hold."""

KINDS: Final = (*AT_ONCE, Fault.HALF_ANSWERED, Fault.SLOW_READER)


class SimulatedBatchSettings(SimulatedSettings, frozen=True, kw_only=True):
    """As every simulated provider; an access token, where there are any, is taken for `access_token_s`."""

    access_token_s: float = 86_400.0


class AccessTokens:
    """The tokens that a provider gave, and until when it takes them."""

    def __init__(self, life_s: float) -> None:
        self._life_s = life_s
        self._until_s: dict[str, float] = {}

    @property
    def given(self) -> int:
        """Return how many there were."""
        return len(self._until_s)

    def give(self) -> str:
        """Return a new one."""
        token = f"simulated-{secrets.token_hex(16)}"
        self._until_s[token] = time.monotonic() + self._life_s
        return token

    def takes(self, token: str) -> bool:
        """Tell whether one is still good."""
        return self._until_s.get(token, 0.0) > time.monotonic()


class BatchProvider:
    """What a simulated provider has; `paths` and `busy` are its own."""

    name = ""

    def __init__(self, settings: SimulatedBatchSettings) -> None:
        self.reached = Reached()
        self.faults = Faults(settings, KINDS)
        self.access = AccessTokens(settings.access_token_s)
        self._some_are_invalid = settings.invalid_rate > 0

    def paths(self) -> Mapping[str, Callable[[web.BaseRequest, bytes], web.Response]]:
        """Return what answers a POST, by path."""
        raise NotImplementedError

    def busy(self) -> web.Response:
        """Return the answer of a provider that is overloaded."""
        raise NotImplementedError

    def reach(self, tokens: Sequence[str], collapse_id: str) -> list[str]:
        """Count the tokens reached; returns the invalid ones."""
        bad = [token for token in tokens if self.faults.is_invalid(token)] if self._some_are_invalid else []
        if bad:
            self.reached.invalid += len(bad)
            tokens = [token for token in tokens if token not in set(bad)]
        self.reached.accept(tokens, collapse_id)
        return bad


class BatchSite:
    """One provider's requests and switches."""

    def __init__(self, provider: BatchProvider) -> None:
        self._provider = provider
        self._reached = provider.reached
        self._faults = provider.faults
        self._paths = provider.paths()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer any request."""
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
        return {**self._reached.summary(), "access_tokens": self._provider.access.given}


async def serve(
    provider: BatchProvider,
    settings: SimulatedBatchSettings,
    stopping: asyncio.Event,
    ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve until `stopping` is set; `ready` gets the base URL."""
    await serve_http(BatchSite(provider).handle, settings, stopping, ready)


def json_answer(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return an answer in JSON."""
    body = msgspec.json.encode(content)
    return web.Response(status=status, body=body, headers=headers, content_type="application/json")


async def _half(request: web.BaseRequest, answer: web.Response) -> web.StreamResponse:
    """Send the first half of an answer that stands, and close: the client cannot know that it was done."""
    body = answer.body if isinstance(answer.body, bytes) else b""
    half = web.StreamResponse(status=answer.status, headers={"Content-Length": str(len(body) + 1)})
    half.content_type = answer.content_type
    await half.prepare(request)
    await half.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return half
