"""The pictures that are changed into hostile ones: each format that Pillow writes, and those of a folder.

Bounded: `FILE_MAX` bytes of a file of others.
"""

from __future__ import annotations

import contextlib
import warnings
from io import BytesIO
from typing import TYPE_CHECKING, Final

from PIL import Image

from tests.support.pictures import camera_exif, encoded, heic, scene

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE_MAX: Final = 4_000_000
DECODED: Final = ("JPEG", "PNG", "GIF", "WEBP", "HEIC")
MODES: Final = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F")


def own_seeds() -> Iterator[tuple[str, bytes]]:
    """Yield a picture of each format and kind of pixel that Pillow writes, with its name."""
    Image.init()
    picture = scene(160, 120)
    yield "heic", heic(picture, camera_exif(6))
    for kind in sorted(Image.SAVE):
        for mode in MODES:
            data = _written(picture.convert("L").convert(mode), kind)
            if data is not None:
                yield f"{kind.lower()} {mode}", data
    frames = [scene(40, 30, seed) for seed in range(30)]
    for kind in ("GIF", "PNG", "WEBP", "TIFF", "MPO", "PDF"):
        file = BytesIO()
        frames[0].save(file, kind, save_all=True, append_images=frames[1:])
        yield f"{kind.lower()} of many frames", file.getvalue()
    for kind in ("JPEG", "PNG", "WEBP"):
        yield f"{kind.lower()} of a camera", encoded(scene(320, 240), kind, camera_exif(6))
    yield "jpeg progressive", encoded(picture, "JPEG", progressive=True)


def _written(picture: Image.Image, kind: str) -> bytes | None:
    """Return a picture in a format; None where the format has no such pixels."""
    with warnings.catch_warnings(), contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        warnings.simplefilter("ignore", DeprecationWarning)  # some formats are about to go
        return encoded(picture, kind)
    return None


def folder_seeds(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a folder, and of those in it, with their names."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.stat().st_size <= FILE_MAX:
            yield path.name, path.read_bytes()
