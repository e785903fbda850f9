"""Morning reminders whatever fails: two servers, one of them killed while it reminds, and providers that do not answer.

Nobody is reminded twice, nobody who had a sound, and nobody against a preference. Whom a killed process had in hand may
miss the reminder: that is the price of the first.
"""

from __future__ import annotations

import random
import signal
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from server.simulators.faults import Fault
from tests.support.nights import at_night, by_day
from tests.support.processes.deployment import CASE
from tests.support.processes.processes import until
from tests.support.providers.notified import FOUND, recording_tpns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process
    from tests.support.providers.notified import RecordingTpns

PEOPLE: Final = 20_000
UNIT_PEOPLE: Final = 500
"""Of a unit of this deployment, about: a request has no more."""

WORKERS: Final = 4
BATCH: Final = 1000
NIGHT_H: Final = 3.0
KILLS: Final = 4
WHY: Final = {"reason": "because of a test", "case_number": CASE["case_number"]}


async def prefer(deployment: Deployment, server: Process, users: NDArray[np.int64], **preferred: object) -> None:
    """Set what users prefer."""
    rows: list[dict[str, Any]] = [{"user": user, **preferred} for user in users.tolist()]
    answer = await deployment.post(f"{server.url}/v1/preferences", rows)
    assert answer == (200, {"accepted": len(rows), "rejected": []})


async def all_reminded(deployment: Deployment) -> None:
    """Wait until no reminder is left to be sent."""

    async def are_reminded() -> bool:
        query = """select count(*), bool_and(u.done and s.begun_at is not null)
                   from sweep s join sweep_unit u on u.sweep_id = s.id where s.notice = 'reminder'"""
        [(units, done)] = await deployment.query(query)
        return bool(units and done)

    await until(are_reminded)


def once(provider: RecordingTpns) -> NDArray[np.int64]:
    """Return whom it made a sound for; nobody twice."""
    heard = provider.notified.with_sound
    assert heard.size == np.unique(heard).size
    return heard


async def test_two_servers_one_of_which_is_killed_remind_nobody_twice_and_nobody_who_had_a_sound(
    deployment: Deployment,
) -> None:
    """The nearest ring had a sound at night. In the morning every worker of two servers holds a reminder.

    Then a quarter of all turn alerts off, one server is killed, and a third one goes on. All hear once of the end.
    """
    async with recording_tpns(deployment) as provider:
        inside = await deployment.people(PEOPLE)
        server = await deployment.server(**at_night(night_rings=1))
        soundless = inside[1::4]
        await prefer(deployment, server, soundless, silent=True)
        _, answer = await deployment.file(server)
        alert = answer["alert"]["id"]
        await deployment.sent(server, alert)
        near = once(provider)
        assert 0 < near.size < inside.size // 10
        assert np.array_equal(provider.notified.of(provider.notified.first), inside)
        server.end()

        first, second = await deployment.server(**by_day()), await deployment.server(**by_day())
        provider.gate.close_after(0)
        await deployment.pass_time(NIGHT_H)
        await provider.gate.holds(2 * WORKERS)
        off = inside[::4]
        await prefer(deployment, first, off, off=True)
        second.end(signal.SIGKILL)
        third = await deployment.server(**by_day())
        provider.gate.open()
        await all_reminded(deployment)

        reminded = np.setdiff1d(once(provider), near)
        assert reminded.size
        assert np.intersect1d(reminded, soundless).size == 0
        # Only those in the requests that had begun when they turned alerts off.
        assert np.intersect1d(reminded, off).size <= 2 * WORKERS * UNIT_PEOPLE // 2 < off.size
        wanted = np.setdiff1d(inside, np.concatenate([near, soundless, off]))
        assert np.setdiff1d(wanted, reminded).size <= WORKERS * BATCH
        assert np.setdiff1d(reminded, inside).size == 0

        status, _ = await deployment.post(f"{third.url}/v1/alerts/{alert}/found", WHY | {"through_alert": True})
        assert status == 200

        async def all_found() -> bool:
            return np.array_equal(provider.notified.of(FOUND), np.setdiff1d(inside, off))

        await until(all_found)


async def test_kills_at_random_moments_remind_nobody_twice(deployment: Deployment) -> None:
    """Of two servers one is killed and replaced, again and again: none hears it twice, and few miss it."""
    async with recording_tpns(deployment, latency_ms=20) as provider:
        inside = await deployment.people(PEOPLE)
        server = await deployment.server(**at_night())
        _, answer = await deployment.file(server)
        await deployment.sent(server, answer["alert"]["id"])
        server.end()
        servers = [await deployment.server(**by_day()) for _ in range(2)]
        await deployment.pass_time(NIGHT_H)
        rng = random.Random(20)
        for kill in range(KILLS):
            moment = int(inside.size * (kill + rng.random()) / (KILLS + 1))

            async def are_reminded(moment: int = moment) -> bool:
                return provider.notified.with_sound.size >= moment

            await until(are_reminded)
            servers[kill % 2].end(signal.SIGKILL)
            servers[kill % 2] = await deployment.server(**by_day())
        await all_reminded(deployment)
        assert np.setdiff1d(once(provider), inside).size == 0
        assert np.setdiff1d(inside, once(provider)).size <= KILLS * WORKERS * UNIT_PEOPLE


async def test_a_reminder_that_may_have_arrived_is_not_sent_again(deployment: Deployment) -> None:
    """The provider takes the first requests and answers none of them: each is sent once, others go on."""
    async with recording_tpns(deployment) as provider:
        inside = await deployment.people(3_000)
        server = await deployment.server(**at_night())
        _, answer = await deployment.file(server)
        await deployment.sent(server, answer["alert"]["id"])
        server.end()
        server = await deployment.server(**by_day())
        provider.drops_connections, before = True, len(provider.notified.begun)
        await deployment.pass_time(NIGHT_H)

        async def some_are_unanswered() -> bool:
            return len(provider.notified.begun) >= before + WORKERS

        await until(some_are_unanswered)
        provider.drops_connections = False
        await all_reminded(deployment)
        assert np.array_equal(once(provider), inside)


async def test_an_outage_and_a_pause_delay_the_reminder_and_neither_repeats_nor_loses_anybody(
    deployment: Deployment,
) -> None:
    """What the provider refused was not delivered: it is tried again, after a pause, too, and reminds each once."""
    async with recording_tpns(deployment) as provider:
        inside = await deployment.people(3_000)
        server = await deployment.server(**at_night())
        _, answer = await deployment.file(server)
        await deployment.sent(server, answer["alert"]["id"])
        server.end()
        provider.gate.outage, provider.gate.outage_by = True, Fault.UNAVAILABLE
        server = await deployment.server(**by_day())
        await deployment.pass_time(NIGHT_H)

        async def is_refused() -> bool:
            return provider.gate.made[Fault.UNAVAILABLE.value] > WORKERS

        await until(is_refused)
        assert once(provider).size == 0
        url = f"{server.url}/v1/alerts/{answer['alert']['id']}"
        assert (await deployment.post(f"{url}/pause", {"reason": WHY["reason"]}))[0] == 200

        async def nothing_is_held() -> bool:
            held = "select 1 from sweep_unit where not entrants and not done and lease_owner is not null"
            return not await deployment.query(held)

        await until(nothing_is_held)
        provider.gate.outage = False
        assert (await deployment.post(f"{url}/resume", WHY))[0] == 200
        await all_reminded(deployment)
        assert np.array_equal(once(provider), inside)


async def test_a_reminder_that_a_night_overtakes_comes_the_next_morning(deployment: Deployment) -> None:
    """It began, its server was killed, and the next one starts at night: no sound until the morning, then once."""
    async with recording_tpns(deployment) as provider:
        inside = await deployment.people(PEOPLE)
        server = await deployment.server(**at_night())
        _, answer = await deployment.file(server)
        await deployment.sent(server, answer["alert"]["id"])
        server.end()
        server = await deployment.server(**by_day())
        provider.gate.close_after(0)
        await deployment.pass_time(NIGHT_H)
        await provider.gate.holds(WORKERS)
        server.end(signal.SIGKILL)
        server = await deployment.server(**at_night())

        async def is_put_off() -> bool:
            query = "select count(*) from sweep where notice = 'reminder' and begun_at is null and due_at > now()"
            [(sweeps,)] = await deployment.query(query)
            return bool(sweeps == 1)

        await until(is_put_off)
        provider.gate.open()

        async def held_are_through() -> bool:
            return provider.gate.holding == 0 and once(provider).size > 0

        await until(held_are_through)
        before = once(provider)
        assert before.size <= WORKERS * BATCH
        server.end()
        server = await deployment.server(**by_day())
        await deployment.pass_time(NIGHT_H)
        await all_reminded(deployment)
        assert np.setdiff1d(inside, once(provider)).size <= WORKERS * BATCH
        assert once(provider).size > before.size
