"""What stands beside a page: photo, share card, poster and QR code come with it, change with it, and go with it."""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING
from uuid import UUID

import aiohttp
import msgspec
import pytest
from PIL import Image

from public.photos.plain_jpeg import plain_size
from runtime.page_codes import code_of
from server.administration.file_case import send_case
from tests.support.alarms import alarms_of
from tests.support.pictures import camera_exif, encoded, scene
from tests.support.processes.deployment import CASE
from tests.support.processes.processes import until
from tests.support.processes.public_site import URL, public_env, public_site
from tests.support.public.case_photos import data_uri

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.processes.deployment import Deployment

WHY = {"reason": "test", "case_number": CASE["case_number"]}
PHOTO = {"photo_data": data_uri(encoded(scene(500, 700), "JPEG", camera_exif(), quality=55))}


class Site:
    """The page of an alert at serve-public, and its objects."""

    def __init__(self, deployment: Deployment, url: str, alert: str) -> None:
        self.code = code_of(UUID(alert))
        self.folder: Path = deployment.folder / "objects" / "published" / "p" / self.code
        self._url = url

    async def get(self, path: str) -> tuple[int, bytes, str]:
        """Return status, body and media type of what is below the page's address."""
        async with aiohttp.ClientSession() as session, session.get(f"{self._url}{path}") as answer:
            return answer.status, await answer.read(), answer.content_type

    async def page(self, language: str) -> str:
        """Return the page in a language."""
        return (await self.get(f"/p/{self.code}/{language}"))[1].decode()

    def names(self, start: str) -> list[str]:
        """Return the objects whose names begin so, without what is being put at this moment."""
        found = self.folder.glob(f"{start}*") if self.folder.exists() else ()
        return sorted(path.name for path in found if "#" not in path.name)


async def test_photo_card_and_poster_come_with_the_page_and_go_with_it(deployment: Deployment) -> None:
    """In both languages, from our own address; after the end nothing is left but that it is over."""
    await deployment.provider()
    await deployment.people(50)
    server = await deployment.server(**public_env(deployment))
    alert = (await deployment.file(server, **PHOTO))[1]["alert"]["id"]
    site = Site(deployment, (await public_site(deployment)).url, alert)

    async def has_photo() -> bool:
        return "<img class=" in await site.page("en")

    await until(has_photo)
    for language in ("zh-CN", "en"):
        page = await site.page(language)
        [photo] = re.findall(r'<img class="photo" src="([^"]+)" width="(\d+)" height="(\d+)"', page)
        status, jpeg, media_type = await site.get(photo[0])
        assert (status, media_type) == (200, "image/jpeg")
        assert plain_size(jpeg) == (int(photo[1]), int(photo[2]))
        assert len(jpeg) <= 35_000
        [card] = re.findall(rf'<meta property="og:image" content="{URL}([^"]+)"', page)
        status, png, media_type = await site.get(card)
        assert (status, media_type, Image.open(BytesIO(png)).size) == (200, "image/png", (1200, 630))
        kinds = {}
        for address in re.findall(rf'href="(/p/{site.code}/poster\.{language}\.[^"]+)"', page):
            status, content, kinds[address.rpartition(".")[2]] = await site.get(address)
            assert status == 200
            assert content.startswith((b"%PDF", b"\x89PNG"))
        assert kinds == {"pdf": "application/pdf", "png": "image/png"}
    status, svg, media_type = await site.get(f"/p/{site.code}/qr.svg")
    assert (status, media_type) == (200, "image/svg+xml")
    assert svg.startswith(b"<svg")
    before = site.names("photo")
    assert len(before) == 3

    changed = {"case_number": CASE["case_number"], "reason": "test", "child": {"clothing": "红色外套"}}
    posters = site.names("poster")
    await _send(deployment, server.url, "updates", changed)

    async def has_other_posters() -> bool:
        now = site.names("poster")
        return len(now) == len(posters) and not set(now) & set(posters)

    await until(has_other_posters)
    assert site.names("photo") == before, "what has not changed keeps its name"

    status, _ = await deployment.post(f"{server.url}/v1/alerts/{alert}/found", WHY)
    assert status == 200

    async def is_gone() -> bool:
        return not any(site.names(kind) for kind in ("photo", "card", "poster", "qr"))

    await until(is_gone)

    async def says_nothing_else() -> bool:
        # serve-public keeps a page for a second.
        page = await site.page("en")
        return "This alert is over" in page and "og:image" not in page

    await until(says_nothing_else)


async def test_the_authority_says_whether_cards_show_who_is_missing(deployment: Deployment) -> None:
    """Whatever the platform has: cards of live pages are made anew, as they were before once it takes that back."""
    await deployment.provider()
    await deployment.people(50)
    server = await deployment.server(**public_env(deployment))
    alert = (await deployment.file(server))[1]["alert"]["id"]
    site = Site(deployment, (await public_site(deployment)).url, alert)

    async def until_cards(others_than: list[str]) -> list[str]:
        async def are_others() -> bool:
            names = site.names("card")
            return len(names) == 2 and not set(names) & set(others_than)

        await until(are_others)
        return site.names("card")

    # Then nothing else of the page changes.
    await deployment.sent(server, alert)
    nobody = await until_cards([])
    await deployment.run("authority", "card", "sz", "child")
    child = await until_cards(nobody)
    await deployment.run("authority", "card", "sz", "nobody")
    assert await until_cards(child) == nobody
    await deployment.run("authority", "card", "sz", "child")
    assert await until_cards(nobody) == child
    await deployment.run("authority", "card", "sz", "configured")
    assert await until_cards(child) == nobody
    with pytest.raises(AssertionError):
        await deployment.run("authority", "card", "nobody-known", "child")


async def test_a_character_that_no_font_has_is_an_alarm(deployment: Deployment) -> None:
    """The poster has a sign and its number; the alarm does not say which, because it is of a name."""
    await deployment.provider()
    await deployment.people(50)
    server = await deployment.server(**public_env(deployment))
    name = "\u06a9\u06c6"
    alert = (await deployment.file(server, child={**CASE["child"], "name": f"小{name}"}))[1]["alert"]["id"]

    async def stands() -> bool:
        alarms = await alarms_of(deployment, server)
        found = [one for one in alarms if one["kind"] == "glyph_missing" and one["alert"] == alert]
        return bool(found) and not any(one in str(found) for one in name)

    await until(stands)


async def _send(deployment: Deployment, url: str, path: str, content: object) -> None:
    status, answer = await send_case(url, f"sz/{path}", deployment.secret, msgspec.json.encode(content))
    assert status == 200, answer
