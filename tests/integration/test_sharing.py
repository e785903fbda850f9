"""Hand-over: a second authority countersigns a case, and the alert is of both from then on."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import msgspec
import numpy as np

from handlers.cap.model import MessageType, Reference
from handlers.http.roles import Role
from push.alerts.review import Review
from server.administration.file_case import send_case
from tests.support.cap.messages import SENDER, info, message, pair, post, signer
from tests.support.life.officers import Officers
from tests.support.processes.deployment import CASE, SHENZHEN
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

NUMBER: Final = CASE["case_number"]
MIDDLE: Final = SHENZHEN.longitude
WEST: Final = (MIDDLE - 5, MIDDLE)
EAST: Final = (MIDDLE, MIDDLE + 5)
"""The jurisdictions of two authorities, from one longitude to another: the place of the case is on their border."""

TEXTS: Final = {locale: {"title": "Missing", "body": "A child in red"} for locale in ("zh-CN", "en")}


def _box(west: float, east: float) -> str:
    corners = [[west, 15.0], [east, 15.0], [east, 30.0], [west, 30.0], [west, 15.0]]
    return msgspec.json.encode({"type": "Polygon", "coordinates": [corners]}).decode()


class Neighbours:
    """Two authorities whose jurisdictions meet: `sz`, which files cases, and `gz`."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.secrets = {"sz": deployment.secret}

    async def begin(self, people: int = 200, **env: str) -> tuple[Officers, NDArray[np.int64], NDArray[np.int64]]:
        """Start a server with people on each side; returns officers, and who is in the west and in the east."""
        bench = self.deployment
        await bench.provider()
        west, east = (np.arange(first, first + people) for first in (1_000_001, 2_000_001))
        await bench.place(west.tolist(), MIDDLE - 0.2, SHENZHEN.latitude)
        await bench.place(east.tolist(), MIDDLE + 0.2, SHENZHEN.latitude)
        for name, (one, other) in (("west", WEST), ("east", EAST)):
            # The place of the case is a little within the jurisdiction of the first.
            (bench.folder / f"{name}.json").write_text(_box(one, other + (0.001 if name == "west" else 0)))
        await bench.run("authority", "limit", "sz", "--jurisdiction", str(bench.folder / "west.json"))
        east_file = str(bench.folder / "east.json")
        added = await bench.command("authority", "add", "gz", "--name", "GZ", "--jurisdiction", east_file, "--json")
        self.secrets["gz"] = added["secret"]
        return Officers(bench, await bench.server(**env)), west, east

    async def send(self, server: Process, path: str, **body: object) -> tuple[int, dict[str, Any]]:
        """Send something signed by the authority that the path begins with."""
        content = msgspec.json.encode({"case_number": NUMBER, "reason": "across the border", **body})
        status, answer = await send_case(server.url, path, self.secrets[path.split("/", maxsplit=1)[0]], content)
        return status, msgspec.json.decode(answer)

    async def invite(self, server: Process) -> tuple[int, dict[str, Any]]:
        """Have the first authority invite the second."""
        return await self.send(server, "sz/notices", notice="invite", invite={"authority": "gz"})

    async def countersign(self, server: Process) -> tuple[int, dict[str, Any]]:
        """Have the second authority countersign."""
        return await self.send(server, "gz/countersignatures", authority="sz")


async def _filed(officers: Officers) -> str:
    status, answer = await officers.deployment.file(officers.server)
    assert status == HTTPStatus.ACCEPTED, answer
    alert: str = answer["alert"]["id"]
    return alert


async def test_a_second_authority_joins_by_invitation_alone_and_who_comes_in_anew_is_notified_once(
    deployment: Deployment,
) -> None:
    """Uninvited it is told nothing; countersigned, both jurisdictions are one area, one ledger, each person once."""
    neighbours = Neighbours(deployment)
    officers, west, east = await neighbours.begin()
    server = officers.server
    alert = await _filed(officers)
    await deployment.sent(server, alert)
    assert set(await deployment.reached()) == set(west)
    for status, problem in (
        await neighbours.countersign(server),
        await neighbours.send(server, "gz/countersignatures", authority="sz", case_number="there is none"),
        await neighbours.send(server, "gz/notices", notice="found"),
        await neighbours.send(server, "gz/notices", notice="invite", invite={"authority": "gz"}),
    ):
        assert (status, problem["code"]) == (HTTPStatus.NOT_FOUND, "unknown_case")
    status, problem = await neighbours.send(server, "sz/notices", notice="invite", invite={"authority": "nobody"})
    assert (status, problem["code"]) == (HTTPStatus.NOT_FOUND, "unknown_authority")
    for _ in range(2):
        status, answer = await neighbours.invite(server)
        assert (status, answer["alert"]["invited"]) == (HTTPStatus.OK, ["gz"])
    for _ in range(2):
        status, answer = await neighbours.countersign(server)
        assert (status, answer["alert"]["countersigned"]) == (HTTPStatus.OK, ["gz"]), answer
    assert answer["alert"]["invited"] == []

    async def everybody() -> bool:
        return set(await deployment.reached()) == {*west, *east}

    await until(everybody)
    # Who walks in in the east enters the area, too.
    await deployment.place([3_000_001], MIDDLE + 2, SHENZHEN.latitude)
    async with deployment.session() as session:
        report = {"user": 3_000_001, "lane": "tpns", "longitude": MIDDLE + 0.1, "latitude": SHENZHEN.latitude}
        moment = (await deployment.query("select now()"))[0][0].isoformat()
        body = msgspec.json.encode([report | {"at": moment}])
        async with session.post(f"{server.url}/v1/devices", data=body) as response:
            assert (await response.json())["accepted"] == 1

    async def entered() -> bool:
        return 3_000_001 in await deployment.reached()

    await until(entered)
    assert (await deployment.counts())["duplicates"] == 0
    status, answer = await neighbours.send(server, "gz/notices", notice="found", through_alert=True)
    assert (status, answer["alert"]["state"]) == (HTTPStatus.OK, "found"), answer
    await officers.wait_until_notified("found", alert, len(west) + len(east) + 1)
    events = await deployment.query("select content from audit_event where content like '%countersignature%'")
    assert len(events) == 1


async def test_officers_of_both_see_and_change_the_alert_and_neither_approves_it(deployment: Deployment) -> None:
    """Lists, the alert, what is sealed and the feed show it to the second's officers; an approval is own work."""
    neighbours = Neighbours(deployment)
    officers, *_ = await neighbours.begin()
    server = officers.server
    await officers.review(Review.APPROVE)
    await officers.person("Zhao", Role.APPROVER, "sz")
    await officers.person("Qian", Role.APPROVER, "gz")
    await officers.person("Gao", Role.VIEWER, "gz")
    await officers.person("Sun", Role.APPROVER)
    status, answer = await deployment.file(server, internal={"school": "the second"})
    alert = answer["alert"]["id"]
    assert await _sees(officers, "Gao", alert) == [False] * 4
    assert (await neighbours.invite(server))[0] == HTTPStatus.OK
    assert await _sees(officers, "Gao", alert) == [False] * 4, "an invitation alone shows nothing"
    before = (await officers.review_of(alert))["revision"]
    assert (await neighbours.countersign(server))[0] == HTTPStatus.OK
    assert await _sees(officers, "Gao", alert) == [True] * 4
    assert (await officers.review_of(alert))["revision"] > before, "who approved before approved another area"
    for name in ("Zhao", "Qian"):
        status, problem = await officers.act(alert, "approval", by=name)
        assert (status, problem["code"]) == (HTTPStatus.FORBIDDEN, "own_authority"), name
    assert (await officers.act(alert, "approval", by="Sun"))[0] == HTTPStatus.OK
    await deployment.sent(server, alert)
    assert (await officers.act(alert, "update", by="Qian", texts=TEXTS))[0] == HTTPStatus.OK
    status, problem = await officers.act(alert, "approval", by="Zhao")
    assert (status, problem["code"]) == (HTTPStatus.FORBIDDEN, "own_authority")
    assert (await officers.act(alert, "cancel", by="Qian"))[1]["alert"]["state"] == "cancelled"


async def _sees(officers: Officers, who: str, alert: str) -> list[bool]:
    """Return whether somebody sees an alert in the list, by itself, sealed, and on the feed."""
    headers, url = {"Authorization": f"Bearer {officers.text_of(who)}"}, officers.server.url
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.get(f"{url}/v1/alerts") as response:
            listed = [one["id"] for one in (await response.json())["alerts"]]
        seen = []
        for path in ("", "/internal"):
            async with session.get(f"{url}/v1/alerts/{alert}{path}") as response:
                seen.append(response.status == HTTPStatus.OK)
        async with session.ws_connect(f"{url}/v1/feed") as feed:
            snapshot = [one["alert"] for one in (await feed.receive_json())["alerts"]]
            if alert in listed and alert not in snapshot:
                # The watcher looks four times a second: what it has not seen yet comes as a change.
                while (await feed.receive_json()).get("alert") != alert:
                    continue
                snapshot.append(alert)
    return [alert in listed, *seen, alert in snapshot]


async def test_where_either_reviews_its_cases_the_united_area_waits_for_an_approval(deployment: Deployment) -> None:
    """The second's policy is the stricter one: nobody in the east is notified before somebody of neither approves."""
    neighbours = Neighbours(deployment)
    officers, west, east = await neighbours.begin()
    server = officers.server
    await deployment.run("authority", "review", "gz", "--policy", "approve")
    await officers.person("Qian", Role.APPROVER, "gz")
    await officers.person("Sun", Role.APPROVER)
    alert = await _filed(officers)
    await deployment.sent(server, alert)
    await neighbours.invite(server)
    status, answer = await neighbours.countersign(server)
    assert (status, answer["alert"]["countersigned"]) == (HTTPStatus.OK, ["gz"])
    assert answer["alert"]["review"]["policy"] == "approve"
    assert answer["alert"]["review"]["proposal"]["action"] == "rings"
    assert (await officers.act(alert, "approval", by="Qian"))[0] == HTTPStatus.FORBIDDEN
    assert set(await deployment.reached()) == set(west)
    assert (await officers.act(alert, "approval", by="Sun"))[0] == HTTPStatus.OK

    async def everybody() -> bool:
        return set(await deployment.reached()) == {*west, *east}

    await until(everybody)
    assert (await deployment.counts())["duplicates"] == 0


async def test_the_cap_holds_for_both_together(deployment: Deployment) -> None:
    """What both would reach is over the cap: the rings are held, and nobody in the east is notified.

    One person in 32 is counted: with this many, neither side alone comes near the cap by chance.
    """
    neighbours = Neighbours(deployment)
    officers, west, _ = await neighbours.begin(people=10_000, QQ_ALERT_ALERT__AUDIENCE_CAP="15000")
    alert = await _filed(officers)
    await deployment.sent(officers.server, alert)
    await neighbours.invite(officers.server)
    status, answer = await neighbours.countersign(officers.server)
    assert status == HTTPStatus.OK
    assert {ring["held"] for ring in answer["alert"]["rings"] if ring["radius_km"] >= 30} == {"audience cap"}
    assert answer["alert"]["estimate"]["people"] > 15_000
    assert set(await deployment.reached()) == set(west)


async def test_the_revocation_of_one_leaves_the_alert_to_the_other(deployment: Deployment) -> None:
    """It goes on and the other ends it; the revoked one's signature counts no more. Without the other it is paused."""
    neighbours = Neighbours(deployment)
    officers, *_ = await neighbours.begin()
    server = officers.server
    alert = await _filed(officers)
    _, alone = await deployment.file(server, case_number="alone")
    _, both = await deployment.file(server, case_number="both")
    await deployment.sent(server, alert)
    await deployment.sent(server, alone["alert"]["id"])
    await neighbours.invite(server)
    assert (await neighbours.countersign(server))[0] == HTTPStatus.OK
    await neighbours.send(server, "sz/notices", notice="invite", invite={"authority": "gz"}, case_number="both")
    await neighbours.send(server, "gz/countersignatures", authority="sz", case_number="both")
    await deployment.run("authority", "revoke", "sz")
    assert await officers.state(alert) in {"sending", "sent"}
    assert await officers.state(alone["alert"]["id"]) == "paused"
    assert (await neighbours.send(server, "sz/notices", notice="cancel"))[0] == HTTPStatus.UNAUTHORIZED
    status, answer = await neighbours.send(server, "gz/notices", notice="cancel", authority="sz")
    assert (status, answer["alert"]["state"]) == (HTTPStatus.OK, "cancelled")
    assert await officers.state(both["alert"]["id"]) in {"sending", "sent"}
    await deployment.run("authority", "revoke", "gz")
    assert await officers.state(both["alert"]["id"]) == "paused", "nobody has it any more"


async def test_the_second_updates_and_cancels_with_cap_messages_of_its_own(deployment: Deployment) -> None:
    """An Update and a Cancel that its own certificate signed refer to the case by its number; uninvited, to nothing."""
    neighbours = Neighbours(deployment)
    officers, *_ = await neighbours.begin()
    server = officers.server
    (deployment.folder / "gz.pem").write_bytes(pair("gz").certificate)
    await deployment.run("authority", "pin", "gz", str(deployment.folder / "gz.pem"))
    alert = await _filed(officers)
    await deployment.sent(server, alert)
    first = message(NUMBER)
    others = (info("zh-CN", "另一个标题"), info("en", "Another title"))
    signed = signer("gz").signed(message("GZ-1", MessageType.UPDATE, first, infos=others))
    assert (await post(server, signed, "gz"))[0] == HTTPStatus.NOT_FOUND
    await neighbours.invite(server)
    assert (await neighbours.countersign(server))[0] == HTTPStatus.OK
    status, answer = await post(server, signed, "gz")
    assert status == HTTPStatus.OK, answer
    assert answer["alert"]["version"] == 2
    cancel = message("GZ-2", MessageType.CANCEL, message("GZ-1"), infos=())
    update = await deployment.query("select sent from cap_message where identifier = 'GZ-1'")
    cancel = msgspec.structs.replace(
        cancel, references=(Reference(SENDER, "GZ-1", update[0][0]), Reference(SENDER, NUMBER, update[0][0]))
    )
    status, answer = await post(server, signer("gz").signed(cancel), "gz")
    assert (status, answer["alert"]["state"]) == (HTTPStatus.OK, "cancelled"), answer
