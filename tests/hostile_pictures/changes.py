"""What is done to a picture so that it is hostile: drawn by a seed."""

from __future__ import annotations

import zipfile
from io import BytesIO
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

MARK: Final = b"MARK-OF-A-STRANGER"
"""Stands in each polyglot; what is kept never has it."""
HTML: Final = b"<html><script>alert('" + MARK + b"')</script>"
SCRIPT: Final = b"*/alert('" + MARK + b"');/*"


def cut(random: Random, data: bytes) -> bytes:
    """End a file anywhere."""
    return data[: random.randrange(len(data))] if data else data


def flip(random: Random, data: bytes) -> bytes:
    """Change some bits anywhere; half the time near the beginning, where the lengths are."""
    changed = bytearray(data)
    for _ in range(random.choice((1, 2, 8, 64))):
        if changed:
            at = random.randrange(len(changed) if random.random() < 0.5 else min(len(changed), 400))
            changed[at] ^= 1 << random.randrange(8)
    return bytes(changed)


def exaggerate(random: Random, data: bytes) -> bytes:
    """Write a number that is far too large, or none, where a length may be."""
    if len(data) < 16:
        return data
    at = random.randrange(12, min(len(data), 600))
    number = random.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0", b"\xff\xff", b"\0\0", b"\x80\0\0\0"))
    return data[:at] + number + data[at + len(number) :]


def splice(random: Random, data: bytes) -> bytes:
    """Take a part out, double one, or put one somewhere else."""
    first, second = sorted((random.randrange(len(data) + 1), random.randrange(len(data) + 1)))
    middle = data[first:second][:100_000]
    return random.choice((data[:first] + data[second:], data[:second] + middle + data[second:], middle + data))


def zip_after(random: Random, data: bytes) -> bytes:
    """Have a ZIP with a program end the file, as a ZIP may."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("run.js", SCRIPT * random.randrange(1, 50))
    return data + file.getvalue()


def html_after(random: Random, data: bytes) -> bytes:
    """Have a page end the file."""
    return data + HTML * random.randrange(1, 20)


def html_within(random: Random, data: bytes) -> bytes:
    """Put a page where the format keeps comments; elsewhere anywhere."""
    if data.startswith(b"\xff\xd8"):
        body = HTML * random.randrange(1, 100)
        return data[:2] + b"\xff\xfe" + (len(body) + 2).to_bytes(2, "big") + body + data[2:]
    if data.startswith(b"GIF8"):
        return data[:6] + b"/*" + data[8:] + b"*/=1;" + SCRIPT
    if data.startswith(b"\x89PNG"):
        from tests.hostile_pictures.bombs import chunk  # noqa: PLC0415 - one chunk of it

        return data[:33] + chunk(b"tEXt", b"Comment\0" + HTML) + data[33:]
    at = random.randrange(len(data) + 1)
    return data[:at] + HTML + data[at:]


def disguise(random: Random, data: bytes) -> bytes:
    """Have the file begin as another format does."""
    heads = (
        b"\xff\xd8\xff\xe0",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"RIFF\0\0\0\0WEBP",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    )
    head = random.choice(heads)
    return random.choice((head + data, head + data[len(head) :]))


CHANGES: Final[dict[str, Callable[[Random, bytes], bytes]]] = {
    "as it is": lambda _, data: data,
    "cut off": cut,
    "bits flipped": flip,
    "numbers exaggerated": exaggerate,
    "spliced": splice,
    "a ZIP after it": zip_after,
    "HTML after it": html_after,
    "HTML within it": html_within,
    "another's head": disguise,
}
