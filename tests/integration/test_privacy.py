"""Privacy: a server's logs and metrics name no child, caller, user, place or secret."""

from __future__ import annotations

import contextlib
import json
import re
from datetime import datetime
from typing import TYPE_CHECKING

import aiohttp
import msgspec

from tests.support.processes.deployment import CASE
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

PHONE = "13800138000"
PHOTO = "https://police.example/photos/123.jpg"


async def test_normal_and_failing_work_leaves_nothing_private_in_logs_or_metrics(deployment: Deployment) -> None:
    """A case, bad reports, refused tokens, a failing provider, at debug level: no private word is written."""
    await deployment.provider("--error-rate", "0.3")
    inside = await deployment.people(5000)
    server = await deployment.server(QQ_ALERT_LOG__LEVEL="debug")
    child = {**CASE["child"], "photo_url": PHOTO}
    contact = {"name": "福田分局", "phone": PHONE}
    _, answer = await deployment.file(server, child=child, contact=contact)
    await deployment.file(server, child={**child, "age": "six", "unknown": PHONE}, case_number="other")
    async with deployment.session() as session:
        report = {"user": int(inside[0]), "lane": "tpns", "longitude": 114.06789, "latitude": 22.54321, "at": "never"}
        await session.post(f"{server.url}/v1/devices", data=msgspec.json.encode([report]))
        await session.delete(f"{server.url}/v1/users/{inside[0]}")
        await session.get(f"{server.url}/v1/alerts", headers={"Authorization": "Bearer stolen-token"})
        await deployment.sent(server, answer["alert"]["id"])
        paused = {"reason": f"seen by {PHONE}"}
        assert (await deployment.post(f"{server.url}/v1/alerts/{answer['alert']['id']}/pause", paused))[0] == 200
        await until(lambda: _is_alarmed(deployment))
        async with session.get(f"{server.url}/metrics") as response:
            metrics = await response.text()
    server.end()
    lines = [json.loads(line) for line in deployment.log.read_text(encoding="utf-8").splitlines()]
    for line in lines:
        # The seconds of a moment may be the digits of a latitude.
        datetime.fromisoformat(line.pop("timestamp"))
    log = json.dumps(lines, ensure_ascii=False)
    units = [line for line in lines if line["event"] == "unit.swept"]
    worked = (await deployment.query("select count(*) from sweep_unit where worked_by is not null"))[0][0]
    assert len(units) == worked, "one line for each unit of work"
    private = [
        "小明",
        "蓝色校服",
        "莲花山",
        "福田",
        PHONE,
        PHOTO,
        "114.05",
        "22.54",
        "114.06",
        deployment.secret,
        deployment.token,
    ]
    private += ["stolen-token", CASE["case_number"]]
    users = {str(user) for user in inside}
    for text in (log, metrics):
        assert not [word for word in private if word in text]
        # Whole words only: the digits of a duration or a fraction may contain those of an id.
        assert not users.intersection(re.findall(r"(?<![\w.])\d+(?![\w.])", text))


async def test_a_bug_is_logged_by_its_places_alone(deployment: Deployment) -> None:
    """Even when a worker dies of a bug, the log has places and types, never values; the process ends with the error."""
    await deployment.provider()
    await deployment.people(2000)
    server = await deployment.server()
    await deployment.break_ledger()
    with contextlib.suppress(aiohttp.ClientConnectionError):
        # The process may end before it answers.
        await deployment.file(server)

    async def ended() -> bool:
        return not server.alive

    await until(ended)
    assert server.end() != 0
    log = deployment.log.read_text(encoding="utf-8")
    assert "UndefinedColumnError" in log
    assert "小明" not in log
    assert "Traceback" not in log


async def _is_alarmed(deployment: Deployment) -> bool:
    return '"kind": "paused"' in deployment.log.read_text(encoding="utf-8").replace('":"', '": "')
