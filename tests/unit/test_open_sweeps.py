"""The order of claims: near before far, alerts by turns, follow-up notices now and then, late entrants last."""

from __future__ import annotations

from itertools import count
from uuid import UUID, uuid4

from push.fanout.claims.open_sweeps import (
    AHEAD_MAX,
    AHEAD_RECIPIENTS,
    FIRST_SENDS_A_FOLLOW_UP,
    URGENT_AN_OVERDUE,
    URGENT_S,
    LaneClaims,
    OpenSweeps,
)
from sql.work import OpenSweep

_numbers = count(1)


def _sweep(alert: UUID | None = None, *, ring: int = 1, left_s: float = 1800.0, is_last: bool = False) -> OpenSweep:
    notice = "alert" if ring else "cancel"
    return OpenSweep(next(_numbers), "tpns", alert or uuid4(), notice, ring, left_s, is_last)


def _claimed(sweeps: OpenSweeps, all_sweeps: list[OpenSweep], claims: int) -> list[OpenSweep]:
    """Claim one unit after the other, each sweep having as many as are wanted."""
    by_id = {sweep.id: sweep for sweep in all_sweeps}
    claimed: list[OpenSweep] = []
    for _ in range(claims):
        wanted = sweeps.wanted(1)
        sweep = by_id[wanted[0]]
        sweeps.note_claim(wanted, [sweep.id], 1)
        sweeps.take_turn(sweep.alert_id, is_follow_up=sweep.ring == 0)
        claimed.append(sweep)
    return claimed


def test_near_rings_come_first_and_passes_for_late_entrants_last() -> None:
    """Whatever the deadlines, and in whichever order the record lists them; a pass is claimed by itself only."""
    late, far, near = _sweep(is_last=True, left_s=1.0), _sweep(ring=3, left_s=1.0), _sweep(ring=1)
    sweeps = OpenSweeps()
    sweeps.replace([late, far, near])
    assert sweeps.wanted(9) == [near.id, far.id]
    sweeps.exhaust([near.id, far.id])
    assert sweeps.wanted(9) == [late.id]


def test_alerts_take_turns_unless_a_deadline_is_near() -> None:
    """Two alerts of one ring go one after the other; one with less than ten minutes goes before both."""
    one, other = _sweep(), _sweep()
    sweeps = OpenSweeps()
    sweeps.replace([one, other])
    assert [sweep.id for sweep in _claimed(sweeps, [one, other], 4)] == [one.id, other.id, one.id, other.id]
    urgent = _sweep(left_s=URGENT_S - 1)
    sweeps.replace([one, other, urgent])
    assert [sweep.id for sweep in _claimed(sweeps, [one, other, urgent], 2)] == [urgent.id, urgent.id]


def test_first_sends_come_before_follow_up_notices_and_starve_none() -> None:
    """Of four units one is a follow-up notice's, as long as both wait; alone each has all."""
    first, follow_ups = [_sweep() for _ in range(50)], [_sweep(ring=0) for _ in range(50)]
    sweeps = OpenSweeps()
    sweeps.replace([*follow_ups, *first])
    claimed = _claimed(sweeps, [*follow_ups, *first], 40)
    assert claimed[0].ring == 1
    groups = [claimed[start : start + FIRST_SENDS_A_FOLLOW_UP + 1] for start in range(0, 40, 4)]
    assert all([sweep.ring for sweep in group].count(0) == 1 for group in groups)
    sweeps.replace(follow_ups)
    assert all(sweep.ring == 0 for sweep in _claimed(sweeps, follow_ups, 4))


def test_follow_up_notices_that_wait_hold_up_no_other_one() -> None:
    """Every fourth claim is of one that is ready, although ten that came first are not, and the list is ever new."""
    waiting, ready, first = [_sweep(ring=0) for _ in range(10)], _sweep(ring=0), _sweep()
    sweeps, claimed = OpenSweeps(), []
    for _ in range(40):
        sweeps.replace([*waiting, ready, first])
        wanted = sweeps.wanted(8)
        sweep = next(one for one in wanted if one in {ready.id, first.id})
        sweeps.note_claim(wanted, [sweep], 1)
        sweeps.take_turn((ready if sweep == ready.id else first).alert_id, is_follow_up=sweep == ready.id)
        claimed.append(sweep)
    assert claimed.count(ready.id) >= 40 // (FIRST_SENDS_A_FOLLOW_UP + 2)
    assert claimed.count(first.id) >= 40 * FIRST_SENDS_A_FOLLOW_UP // (FIRST_SENDS_A_FOLLOW_UP + 1)


def test_small_units_of_follow_up_notices_have_their_share_and_no_more() -> None:
    """They are claimed together as well, as many as are in proportion to the first sends between."""
    claims, first, follow_up = LaneClaims(), _sweep(), _sweep(ring=0)
    claims.open.replace([first, follow_up])
    for _ in range(100):
        claims.note_found(20)
    units = {first.id: 0, follow_up.id: 0}
    for _ in range(20):
        wanted = claims.open.wanted(8)
        for _ in range(claims.units_max(wanted)):
            units[wanted[0]] += 1
            claims.open.take_turn(first.alert_id, is_follow_up=wanted[0] == follow_up.id)
    assert units[follow_up.id] * FIRST_SENDS_A_FOLLOW_UP <= units[first.id] * 1.2
    assert units[follow_up.id] * (FIRST_SENDS_A_FOLLOW_UP + 1) >= units[first.id]


def test_a_sweep_without_a_ready_unit_is_left_alone_until_its_alert_has_gone_on() -> None:
    """What it waits for is another unit of the same alert; a new list brings back all."""
    waiting, other = _sweep(), _sweep()
    sweeps = OpenSweeps()
    sweeps.replace([waiting, other])
    sweeps.exhaust([waiting.id])
    assert sweeps.wanted(9) == [other.id]
    assert not sweeps.refill(other.alert_id)
    assert sweeps.refill(waiting.alert_id)
    assert sweeps.wanted(9) == [waiting.id, other.id]
    sweeps.exhaust([waiting.id])
    sweeps.replace([waiting])
    assert sweeps.wanted(9) == [waiting.id]


def test_units_are_claimed_together_only_where_they_are_small() -> None:
    """A new alert waits for a few thousand recipients at most, not for eight large units, and for no eight passes."""
    claims, first, late = LaneClaims(), _sweep(), _sweep(is_last=True)
    claims.open.replace([first, late])
    assert claims.units_max([first.id]) == 1
    for _ in range(100):
        claims.note_found(20)
    assert claims.units_max([first.id]) == AHEAD_MAX
    assert claims.units_max([late.id]) == 1
    claims.note_found(8 * AHEAD_RECIPIENTS)
    assert claims.units_max([first.id]) == 1


def test_what_is_past_its_deadline_takes_turns_with_the_others() -> None:
    """A new case of a few units does not wait for a national one that is overdue, however long that still takes."""
    overdue, new = _sweep(left_s=-60.0), _sweep()
    sweeps = OpenSweeps()
    sweeps.replace([overdue, new])
    assert [sweep.id for sweep in _claimed(sweeps, [overdue, new], 4)] == [overdue.id, new.id, overdue.id, new.id]


def test_no_stream_of_near_deadlines_starves_what_is_past_its_own() -> None:
    """Of four units one is of those that are late, in turns; nearer rings still come first."""
    late, later = _sweep(left_s=-1.0), _sweep(left_s=-60.0)
    far = _sweep(ring=2, left_s=-600.0)
    urgent = [_sweep(left_s=left_s) for left_s in (60.0, 120.0)]
    sweeps = OpenSweeps()
    sweeps.replace([far, late, later, *urgent])
    claimed = [sweep.id for sweep in _claimed(sweeps, [far, late, later, *urgent], 12)]
    step = URGENT_AN_OVERDUE + 1
    assert claimed[step - 1 :: step] == [later.id, late.id, later.id]
    assert {*claimed} - {late.id, later.id} == {urgent[0].id}
