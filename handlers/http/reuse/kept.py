"""Answers that many ask for: made once at a time, and kept for a moment, whoever asks meanwhile.

Bounded: one body each; `kept_s`.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from typing import TYPE_CHECKING, Final

import msgspec
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

LEVEL: Final = 6
"""A body of 400 KB is compressed in 10 ms, to a tenth of it."""

COMPRESSED: Final = "-gzip"


class Form(msgspec.Struct, frozen=True):
    """A body that caches may keep, with its tag: how it is told from another version. `compressed`: empty if not."""

    body: bytes
    content_type: str
    tag: str
    compressed: bytes = b""


def form_of(body: bytes, content_type: str, *, compresses: bool = False) -> Form:
    """Return a body with its tag: a hash of it, which computes for a millisecond a megabyte."""
    compressed = gzip.compress(body, LEVEL, mtime=0) if compresses else b""
    return Form(body, content_type, hashlib.sha256(body).hexdigest()[:32], compressed)


def cached(request: web.Request, form: Form, max_age_s: int) -> web.Response:
    """Return an answer that caches may keep for so long, or that it has not changed."""
    is_compressed = bool(form.compressed) and "gzip" in request.headers.get("Accept-Encoding", "")
    # Two encodings of a body are two versions of it.
    tag = f"{form.tag}{COMPRESSED}" if is_compressed else form.tag
    headers = {"ETag": f'"{tag}"', "Cache-Control": f"public, max-age={max_age_s}"}
    if form.compressed:
        headers["Vary"] = "Accept-Encoding"
    # A cache that compresses makes the tag a weak one, and a cache may name several.
    if any(known.value.removesuffix(COMPRESSED) in {form.tag, "*"} for known in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    if is_compressed:
        headers["Content-Encoding"] = "gzip"
    body = form.compressed if is_compressed else form.body
    return web.Response(body=body, content_type=form.content_type, headers=headers)


class Kept:
    """One answer, which `make` makes; None: there is none. Kept for `kept_s`, however often it is asked for.

    `since_begun`: that counts from when it was begun, also while it is made, so that no answer is older; else from when
    it was made. Whatever `make` raises is raised in all who wait for it, and is not kept. One who leaves ends it for
    nobody else.
    """

    def __init__(self, make: Callable[[], Awaitable[Form | None]], kept_s: float, *, since_begun: bool = False) -> None:
        self._make = make
        self._kept_s = kept_s
        self._since_begun = since_begun
        self._begun_s = float("-inf")
        self._form: Form | None = None
        self._until_s = float("-inf")
        self._making: asyncio.Task[Form | None] | None = None

    async def get(self) -> Form | None:
        """Return the answer that is kept, or the one that is being made, or else a new one."""
        now_s = asyncio.get_running_loop().time()
        if now_s < self._until_s:
            return self._form
        if self._making is None or (self._since_begun and now_s - self._begun_s >= self._kept_s):
            self._begun_s = now_s
            self._making = asyncio.create_task(self._made(now_s), name="kept answer")
            # All who wait for it may have left.
            self._making.add_done_callback(lambda made: made.cancelled() or made.exception())
        return await asyncio.shield(self._making)

    async def _made(self, begun_s: float) -> Form | None:
        try:
            form = await self._make()
            if begun_s == self._begun_s:
                self._form = form
                since_s = begun_s if self._since_begun else asyncio.get_running_loop().time()
                self._until_s = since_s + self._kept_s
        finally:
            if begun_s == self._begun_s:
                self._making = None
        return form
