"""The life of one case on all nine lanes: a reader has one language, a notice comes once, and silent where it must."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode

import msgspec
import pytest

from push.discovery import providers
from push.provider import Addressing
from server.administration.file_case import send_notice
from tests.conformance.test_rendering import READ, RINGS, SAID, text_of
from tests.integration.test_later_places import EAST, FIRST, seen, tell
from tests.integration.test_outcomes import TITLES
from tests.support.life.officers import NUMBER, Officers
from tests.support.processes.deployment import CASE
from tests.support.processes.processes import until
from tests.support.providers.recording import Lane, lane_of

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

SPANISH: Final = "Niño desaparecido en Shenzhen"
TEXTS: Final = {"es": {"title": SPANISH, "body": "Niño de 6 años, chaqueta roja."}}
FILED: Final[dict[str, dict[str, Any]]] = {
    "child": {"child": CASE["child"] | {"name": "Ming"}, "area": {"radius_km": 40, "reason": "a small child"}},
    "elder": {"child": None, "subject": {"kind": "dementia", "name": "Li", "age": 82, "sex": "female"}},
}
CHINESE: Final = re.compile("[\u4e00-\u9fff]")
USERS: Final = 100_000
"""The first user of a lane has this times its place in the list; it reads Chinese, the next one Spanish."""


def _env(name: str, lane: Lane) -> dict[str, str]:
    """Return a lane's settings as the environment of a server."""
    provider = providers()[name]
    fields = msgspec.structs.asdict(lane.settings)
    defaults = {field.name: field.default for field in msgspec.structs.fields(provider.settings)}
    given = {field: value for field, value in fields.items() if value != defaults[field] and value is not None}
    return {
        f"QQ_ALERT_LANES__{name.upper()}__{field.upper()}": (
            str(value)
            if isinstance(value, str | Path | int | float)
            else msgspec.json.encode(value, enc_hook=str).decode()
        )
        for field, value in given.items()
    }


def _body(name: str, body: bytes) -> bytes:
    """Return a body as that of a message to many: OPPO gets one to a single device in another form."""
    single = dict(parse_qsl(body.decode())).get("message") if name == "oppo" else None
    return body if single is None else urlencode(msgspec.json.decode(single)["notification"]).encode()


class Recorded:
    """What the simulated providers of all lanes got, notice by notice."""

    def __init__(self, lanes: dict[str, Lane]) -> None:
        self._lanes = lanes
        self._seen = dict.fromkeys(lanes, 0)

    def _messages(self, name: str) -> list[tuple[str, bool]]:
        """Return title and silence of each message since the last notice, without requests that only refer to one."""
        found = []
        for body in self._lanes[name].bodies[self._seen[name] :]:
            try:
                title, _ = text_of(name, _body(name, body))
            except (KeyError, ValueError):
                continue
            found.append((title, RINGS[name](READ[name](_body(name, body))) == SAID[name][1]))
        return found

    async def notice(self) -> tuple[str, str, bool]:
        """Wait until both readers of all lanes have a notice; returns its titles, Chinese first, and silence."""

        async def both() -> bool:
            return all(len(self._messages(name)) >= 2 for name in self._lanes)

        await until(both)
        got = {name: sorted(self._messages(name)) for name in self._lanes}
        longest = sorted(max(got.values(), key=lambda some: sum(len(title) for title, _ in some)))
        self._seen = {name: len(lane.bodies) for name, lane in self._lanes.items()}
        for name, some in got.items():
            # vivo shows 40 characters of a title.
            assert len(some) == len(longest), name
            for (title, silent), (whole, expected) in zip(some, longest, strict=True):
                assert (whole.startswith(title.removesuffix("…")), silent) == (True, expected), (name, some)
        [other, chinese] = longest
        assert CHINESE.search(chinese[0]), got
        assert not CHINESE.search(other[0]), got
        assert chinese[1] is other[1]
        return chinese[0], other[0], chinese[1]

    def since(self) -> dict[str, list[tuple[str, bool]]]:
        """Return what came after the last notice that was waited for."""
        return {name: rest for name in self._lanes if (rest := self._messages(name))}


async def _people(deployment: Deployment, url: str, lanes: dict[str, Lane]) -> None:
    rows: list[dict[str, Any]] = []
    for place, (name, lane) in enumerate(lanes.items(), 1):
        for user, locale in ((place * USERS, "zh-CN"), (place * USERS + 1, "es")):
            by_token = providers()[name].addressing is Addressing.DEVICES
            rows.append(
                {"user": user, "lane": name, "longitude": FIRST[0], "latitude": FIRST[1], "locale": locale}
                | {"at": datetime.now(UTC).isoformat()}
                | ({"token": lane.token(user)} if by_token else {})
            )
    status, answer = await deployment.post(f"{url}/v1/devices", rows)
    assert (status, answer["accepted"]) == (200, len(rows)), answer


@pytest.mark.parametrize("who", FILED)
async def test_every_lane_tells_each_reader_the_whole_story_once_in_one_language(
    deployment: Deployment, who: str
) -> None:
    """Alert, later place, cancel, reopening, an end that is no happy one: the same on nine lanes, and nothing twice.

    Who got the alert in Spanish gets English where the police wrote no Spanish, never Chinese; the later place makes no
    sound.
    """
    async with AsyncExitStack() as stack:
        lanes = {name: await stack.enter_async_context(lane_of(name, deployment.folder)) for name in providers()}
        deployment.provider_url = lanes["tpns"].settings.url
        env = {field: value for name, lane in lanes.items() for field, value in _env(name, lane).items()}
        server = await deployment.server(**env)
        officers = Officers(deployment, server)
        await _people(deployment, server.url, lanes)
        recorded = Recorded(lanes)
        _, answer = await deployment.file(server, texts=TEXTS, **FILED[who])
        alert = answer["alert"]["id"]
        first, other, _ = await recorded.notice()
        assert other == SPANISH
        assert ("儿童" in first) is (who == "child")
        await deployment.sent(server, alert)
        assert (await tell(deployment, server, seen(EAST, 10, place="惠东")))[0] == 200
        assert (await recorded.notice())[2], "the later place is silent"
        assert (await officers.act(alert, "cancel"))[0] == 200
        cancelled, *_ = await recorded.notice()
        assert (await officers.act(alert, "reopen"))[0] == 200
        goes_on, *_ = await recorded.notice()
        body = {"case_number": NUMBER, "reason": "because of a test", "notice": "found", "outcome": "deceased"}
        assert (await send_notice(server.url, "sz", deployment.secret, msgspec.json.encode(body)))[0] == 200
        ended, *_ = await recorded.notice()
        assert who != "child" or ended == TITLES["deceased"]
        assert "儿童" not in ended or who == "child"
        assert len({first, cancelled, goes_on, ended}) == 4
        await officers.wait_until_notified("found", alert, 2 * len(lanes))
        assert recorded.since() == {}
