"""A flood of reports over raw connections, as fast as they are answered; and the proof of work of an honest page.

Bounded: `CONNECTIONS` at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import secrets
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from public.sightings.intake.proof import is_proof

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONNECTIONS: Final = 32
_BOUNDARY: Final = "flood"


def proof_for(code: str) -> str:
    """Return a proof of work for a page, made now."""
    start = f"v1:{code}:{int(time.time() // 60)}:{secrets.token_hex(8)}:"
    return next(one for n in itertools.count() if is_proof(one := f"{start}{n}", code, time.time()))


async def flood(host: str, port: int, code: str, count: int, address_of: Callable[[int], str]) -> Counter[int]:
    """Send so many reports, each with other words; returns how many got which status."""
    statuses: Counter[int] = Counter()
    numbers = iter(range(count))
    await asyncio.gather(*(_flooder(host, port, code, numbers, address_of, statuses) for _ in range(CONNECTIONS)))
    return statuses


async def _flooder(
    host: str,
    port: int,
    code: str,
    numbers: Iterator[int],
    address_of: Callable[[int], str],
    statuses: Counter[int],
) -> None:
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None
    for number in numbers:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            if reader is None or writer is None:
                reader, writer = await asyncio.open_connection(host, port)
            writer.write(_request(host, code, number, address_of(number)))
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            statuses[int(head[9:12])] += 1
            length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
            await reader.readexactly(length)
            if "connection: close" not in head:
                continue
        await _close(writer)
        reader = writer = None
    await _close(writer)


async def _close(writer: asyncio.StreamWriter | None) -> None:
    if writer is not None:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _request(host: str, code: str, number: int, address: str) -> bytes:
    part = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="what"\r\n\r\nflood {number} {secrets.token_hex(8)}\r\n'
    )
    body = f"{part}--{_BOUNDARY}--\r\n".encode()
    lines = [
        f"POST /s/{code} HTTP/1.1",
        f"Host: {host}",
        "Accept: application/json",
        f"X-Forwarded-For: {address}",
        f"Content-Type: multipart/form-data; boundary={_BOUNDARY}",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
