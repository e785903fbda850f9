"""Objects in a folder and in a real S3 store: both do the same."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import obstore
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from public.cache_control import MODULE_CACHE, PAGE_CACHE, PICTURE_CACHE, cache_control_of
from public.objects import LISTED_AT_ONCE, PUT_S, Objects, ObjectsAddressError, Trouble, objects_of
from public.publishing.site import Asset, Assets, put_modules, put_page
from public.settings import PublicSettings, S3Settings
from tests.support.processes.processes import ROOT
from tests.support.processes.seaweedfs import seaweedfs
from tests.support.public.pages import AROUND, example, source

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PUTS = """
import asyncio, sys
from pathlib import Path
from public.objects import objects_of
from public.settings import PublicSettings
objects = objects_of(PublicSettings(objects=Path(sys.argv[1]).as_uri()), Path(sys.argv[1]))
asyncio.run(objects.put("kept/1/photo", bytes(100_000_000)))
"""


@pytest_asyncio.fixture(params=["folder", "s3"])
async def objects(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Objects]:
    """Provide an empty store of each kind."""
    if request.param == "folder":
        yield objects_of(PublicSettings(), tmp_path)
        return
    async with seaweedfs(tmp_path) as settings:
        yield objects_of(settings, tmp_path)


async def test_a_store_gives_back_what_was_put_into_it(objects: Objects) -> None:
    """Put, replace, read, list and delete do the same in a folder and in S3; what is not there is said so."""
    assert await objects.get("published/p/abc/state.json") is Trouble.MISSING
    assert await objects.list("published") == []
    assert await objects.put("published/p/abc/state.json", b"one", media_type="application/json") is None
    assert await objects.put("published/p/abc/state.json", b"second") is None
    assert await objects.put("published/p/abcd/photo.jpg", b"") is None
    assert await objects.get("published/p/abc/state.json") == b"second"
    assert await objects.get("published/p/abc/state.json", at_most_bytes=5) is Trouble.TOO_LARGE

    found = await objects.list("published/p/abc")
    assert not isinstance(found, Trouble)
    assert [(one.path, one.size_bytes) for one in found] == [("published/p/abc/state.json", 6)]
    head = await objects.head("published/p/abc/state.json")
    assert not isinstance(head, Trouble)
    assert (head.path, head.size_bytes) == ("published/p/abc/state.json", 6)

    assert await objects.delete(["published/p/missing", "published/p/abc/state.json"]) is None
    assert await objects.get("published/p/abc/state.json") is Trouble.MISSING
    assert await objects.get("published/p/abcd/photo.jpg") == b""


async def test_of_two_that_put_a_new_object_one_learns_that_it_exists(objects: Objects) -> None:
    """What `is_new` stored is not replaced by another one that comes later or at the same time."""
    results = await asyncio.gather(*(objects.put("inbox/a", b"%d" % n, is_new=True) for n in range(4)))
    assert sorted(str(one) for one in results) == ["None", *["Trouble.EXISTS"] * 3]
    assert await objects.get("inbox/a") == b"%d" % results.index(None)


async def test_who_reads_a_bucket_without_us_is_told_how_long_to_keep_what_is_published(tmp_path: Path) -> None:
    """A CDN may have the bucket for its origin: the promise of the takedown goes with each object."""
    async with seaweedfs(tmp_path) as settings:
        objects = objects_of(settings, tmp_path)
        assert await put_modules(objects) is None
        files = (Asset("photo.1.640.jpg", b"x", "image/jpeg"),)
        assert await put_page(objects, source(example("lost-at-a-park")), Assets(files=files), AROUND) is None
        found = await objects.list("published")
        assert not isinstance(found, Trouble)
        kept = set()
        for one in found:
            attributes = (await obstore.get_async(objects._store, one.path)).attributes  # noqa: SLF001 - as others read it
            assert attributes["Cache-Control"] == cache_control_of(one.path), one.path
            kept.add(attributes["Cache-Control"])
        assert kept == {PAGE_CACHE, PICTURE_CACHE, MODULE_CACHE}


async def test_whatever_is_below_a_folder_is_deleted_and_nothing_else(objects: Objects) -> None:
    """More objects than one request deletes are gone; a folder whose name only begins so is not touched."""
    for start in range(0, 1100, 50):
        await asyncio.gather(*(objects.put(f"kept/1/{n}", b"x") for n in range(start, start + 50)))
    await objects.put("kept/11/0", b"x")
    assert await objects.delete_below("kept/1") is None
    assert await objects.list("kept/1") == []
    left = await objects.list("kept")
    assert not isinstance(left, Trouble)
    assert [one.path for one in left] == ["kept/11/0"]


async def test_what_an_interrupted_put_left_is_deleted_with_its_folder(tmp_path: Path) -> None:
    """A process that dies while it writes leaves a file that is no object: it is listed by nobody, and deleted."""
    objects = objects_of(PublicSettings(), tmp_path)
    await objects.put("kept/1/a.jpg", b"x")
    left = tmp_path / "objects/kept/1/b.jpg#1"
    left.write_bytes(b"half of a picture")
    found = await objects.list("kept/1")
    assert not isinstance(found, Trouble)
    assert [one.path for one in found] == ["kept/1/a.jpg"]
    assert await objects.delete_below("kept/1") is None
    assert not left.exists()


async def test_what_is_left_of_puts_is_found_by_its_age(tmp_path: Path) -> None:
    """What may still be written stays, and so does every object; the age is by the clock of the folder."""
    objects = objects_of(PublicSettings(), tmp_path)
    folder = tmp_path / "objects"
    await objects.put("inbox/photos/1/a", b"x")
    await objects.put("published/p/2/b", b"x")
    old, young = folder / "inbox/photos/1/b#1", folder / "published/p/2/c.html#12"
    for path in (old, young):
        path.write_bytes(b"half of a picture")
    long_ago_s = old.stat().st_mtime - PUT_S - 5
    os.utime(old, (long_ago_s, long_ago_s))
    assert await objects.delete_staged("") == 1
    assert (old.exists(), young.exists()) == (False, True)
    assert await objects.delete_staged("published/p/2", older_than_s=0) == 1
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == ["a", "b"]


async def test_what_cannot_be_looked_through_is_trouble_and_no_exception(tmp_path: Path) -> None:
    """Whatever a folder does wrong comes back as `Trouble`, and nothing counts as deleted."""
    objects = objects_of(PublicSettings(), tmp_path)
    (tmp_path / "objects/kept").mkdir()
    assert await objects.delete_below("kept/" + "x" * 300) is Trouble.UNAVAILABLE
    (tmp_path / "objects/kept/1").write_bytes(b"a file where a folder was")
    assert await objects.delete_staged("kept/1", older_than_s=0) is Trouble.UNAVAILABLE


async def test_a_put_whose_process_is_killed_leaves_what_is_found(tmp_path: Path) -> None:
    """SIGKILL while a large object is written: a file under the name that is looked for, and no object."""
    objects = objects_of(PublicSettings(), tmp_path)
    folder = tmp_path / "objects/kept/1"
    for _ in range(20):
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", PUTS, str(tmp_path / "objects"), cwd=ROOT)
        while process.returncode is None and not [*folder.glob("*#*")]:
            await asyncio.sleep(0.001)
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        if [*folder.glob("*#*")]:
            break
    assert await objects.list("kept/1") in ([], [await objects.head("kept/1/photo")])
    assert await objects.delete_staged("kept/1", older_than_s=0) == 1
    assert [*folder.glob("*#*")] == []


async def test_a_store_that_is_away_is_trouble_and_no_exception(tmp_path: Path, free_port: int) -> None:
    """Nothing listens where the store should be: each call says so."""
    there = S3Settings(url=f"http://127.0.0.1:{free_port}", access_key_id="a", secret_access_key="b")
    objects = objects_of(PublicSettings(objects="s3://alerts/x", s3=there), tmp_path)
    assert await objects.put("a", b"b") is Trouble.UNAVAILABLE
    assert await objects.get("a") is Trouble.UNAVAILABLE
    assert await objects.head("a") is Trouble.UNAVAILABLE
    assert await objects.list("a") is Trouble.UNAVAILABLE
    assert await objects.delete(["a"]) is Trouble.UNAVAILABLE


def test_an_address_that_names_no_folder_is_refused(tmp_path: Path) -> None:
    """`file://folder` would be a machine of that name."""
    with pytest.raises(ObjectsAddressError, match="three slashes"):
        objects_of(PublicSettings(objects="file://folder"), tmp_path)


PAGES = 28
PAGE_S = 0.25
PART_S = 6.0
"""Far longer than a part takes, and shorter than all of them."""


async def test_a_long_list_may_take_as_long_as_the_store_goes_on_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bucket that answers each part within its time is listed to the end; one that stops is unavailable."""
    stops = asyncio.Event()

    async def part(request: web.Request) -> web.Response:
        number = int(request.query.get("continuation-token", "0"))
        await asyncio.sleep(PAGE_S)
        if stops.is_set():
            await asyncio.Event().wait()
        known = "<LastModified>2026-11-29T10:00:00Z</LastModified><Size>1</Size>"
        keys = [f"<Contents><Key>inbox/{number}/{n}</Key>{known}</Contents>" for n in range(LISTED_AT_ONCE)]
        more = f"<NextContinuationToken>{number + 1}</NextContinuationToken>" if number < PAGES - 1 else ""
        content = f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>{''.join(keys)}{more}"
        body = f"<ListBucketResult>{content}</ListBucketResult>"
        return web.Response(text=body, content_type="application/xml")

    monkeypatch.setattr("public.objects.WRITE_S", PART_S)
    app = web.Application()
    app.router.add_get("/{path:.*}", part)
    async with TestServer(app) as server:
        known = S3Settings(url=str(server.make_url("/")).rstrip("/"), access_key_id="a", secret_access_key="b")
        objects = objects_of(PublicSettings(objects="s3://names", s3=known), tmp_path)
        listed = await objects.list("inbox")
        assert not isinstance(listed, Trouble)
        assert len(listed) == PAGES * LISTED_AT_ONCE, "in all it took longer than the store has for one part"
        stops.set()
        monkeypatch.setattr("public.objects.WRITE_S", PAGE_S * 3)
        assert await objects.list("inbox") is Trouble.UNAVAILABLE
