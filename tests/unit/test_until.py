"""`until`, by which tests wait: a failure says which condition was not true."""

from __future__ import annotations

import pytest

from tests.support.processes.clock import run
from tests.support.processes.processes import until


async def _never() -> bool:
    return False


async def _times_out() -> bool:
    raise TimeoutError("the condition's own")


def test_a_condition_that_is_never_true_is_named() -> None:
    """AssertionError with the condition's name and place, after the given time."""
    with pytest.raises(AssertionError, match=r"not true within \d+\.0 s: _never \(test_until\.py:\d+\)"):
        run(until(_never))


def test_a_timeout_within_the_condition_is_raised_as_it_is() -> None:
    """A condition that raises TimeoutError before the time is over has failed for a reason of its own."""
    with pytest.raises(TimeoutError, match="the condition's own"):
        run(until(_times_out))
