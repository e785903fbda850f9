"""Morning reminders: whom the alert reached without a sound at night gets it once more with one, and nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tests.support.nights import at_night, by_day, clock
from tests.support.processes.processes import until
from tests.support.providers.notified import recording_tpns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process
    from tests.support.providers.notified import RecordingTpns

PEOPLE: Final = 3_000
NIGHT_H: Final = 3.0
"""So many hours later it is morning."""


async def prefer(deployment: Deployment, server: Process, rows: list[dict[str, Any]]) -> None:
    """Set what users prefer."""
    answer = await deployment.post(f"{server.url}/v1/preferences", rows)
    assert answer == (200, {"accepted": len(rows), "rejected": []})


async def heard(provider: RecordingTpns, users: NDArray[np.int64]) -> None:
    """Wait until it made a sound for these users, once each, and for nobody else."""

    async def all_heard() -> bool:
        return provider.notified.with_sound.size >= users.size

    await until(all_heard)
    assert np.array_equal(provider.notified.with_sound, np.sort(users))


async def actions(deployment: Deployment, server: Process, alert: str) -> list[dict[str, Any]]:
    """Return the events that the audit trail has of reminders of an alert."""
    trail = await deployment.get(f"{server.url}/v1/audit")
    events = [one["content"]["event"] for one in trail["events"]]
    return [event for event in events if (event["action"], event["alert"]) == ("remind", alert)]


async def test_who_was_notified_silently_at_night_hears_it_once_in_the_morning_as_they_prefer(
    deployment: Deployment,
) -> None:
    """Not who is off or wants no sound; who is in quiet hours then hears it with a later pass, once these are over."""
    async with recording_tpns(deployment) as provider:
        inside = await deployment.people(PEOPLE)
        server = await deployment.server(**at_night())
        silent, off, quiet, turned_off = inside[:50], inside[50:100], inside[100:150], inside[150:200]
        hours = {"from": clock(-1), "until": clock(5), "time_zone": "Asia/Shanghai"}
        await prefer(
            deployment,
            server,
            [
                *({"user": user, "silent": True} for user in silent.tolist()),
                *({"user": user, "off": True} for user in off.tolist()),
                *({"user": user, "quiet_hours": hours} for user in quiet.tolist()),
            ],
        )
        _, answer = await deployment.file(server)
        alert = answer["alert"]["id"]
        await deployment.sent(server, alert)
        assert provider.notified.with_sound.size == 0
        reached = np.concatenate([inside[:50], inside[100:]])
        assert np.array_equal(provider.notified.of(provider.notified.first), reached)

        async def planned() -> bool:
            return bool((await deployment.get(f"{server.url}/v1/alerts/{alert}"))["alert"].get("reminders"))

        await until(planned)
        [reminder] = (await deployment.get(f"{server.url}/v1/alerts/{alert}"))["alert"]["reminders"]
        assert reminder["people"] == reached.size - silent.size
        assert await actions(deployment, server, alert) == []
        await prefer(deployment, server, [{"user": user, "off": True} for user in turned_off.tolist()])
        server.end()

        server = await deployment.server(**by_day())
        await deployment.pass_time(NIGHT_H)
        await heard(provider, inside[200:])
        assert await actions(deployment, server, alert) != []
        await prefer(deployment, server, [{"user": user} for user in quiet.tolist()])
        await deployment.pass_time(0.4)
        await heard(provider, np.concatenate([quiet, inside[200:]]))
        assert provider.notified.titles == {provider.notified.first}
        assert len(provider.notified.numbers) == 1
