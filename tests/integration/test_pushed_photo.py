"""The picture in a push is ours: millions of phones ask our site for it, and never the server of the police."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any
from uuid import UUID

import aiohttp
import msgspec
from lxml import etree

from handlers.http.roles import Role
from push.alerts.review import Review
from push.message.content import PHOTO_WIDTH
from runtime.page_codes import code_of
from tests.support.cap.documents import keys
from tests.support.cap.messages import public_settings
from tests.support.life.officers import Officers
from tests.support.pictures import encoded, scene
from tests.support.processes.deployment import CASE
from tests.support.processes.processes import until
from tests.support.processes.public_site import URL, public_site
from tests.support.providers.lanes import WebpushLane
from tests.support.public.case_photos import child_with, data_uri, photo_world

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"


async def _shown(lane: WebpushLane) -> dict[str, Any]:
    """Return the notification that a browser was sent last."""
    tls = ssl.create_default_context(cafile=lane.certificate)
    async with aiohttp.ClientSession() as session, session.get(f"{lane.url}/simulated/last", ssl=tls) as answer:
        notification: dict[str, Any] = msgspec.json.decode(await answer.read())["notification"]
        return notification


async def _sent_to_a_browser(deployment: Deployment, **case: object) -> tuple[str, dict[str, Any], list[str]]:
    """File a case whose photo is made before it is approved.

    Returns the alert, what a browser shows, and what the police's server was asked for.
    """
    lane = WebpushLane(deployment)
    await lane.start()
    await lane.people(3)
    async with photo_world(deployment, **lane.env()) as world:
        officers = Officers(deployment, world.server)
        await officers.review(Review.APPROVE)
        await officers.person("Li", Role.APPROVER)
        world.site.gives("/a.jpg", encoded(scene(800, 600), "JPEG"))
        if not case:
            case = {"child": child_with(world.url("/a.jpg"))}
        alert = await world.file(**case)
        await world.until_photo(alert, "made")
        assert (await officers.act(alert, "approval", by="Li"))[0] == 200
        await deployment.sent(world.server, alert)
        shown = await _shown(lane)
        site = await public_site(deployment)
        path = shown["image"].removeprefix(URL)

        # A phone does not ask twice: it is there once the first is notified.
        async with aiohttp.ClientSession() as session, session.get(site.url + path) as answer:
            assert (answer.status, answer.content_type) == (200, "image/jpeg")
        return alert, shown, world.site.asked


async def test_a_push_shows_the_copy_on_our_own_site(deployment: Deployment) -> None:
    """Its address leads to the picture of the page; the police were asked once, by us."""
    alert, shown, asked = await _sent_to_a_browser(deployment)
    assert shown["image"].startswith(f"{URL}/p/{code_of(UUID(alert))}/photo.1-")
    assert shown["image"].endswith(f".{PHOTO_WIDTH}.jpg")
    assert asked == ["/a.jpg"]


async def test_a_photo_that_came_with_the_case_is_shown_too(deployment: Deployment) -> None:
    """It has no address of the police at all."""
    photo = data_uri(encoded(scene(400, 300), "JPEG"))
    alert, shown, asked = await _sent_to_a_browser(deployment, photo_data=photo)
    assert shown["image"].startswith(f"{URL}/p/{code_of(UUID(alert))}/photo.1-")
    assert asked == []


async def test_no_push_has_the_address_of_a_picture_that_cannot_be_published(deployment: Deployment) -> None:
    """The objects are away as the alert is approved: it is sent all the same, without a picture that nobody gets."""
    lane = WebpushLane(deployment)
    await lane.start()
    await lane.people(3)
    async with photo_world(deployment, **lane.env()) as world:
        officers = Officers(deployment, world.server)
        await officers.review(Review.APPROVE)
        await officers.person("Li", Role.APPROVER)
        alert = await world.file(photo_data=data_uri(encoded(scene(400, 300), "JPEG")))
        await world.until_photo(alert, "made")
        published = deployment.folder / "objects" / "published"
        aside = published.with_name("aside")
        if published.exists():
            published.rename(aside)
        published.write_text("a file where a folder was")
        assert (await officers.act(alert, "approval", by="Li"))[0] == 200
        await deployment.sent(world.server, alert)
        assert (await _shown(lane)).get("image") is None
        published.unlink()
        if aside.exists():
            aside.rename(published)

        async def is_published() -> bool:
            return bool((await deployment.query("select photo_tag is not null from page"))[0][0])

        await until(is_published)


async def _public(server: str, alert: str) -> etree._Element:
    """Return an alert's message as aggregators read it."""
    async with aiohttp.ClientSession() as session, session.get(f"{server}/v1/public/alerts/{alert}/cap") as answer:
        assert answer.status == 200
        return etree.fromstring(await answer.read())


async def test_aggregators_get_another_edition_with_our_copy_once_it_is_there(deployment: Deployment) -> None:
    """A message that was published has no picture of the police's server, and stays as it is; the next one has ours."""
    async with photo_world(deployment, **public_settings(deployment.folder, keys())) as world:
        released = asyncio.Event()

        async def wait(_: str) -> None:
            await released.wait()

        world.site.before = wait
        world.site.gives("/a.jpg", encoded(scene(800, 600), "JPEG"))
        alert = await world.file(child=child_with(world.url("/a.jpg")))
        await deployment.sent(world.server, alert)
        first = await _public(world.server.url, alert)
        assert (first.findtext(f"{CAP}msgType"), first.findtext(f".//{CAP}uri")) == ("Alert", None)
        released.set()

        async def is_another() -> bool:
            return (await _public(world.server.url, alert)).findtext(f".//{CAP}uri") is not None

        await until(is_another)
        second = await _public(world.server.url, alert)
        assert second.findtext(f"{CAP}msgType") == "Update"
        assert (first.findtext(f"{CAP}identifier") or "?") in (second.findtext(f"{CAP}references") or "")
        address = second.findtext(f".//{CAP}uri") or ""
        assert address.startswith(f"{URL}/p/{code_of(UUID(alert))}/photo.1-")
        # One that is withdrawn is in no message any more, whoever had signed it before.
        broken = data_uri(b"not a picture")
        assert (await world.send({"case_number": CASE["case_number"], "photo_data": broken}))[0] == 200
        third = await _public(world.server.url, alert)
        assert third.findtext(f".//{CAP}uri") is None
        assert third.findtext(f"{CAP}identifier") != second.findtext(f"{CAP}identifier")
        assert (second.findtext(f"{CAP}identifier") or "?") in (third.findtext(f"{CAP}references") or "")
