"""A Redis cluster: an alert runs on it, and no recipient is lost when a primary dies in the middle."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np

from geo.connection import connect
from geo.index.forgetting import Forgetting
from server.embedded import StoreUrls
from tests.support.processes.deployment import Deployment
from tests.support.processes.processes import until
from tests.support.stores import cluster

if TYPE_CHECKING:
    from pathlib import Path

WORKERS, BATCH = 4, 1000


async def test_a_primary_fails_over_in_the_middle_and_everybody_is_reached(stores: StoreUrls, tmp_path: Path) -> None:
    """Three primaries and two servers; the first primary is killed in the middle, and its replica takes over."""
    async with cluster.running(tmp_path / "cluster") as nodes:
        deployment = Deployment(StoreUrls(stores.postgres, nodes.url), tmp_path)
        try:
            await deployment.provider("--latency-ms", "20")
            await deployment.register()
            inside = await deployment.people(60_000)
            held = [await node.client.dbsize() for node in nodes.primaries]
            assert min(held) > 200, "the shards are spread over the nodes"
            lease = {"QQ_ALERT_LEASE_S": "15"}
            server, second = await deployment.server(**lease), await deployment.server(**lease)
            _, answer = await deployment.file(server)

            async def half_way() -> bool:
                return int((await deployment.counts())["accepted"]) > inside.size // 3

            await until(half_way)
            await nodes.fail_over()
            assert (await deployment.counts())["accepted"] < inside.size, "it was in the middle"
            await deployment.sent(server, answer["alert"]["id"])
            assert np.array_equal(await deployment.reached(), inside)
            assert (await deployment.counts())["duplicates"] == 0
            await _all_clients_learn_of_forgotten_users(nodes.url)
            moved = {"user": 1, "lane": "tpns", "longitude": 114.06, "latitude": 22.55}
            now = (await deployment.query("select now()"))[0][0]
            for port in (server, second):
                status, taken = await deployment.post(f"{port.url}/v1/devices", [{**moved, "at": now}])
                assert (status, taken["accepted"]) == (200, 1)
        finally:
            await deployment.close()


async def _all_clients_learn_of_forgotten_users(url: str) -> None:
    """Check that a client of the cluster learns of a user whom another client announces as forgotten."""
    clients = connect(url), connect(url)
    announcer, listener = (Forgetting(client) for client in clients)
    listening = asyncio.create_task(listener.run(), name="forgetting")
    await announcer.announce([5])

    async def has_arrived() -> bool:
        return listener.remaining([b"5"]) is not None

    await until(has_arrived)
    listening.cancel()
    await asyncio.wait({listening})
    for client in clients:
        await client.aclose()
