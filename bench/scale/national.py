"""Tell a whole nation: one case to tens of millions of people, then that the child is found, to all of them.

The push provider is SIMULATED, and runs with both stores and the server on this machine. Bounded: the people whom its
free memory holds, `SENT_S` for each notice.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import asyncpg
import click
import msgspec

from bench.measures import Figure, case, floor_s, resident_mb
from bench.scale.people import fill
from server.administration.file_case import send_case
from server.demo.scene import boundaries, scene_of
from server.demo.world import AUTHORITY, World, running

if TYPE_CHECKING:
    from server.embedded import StoreUrls

RESIDENTS: Final = 84_000_000
"""Germany's; more than live within 120 km of any place in China."""

PERSON_BYTES: Final = 150 + 72
"""Measured at 84 million people: Redis' resident memory, and what the simulated provider needs to tell them apart."""

OTHER_BYTES: Final = 2 << 30
"""PostgreSQL, the server, and what the raw searches of the floor have in flight."""

WORKERS: Final = 16
SENT_S: Final = 1800.0
"""The 30 minutes within which everybody is to be notified."""

LOOK_EVERY_S: Final = 1.0
PROGRESS_EVERY: Final = 10_000_000

_SENT: Final = "select sent_at is not null from alert where id = $1"
_FOUND_SENT: Final = """select not exists (select from sweep s join sweep_unit u on u.sweep_id = s.id
                                           where s.alert_id = $1 and s.notice = 'found' and not u.done)"""
_LAST: Final = "select max(at) from ledger where alert_id = $1 and notice = $2"


class Sent(msgspec.Struct, frozen=True):
    """One notice to all: recipients, seconds to the last commit, repeats, and the server's most memory (MB)."""

    recipients: int
    seconds: float
    duplicates: int
    resident_mb: float


async def national(stores: StoreUrls, folder: Path, residents: int) -> dict[str, Figure]:
    """Return recipients a second of both notices, memory of the server, and who was reached twice or not at all."""
    if stores.postgres is None or stores.redis is None:
        raise RuntimeError("the benchmarks need both stores")
    fit = (_free_bytes() - OTHER_BYTES) // PERSON_BYTES
    if fit < residents:
        click.echo(f"the free memory of this machine holds {fit:,} people, not {residents:,}", err=True)
    people, scene = min(residents, fit), scene_of()
    client = aiohttp.ClientTimeout(total=None)
    inside = await asyncio.to_thread(_filled, stores.redis, people)
    async with running(stores, folder, WORKERS, boundaries()) as world, aiohttp.ClientSession(timeout=client) as http:
        connection = await asyncpg.connect(stores.postgres)
        try:
            before_mb = await resident_mb(world)
            started_s = time.time()
            _, answer = await send_case(world.server_url, AUTHORITY, world.secret, case(scene))
            alert = msgspec.json.decode(answer)["alert"]["id"]
            told = await _notice(world, http, connection, (_SENT, "alert", alert), started_s)
            await http.post(f"{world.provider_url}/simulated/reset")
            started_s = time.time()
            await _find(world, http, connection, alert)
            found = await _notice(world, http, connection, (_FOUND_SENT, "found", alert), started_s)
        finally:
            await connection.close()
        raw_s = await floor_s(world, scene.rings())
    wrong = [abs(inside - one.recipients) + one.duplicates for one in (told, found)]
    unit = f"recipients/s, {told.recipients:,} people (floor: the raw searches)"
    return {
        "national": _figure(told.recipients / told.seconds, told.recipients / raw_s, unit),
        "national found": _figure(found.recipients / found.seconds, told.recipients / told.seconds, "recipients/s"),
        "national memory": _figure(
            max(told.resident_mb, found.resident_mb), before_mb, "MB of the server at most (floor: before)"
        ),
        "national mistakes": _figure(sum(wrong), 0.0, "people not reached, or twice, by either notice"),
    }


def _figure(value: float, floor: float, unit: str) -> Figure:
    return Figure(round(value, 3), round(floor, 3), round(value / floor, 3) if floor else 0.0, unit)


def _free_bytes() -> int:
    """Return what Linux says can be had without swapping."""
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")) * 1024


def _filled(redis_url: str, people: int) -> int:
    """Put people into the index, and say how far that is; returns how many are in the area."""
    done, said = 0, 0

    def progress(number: int) -> None:
        nonlocal done, said
        done += number
        if done - said >= PROGRESS_EVERY:
            said = done
            click.echo(f"{done:,} of {people:,} people are in the index", err=True)

    return fill(redis_url, people, scene_of().area, progress)


async def _find(
    world: World, http: aiohttp.ClientSession, connection: asyncpg.Connection[asyncpg.Record], alert: str
) -> None:
    number = await connection.fetchval(
        "select c.case_number from child_case c join alert a on a.case_id = c.id where a.id = $1", alert
    )
    body = msgspec.json.encode({"reason": "the child is found", "case_number": number})
    headers = {"Authorization": f"Bearer {world.token}"}
    async with http.post(f"{world.server_url}/v1/alerts/{alert}/found", data=body, headers=headers) as response:
        if response.status != 200:
            raise RuntimeError(f"found was answered {response.status}")


async def _notice(
    world: World,
    http: aiohttp.ClientSession,
    connection: asyncpg.Connection[asyncpg.Record],
    what: tuple[str, str, str],
    started_s: float,
) -> Sent:
    """Wait until a notice (condition, name, alert) is through; returns what the simulated provider counted."""
    condition, notice, alert = what
    most_mb = 0.0
    async with asyncio.timeout(SENT_S):
        while not await connection.fetchval(condition, alert):
            with suppress(aiohttp.ClientError):
                most_mb = max(most_mb, await resident_mb(world))
            await asyncio.sleep(LOOK_EVERY_S)
    last = await connection.fetchval(_LAST, alert, notice)
    async with http.get(f"{world.provider_url}/simulated/counts") as response:
        counts: dict[str, Any] = await response.json()
    sent = Sent(counts["accepted"], last.timestamp() - started_s, counts["duplicates"], most_mb)
    click.echo(
        f"{notice}: {sent.recipients:,} people accepted by the SIMULATED provider in {sent.seconds:.1f} s, "
        f"{sent.duplicates:,} repeated; the server had at most {most_mb:.0f} MB",
        err=True,
    )
    return sent
