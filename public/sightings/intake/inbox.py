"""The inbox: reports and photos of strangers as sealed objects, until a main server takes them in.

A report that is acknowledged is an object that is stored; its photos were stored before it, in pieces, and each has an
object that names the report. Names of reports sort by how much was done for the report, then by time, and stay the same
wherever the report waits. Bounded: `PIECE_BYTES` a piece, `PIECES_MAX` of an upload, `REPORT_BYTES` a report.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

import msgspec

from public.sightings.content import Report
from runtime.decoding import DECODE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

REPORTS: Final = "inbox/reports"
"""Reports without photos."""

PHOTO_REPORTS: Final = "inbox/photo-reports"
"""Reports with photos: in a folder of their own, so that they hold up no words, which are taken in much sooner."""

PHOTOS: Final = "inbox/photos"
UNREADABLE: Final = "inbox/unreadable"
"""Reports that no server opened."""

UNKNOWN_PAGES: Final = "inbox/unknown-pages"
"""Reports of pages that the record does not know: it was restored from a backup, perhaps."""

KEPT: Final = "kept/sightings"

PIECE_BYTES: Final = 512 * 1024
"""So much of each upload is in memory before it is sealed and stored."""

PIECES_MAX: Final = 400
"""The largest photo has 200; a connection that is cut ends a piece early."""

UPLOAD_LISTED_MAX: Final = 2 * PIECES_MAX
"""Its pieces, and what names the reports that have taken it."""

REPORT_BYTES: Final = 64 * 1024
UPLOAD_S: Final = 3600.0
"""A photo whose report never came goes after so long."""

HELD: Final = "held"
"""How the object in the folder of an upload begins that names a report which has taken it."""

BLOCK_BYTES: Final = 4096
"""What the smallest object takes of a disk."""

UPLOAD: Final = "[0-9a-f]{32}"
_UPLOAD: Final = re.compile(UPLOAD)
_PIECE: Final = re.compile(r"(\d{10})-(\d{10})")
_HELD: Final = re.compile(rf"{HELD}-([0-9a-f-]{{36}})")
_FOLDERS: Final = f"{REPORTS}|{PHOTO_REPORTS}|{UNREADABLE}|{UNKNOWN_PAGES}"
_REPORT: Final = re.compile(rf"(?:{_FOLDERS})/(?:([0-2])/)?(\d{{14}})-([0-9a-f-]{{36}})")


class Priority:
    """What is taken in first."""

    PROVED: Final = 0
    FIRST: Final = 1
    """Without a proof of work, of an address block that has sent little."""
    FLOOD: Final = 2


PRIORITIES: Final = (Priority.PROVED, Priority.FIRST, Priority.FLOOD)


class PhotoSent(msgspec.Struct, frozen=True, kw_only=True):
    """A photo of a report: the upload that has its pieces, and how many bytes they are together."""

    upload: str
    size_bytes: int


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A report with its photos, as it is sealed."""

    report: Report
    photos: tuple[PhotoSent, ...] = ()


class Named(NamedTuple):
    """A report's object by its name."""

    path: str
    priority: int
    sent_at: datetime
    id: UUID


class Piece(NamedTuple):
    """A piece of a photo by its name: its bytes from `start` up to `end`."""

    path: str
    start: int
    end: int


_SENT = msgspec.json.Decoder(Sent)


def report_path(priority: int, report: Report, *, with_photos: bool = False) -> str:
    """Return the path of a report's object."""
    folder = PHOTO_REPORTS if with_photos else REPORTS
    return f"{folder}/{priority}/{int(report.received_at.timestamp() * 1000):014d}-{report.id}"


def named(path: str) -> Named | None:
    """Return what a path says; None where no report has such a name. One without a priority has that of few."""
    found = _REPORT.fullmatch(path)
    if found is None:
        return None
    priority = Priority.FIRST if found[1] is None else int(found[1])
    try:
        return Named(path, priority, datetime.fromtimestamp(int(found[2]) / 1000, UTC), UUID(found[3]))
    except (ValueError, OverflowError, OSError):
        return None


def path_in(folder: str, one: Named) -> str:
    """Return the path of a report in another folder: with its priority."""
    return f"{folder}/{one.priority}/{one.path.rpartition('/')[2]}"


def read_sent(content: bytes) -> Sent | None:
    """Return a report as it was sealed; None where it is none."""
    try:
        return _SENT.decode(content)
    except DECODE_ERRORS:
        return None


def new_upload(key: bytes, code: str) -> str:
    """Return the id of an upload for a page, which nobody guesses; `key`: that of receipts."""
    chosen = secrets.token_hex(8)
    return chosen + _check(key, code, chosen)


def is_upload(key: bytes, code: str, upload: str) -> bool:
    """Tell whether an upload was begun for a page."""
    is_id = _UPLOAD.fullmatch(upload) is not None
    return is_id and hmac.compare_digest(_check(key, code, upload[:16]), upload[16:])


def _check(key: bytes, code: str, chosen: str) -> str:
    return hmac.new(key, f"{code} {chosen}".encode(), hashlib.sha256).hexdigest()[:16]


def upload_folder(upload: str) -> str:
    """Return the folder of an upload."""
    return f"{PHOTOS}/{upload}"


def piece_path(upload: str, start: int, end: int) -> str:
    """Return the path of a piece."""
    return f"{PHOTOS}/{upload}/{start:010d}-{end:010d}"


def held_path(upload: str, report: str) -> str:
    """Return the path of what says that a report has taken an upload."""
    return f"{PHOTOS}/{upload}/{HELD}-{report}"


def holder_of(path: str) -> str | None:
    """Return the report that an object in the folder of an upload names; None where it names none."""
    found = _HELD.fullmatch(path.rpartition("/")[2])
    return None if found is None else found[1]


def pieces_of(paths: Iterable[str]) -> list[Piece]:
    """Return the pieces among the objects of an upload, in order."""
    found = []
    for path in paths:
        name = _PIECE.fullmatch(path.rpartition("/")[2])
        if name is not None:
            found.append(Piece(path, int(name[1]), int(name[2])))
    return sorted(found, key=lambda one: one.start)


def contiguous_bytes(pieces: Sequence[Piece]) -> int:
    """Return up to which byte a photo is there without a gap."""
    end = 0
    for piece in pieces:
        if piece.start != end:
            break
        end = piece.end
    return end


def disk_bytes(size_bytes: int) -> int:
    """Return what an object takes of a disk."""
    return -(-max(size_bytes, 1) // BLOCK_BYTES) * BLOCK_BYTES


def kept_folder(alert: UUID) -> str:
    """Return the folder of all that is kept of the sightings of an alert."""
    return f"{KEPT}/{alert}"


def original_path(alert: UUID, sighting: UUID, number: int) -> str:
    """Return where a photo is kept as it came."""
    return f"{KEPT}/{alert}/{sighting}/original.{number}"


def copy_path(alert: UUID, sighting: UUID, number: int) -> str:
    """Return where the copy of a photo is kept that operators see."""
    return f"{KEPT}/{alert}/{sighting}/copy.{number}"
