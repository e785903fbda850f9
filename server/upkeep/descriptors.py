"""Divides the descriptors of the process: some for stores, providers and files, the rest for connections.

A process without descriptors reaches neither a store nor a provider. So the soft limit is raised to the hard one, and
what strangers can hold is bounded by what is left. Bounded: `LIMIT_MAX`.
"""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

from geo.connection import CONNECTIONS as REDIS_CONNECTIONS
from handlers.http.serving.acceptor import ACCEPTED_A_TURN
from server.settings import SettingsError
from sql.database import POOL_MAX

if TYPE_CHECKING:
    from server.settings import Settings

LIMIT_MAX: Final = 65_536
"""Some containers have a hard limit of a billion, and what is sized by the limit would then take gigabytes."""

INNER_CONNECTIONS: Final = 32
"""For the listener of the metrics: a few scrapers and probes."""

FILES: Final = 32
"""Logs, key files, certificates, pipes, the loop, the listeners: a server that rests has 20 (measured)."""

RESERVED: Final = 2 * POOL_MAX + REDIS_CONNECTIONS + FILES + INNER_CONNECTIONS + 2 * ACCEPTED_A_TURN
"""Both pools of PostgreSQL, Redis, files, the inner listener, and what is closed a moment after it is displaced."""

CONNECTIONS_MIN: Final = 16
"""With fewer a server would serve hardly anybody: it does not start."""

_log = structlog.get_logger("server.descriptors")


class Budget(NamedTuple):
    """Of so many descriptors so many are reserved; so many connections may be open, and so many of one address."""

    limit: int
    reserved: int
    connections: int
    connections_per_address: int


def raise_limit() -> None:
    """Raise the soft limit of descriptors as far as the process may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _within(hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError) as error:
        _log.warning("descriptors.not_raised", soft=soft, wanted=wanted, error=type(error).__name__)


def budget(settings: Settings) -> Budget:
    """Return what a server of these settings may use; SettingsError when it could serve hardly anybody.

    It goes by the limit that `raise_limit` reaches.
    """
    limit = limit_of_process()
    reserved = RESERVED + sum(lane.workers for lane in settings.lanes.values())
    limits = settings.limits
    connections = min(limits.connections, limit - reserved)
    if connections < CONNECTIONS_MIN:
        raise SettingsError(
            f"the process may open {limit} descriptors, and {reserved} are for stores, providers and files: "
            f"at least {reserved + CONNECTIONS_MIN} are needed (ulimit -n)"
        )
    a_peer = limits.connections_per_address
    if connections < limits.connections:
        # Less is left than was configured: one address does not take all of that.
        a_peer = min(a_peer, connections * 3 // 4)
    return Budget(limit, reserved, connections, a_peer)


def limit_of_process() -> int:
    """Return the limit that `raise_limit` reaches."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(_within(hard), _within(soft))


def _within(limit: int) -> int:
    return LIMIT_MAX if limit == resource.RLIM_INFINITY else min(limit, LIMIT_MAX)
