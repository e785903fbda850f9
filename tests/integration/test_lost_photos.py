"""Trouble with our own store costs a case neither its page nor its photo."""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sql.photos
from public.objects import objects_of
from public.photos.case_photos import ATTEMPTS_MAX, CasePhotos
from public.photos.decoding import Decoder
from public.photos.fetching.fetcher import Fetcher
from public.photos.fetching.plan import FetchPlan, networks_of
from public.settings import PublicSettings
from runtime.page_codes import code_of
from tests.support.photo_site import site_at
from tests.support.pictures import encoded, scene
from tests.support.processes.processes import until
from tests.support.public.case_photos import World, child_with, data_uri, photo_world

if TYPE_CHECKING:
    from pathlib import Path

    from sql.database import Pool
    from tests.support.processes.deployment import Deployment

CHANGED = """update alert set content = jsonb_set(content, '{texts,en,title}', '"Seen at the station"') returning 1"""
DUE = "update case_photo set try_at = now() returning attempts"
OF_SITE = "update case_photo set url = $1, given = null, try_at = now(), attempts = 0 returning 1"


def _page(world: World, alert: str) -> str:
    path = world.deployment.folder / "objects/published/p" / code_of(UUID(alert)) / "index.en.html"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _kept(world: World, alert: str) -> Path:
    return world.deployment.folder / "objects/kept/photos" / alert


async def _lost(world: World, **case: Any) -> str:  # noqa: ANN401 - fields of the case
    """Have the copy of a photo be lost, and the alert change; returns when its page has the change."""
    alert = await world.file(**case)

    async def has_photo() -> bool:
        return "/photo.1-" in _page(world, alert)

    async def is_changed() -> bool:
        return "Seen at the station" in _page(world, alert)

    await until(has_photo)
    await world.deployment.sent(world.server, alert)
    shutil.rmtree(_kept(world, alert))
    await world.deployment.query(CHANGED)
    await until(is_changed)
    return alert


async def test_a_photo_that_is_lost_keeps_no_page_and_is_fetched_again(deployment: Deployment) -> None:
    """The page says what changed at once, and shows the photo again when the police gave it again."""
    async with photo_world(deployment) as world:
        world.site.gives("/a.jpg", encoded(scene(400, 300), "JPEG"))
        alert = await _lost(world, child=child_with(world.url("/a.jpg")))

        async def has_photo() -> bool:
            return "/photo.2-" in _page(world, alert) and await world.alarms() == []

        await until(has_photo)
        assert world.site.asked == ["/a.jpg", "/a.jpg"]


async def test_a_photo_that_is_lost_and_has_no_address_is_an_alarm(deployment: Deployment) -> None:
    """The page is made without it; who reads the alarm asks the police for another one."""
    async with photo_world(deployment) as world:
        alert = await _lost(world, photo_data=data_uri(encoded(scene(400, 300), "JPEG")))
        assert "/photo." not in _page(world, alert)

        async def stands() -> bool:
            return await world.alarms() == ["lost"]

        await until(stands)


async def test_no_photo_is_refused_because_our_own_store_is_away(
    deployment: Deployment, pool: Pool, tmp_path: Path
) -> None:
    """However often it is tried: it is made when the store is back, and the police were asked once more."""
    server = await deployment.server()
    photo = encoded(scene(200, 150), "JPEG")
    await deployment.file(server, photo_data=data_uri(photo))
    await deployment.close()
    async with site_at("127.0.0.1") as site:
        site.gives("/a.jpg", photo)
        plan = FetchPlan(ports=frozenset({site.port}), networks=networks_of(["127.0.0.0/8"]))
        folder = tmp_path / "objects"
        objects = objects_of(PublicSettings(objects=folder.as_uri()), tmp_path)
        photos = CasePhotos(pool, objects, Decoder(), Fetcher(plan))
        for is_given in (True, False):
            if not is_given:
                await deployment.query("update case_photo set state = 'wanted', tag = null returning 1")
                await deployment.query(OF_SITE, f"http://127.0.0.1:{site.port}/a.jpg")
            shutil.rmtree(folder)
            folder.write_text("a file where a folder was")
            for _ in range(ATTEMPTS_MAX + 1):
                assert await photos.make_one()
                [(attempts,)] = await deployment.query(DUE)
                assert attempts == 0
            folder.unlink()
            await until(partial(_is_made, photos, deployment))
        assert site.asked == ["/a.jpg", "/a.jpg"]
        assert photos.results["unavailable"] >= 2 * ATTEMPTS_MAX


async def _is_made(photos: CasePhotos, deployment: Deployment) -> bool:
    await photos.make_one()
    [(state,)] = await deployment.query("select state from case_photo")
    return bool(state == "made")


async def test_a_lost_photo_that_has_another_one_by_now_stays(deployment: Deployment, pool: Pool) -> None:
    """Who found the objects of an older one missing takes nothing from the one that is there."""
    server = await deployment.server()
    _, answer = await deployment.file(server, photo_data=data_uri(encoded(scene(20, 20), "PNG"), "png"))
    made = "update case_photo set state = 'made', tag = '2-a', widths = '{1,1,1}', heights = '{1,1,1}' returning 1"
    await deployment.query(made)
    alert = UUID(answer["alert"]["id"])
    assert not await sql.photos.lost(pool, alert, "1-b")
    assert await sql.photos.read(pool, alert) is not None
