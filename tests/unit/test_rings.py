"""Plans: which rings an alert has, and when each of them is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from push.alerts.rings import QQ, TUANYUAN, Override, Policy, RingPlan, fault_of, rings_of

RECEIVED = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _due(policy: Policy, seen_h_ago: float, *, has_city: bool = True, override: Override | None = None) -> list[object]:
    rings = rings_of(
        policy,
        received_at=RECEIVED,
        last_seen_at=RECEIVED - seen_h_ago * HOUR,
        has_place=True,
        has_city=has_city,
        override=override,
    )
    assert [ring.ring for ring in rings] == list(range(1, len(rings) + 1))
    return [(ring.radius_km, ring.city, (ring.due_at - RECEIVED) / HOUR) for ring in rings]


def test_qq_reaches_ten_thirty_then_the_city_or_120_km_all_at_once() -> None:
    """Three rings, all due at receipt; the widest includes the city."""
    assert _due(QQ, 5) == [(10, False, 0), (30, False, 0), (120, True, 0)]
    assert _due(QQ, 5, has_city=False)[-1] == (120, False, 0)


@pytest.mark.parametrize(
    ("seen_h_ago", "due_h"), [(0, [0, 1, 2, 3]), (0.5, [0, 0.5, 1.5, 2.5]), (2.5, [0, 0, 0, 0.5]), (30, [0] * 4)]
)
def test_tuanyuan_widens_by_the_hours_since_the_child_was_last_seen(seen_h_ago: float, due_h: list[float]) -> None:
    """100 km in the first hour, 200 in the second, 300 in the third, then 500; past rings are due at once."""
    assert _due(TUANYUAN, seen_h_ago) == list(
        zip([100, 200, 300, 500], [False] * 4, [pytest.approx(hours) for hours in due_h], strict=True)
    )


def test_an_override_is_the_widest_ring_and_makes_all_due_at_once() -> None:
    """A child taken by car: 300 km now, nearer rings first; an override may also be narrower than the policy."""
    change_request = Override(radius_km=300, reason="taken in a car", by="authority sz")
    assert _due(TUANYUAN, 0, override=change_request) == [(100, False, 0), (200, False, 0), (300, False, 0)]
    assert _due(QQ, 0, override=change_request) == [(10, False, 0), (30, False, 0), (120, True, 0), (300, True, 0)]
    narrow = Override(radius_km=20, reason="on an island", by="authority sz")
    assert _due(QQ, 0, override=narrow) == [(10, False, 0), (20, True, 0)]


def test_a_city_alone_is_one_ring() -> None:
    """Without coordinates there is no circle."""
    rings = rings_of(QQ, received_at=RECEIVED, last_seen_at=RECEIVED, has_place=False, has_city=True)
    assert [(ring.radius_km, ring.city) for ring in rings] == [(None, True)]


@pytest.mark.parametrize(
    ("rings", "fault"),
    [
        ([RingPlan(radius_km=30), RingPlan(radius_km=10)], "ring 2 does not hold ring 1"),
        ([RingPlan(radius_km=10, city=True), RingPlan(radius_km=30)], "ring 2 does not hold ring 1"),
        ([RingPlan(radius_km=10, after_h=2), RingPlan(radius_km=30)], "ring 2 is due before ring 1"),
        ([RingPlan(radius_km=900)], "over the cap"),
    ],
    ids=["narrower", "city lost", "out of order", "too wide"],
)
def test_a_policy_whose_rings_do_not_contain_one_another_is_refused(rings: list[RingPlan], fault: str) -> None:
    """Each ring contains those before it; otherwise the widest one would not be the whole area."""
    assert fault in (fault_of(Policy(rings=rings), 500.0) or "")
