"""Floods of reports: what comes from elsewhere is taken in all the same, and the disk keeps its quota.

`FLOOD_REPORTS` sets how many reports a flood has: 100,000 take minutes; what was measured is printed.
"""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

from public.sightings.collecting.collector import TAKEN_MAX
from public.sightings.intake.inbox import Priority, disk_bytes
from tests.support.processes.processes import until
from tests.support.processes.public_site import public_env
from tests.support.public.report_flood import flood, proof_for
from tests.support.public.strangers import publish, receipt_of, site_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.processes.deployment import Deployment

REPORTS = int(os.environ.get("FLOOD_REPORTS", "3000"))
BLOCK_PER_H = 30
DISK_MB = 40
ADDRESSES = 10_000
HONEST_EVERY_S = 0.5
WAITING = 400
"""Reports of a flood that wait: several looks of what is taken in of them."""


def _of_one_block(number: int) -> str:
    return f"203.0.113.{number % 256}"


def _of_many(number: int) -> str:
    which = number % ADDRESSES
    return f"100.{64 + which // 256 % 64}.{which % 256}.7"


def _inbox_bytes(folder: Path) -> int:
    """Return what the inbox takes of the disk; what is taken in meanwhile counts or not."""
    found = 0
    for where, _, names in os.walk(folder):
        for name in names:
            try:
                found += disk_bytes(os.stat(os.path.join(where, name)).st_size)  # noqa: PTH116, PTH118 - Path.rglob raises
            except OSError:
                continue
    return found


async def _flooded(deployment: Deployment, address_of: Callable[[int], str]) -> tuple[dict[int, int], list[float], int]:
    """Flood while others report; returns the flood's statuses, the waits of others (s), and the most of the disk."""
    await deployment.provider()
    server = await deployment.server(**public_env(deployment))
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    await deployment.sent(server, alert)
    code = await publish(deployment, alert)
    site = await site_for(deployment, QQ_ALERT_PUBLIC__SIGHTINGS__DISK_MB=str(DISK_MB))
    host, port = site.address
    flooding = asyncio.create_task(flood(host, port, code, REPORTS, address_of))
    waits: list[float] = []
    most, number, loop = 0, 0, asyncio.get_running_loop()
    while not flooding.done() or number < 3:
        began_s = loop.time()
        address = f"198.51.{number % 100}.1"
        receipt = await receipt_of(site.url, code, f"honest {number}", proof=proof_for(code), address=address)

        async def is_taken_in(receipt: str = receipt) -> bool:
            return bool(await deployment.query("select 1 from sighting where receipt = $1", receipt))

        await until(is_taken_in)
        waits.append(loop.time() - began_s)
        most = max(most, await asyncio.to_thread(_inbox_bytes, deployment.folder / "objects" / "inbox"))
        number += 1
        await asyncio.sleep(HONEST_EVERY_S)
    return dict(await flooding), waits, most


def _print(what: str, statuses: dict[int, int], waits: list[float], most: int) -> None:
    ordered = sorted(waits)
    median, longest = ordered[len(ordered) // 2], ordered[-1]
    print(  # noqa: T201 - what was measured
        f"{what}: {statuses}; {len(waits)} honest reports, median {median:.2f} s, longest {longest:.2f} s; "
        f"inbox {most / 1e6:.1f} MB of {DISK_MB} MB"
    )


async def test_a_flood_of_one_block_costs_its_share_and_nobody_elses_report(deployment: Deployment) -> None:
    """All but its hourly share is refused; every report from elsewhere is taken in while it lasts."""
    statuses, waits, most = await _flooded(deployment, _of_one_block)
    _print("one block", statuses, waits, most)
    assert statuses.get(200, 0) == BLOCK_PER_H
    assert statuses.get(429, 0) > REPORTS / 2

    async def are_taken_in() -> bool:
        return await deployment.query("select count(*) from sighting") == [(BLOCK_PER_H + len(waits),)]

    await until(are_taken_in)
    assert most < DISK_MB * 1e6


async def test_a_flood_of_ten_thousand_addresses_is_taken_in_and_keeps_its_quota_of_the_disk(
    deployment: Deployment,
) -> None:
    """Each report with a proof of work is in the record before the next one is sent; the inbox has its bound."""
    statuses, waits, most = await _flooded(deployment, _of_many)
    _print("10,000 addresses", statuses, waits, most)
    assert statuses.get(200, 0) > REPORTS / 10
    assert most < DISK_MB * 1e6 * 1.05
    [(proved,)] = await deployment.query("select count(*) from sighting where proved")
    assert proved == len(waits), "each with a proof is in the record"


async def test_a_proved_report_is_taken_in_before_a_flood_that_waits(deployment: Deployment) -> None:
    """It comes last of all, while a server stands still, and is in the record before the reports that came before it.

    What one look takes of a flood goes before it at most. A report without a proof takes its turn.
    """
    await deployment.provider()
    server = await deployment.server(**public_env(deployment))
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    await deployment.sent(server, alert)
    code = await publish(deployment, alert)
    site = await site_for(deployment)
    server.send_signal(signal.SIGSTOP)
    try:
        statuses = await flood(*site.address, code, WAITING, _of_many)
        assert statuses == {200: WAITING}
        unproved = await receipt_of(site.url, code, "without", address="198.51.100.1")
        proved = await receipt_of(site.url, code, "with", proof=proof_for(code), address="198.51.101.1")
    finally:
        server.send_signal(signal.SIGCONT)
    before: dict[str, int] = {}
    for receipt in (proved, unproved):
        before[receipt] = await _taken_in_before(deployment, receipt)
    assert before[proved] <= TAKEN_MAX[Priority.FIRST] < WAITING
    assert before[unproved] > TAKEN_MAX[Priority.FIRST]


async def _taken_in_before(deployment: Deployment, receipt: str) -> int:
    """Return how many reports of the flood were in the record before one of others, once that is."""
    rows: list[tuple[int]] = []

    async def is_taken_in() -> bool:
        # A transaction that begins later has a higher number.
        rows[:] = await deployment.query(
            "select (select count(*) from sighting o where o.xmin::text::bigint < s.xmin::text::bigint"
            " and not o.proved) from sighting s where receipt = $1",
            receipt,
        )
        return bool(rows)

    await until(is_taken_in)
    return rows[0][0]
