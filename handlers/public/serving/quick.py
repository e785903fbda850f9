"""Answers the requests of a storm at once, and without a task: GETs of objects that are in memory, and beacons.

Everything else goes its way through aiohttp: what is not in memory or not new enough, what has another body or a header
that changes the answer, and whatever is not written exactly as HTTP has it. So nothing is answered here that aiohttp
would refuse, and no request ends elsewhere than it does there.

Bounded: `ADDRESSES_MAX` addresses and `HEADERS_MAX` headers of which is known what they lead to, `HEAD_BYTES_MAX` a
head; `UNREAD_BYTES_MAX` of answers that a client has not read.
"""

from __future__ import annotations

import asyncio
import enum
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from handlers.http.serving.connection import Connection, Rules
from handlers.http.serving.heads import HOST
from handlers.public.serving.addresses import object_of
from handlers.public.serving.beacons import COUNTED
from public.funnel.words import BEACON_BYTES
from runtime.page_codes import PATTERN

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from handlers.http.connections import Place
    from handlers.public.serving.cache import ObjectCache

ADDRESSES_MAX: Final = 4_096
HEADERS_MAX: Final = 1_024
"""Browsers of one version, and a proxy before us, send the same headers again and again."""

HEAD_BYTES_MAX: Final = 8 * 1024
UNREAD_BYTES_MAX: Final = 64 * 1024
NOTED_EVERY_S: Final = 1.0
"""So often a connection says that it waits for its client: each time would cost a tenth of an answer."""

_HEAD: Final = re.compile(
    rb"GET (/[!-\"$->@-~]*)(?:\?[!-\"$-~]*)? HTTP/1\.1\r\n"
    rb"((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*\r\n)+)\r\n"
)
"""One request without a body, by RFC 9112: no `#` in the address, nothing that ends a line but CR and LF."""

_BEACON: Final = re.compile(
    rb"POST /b/(%s) HTTP/1\.1\r\n((?:[!#$%%&'*+.^_`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*\r\n)+)\r\n" % PATTERN.encode()
)
_ANY_HEAD: Final = re.compile(
    rb"[A-Z]{3,8} /[!-\"$-~]* HTTP/1\.1(?:\r\n[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*)+"
)
_OPEN_ENDED: Final = re.compile(rb"\n(?:transfer-encoding|expect|upgrade|te|trailer):", re.IGNORECASE)
_LENGTH: Final = re.compile(rb"\ncontent-length:[ \t]*(\d{1,9})[ \t]*(?=\r|$)", re.IGNORECASE)
_ANY_LENGTH: Final = re.compile(rb"\ncontent-length:", re.IGNORECASE)

_OTHERWISE: Final = re.compile(
    rb"(?:^|\n)(?:content-length|transfer-encoding|expect|upgrade|te|trailer|range|if-[a-z-]+):", re.IGNORECASE
)
_CLOSING: Final = re.compile(rb"(?:^|\n)connection:(?![ \t]*keep-alive[ \t]*\r)", re.IGNORECASE)
_ANY_HOST: Final = re.compile(rb"(?:^|\n)host:", re.IGNORECASE)
_HOST: Final = re.compile(rb"(?:^|\n)host:[ \t]*(?:%s)[ \t]*\r" % HOST.encode(), re.IGNORECASE)
_GZIP: Final = re.compile(rb"(?:^|\n)accept-encoding:[^\r]*\bgzip\b(?!;q=0)", re.IGNORECASE)


class Form(enum.Enum):
    """How the bytes of an object are sent."""

    PLAIN = 0
    COMPRESSED = 1


class Answers:
    """The answers that are ready."""

    def __init__(self, cache: ObjectCache, language: str, count: Callable[[str, bytes], bool]) -> None:
        """`count` takes a beacon, by the code of its page, where that can be done at once."""
        self._cache = cache
        self._count = count
        self._object = lru_cache(ADDRESSES_MAX)(lambda address: _object(address, language))

    def answer(self, data: bytes) -> bytes | None:
        """Return the answer to one whole request, None where it is not for here."""
        if len(data) > HEAD_BYTES_MAX:
            return None
        if data.startswith(b"POST"):
            return self._counted(data)
        head = _HEAD.fullmatch(data)
        if head is None:
            return None
        address, headers = head.groups()
        path, form = self._object(address), form_of(headers)
        return None if path is None or form is None else self._cache.ready(path, is_compressed=form is Form.COMPRESSED)

    def _counted(self, data: bytes) -> bytes | None:
        """Count a beacon and return the answer to it."""
        found = _BEACON.match(data)
        if found is None or len(data) - found.end() != length_of(found[2]):
            return None
        return COUNTED if self._count(found[1].decode("ascii"), data[found.end() :]) else None


def _object(address: bytes, language: str) -> str | None:
    return None if b"%" in address else object_of(address.decode("ascii"), language)


@lru_cache(HEADERS_MAX)
def form_of(headers: bytes) -> Form | None:
    """Return in which form an answer goes to who sent these headers, None where they ask for anything but an object."""
    if _OTHERWISE.search(headers) or _CLOSING.search(headers) or not _has_host(headers):
        return None
    return Form.PLAIN if _GZIP.search(headers) is None else Form.COMPRESSED


@lru_cache(HEADERS_MAX)
def length_of(headers: bytes) -> int | None:
    """Return the length of the body of who sent these headers, None where they ask for more, or where it is long."""
    lengths = _LENGTH.findall(b"\n" + headers)
    is_clear = len(lengths) == len(_ANY_LENGTH.findall(b"\n" + headers)) == 1
    if not is_clear or not _has_host(headers) or _OPEN_ENDED.search(b"\n" + headers) or _CLOSING.search(headers):
        return None
    return int(lengths[0]) if int(lengths[0]) <= BEACON_BYTES else None


def _has_host(headers: bytes) -> bool:
    """Tell whether headers name one host, and one that can be."""
    return len(_HOST.findall(headers)) == len(_ANY_HOST.findall(headers)) == 1


def is_whole(data: bytes) -> bool:
    """Tell whether bytes are one request from its beginning to its end: then the next byte begins another one."""
    head, end, body = data.partition(b"\r\n\r\n")
    if not end or len(head) > HEAD_BYTES_MAX or _ANY_HEAD.fullmatch(head) is None or _OPEN_ENDED.search(head):
        return False
    lengths = _LENGTH.findall(head)
    if len(lengths) != len(_ANY_LENGTH.findall(head)) or len(lengths) > 1:
        return False
    return len(body) == (int(lengths[0]) if lengths else 0)


class QuickConnection(Connection):
    """One connection, which answers what is ready at once while nothing else is going on in it.

    As soon as something came in pieces, it is left to aiohttp for good: what looks like a request may be a part of one.
    """

    __slots__ = ("_answers", "_in_pieces", "_noted_s")

    def __init__(
        self, server: web.Server, place: Place, rules: Rules, answers: Callable[[bytes], bytes | None]
    ) -> None:
        super().__init__(server, place, rules)
        self._answers = answers
        self._in_pieces = False
        self._noted_s = float("-inf")

    def data_received(self, data: bytes) -> None:
        """Answer at once, or take what the client sends as any other connection does."""
        if not data:
            # aiohttp's own: it looks again at what it has.
            super().data_received(data)
            return
        raw = self._raw
        if self._rests() and raw is not None and raw.get_write_buffer_size() <= UNREAD_BYTES_MAX:
            answer = self._answers(data)
            if answer is not None:
                raw.write(answer)
                self._go_on()
                return
        self._in_pieces = self._in_pieces or not is_whole(data)
        super().data_received(data)

    def _rests(self) -> bool:
        """Tell whether nothing is left of what came before: no request, no part of one, no answer, no end."""
        is_waiting = self._request_count == 0 or (self._waiter is not None and not self._waiter.done())
        is_going_on = self._messages or self._current_request is not None or self._in_pieces or self._answered
        return is_waiting and not (is_going_on or self._force_close or self._close or self.is_probe)

    def _go_on(self) -> None:
        """Wait for the next request as after any other one."""
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        self._next_keepalive_close_time = now_s + self._keepalive_timeout
        if self._keepalive_handle is None:
            self._keepalive_handle = loop.call_at(self._next_keepalive_close_time, self._process_keepalive)
        if now_s - self._noted_s > NOTED_EVERY_S:
            self._noted_s = now_s
            self.works()
            self.waits()
