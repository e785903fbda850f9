"""Locating one person by estimates: an attacker who asks about many places learns no more than a guess would say."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
import pytest

from geo.area import Area, Circle
from geo.index.position_index import PositionIndex
from geo.index.sample import SAMPLE_SHARDS_MAX
from geo.index.shards import SHARDS
from handlers.operators.estimates import on_grid
from push.alerts.disclosure.estimates import shown_estimate
from push.alerts.disclosure.people import PEOPLE_MIN, Disclosure
from push.alerts.estimate import Estimate, estimate, seed_of_day
from push.alerts.rings import QQ, rings_of
from push.fanout.areas import Place
from runtime.clock import now
from tests.support.processes.deployment import reports_now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redis import asyncio as aioredis

PEOPLE: Final = 20_000
TARGETS: Final = 60
QUESTIONS: Final = 9
TOLD_MAX: Final = 9
"""Of 60 targets 1.9 are in the sample of a day, in the mean; more than 9 are once in 10,000 times."""

RULE: Final = Disclosure()


async def _asked(index: PositionIndex, seed: int, longitude: float, latitude: float, radius_km: float) -> Estimate:
    """Return an estimate as the route makes it, before it is rounded."""
    moment = now()
    place = on_grid(Place(longitude=longitude, latitude=latitude))
    rings = rings_of(QQ, received_at=moment, last_seen_at=moment, has_place=True, has_city=False)[:1]
    ring = msgspec.structs.replace(rings[0], radius_km=float(round(radius_km)))
    assert place.longitude is not None
    assert place.latitude is not None
    area = Area(Circle(place.longitude, place.latitude, float(round(radius_km))))
    found = await estimate(index, [ring], [area], {"tpns": 100.0}, seed, within_s=3600.0)
    assert found is not None
    return found


def _questions(rng: np.random.Generator, longitude: float, latitude: float) -> Iterator[tuple[float, float, float]]:
    """Yield places and radii of an attacker who knows a home: shifting, shrinking, and with its rim at the home."""
    for step in range(QUESTIONS):
        if step % 3 == 0:
            yield longitude + float(rng.normal(0, 0.05)), latitude, 5.0
        elif step % 3 == 1:
            yield longitude, latitude, 30.0 - 2 * step
        else:
            radius_km = float(rng.uniform(5, 20))
            yield longitude + radius_km / 102.8, latitude, radius_km


def _numbers(shown: Any) -> list[int]:  # noqa: ANN401 - JSON
    """Return every number of people that is shown."""
    if isinstance(shown, dict):
        own = [shown[name] for name in ("people", "low", "high") if shown.get(name) is not None]
        return own + [number for one in shown.values() for number in _numbers(one)]
    return [number for one in shown for number in _numbers(one)] if isinstance(shown, list) else []


async def test_an_attacker_who_asks_often_learns_of_one_in_32_whether_they_are_at_home(
    redis: aioredis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With and without a target the answers to all questions are the same, but for the few who are in the day's sample.

    And no two numbers that are shown differ by less than the threshold.
    """
    # On a busy machine a sample would end early, and say something else for that reason.
    monkeypatch.setattr("geo.index.sample.ENOUGH_S", 3600.0)
    rng = np.random.default_rng(4)
    index = PositionIndex(redis, ("tpns",))
    longitudes, latitudes = 114.06 + rng.normal(0, 0.3, PEOPLE), 22.54 + rng.normal(0, 0.3, PEOPLE)
    await index.record(reports_now("tpns", (1 + np.arange(PEOPLE)).tolist(), longitudes.tolist(), latitudes.tolist()))
    seed = seed_of_day(b"a secret of the server", 1_800_000_000_000)
    told = 0
    for target in range(TARGETS):
        user = 50_000_000 + 7 * target
        home = (float(114.06 + rng.normal(0, 0.3)), float(22.54 + rng.normal(0, 0.3)))
        questions = [*_questions(rng, *home)]
        answers: list[list[Any]] = []
        for there in (False, True):
            if there:
                await index.record(reports_now("tpns", [user], [home[0]], [home[1]]))
            found = [shown_estimate(await _asked(index, seed, *question), RULE) for question in questions]
            # The time to the deadline follows from the rounded number; ages are whole hours.
            answers.append(msgspec.to_builtins(found))
        await index.forget([user])
        told += answers[0] != answers[1]
        numbers = sorted({number for answer in answers for number in _numbers(answer)})
        assert all(later - earlier >= PEOPLE_MIN for earlier, later in pairwise(numbers))
        assert not numbers or numbers[0] >= PEOPLE_MIN
    assert told <= TOLD_MAX
    assert SAMPLE_SHARDS_MAX / SHARDS <= 1 / 32


def test_the_sample_of_a_day_is_one_for_all_and_another_the_next_day() -> None:
    """Servers with one key sample the same shards all day; without the key nobody computes them."""
    day_ms = 86_400_000
    monday = 20_000 * day_ms
    assert seed_of_day(b"key", monday) == seed_of_day(b"key", monday + day_ms - 1)
    assert len({seed_of_day(b"key", monday + day * day_ms) for day in range(100)}) == 100
    assert seed_of_day(b"key", monday) != seed_of_day(b"other", monday)


@pytest.mark.parametrize("people_min", [2, 10, 100, 250])
def test_no_number_is_shown_below_the_threshold_nor_two_that_are_closer(people_min: int) -> None:
    """Over all numbers: none below, every two apart by the threshold, and within half a step of the truth."""
    rule = Disclosure(people_min)
    shown = {people: rule.estimated(people) for people in range(20_000)}
    assert {people for people, one in shown.items() if one is None} == set(range(people_min))
    numbers = sorted({one for one in shown.values() if one is not None})
    assert all(later - earlier >= people_min for earlier, later in pairwise(numbers))
    assert all(abs(one - people) <= rule.step(people) / 2 for people, one in shown.items() if one is not None)
    assert [rule.estimated(people) for people in (131_072, 14_444_444)] == [130_000, 14_000_000]
