"""How the child answers: one line of JSON, then the three pictures one after the other.

Bounded by the reader (`public.photos.decoding`), who believes none of it.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from public.photos.child.making import Made


def answer_fault(fault: str) -> None:
    """Say why there is no picture."""
    _write(json.dumps({"fault": fault}).encode())


def answer_pictures(made: Made) -> None:
    """Say what the metadata were, and how long each picture is; then the pictures."""
    head = {
        "lengths": [len(jpeg) for jpeg in made.jpegs],
        "difference_hash": made.difference_hash,
        "taken_at": made.metadata.taken_at,
        "longitude": made.metadata.longitude,
        "latitude": made.metadata.latitude,
    }
    _write(json.dumps(head).encode(), *made.jpegs)


def _write(head: bytes, *pictures: bytes) -> None:
    sys.stdout.buffer.write(head + b"\n")
    for picture in pictures:
        sys.stdout.buffer.write(picture)
    sys.stdout.buffer.flush()
