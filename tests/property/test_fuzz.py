"""Whatever comes in is refused with a reason, or can be shown, called, published, read again and found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.property.fuzz.campaign import run_round
from tests.property.fuzz.live import live

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

CASES = 5_000
SEED = 15
"""The same inputs each time: what CI finds must be found again. `./run fuzz` draws others."""


async def test_what_is_accepted_keeps_every_promise(deployment: Deployment) -> None:
    """Of 5,000 inputs none breaks a promise; a part of them goes to a real server, and gets no 5xx and logs no bug."""
    result = run_round(0, SEED, CASES)
    assert result.broken == []
    assert result.inputs.total() >= CASES
    assert all(result.accepted[kind] for kind in result.inputs), "a kind of which nothing is accepted proves nothing"
    async with live(deployment) as there:
        await there.send(result.live)
        assert there.broken == []
        assert there.statuses[202]
