"""Pictures of others are decoded in a process of their own: what comes out of it, and what it may not do."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import struct
import sys
import zlib
from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from public.photos.child.metadata import metadata_of
from public.photos.decoding import Decoder, read_answer
from public.photos.picture import Bounds, PictureFault, Pictures
from public.photos.picture_sizes import BYTES_MAX, WIDTHS
from public.photos.plain_jpeg import plain_size
from tests.support.pictures import BEIJING, IPHONE, camera_exif, encoded, heic, scene

if TYPE_CHECKING:
    from collections.abc import Callable

PNG_HEAD = b"\x89PNG\r\n\x1a\n"


async def made(data: bytes, bounds: Bounds | None = None) -> Pictures:
    """Decode what is expected to be a good picture."""
    pictures = await Decoder(bounds=bounds or Bounds()).decode(data)
    assert isinstance(pictures, Pictures), pictures
    return pictures


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "HEIC"])
async def test_each_format_becomes_three_jpegs_without_metadata(kind: str) -> None:
    """Three sizes, each within its bytes, and nothing of the original but its pixels."""
    picture = scene(1600, 1200)
    data = heic(picture, camera_exif()) if kind == "HEIC" else encoded(picture, kind, camera_exif())
    pictures = await made(data)
    for one, width, most in zip((pictures.small, pictures.medium, pictures.large), WIDTHS, BYTES_MAX, strict=True):
        assert (one.width, one.height) == (width, width * 3 // 4) or one.width < width
        assert len(one.jpeg) <= most
        assert plain_size(one.jpeg) == (one.width, one.height)
        opened = Image.open(BytesIO(one.jpeg))
        assert not opened.getexif()
        assert b"Ming" not in one.jpeg
        assert b"Exif" not in one.jpeg
        assert set(opened.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression"}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIC"])
async def test_time_and_place_are_read_before_they_are_removed(kind: str) -> None:
    """When and where the camera says that it was: evidence, as fields."""
    picture = scene(400, 300)
    data = heic(picture, camera_exif()) if kind == "HEIC" else encoded(picture, kind, camera_exif())
    pictures = await made(data)
    assert pictures.taken_at == datetime(2026, 11, 28, 17, 5, 9, tzinfo=timezone(timedelta(hours=8)))
    assert (pictures.longitude, pictures.latitude) == pytest.approx(BEIJING, abs=1e-5)


async def test_a_camera_without_a_zone_gives_a_time_without_one() -> None:
    """Nobody makes up where the camera's clock stood."""
    pictures = await made(encoded(scene(64, 48), "JPEG", camera_exif(zone=None, place=False)))
    assert pictures.taken_at == datetime(2026, 11, 28, 17, 5, 9)  # noqa: DTZ001 - that is what is proved
    assert (pictures.longitude, pictures.latitude) == (None, None)


@pytest.mark.parametrize("orientation", range(1, 9))
async def test_the_picture_is_upright(orientation: int) -> None:
    """A red left upper corner stands where EXIF says that it is to be seen."""
    picture = Image.new("RGB", (400, 200), "blue")
    picture.paste("red", (0, 0, 100, 100))
    pictures = await made(encoded(picture, "JPEG", camera_exif(orientation)))
    opened = Image.open(BytesIO(pictures.small.jpeg)).convert("RGB")
    assert (opened.width > opened.height) == (orientation <= 4)
    right, below = orientation in {2, 3, 6, 7}, orientation in {3, 4, 7, 8}
    corner = opened.getpixel((opened.width - 5 if right else 5, opened.height - 5 if below else 5))
    assert isinstance(corner, tuple)
    assert corner[0] > 200
    assert corner[2] < 60


async def test_pictures_that_are_hard_to_compress_weigh_no_more() -> None:
    """Noise has the worst weight of all: the page's budget holds."""
    noise = Image.effect_noise((2000, 3000), 120).convert("RGB")
    pictures = await made(encoded(noise, "JPEG", quality=95))
    assert len(pictures.medium.jpeg) <= BYTES_MAX[1]
    assert len(pictures.large.jpeg) <= BYTES_MAX[2]


async def test_a_picture_is_recognized_after_it_was_made_smaller_and_brighter() -> None:
    """Few bits of the difference hash differ for one picture, many for two."""
    picture = scene(1200, 900, seed=7)
    first, again, other = [
        await made(encoded(one, "JPEG"))
        for one in (picture, picture.resize((500, 375)).point(lambda value: value * 0.9 + 20), scene(1200, 900, seed=8))
    ]

    def differing(one: Pictures) -> int:
        return ((first.difference_hash ^ one.difference_hash) & (2**64 - 1)).bit_count()

    assert differing(again) <= 6
    assert differing(other) >= 16


async def test_a_20_mb_photo_of_a_phone_is_decoded_within_its_limits() -> None:
    """12 megapixels of HEIC in 20 MB, on their side, as an iPhone writes them."""
    data = heic(scene(*IPHONE), camera_exif(6), bytes_least=19_999_000)
    pictures = await made(data)
    assert pictures.large.width < pictures.large.height
    assert pictures.taken_at is not None


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
async def test_every_kind_of_pixel_is_made_visible(mode: str) -> None:
    """Black and white, palettes, transparency, 16 bits, ink: all become RGB on white, with light and dark places."""
    ramp = Image.linear_gradient("L").resize((300, 300))
    picture = Image.new("I;16", ramp.size) if mode == "I;16" else ramp.convert("RGB").convert(mode)
    if mode == "I;16":
        picture = ramp.convert("I").point(lambda value: value * 256).convert("I;16")
    pictures = await made(encoded(picture, "JPEG" if mode == "CMYK" else "PNG"))
    pixels = Image.open(BytesIO(pictures.small.jpeg)).convert("L").tobytes()
    assert min(pixels) < 40
    assert max(pixels) > 200


def _png_chunk(name: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")


def _png_of(width: int, height: int, body: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return PNG_HEAD + _png_chunk(b"IHDR", head) + _png_chunk(b"IDAT", body) + _png_chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", PictureFault.NOT_A_PICTURE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", PictureFault.NOT_A_PICTURE),
        (b"%PDF-1.7", PictureFault.NOT_A_PICTURE),
        (b"%!PS-Adobe-3.0 EPSF-3.0", PictureFault.NOT_A_PICTURE),
        (b"II*\0", PictureFault.NOT_A_PICTURE),
        (b"icns\0\0\0\x08", PictureFault.NOT_A_PICTURE),
        (b"<html>", PictureFault.NOT_A_PICTURE),
        (b"\xff\xd8\xff\xe0 no picture", PictureFault.BROKEN),
        (_png_of(60_000, 60_000, zlib.compress(bytes(1000))), PictureFault.TOO_MANY_PIXELS),
        (_png_of(2_000, 2_000, zlib.compress(bytes(1000))), PictureFault.BROKEN),
        (b"\xff\xd8\xff" + bytes(20_000_000), PictureFault.TOO_LARGE),
    ],
)
async def test_what_is_no_picture_is_refused_with_its_reason(data: bytes, fault: PictureFault) -> None:
    """Each refusal has its kind."""
    assert await Decoder().decode(data) is fault


async def test_a_child_that_takes_too_long_is_killed() -> None:
    """Neither its time nor that of its processor is exceeded, and no process is left."""
    data = encoded(scene(3000, 3000), "PNG")
    assert await Decoder(bounds=Bounds(timeout_s=0.01)).decode(data) is PictureFault.TOOK_TOO_LONG
    assert not _children()


async def test_a_child_that_needs_too_much_memory_dies_alone() -> None:
    """Its address space is limited: a picture that needs more is refused."""
    data = encoded(Image.new("RGB", (7000, 7000)), "PNG")
    bounds = Bounds(memory_max=300_000_000)
    assert await Decoder(bounds=bounds).decode(data) in {PictureFault.TOO_MANY_PIXELS, PictureFault.BROKEN}
    assert isinstance(await Decoder(bounds=bounds).decode(encoded(scene(300, 300), "PNG")), Pictures)


async def test_a_cancelled_decoding_leaves_no_process() -> None:
    """Who no longer waits pays for nothing."""
    task = asyncio.create_task(Decoder().decode(encoded(scene(4000, 3000), "JPEG")))
    while not _children():
        assert not task.done()
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait({task})
    assert not _children()


async def test_no_more_children_than_allowed_run_at_once() -> None:
    """The rest waits."""
    data = encoded(scene(1000, 1000), "JPEG")
    decoder = Decoder(children=2)
    tasks = [asyncio.create_task(decoder.decode(data)) for _ in range(6)]
    most = 0
    while not all(task.done() for task in tasks):
        most = max(most, len(_children()))
        await asyncio.sleep(0.01)
    assert all(isinstance(task.result(), Pictures) for task in tasks)
    assert 1 <= most <= 2


def _lies() -> dict[str, Callable[[bytes], bytes]]:
    head = b'{"lengths": [%d, %d, %d], "difference_hash": 1}\n'
    return {
        "no JSON": lambda _: b"\xff\n",
        "no pictures": lambda _: b'{"lengths": []}\n',
        "html": lambda jpeg: head % (4, len(jpeg), len(jpeg)) + b"<b>x" + jpeg + jpeg,
        "bytes after the end": lambda jpeg: head % (len(jpeg) + 1, len(jpeg), len(jpeg)) + jpeg + b"!" + jpeg + jpeg,
        "a comment": lambda jpeg: (
            head % (len(jpeg) + 6, len(jpeg), len(jpeg)) + (jpeg[:20] + b"\xff\xfe\x00\x04hi" + jpeg[20:] + jpeg + jpeg)
        ),
        "lengths below zero": lambda jpeg: head % (-1, len(jpeg) + 1, 0) + jpeg,
        "a place that is none": lambda _: b'{"longitude": 1e9}\n',
        "a fault that is none": lambda _: b'{"fault": "x"}\n',
    }


@pytest.mark.parametrize("lie", _lies())
async def test_a_child_that_lies_is_not_believed(lie: str) -> None:
    """Whoever took the child over cannot have anything stored but a plain JPEG."""
    jpeg = (await made(encoded(scene(100, 100), "JPEG"))).small.jpeg
    assert isinstance(read_answer(b'{"lengths": [%d, %d, %d]}\n' % (*[len(jpeg)] * 3,) + jpeg * 3), Pictures)
    assert read_answer(_lies()[lie](jpeg)) is PictureFault.BROKEN


async def test_the_kernel_holds_the_limits_of_a_child() -> None:
    """As it stands in /proc while a picture is decoded: memory, time, files, a session of its own, no environment."""
    data = encoded(scene(6000, 4000), "PNG", compress_level=1)
    task = asyncio.create_task(Decoder(bounds=Bounds(bytes_max=100_000_000)).decode(data))
    limits = ""
    while "Max open files            0                    0" not in limits:
        for child in _children():
            with contextlib.suppress(OSError):
                limits = Path(f"/proc/{child}/limits").read_text(encoding="ascii")
                assert Path(f"/proc/{child}/environ").read_bytes() == b""
                assert os.getsid(child) == child
        assert not task.done()
        await asyncio.sleep(0)
    assert re.search(r"Max address space +1500000000 +1500000000", limits)
    assert re.search(r"Max cpu time +15 +15", limits)
    assert re.search(r"Max file size +0 +0", limits)
    assert isinstance(await task, Pictures)


async def test_the_child_can_open_nothing() -> None:
    """After its imports it has no way to open a file or a socket, and no environment."""
    script = """
import os, socket, resource
from public.photos.child.limits import close_everything, limit_resources
limit_resources(1_500_000_000, 10)
close_everything()
for attempt in (lambda: open("/etc/passwd"), lambda: os.open("/dev/null", 0), lambda: socket.socket(), os.pipe):
    try:
        attempt()
    except OSError:
        continue
    raise SystemExit("opened")
print("closed", flush=True)
"""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-c", script, stdout=asyncio.subprocess.PIPE, env={}
    )
    answer, _ = await child.communicate()
    assert answer == b"closed\n"


def _children() -> set[int]:
    """Return the decoding processes of this one."""
    own = os.getpid()
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((process / "stat").read_text().rsplit(")", 1)[1].split()[1])
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == own and b"public.photos.child" in command:
            found.add(int(process.name))
    return found


def test_times_of_satellites_are_utc() -> None:
    """Where the camera has no time of its own."""
    exif = Image.Exif()
    gps = exif.get_ifd(0x8825)
    gps[7], gps[29] = (9.0, 5.0, 9.0), "2026:11:28"
    assert metadata_of(exif).taken_at == datetime(2026, 11, 28, 9, 5, 9, tzinfo=UTC).isoformat()
