"""Gives hostile pictures to the decoder, some at once, and judges what comes back from outside.

Bounded by `count`; `AT_ONCE` children.
"""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from io import BytesIO
from itertools import chain
from random import Random
from typing import TYPE_CHECKING, Final

import msgspec
from PIL import Image, JpegImagePlugin

from public.photos.decoding import Decoder
from public.photos.formats import format_of
from public.photos.picture import Bounds, PictureFault
from public.photos.picture_sizes import BYTES_MAX
from tests.hostile_pictures.bombs import bombs
from tests.hostile_pictures.changes import CHANGES, MARK
from tests.hostile_pictures.seeds import folder_seeds, own_seeds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

AT_ONCE: Final = 3
WARM: Final = 100
"""Pictures after which the memory of the asking process is what it stays at."""


class Outcome(msgspec.Struct):
    """What came of a campaign."""

    given: int = 0
    seeds: int = 0
    formats: set[str] = msgspec.field(default_factory=set)
    results: Counter[str] = msgspec.field(default_factory=Counter)
    changes: Counter[str] = msgspec.field(default_factory=Counter)
    children: int = 0
    not_ours: list[str] = msgspec.field(default_factory=list)
    caller_mb_warm: float = 0
    caller_mb: float = 0
    child_mb: float = 0


def hostile(seed: int, count: int, corpus: Path | None) -> Iterator[tuple[str, str, bytes]]:
    """Yield seed, change and bytes of each picture: first the bombs, then each seed as it is, then changed ones."""
    random = Random(seed)
    seeds = list(chain(own_seeds(), folder_seeds(corpus) if corpus else ()))
    decoded = [one for one in seeds if format_of(one[1]) is not None]
    first: Iterator[tuple[str, str, bytes]] = chain(
        ((name, "bomb", data) for name, data in bombs()), ((name, "as it is", data) for name, data in seeds)
    )
    for number in range(count):
        given = next(first, None)
        if given is None:
            # What begins like a picture gets past the first look: most of the changes are spent on those.
            name, data = random.choice(decoded if random.random() < 0.9 else seeds)
            change = random.choice(list(CHANGES))
            given = name, change, CHANGES[change](Random(seed + number), data)
        yield given


async def run(seed: int, count: int, corpus: Path | None, say: Callable[[str], None]) -> Outcome:
    """Decode `count` hostile pictures."""
    outcome = Outcome()
    decoder = Decoder(children=AT_ONCE, bounds=Bounds())
    pictures = hostile(seed, count, corpus)

    async def work() -> None:
        for name, change, data in pictures:
            result = await decoder.decode(data)
            outcome.given += 1
            outcome.seeds += change == "as it is"
            outcome.formats.add(name.rsplit(".", 1)[-1].split(" ", 1)[0].lower())
            outcome.changes[change] += 1
            outcome.children += format_of(data) is not None
            outcome.results[result.value if isinstance(result, PictureFault) else "kept"] += 1
            if not isinstance(result, PictureFault):
                for one, most in zip((result.small, result.medium, result.large), BYTES_MAX, strict=True):
                    outcome.not_ours += [f"{name}, {change}: {why}" for why in faults_of(one.jpeg, most)]
            if outcome.given == min(WARM, count):
                outcome.caller_mb_warm = _own_mb()
            if outcome.given % 1_000 == 0:
                say(f"{outcome.given:,} of {count:,}: {dict(outcome.results)}")

    async with asyncio.TaskGroup() as group:
        for number in range(AT_ONCE):
            group.create_task(work(), name=f"hostile pictures {number}")
    outcome.caller_mb = _own_mb()
    outcome.child_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return outcome


def faults_of(jpeg: bytes, bytes_max: int) -> list[str]:
    """Return why bytes are none of a JPEG that we encoded, by Pillow's reading and by what a stranger left in them."""
    opened = JpegImagePlugin.JpegImageFile(BytesIO(jpeg))
    opened.load()
    return [
        why
        for why, is_so in {
            "too many bytes": len(jpeg) > bytes_max,
            "metadata": bool(opened.getexif()) or {"exif", "icc_profile", "comment", "xmp"} & set(opened.info),
            "segments": [name for name, _ in opened.applist] != ["APP0"],
            "a stranger's mark": MARK in jpeg or b"<script" in jpeg,
            "another beginning": not jpeg.startswith(b"\xff\xd8\xff\xe0"),
            "bytes after the end": jpeg.find(b"\xff\xd9") != len(jpeg) - 2,
            "another picture": Image.open(BytesIO(jpeg)).format != "JPEG",
        }.items()
        if is_so
    ]


def _own_mb() -> float:
    """Return how much memory this process holds now."""
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 - no file of ours
        return int(statm.read().split()[1]) * resource.getpagesize() / 1_000_000
