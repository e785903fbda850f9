"""A photo passes the same review as any other change of a case: nobody approves, and nobody is shown, one unseen."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

import aiohttp
import msgspec

from handlers.http.roles import Role
from push.alerts.review import Review
from server.administration.file_case import send_case
from tests.support.life.officers import Officers
from tests.support.pictures import encoded, scene
from tests.support.processes.deployment import CASE
from tests.support.processes.processes import until
from tests.support.public.case_photos import data_uri, photo_world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.processes.deployment import Deployment
    from tests.support.public.case_photos import World

NUMBER = CASE["case_number"]


class Reviewed:
    """A server whose cases an approver approves, and what is seen of an alert's photos."""

    def __init__(self, world: World, officers: Officers) -> None:
        self.world = world
        self.officers = officers

    async def photos(self, alert: str) -> dict[bool, str]:
        """Return the states of the photo that is shown (False) and of the one that is proposed (True)."""
        text = "select is_proposed, state from case_photo where alert_id = $1"
        return dict(await self.world.deployment.query(text, UUID(alert)))

    async def until_photos(self, alert: str, states: dict[bool, str]) -> None:
        """Wait until the photos are in these states."""

        async def are() -> bool:
            return await self.photos(alert) == states

        await until(are)

    async def judged(self, alert: str) -> dict[str, Any] | None:
        """Return what the preview says of the photo."""
        seen = await self.world.deployment.get(f"{self.world.server.url}/v1/alerts/{alert}/preview")
        photo: dict[str, Any] | None = seen["photo"]
        return photo

    async def picture(self, alert: str, by: str = "") -> tuple[int, str, bytes]:
        """Return what somebody gets who asks for the picture."""
        token = self.officers.text_of(by) if by else self.world.deployment.token
        url = f"{self.world.server.url}/v1/alerts/{alert}/photo"
        headers = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession(headers=headers) as session, session.get(url) as answer:
            return answer.status, answer.headers.get("Cache-Control", ""), await answer.read()

    async def give(self, number: int) -> dict[str, Any]:
        """Send a photo, one that differs by its number; returns the answer."""
        photo = data_uri(encoded(scene(400, 300, number), "JPEG"))
        status, answer = await self.world.send({"case_number": NUMBER, "photo_data": photo})
        assert status == 200, answer
        found: dict[str, Any] = answer
        return found


@asynccontextmanager
async def _reviewed(deployment: Deployment) -> AsyncIterator[Reviewed]:
    async with photo_world(deployment) as world:
        officers = Officers(deployment, world.server)
        await officers.review(Review.APPROVE)
        await officers.person("Li", Role.APPROVER)
        await officers.person("Wang", Role.VIEWER)
        yield Reviewed(world, officers)


async def test_a_photo_that_comes_later_is_shown_once_it_is_approved(deployment: Deployment) -> None:
    """It waits as a proposal, made and seen by who approves it; the one before is shown until then."""
    async with _reviewed(deployment) as it:
        alert = await it.world.file(photo_data=data_uri(encoded(scene(400, 300, 1), "JPEG")))
        await it.until_photos(alert, {False: "made"})
        before = await it.picture(alert)
        assert (await it.officers.act(alert, "approval", by="Li"))[0] == 200
        await deployment.sent(it.world.server, alert)
        answer = await it.give(2)
        assert "waits for approval as revision 2" in answer["notes"][0]
        assert answer["alert"]["review"]["proposal"]["parts"] == ["photo"]
        await it.until_photos(alert, {False: "made", True: "made"})
        photo = await it.judged(alert)
        assert photo is not None
        assert (photo["state"], photo["is_proposed"], photo["url"]) == ("made", True, f"/v1/alerts/{alert}/photo")
        status, kept, jpeg = await it.picture(alert)
        assert (status, kept, jpeg[:2]) == (200, "no-store", b"\xff\xd8")
        assert jpeg != before[2]
        assert (await it.picture(alert, by="Wang"))[0] == 403
        assert (await it.officers.act(alert, "approval", by="Li"))[0] == 200
        await it.until_photos(alert, {False: "made"})
        assert (await it.picture(alert))[2] == jpeg
        assert len(await it.officers.deployment.query("select 1 from notice where notice = 'update'")) == 0


async def test_a_photo_that_is_vetoed_is_never_shown(deployment: Deployment) -> None:
    """Neither at once nor with the next change that is approved."""
    async with _reviewed(deployment) as it:
        alert = await it.world.file()
        assert (await it.officers.act(alert, "approval", by="Li"))[0] == 200
        await deployment.sent(it.world.server, alert)
        await it.give(1)
        await it.until_photos(alert, {True: "made"})
        assert (await it.officers.act(alert, "veto", by="Li"))[0] == 200
        assert await it.judged(alert) is None
        assert (await it.picture(alert))[0] == 404
        change = {"case_number": NUMBER, "reason": "a witness", "child": {"clothing": "红色外套"}}
        body = msgspec.json.encode(change)
        assert (await send_case(it.world.server.url, "sz/updates", deployment.secret, body))[0] == 200
        assert (await it.officers.act(alert, "approval", by="Li"))[0] == 200
        assert await it.judged(alert) is None
        assert False not in await it.photos(alert)


async def test_an_update_that_waits_shows_its_photo_and_keeps_what_waited(deployment: Deployment) -> None:
    """An address is fetched while it waits; another update builds on it, and a photo that is sent takes its place."""
    async with _reviewed(deployment) as it:
        it.world.site.gives("/b.jpg", encoded(scene(400, 300, 5), "JPEG"))
        alert = await it.world.file()
        assert (await it.officers.act(alert, "approval", by="Li"))[0] == 200
        await deployment.sent(it.world.server, alert)
        url = f"{it.world.server.url}"
        child = {"photo_url": it.world.url("/b.jpg")}
        body = msgspec.json.encode({"case_number": NUMBER, "reason": "a photo", "child": child})
        assert (await send_case(url, "sz/updates", deployment.secret, body))[0] == 200
        await it.until_photos(alert, {True: "made"})
        fetched = (await it.picture(alert))[2]
        body = msgspec.json.encode({"case_number": NUMBER, "reason": "a coat", "child": {"clothing": "红色外套"}})
        assert (await send_case(url, "sz/updates", deployment.secret, body))[0] == 200
        assert (await it.picture(alert))[2] == fetched
        await it.give(6)

        async def is_new() -> bool:
            status, _, jpeg = await it.picture(alert)
            return status == 200 and jpeg != fetched

        await until(is_new)
        given = (await it.picture(alert))[2]
        review = await it.officers.review_of(alert)
        assert set(review["proposal"]["parts"]) == {"photo", "missing"}
        assert (await it.officers.act(alert, "approval", by="Li"))[0] == 200
        await it.until_photos(alert, {False: "made"})
        assert (await it.picture(alert))[2] == given
        assert it.world.site.asked == ["/b.jpg"], "it is fetched once, for who approves it"


async def test_nobody_approves_a_case_whose_photo_came_after_it_was_read(deployment: Deployment) -> None:
    """Before people are notified another photo is another revision: the approval of the one before is refused."""
    async with _reviewed(deployment) as it:
        alert = await it.world.file()
        read = (await it.officers.review_of(alert))["revision"]
        answer = await it.give(1)
        assert answer["alert"]["review"]["revision"] == read + 1
        status, refused = await it.officers.act(alert, "approval", by="Li", revision=read)
        assert (status, refused["code"]) == (409, "revision_changed")
        await it.until_photos(alert, {False: "made"})
        photo = await it.judged(alert)
        assert photo is not None
        assert (photo["state"], photo["is_proposed"]) == ("made", False)
        assert (await it.officers.act(alert, "approval", by="Li"))[0] == 200
