"""Forgetting: at once, in every process, and out of batches that are about to be sent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np

from geo.index import keys
from geo.index.forgetting import BLOCK_MS, Forgetting
from tests.support.processes.processes import Process, until

if TYPE_CHECKING:
    from redis import asyncio as aioredis

    from tests.support.processes.deployment import Deployment

ENDS_S = 5 * BLOCK_MS / 1000
"""If the driver hides the cancellation, the listener ends after one more read at the latest."""

MOMENTS = 50
"""In iterations of the event loop: by then the first read is done, and the second, which blocks, is sent."""


async def test_a_user_forgotten_during_a_sweep_is_not_notified_by_any_process(deployment: Deployment) -> None:
    """The user waits in the queues of two servers during an outage; forgotten at one, notified by neither."""
    await deployment.provider()
    inside = await deployment.people(10_000)
    await deployment.switch_outage(on=True)
    one, two = await deployment.server(), await deployment.server()
    await deployment.file(one)
    await until(lambda: _waits_at_both(deployment, one, two))
    gone = inside[:: inside.size // 50][:50]
    async with deployment.session() as session:
        for user in gone.tolist():
            async with session.delete(f"{one.url}/v1/users/{user}") as response:
                assert response.status == 204
    await deployment.switch_outage(on=False)
    alert = (await deployment.get(f"{one.url}/v1/alerts"))["alerts"][0]["id"]
    await deployment.sent(one, alert)
    assert np.array_equal(await deployment.reached(), np.setdiff1d(inside, gone))


async def _waits_at_both(deployment: Deployment, *servers: Process) -> bool:
    waiting = []
    for server in servers:
        async with deployment.session() as session, session.get(f"{server.url}/metrics") as response:
            text = await response.text()
        waiting += [
            float(line.split()[-1]) for line in text.splitlines() if line.startswith("qq_alert_parked_batches{")
        ]
    return all(batches > 0 for batches in waiting)


async def test_a_file_of_users_is_forgotten(deployment: Deployment) -> None:
    """`users forget` reads one id a line, prints the result, and exits with 1 if a line was no user id."""
    inside = await deployment.people(5000)
    gone = inside[:1000]
    file = deployment.folder / "gone.txt"
    file.write_text("\n".join([*map(str, gone.tolist()), "999999999999"]) + "\n")
    assert Process("users", "forget", str(file), env=deployment.env()).wait() == 0
    # The rest of a line that is too long is no id either.
    file.write_text(f"not a user\n0\n7,{'x' * 62}{inside[1000]}\n")
    assert Process("users", "forget", str(file), env=deployment.env()).wait() == 1
    await deployment.provider()
    server = await deployment.server()
    _, answer = await deployment.file(server)
    await deployment.sent(server, answer["alert"]["id"])
    assert np.array_equal(await deployment.reached(), inside[1000:])


async def test_an_invalid_user_id_is_refused(deployment: Deployment) -> None:
    """Zero, words and numbers beyond 63 bits: 422, and nothing else happens."""
    server = await deployment.server()
    async with deployment.session() as session:
        for user in ("0", "x", "-5", "9223372036854775808", "1" * 5000):
            async with session.delete(f"{server.url}/v1/users/{user}") as response:
                assert response.status == 422


async def test_the_listener_outlives_a_primary_that_becomes_a_replica(redis: aioredis.Redis) -> None:
    """Blocked clients get an error of its own kind; users forgotten afterwards still arrive."""
    listener = Forgetting(redis)
    listening = asyncio.create_task(listener.run(), name="forgetting")

    async def waits() -> list[str]:
        clients = await redis.client_list()
        return [client["id"] for client in clients if client["cmd"] == "xread" and "b" in client["flags"]]

    async def is_waiting() -> bool:
        return bool(await waits())

    await until(is_waiting)
    for number in await waits():
        await redis.client_unblock(int(number), error=True)
    await until(is_waiting)
    await Forgetting(redis).announce([7])

    async def has_arrived() -> bool:
        return listener.remaining([b"7"]) is not None

    await until(has_arrived)
    assert not listening.done()
    listening.cancel()
    await _ended(listening)


AHEAD_MS = 50_000


async def _add_ahead(redis: aioredis.Redis, user: int) -> None:
    """Add an entry with the id that Redis gives by a clock that goes `AHEAD_MS` ahead."""
    seconds, _ = await redis.time()
    await redis.xadd(keys.FORGETTING, {"users": b"%d" % user}, id=f"{int(seconds) * 1000 + AHEAD_MS}-0")


async def test_the_listener_sees_what_is_forgotten_after_the_clock_of_redis_went_back(redis: aioredis.Redis) -> None:
    """The stream that it read is gone, and the new one has lower ids: it begins anew, and all batches are checked."""
    listener = Forgetting(redis)
    await _add_ahead(redis, 6)
    listening = asyncio.create_task(listener.run(), name="forgetting")

    async def is_read() -> bool:
        return listener.remaining([b"6"]) is not None

    await until(is_read)
    assert not listener.must_look(asyncio.get_running_loop().time())
    await redis.unlink(keys.FORGETTING)
    await Forgetting(redis).announce([7])

    async def has_arrived() -> bool:
        return listener.remaining([b"7"]) is not None

    await until(has_arrived)
    assert listener.must_look(asyncio.get_running_loop().time()), "something may have been missed"
    listening.cancel()
    await _ended(listening)


async def test_a_stream_that_outlives_a_clock_that_went_back_is_read_on(redis: aioredis.Redis) -> None:
    """Redis gives what is added a higher id all the same: nothing was missed, and nothing is read again."""
    listener = Forgetting(redis)
    await _add_ahead(redis, 6)
    listening = asyncio.create_task(listener.run(), name="forgetting")
    for user in (7, 8):
        await Forgetting(redis).announce([user])

        async def has_arrived(name: bytes = b"%d" % user) -> bool:
            return listener.remaining([name]) is not None

        await until(has_arrived)
    assert not listener.must_look(asyncio.get_running_loop().time())
    listening.cancel()
    await _ended(listening)


async def test_the_listener_ends_at_whatever_moment_it_is_cancelled(redis: aioredis.Redis) -> None:
    """Also in the loop iteration in which redis-py has just sent a command, when Python 3.11 hides the cancellation.

    This client has redis-py's own socket timeout, which is what makes it write with `asyncio.wait_for`.
    """
    assert redis.connection_pool.connection_kwargs.get("socket_timeout", 5) is not None
    await redis.ping()
    for moment in range(MOMENTS):
        listening = asyncio.create_task(Forgetting(redis).run(), name=f"cancelled in turn {moment}")
        for _ in range(moment):
            await asyncio.sleep(0)
        listening.cancel()
        # An entry answers the blocked read at once, so that the test does not wait for its timeout.
        await Forgetting(redis).announce([7])
        await _ended(listening)


async def _ended(listening: asyncio.Task[None]) -> None:
    """Wait for a cancelled listener to end."""
    await asyncio.wait({listening}, timeout=ENDS_S)
    assert listening.cancelled(), f"{listening.get_name()} goes on"
