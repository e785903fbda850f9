"""Stores photos in sealed pieces while they come, so that none is in memory whole, and says how far one has come.

Bounded: a piece of `PIECE_BYTES` in memory for each upload; `PIECES_MAX` pieces; the photo by `[public.sightings]
photo_mb`.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Protocol

from public.objects import Trouble
from public.sightings.intake.inbox import (
    PIECE_BYTES,
    PIECES_MAX,
    UPLOAD_LISTED_MAX,
    contiguous_bytes,
    held_path,
    piece_path,
    pieces_of,
    upload_folder,
)

if TYPE_CHECKING:
    from handlers.public.serving.sightings.limits.admission import Admission
    from public.objects import Objects
    from public.sightings.intake.inbox_sealing import PublicSeal


class Stopped(enum.Enum):
    """Why a photo was not stored to its end."""

    TOO_LARGE = "too large"
    ELSEWHERE = "not where the upload has come to"
    UNAVAILABLE = "unavailable"


class Source(Protocol):
    """Where bytes come from: empty at the end."""

    async def __call__(self, bytes_max: int) -> bytes:
        """Return some bytes, at most so many."""


class Uploads:
    """The photos that are on their way."""

    def __init__(self, objects: Objects, admission: Admission, bytes_max: int) -> None:
        self._objects = objects
        self._admission = admission
        self.bytes_max = bytes_max

    async def store(self, seal: PublicSeal, upload: str, start: int, source: Source) -> int | Stopped:
        """Store what comes from byte `start` on; returns up to where it is stored then.

        What came is stored also when the source raises, so that whoever sends it again need not begin anew.
        """
        piece, at = bytearray(), start
        try:
            while more := await source(PIECE_BYTES - len(piece)):
                piece += more
                if at + len(piece) > self.bytes_max:
                    piece.clear()
                    return Stopped.TOO_LARGE
                if len(piece) == PIECE_BYTES:
                    stopped = await self._put(seal, upload, at, bytes(piece))
                    if stopped is not None:
                        piece.clear()
                        return stopped
                    at += len(piece)
                    piece.clear()
        finally:
            stopped = await self._put(seal, upload, at, bytes(piece)) if piece else None
            at += len(piece)
        return at if stopped is None else stopped

    async def offset(self, upload: str) -> int | Stopped:
        """Return up to which byte a photo is stored."""
        listed = await self._objects.list(upload_folder(upload), UPLOAD_LISTED_MAX)
        if isinstance(listed, Trouble):
            return Stopped.UNAVAILABLE
        pieces = pieces_of(one.path for one in listed)
        return Stopped.TOO_LARGE if len(pieces) > PIECES_MAX else contiguous_bytes(pieces)

    async def hold(self, upload: str, report: str) -> bool:
        """Note that a report has a photo, so that it waits with it; False where the store does not answer."""
        is_held = await self._objects.put(held_path(upload, report), b"") is None
        self._admission.disk.added(0, with_folder=False)
        return is_held

    async def remove(self, upload: str) -> None:
        """Remove a photo that is not wanted; what is left goes after an hour."""
        await self._objects.delete_below(upload_folder(upload))

    async def _put(self, seal: PublicSeal, upload: str, start: int, content: bytes) -> Stopped | None:
        sealed = seal.seal_piece(upload, start, content)
        trouble = await self._objects.put(piece_path(upload, start, start + len(content)), sealed, is_new=True)
        if trouble is None:
            self._admission.disk.added(len(sealed), with_folder=not start)
        elif trouble is Trouble.EXISTS:
            return Stopped.ELSEWHERE
        return None if trouble is None else Stopped.UNAVAILABLE
