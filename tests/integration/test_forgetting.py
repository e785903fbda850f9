"""Forgetting: at once, everywhere, and out of what is about to be sent."""

from __future__ import annotations

import numpy as np

from tests.processes import Bench, Process, until


async def test_a_user_forgotten_during_a_sweep_is_not_told_by_any_process(bench: Bench) -> None:
    """Found and waiting in the queues of two servers while the provider is away: forgotten at one, told by neither."""
    await bench.provider()
    inside = await bench.people(10_000)
    await bench.switch_outage(on=True)
    one, two = await bench.server(), await bench.server()
    await bench.file(one)
    await until(lambda: _waits_at_both(bench, one, two))
    gone = inside[:: inside.size // 50][:50]
    async with bench.session() as session:
        for user in gone.tolist():
            async with session.delete(f"{one.url}/v1/users/{user}") as response:
                assert response.status == 204
    await bench.switch_outage(on=False)
    alert = (await bench.get(f"{one.url}/v1/alerts"))["alerts"][0]["id"]
    await bench.sent(one, alert)
    assert np.array_equal(await bench.reached(), np.setdiff1d(inside, gone))


async def _waits_at_both(bench: Bench, *servers: Process) -> bool:
    waiting = []
    for server in servers:
        async with bench.session() as session, session.get(f"{server.url}/metrics") as response:
            text = await response.text()
        waiting += [
            float(line.split()[-1]) for line in text.splitlines() if line.startswith("qq_alert_parked_batches{")
        ]
    return all(batches > 0 for batches in waiting)


async def test_a_file_of_users_is_forgotten(bench: Bench) -> None:
    """`users forget` takes one id a line, says what it did, and exits with 1 when a line was no user."""
    inside = await bench.people(5000)
    gone = inside[:1000]
    file = bench.folder / "gone.txt"
    file.write_text("\n".join([*map(str, gone.tolist()), "999999999999"]) + "\n")
    assert Process("users", "forget", str(file), env=bench.env()).wait() == 0
    # The end of a line that is too long is nobody's id.
    file.write_text(f"not a user\n0\n7,{'x' * 62}{inside[1000]}\n")
    assert Process("users", "forget", str(file), env=bench.env()).wait() == 1
    await bench.provider()
    server = await bench.server()
    _, answer = await bench.file(server)
    await bench.sent(server, answer["alert"]["id"])
    assert np.array_equal(await bench.reached(), inside[1000:])


async def test_who_is_no_user_is_refused(bench: Bench) -> None:
    """Zero, words and what is beyond 63 bits: 422, and nothing else happens."""
    server = await bench.server()
    async with bench.session() as session:
        for user in ("0", "x", "-5", "9223372036854775808", "1" * 5000):
            async with session.delete(f"{server.url}/v1/users/{user}") as response:
                assert response.status == 422
