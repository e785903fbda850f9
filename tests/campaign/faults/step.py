"""A step of a round's plan: one fault, when and how long, and of which servers.

Bounded by the plan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from tests.campaign.world import World

    Made: TypeAlias = Callable[[World, "Step"], AbstractAsyncContextManager[None]]
    Healing: TypeAlias = AsyncIterator[None]


class Step(msgspec.Struct, kw_only=True):
    """A fault: `at_s` after the round began, for `length_s`; `slots` are the numbers of the servers that it meets.

    `value` is a latency (s) or how far a clock is ahead (s). `began` and `ended`: seconds since the epoch.
    """

    kind: str
    at_s: float
    length_s: float
    slots: list[int]
    value: float = 0.0
    began: float = 0.0
    ended: float = 0.0


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """How a fault is made: entered to make it, left to heal it.

    `one_server`: it meets one server, else all. `repeats`: whether batches in flight of the servers that it meets may
    be sent again. `on`: where it can be made. `by_default`: whether it is drawn unless the kinds are named.
    """

    make: Made
    one_server: bool = True
    repeats: bool = False
    on: str = "valkey or cluster"
    by_default: bool = True
    why_not: str = ""
