"""Connections that died with their machine hold nobody up for longer than one statement, and the alarm says so."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Final

import numpy as np

from handlers.http.roles import Role
from server.administration import access
from server.settings import load
from sql.database import COMMAND_TIMEOUT_S, CONNECT_TIMEOUT_S
from tests.support.alarms import alarms_of
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


async def test_while_the_record_is_silent_who_was_let_in_before_reads_the_alarms(
    deployment: Deployment,
) -> None:
    """They say what is wrong; all else has to wait for the record, and nobody is let in who was not before."""
    await deployment.provider()
    await deployment.people(100)
    _, stranger = await access.create_token(load(None), deployment.stores, Role.VIEWER, "other", authority=None)
    async with postgres_proxy(deployment.database_url) as proxy, deployment.session() as session:
        server = await deployment.server(QQ_ALERT_DATABASE__URL=proxy.database_url)
        _, filed = await deployment.file(server)
        # By then the server listens, and looks up anew who was revoked before.
        await deployment.sent(server, filed["alert"]["id"])
        assert await alarms_of(deployment, server) == []
        proxy.silence()
        await until(lambda: _has_logged(deployment, "alarm.raised"))
        asked_s = asyncio.get_running_loop().time()
        answer = await deployment.get(f"{server.url}/v1/alarms")
        took_s = asyncio.get_running_loop().time() - asked_s
        assert {alarm["kind"] for alarm in answer["alarms"]} == {"store_away"}
        assert took_s < COMMAND_TIMEOUT_S, "no answer of the record was waited for"
        assert (await session.get(f"{server.url}/v1/alerts")).status == 503
        other = {"Authorization": f"Bearer {stranger}"}
        assert (await session.get(f"{server.url}/v1/alarms", headers=other)).status == 503
