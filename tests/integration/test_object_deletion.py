"""Objects that cannot be deleted: the record says that nothing is deleted that stays, and nothing else waits for it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from runtime.page_codes import code_of
from tests.integration.test_deletion import WHY
from tests.support.alarms import alarms_of
from tests.support.pictures import encoded, scene
from tests.support.processes.deployment import CASE
from tests.support.processes.processes import until
from tests.support.public.case_photos import data_uri, photo_world

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment
    from tests.support.public.case_photos import World

LOOKS = {"QQ_ALERT_RETENTION__LOOK_S": "0.1"}
WAITS = "deletion_waits"


async def _until_closed(world: World, alert: str) -> None:
    async def is_closed() -> bool:
        shown = await world.deployment.get(f"{world.server.url}/v1/alerts/{alert}")
        return bool(shown["alert"]["state"] == "closed")

    await until(is_closed)


async def _waiting(world: World) -> list[str]:
    """Return the alerts about which the alarm stands."""
    found = await alarms_of(world.deployment, world.server)
    return [one["alert"] for one in found if one["kind"] == WAITS]


async def _until_waits(world: World, *alerts: str) -> None:
    async def are() -> bool:
        return await _waiting(world) == [*alerts]

    await until(are)


async def _with_photo(world: World, number: str) -> str:
    """File a case with a photo, and say that the child is found; returns the alert."""
    deployment = world.deployment
    photo = data_uri(encoded(scene(100, 100), "JPEG"))
    status, answer = await deployment.file(world.server, case_number=number, photo_data=photo)
    assert status == 202, answer
    alert: str = answer["alert"]["id"]
    await world.until_photo(alert, "made")
    found = WHY | {"case_number": number}
    assert (await deployment.post(f"{world.server.url}/v1/alerts/{alert}/found", found))[0] == 200
    return alert


async def test_one_alert_whose_objects_stay_holds_up_no_other(deployment: Deployment) -> None:
    """A file in its folder that the store cannot name: an alarm; the other alert is deleted, and this one later."""
    async with photo_world(deployment, **LOOKS) as world:
        stuck, other = await _with_photo(world, "SZ-1"), await _with_photo(world, "SZ-2")
        bad = os.fsencode(world.objects(stuck)[0].parent) + b"/\xff"
        os.close(os.open(bad, os.O_CREAT | os.O_WRONLY))
        await deployment.pass_time(1_000)
        await _until_closed(world, other)
        await _until_waits(world, stuck)
        assert world.objects(other) == []
        assert len(await deployment.query("select 1 from case_photo")) == 1
        Path(os.fsdecode(bad)).unlink()
        await _until_closed(world, stuck)
        await _until_waits(world)
        assert world.objects(stuck) == []


async def test_pictures_go_although_pages_are_published_no_more(deployment: Deployment) -> None:
    """`[public] url` was taken out, and `objects` was not: what is there is deleted before the record says so."""
    async with photo_world(deployment, **LOOKS) as world:
        alert = await _with_photo(world, "SZ-1")
        world.server.end()
        world.env = {name: value for name, value in world.env.items() if name != "QQ_ALERT_PUBLIC__URL"}
        await world.start()
        await deployment.pass_time(1_000)
        await _until_closed(world, alert)
        assert world.objects(alert) == []


async def test_a_page_that_stood_when_the_site_was_taken_out_is_deleted(deployment: Deployment) -> None:
    """It says that its alert is over; all else of it goes with the child's data, also what is in no list."""
    async with photo_world(deployment, **LOOKS) as world:
        alert = await world.file(photo_data=data_uri(encoded(scene(100, 100), "JPEG")))
        folder = deployment.folder / "objects/published/p" / code_of(UUID(alert))

        async def stands() -> bool:
            rows = await deployment.query("select 1 from page where first_made_at is not null and made = wanted")
            return bool(rows) and [*folder.glob("photo.*")] != []

        await world.until_photo(alert, "made")
        await until(stands)
        world.server.end()
        (folder / "index.en.html#1").write_bytes(b"half of it")
        world.env = {name: value for name, value in world.env.items() if name != "QQ_ALERT_PUBLIC__URL"}
        await world.start()
        assert (await deployment.post(f"{world.server.url}/v1/alerts/{alert}/found", WHY))[0] == 200
        await deployment.pass_time(1_000)
        await _until_closed(world, alert)

        async def is_made() -> bool:
            return await deployment.query("select 1 from page where made < wanted") == []

        # That it is closed wants its page once more: until that is made, a file may be on its way.
        await until(is_made)
        left = {path.name: path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file()}
        assert {*left} <= {"state.json", "index.zh-CN.html", "index.en.html"}
        assert not any(CASE["child"]["name"] in text for text in left.values())


async def test_pages_are_taken_away_although_none_are_made_any_more(deployment: Deployment) -> None:
    """`[public] url` was taken out while a page was there: it says that the alert is over once the child is found."""
    async with photo_world(deployment) as world:
        alert = await world.file(photo_data=data_uri(encoded(scene(100, 100), "JPEG")))
        folder = deployment.folder / "objects" / "published" / "p" / code_of(UUID(alert))

        async def is_shown() -> bool:
            return any(folder.glob("photo.*.jpg")) and (folder / "index.en.html").exists()

        await until(is_shown)
        world.server.end()
        world.env = {name: value for name, value in world.env.items() if name != "QQ_ALERT_PUBLIC__URL"}
        await world.start()
        assert (await deployment.post(f"{world.server.url}/v1/alerts/{alert}/found", WHY))[0] == 200

        async def is_gone() -> bool:
            return not any(folder.glob("photo.*.jpg")) and b"over" in (folder / "state.json").read_bytes()

        await until(is_gone)


async def test_nothing_is_called_deleted_while_its_page_stands(deployment: Deployment) -> None:
    """The publisher cannot take it away: the record keeps the child's data, and an alarm stands, until it can."""
    async with photo_world(deployment, **LOOKS) as world:
        alert = await _with_photo(world, "SZ-1")

        async def is_over() -> bool:
            return bool(await deployment.query("select 1 from page where over"))

        await until(is_over)
        await deployment.query("update page set over = false, wanted = wanted + 1, held_until = '2099-01-01'")
        await deployment.pass_time(1_000)
        await _until_waits(world, alert)
        await deployment.query("update page set held_until = now()")
        await _until_closed(world, alert)


async def test_nothing_is_called_deleted_that_cannot_be_reached(deployment: Deployment) -> None:
    """All of `[public]` was taken out: the record knows of pictures, keeps the child's data, and raises an alarm."""
    async with photo_world(deployment, **LOOKS) as world:
        alert = await _with_photo(world, "SZ-1")
        status, answer = await deployment.file(world.server, case_number="SZ-2")
        assert status == 202
        without = answer["alert"]["id"]
        assert (await deployment.post(f"{world.server.url}/v1/alerts/{without}/cancel", WHY | {"case_number": "SZ-2"}))[
            0
        ] == 200
        before = world.env
        world.server.end()
        world.env = {name: value for name, value in before.items() if not name.startswith("QQ_ALERT_PUBLIC__")}
        await world.start()
        await deployment.pass_time(1_000)
        await _until_waits(world, alert)
        await _until_closed(world, without)
        assert len(await deployment.query("select 1 from case_photo")) == 1
        assert world.objects(alert) != []
        world.server.end()
        world.env = before
        await world.start()
        await _until_closed(world, alert)
        assert world.objects(alert) == []
