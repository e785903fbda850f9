"""Connections that died with their machine hold nobody up for longer than one statement, and the alarm says so."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Final

import numpy as np

from sql.database import COMMAND_TIMEOUT_S, CONNECT_TIMEOUT_S
from tests.support.processes.processes import until
from tests.support.stores.postgres_proxy import postgres_proxy

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

NOISE_S: Final = 10.0
"""An allowance for a busy machine."""


async def test_after_a_failover_with_dead_connections_sending_goes_on_within_one_statements_time(
    deployment: Deployment,
) -> None:
    """All connections of a server fall silent, new ones work: it was 120 s of silence, and the alarm ended at once.

    The alarm stands until what waited is answered, not until any other connection is.
    """
    await deployment.provider("--latency-ms", "100")
    inside = await deployment.people(60_000)
    async with postgres_proxy(deployment.database_url) as proxy:
        server = await deployment.server(QQ_ALERT_DATABASE__URL=proxy.database_url, QQ_ALERT_LEASE_S="15")
        _, answer = await deployment.file(server)

        async def begun() -> bool:
            return (await deployment.reached()).size > 0

        await until(begun)
        proxy.forget()
        silent_s = asyncio.get_running_loop().time()

        await until(lambda: _has_logged(deployment, "alarm.raised"))
        at_rest = (await deployment.reached()).size

        async def goes_on() -> bool:
            return (await deployment.reached()).size > at_rest

        await until(goes_on)
        took_s = asyncio.get_running_loop().time() - silent_s
        assert took_s < COMMAND_TIMEOUT_S + CONNECT_TIMEOUT_S + NOISE_S
        await deployment.sent(server, answer["alert"]["id"])
        await until(lambda: _has_logged(deployment, "alarm.cleared"))
    assert np.array_equal(await deployment.reached(), inside)
    assert (await deployment.counts())["duplicates"] == 0


async def _has_logged(deployment: Deployment, event: str) -> bool:
    lines = [json.loads(line) for line in deployment.log.read_text(encoding="utf-8").splitlines() if line[:1] == "{"]
    return any((line["event"], line.get("kind")) == (event, "store_away") for line in lines)
