"""Every column of an alert's row is damaged, each in an alert of its own: all are listed and stopped, others are sent.

The columns are those that there are: a new one is damaged without being named here.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import numpy as np

from tests.support.processes.processes import until

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

DAMAGED: Final[dict[str, tuple[str, ...]]] = {
    "timestamptz": ("'infinity'", "'-infinity'"),
    "int2": ("32767",),
    "int4": ("2147483647",),
    "int8": ("9223372036854775807",),
    "float8": ("'NaN'",),
    "text": ("'of a newer version'",),
    "jsonb": ("'null'", "'[]'", "'{}'", "'1e300'"),
    "bytea": ("''", "decode(repeat('00', 100000), 'hex')"),
    "_text": ("'{null}'", "'{of a newer version}'", "'{{a},{b}}'"),
    "_timestamptz": ("'{null}'", "'{{infinity},{infinity}}'"),
}
"""What no server wrote, by the type of a column; and nothing, where it may be empty."""

KEPT: Final = {"id", "case_id", "changed"}
"""What names a row, and what PostgreSQL writes."""

COLUMNS: Final = """select column_name, udt_name, is_nullable = 'YES' from information_schema.columns
where table_schema = 'public' and table_name = 'alert' order by ordinal_position"""
SENT: Final = "select count(*)::int from alert where state = 'sent'"
LISTS: Final = ("/v1/alerts", "/v1/alarms", "/metrics", "/v1/public/alerts.atom", "/v1/statistics")
PARTS: Final = ("", "/preview", "/summary", "/area", "/rates", "/funnel", "/photo", "/trail", "/sightings", "/outcome")


async def _damages(deployment: Deployment, alert: str) -> list[tuple[str, str]]:
    """Return each column with each value that PostgreSQL takes for it, as is tried on an alert."""
    found = []
    connection = await asyncpg.connect(deployment.database_url)
    for column, kind, is_nullable in await connection.fetch(COLUMNS):
        for value in (*DAMAGED.get(kind, ()), *(("null",) if is_nullable else ())):
            trying = connection.transaction()
            await trying.start()
            with suppress(asyncpg.PostgresError):
                if column not in KEPT:
                    await connection.execute(_damage(column, value), alert)
                    found.append((column, value))
            await trying.rollback()
    await connection.close()
    return found


def _damage(column: str, value: str) -> str:
    return f"update alert set {column} = {value} where id = $1"  # noqa: S608 - our words


async def _damaged(deployment: Deployment, server: Process) -> dict[str, str]:
    """Send alerts, and damage each at another place; returns where, by alert."""
    _, answer = await deployment.file(server, case_number="tried")
    damages = await _damages(deployment, answer["alert"]["id"])
    places: dict[str, str] = {}
    for column, value in damages:
        _, answer = await deployment.file(server, case_number=f"DAMAGED-{len(places)}")
        places[answer["alert"]["id"]] = f"{column} = {value[:30]}"

    async def are_sent() -> bool:
        return bool((await deployment.query(SENT))[0][0] == len(damages) + 1)

    await until(are_sent)
    for alert, (column, value) in zip(places, damages, strict=True):
        await deployment.query(_damage(column, value), alert)
    return places


async def _bugs(deployment: Deployment, server: Process, alerts: dict[str, str]) -> list[str]:
    """Return what is answered by a bug, of all that is read of these alerts."""
    paths = {path: path for path in LISTS}
    paths |= {f"/v1/alerts/{alert}{part}": f"{place} {part}" for alert, place in alerts.items() for part in PARTS}
    found = []
    async with deployment.session() as session:
        for path, name in paths.items():
            async with session.get(f"{server.url}{path}") as response:
                if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                    found.append(f"{name}: {response.status}")
    return found


async def _not_stopped(deployment: Deployment, server: Process, alerts: dict[str, str]) -> list[str]:
    """Cancel these alerts; return which are neither over nor cancelled by it."""
    found = []
    for alert, place in alerts.items():
        [(number, state)] = await deployment.query(
            "select c.case_number, a.state from alert a join child_case c on c.id = a.case_id where a.id = $1", alert
        )
        why: dict[str, Any] = {"reason": "of a test", "case_number": number}
        status, answer = await deployment.post(f"{server.url}/v1/alerts/{alert}/cancel", why)
        if status != HTTPStatus.OK and (status != HTTPStatus.CONFLICT or state in {"sending", "sent"}):
            found.append(f"{place}: {status} {answer.get('code')}, {state}")
    return found


async def _counted(deployment: Deployment, alert: str, people: int) -> bool:
    counted = "select coalesce(sum(recipients), 0)::int from ledger where alert_id = $1 and notice = 'alert'"
    return bool((await deployment.query(counted, alert))[0][0] == people)


async def test_alerts_that_are_damaged_anywhere_are_listed_and_stopped_and_others_are_sent(
    deployment: Deployment,
) -> None:
    """By the server that runs and by the next one, which sends another alert to everybody beside them all."""
    await deployment.provider()
    inside = await deployment.people(100)
    server = await deployment.server()
    alerts = await _damaged(deployment, server)
    assert len({place.partition(" ")[0] for place in alerts.values()}) > 20, "most columns are damaged"
    for name in ("first", "second"):
        _, answer = await deployment.file(server, case_number=name)
        await until(partial(_counted, deployment, answer["alert"]["id"], inside.size))
        assert await _bugs(deployment, server, alerts) == []
        assert server.alive
        if name == "first":
            server.end()
            server = await deployment.server()
    assert np.array_equal(await deployment.reached(), inside)
    assert await _not_stopped(deployment, server, alerts) == []
    assert server.alive
