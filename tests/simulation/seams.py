"""What is put in the place of chance and of the log, so that one seed is one run.

Bounded: the names below.
"""

from __future__ import annotations

import logging
import random
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch
from uuid import UUID

import structlog

from runtime.clock import WALL_CLOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECRETS: Final = ("push.fanout.claims.unit", "sql.ledger", "sql.audit", "geo.index.loss.epochs")
SHARDS_PER_UNIT: Final = 2
IDS: Final = ("push.fanout.claims.leases", "push.alerts.filing")


class SeededSecrets:
    """What the module `secrets` gives, from a seed."""

    def __init__(self, source: random.Random) -> None:
        self._source = source

    def randbits(self, bits: int) -> int:
        """Return a number of so many bits."""
        return self._source.getrandbits(bits)

    def randbelow(self, limit: int) -> int:
        """Return a number below a limit."""
        return self._source.randrange(limit)

    def token_hex(self, size: int) -> str:
        """Return so many bytes as hexadecimal digits."""
        return self._source.randbytes(size).hex()

    def token_bytes(self, size: int) -> bytes:
        """Return so many bytes."""
        return self._source.randbytes(size)


async def _at_once(work: Callable[..., Any], *arguments: Any) -> Any:  # noqa: ANN401 - as asyncio
    """Do at once what is done beside the loop: when a thread ends is chance."""
    return work(*arguments)


def _no_clock() -> float:
    """Tell no time: outside of all processes nobody asks what the clock of this machine says."""
    raise LookupError("the clock of this machine is asked, outside of all simulated processes")


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Take all chance from a seed, and log nothing."""
    source = random.Random(seed)
    secrets = SeededSecrets(source)
    state, configured = random.getstate(), structlog.get_config()
    with ExitStack() as stack:
        for module in SECRETS:
            stack.enter_context(patch(f"{module}.secrets", secrets))
        for module in IDS:
            stack.enter_context(patch(f"{module}.uuid4", lambda: UUID(int=source.getrandbits(128), version=4)))
        for name in ("geo.index.locales.SHARDS", "push.index_watch.SHARDS", "push.index_watch.LOOK_SHARDS"):
            stack.enter_context(patch(name, 8))
        # The people of a seed live in a few shards only, which no estimate by a sample of all shards knows.
        stack.enter_context(patch("push.alerts.planner.Planner.span", lambda *_: SHARDS_PER_UNIT))
        stack.enter_context(patch("asyncio.to_thread", _at_once))
        random.seed(seed)
        clock = WALL_CLOCK.set(_no_clock)
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
        try:
            yield
        finally:
            WALL_CLOCK.reset(clock)
            random.setstate(state)
            structlog.configure(**configured)
