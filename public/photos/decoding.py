"""Decodes pictures of others, each in a process of its own that may die of it.

The bytes flow in, three pictures that were encoded here, or a fault, flow out. Nothing that a child answers is believed
before it was looked at (`plain_jpeg.py`). Bounded: `children` at once; `Bounds` for each; `ANSWER_MAX` bytes of answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from msgspec import Meta

from public.photos.formats import format_of
from public.photos.picture import Bounds, Picture, PictureFault, Pictures
from public.photos.picture_sizes import BYTES_MAX
from public.photos.plain_jpeg import plain_size
from runtime.decoding import DECODE_ERRORS

if TYPE_CHECKING:
    from asyncio.subprocess import Process

CHILDREN: Final = 2
"""At once: each may use a core and `Bounds.memory_max`."""

HEAD_MAX: Final = 1000
"""Bytes of the first line of an answer."""
ANSWER_MAX: Final = HEAD_MAX + sum(BYTES_MAX)

_DEFAULT_BOUNDS: Final = Bounds()
_COMPILED: Final = ("-X", f"pycache_prefix={sys.pycache_prefix}") if sys.pycache_prefix else ()
"""Where compiled modules are, which a process without an environment does not know."""


class _Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first line of an answer."""

    fault: PictureFault | None = None
    lengths: Annotated[list[int], Meta(max_length=len(BYTES_MAX))] = []
    difference_hash: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] = 0
    taken_at: datetime | None = None
    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None
    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None


class Decoder:
    """Starts the processes that decode: one for each picture, `children` at once. Whoever waits, waits in order."""

    def __init__(self, children: int = CHILDREN, bounds: Bounds = _DEFAULT_BOUNDS) -> None:
        self._bounds = bounds
        self._places = asyncio.Semaphore(children)

    async def decode(self, data: bytes) -> Pictures | PictureFault:
        """Return the picture in three sizes, or why there is none. Raises nothing; a cancellation kills the process."""
        if len(data) > self._bounds.bytes_max:
            return PictureFault.TOO_LARGE
        if format_of(data) is None:
            return PictureFault.NOT_A_PICTURE
        async with self._places:
            process = await self._start()
            try:
                async with asyncio.timeout(self._bounds.timeout_s):
                    answer = await _exchange(process, data)
                    code = await process.wait()
            except TimeoutError:
                return PictureFault.TOOK_TOO_LONG
            finally:
                await _kill(process)
        if code == -signal.SIGXCPU:
            return PictureFault.TOOK_TOO_LONG
        return read_answer(answer) if code == 0 else PictureFault.BROKEN

    async def _start(self) -> Process:
        bounds = self._bounds
        limits = (bounds.pixels_max, bounds.memory_max, bounds.cpu_s, bounds.bytes_max)
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", *_COMPILED, "-m", "public.photos.child", *(str(limit) for limit in limits)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={},
            cwd="/",
            start_new_session=True,
        )


def read_answer(answer: bytes) -> Pictures | PictureFault:
    """Return what a child said, if it is what a child may say: BROKEN for everything else."""
    line, _, body = answer.partition(b"\n")
    try:
        head = msgspec.json.decode(line, type=_Head)
    except DECODE_ERRORS:
        return PictureFault.BROKEN
    if head.fault is not None:
        return head.fault
    if len(head.lengths) != len(BYTES_MAX) or min(head.lengths) < 0 or sum(head.lengths) != len(body):
        return PictureFault.BROKEN
    pictures = []
    for length, most in zip(head.lengths, BYTES_MAX, strict=True):
        jpeg, body = body[:length], body[length:]
        size = plain_size(jpeg)
        if size is None or length > most:
            return PictureFault.BROKEN
        pictures.append(Picture(jpeg=jpeg, width=size[0], height=size[1]))
    return Pictures(
        small=pictures[0],
        medium=pictures[1],
        large=pictures[2],
        difference_hash=head.difference_hash,
        taken_at=head.taken_at,
        longitude=head.longitude,
        latitude=head.latitude,
    )


async def _exchange(process: Process, data: bytes) -> bytes:
    """Give a child its picture, and return its answer; empty when it is longer than an answer may be."""
    writing = asyncio.create_task(_write(process, data), name="picture to decode")
    try:
        answer = b""
        while len(answer) <= ANSWER_MAX and (more := await _stream(process.stdout).read(ANSWER_MAX)):
            answer += more
        return answer if len(answer) <= ANSWER_MAX else b""
    finally:
        writing.cancel()
        await asyncio.wait({writing})


async def _write(process: Process, data: bytes) -> None:
    """Write all bytes and the end of them; a child that died reads no more."""
    if process.stdin is None:
        return
    with contextlib.suppress(OSError):
        process.stdin.write(data)
        await process.stdin.drain()
        process.stdin.close()


def _stream(stream: asyncio.StreamReader | None) -> asyncio.StreamReader:
    if stream is None:
        raise RuntimeError("the child has no standard output")
    return stream


async def _kill(process: Process) -> None:
    """Kill the child, whatever state it is in, and wait until it is gone."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
