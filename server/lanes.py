"""Makes the plans and gateways of the configured lanes.

Bounded by the known providers: one lane each.
"""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from push.delivery.clearance import on_this_machine
from push.delivery.lane import LanePlan
from push.discovery import open_gateway, providers
from push.notice import EXPIRY
from push.provider import Addressing
from server.settings import SettingsError

INVALID_FOR: Final = timedelta(seconds=300)
"""After this a token that was invalid counts as another one, if its user is still in the index."""

if TYPE_CHECKING:
    from collections.abc import Callable

    from push.provider import Gateway, LaneSettings
    from push.transport.quota import Quotas
    from server.settings import Settings


def token_readers(settings: Settings) -> dict[str, Callable[[str], str | None] | None]:
    """Return what reads the tokens of each lane, None for a lane that addresses accounts."""
    return {name: providers()[name].read_token for name in settings.lanes}


def simulated(settings: Settings) -> frozenset[str]:
    """Return the lanes that tests may use: configured as simulated, and with a URL on this machine."""
    return frozenset(name for name, lane in settings.lanes.items() if lane.simulated and on_this_machine(lane.url))


def plans(settings: Settings) -> dict[str, LanePlan]:
    """Return the plan of each lane."""
    every = timedelta(seconds=settings.alert.late_entrants_every_s)
    return {
        name: LanePlan(
            addressing=providers()[name].addressing,
            simulated=name in simulated(settings),
            # A gateway that applies the rate to each of its projects needs no rate of the lane.
            rate_per_s=None if providers()[name].keeps_quotas else lane.rate_per_s,
            workers=lane.workers,
            queue_batches=lane.queue_batches,
            misconfigured_probe_s=lane.misconfigured_probe_s,
            invalid_share=lane.invalid_share,
            invalid_count=lane.invalid_count,
            # So that wider rings do not retry a token before it is removed.
            invalid_for=min(INVALID_FOR, every) if providers()[name].addressing is Addressing.DEVICES else EXPIRY,
        )
        for name, lane in settings.lanes.items()
    }


def rates(settings: Settings) -> dict[str, float | None]:
    """Return the rate of each lane in recipients a second, None for one without."""
    return {name: lane.lane_rate_per_s for name, lane in settings.lanes.items()}


def gateways(settings: Settings, quotas: Quotas) -> dict[str, Gateway]:
    """Open the gateway of each lane; needs a running event loop. SettingsError: a file cannot be used."""
    return {name: opened(name, lane, quotas) for name, lane in settings.lanes.items()}


def opened(name: str, lane: LaneSettings, quotas: Quotas) -> Gateway:
    """Open the gateway of one lane; SettingsError when a file that it names cannot be used."""
    try:
        return open_gateway(providers()[name], lane, quotas)
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise SettingsError(f"$.lanes.{name}: {type(error).__name__} while reading the files that it names") from None


def contents(lane: LaneSettings) -> dict[Path, bytes | None]:
    """Return the digest of each file that a lane's settings name, None for one that cannot be read."""
    values = [getattr(lane, field) for field in lane.__struct_fields__]
    files = [one for value in values for one in (value if isinstance(value, list) else [value])]
    return {file: _digest(file) for file in files if isinstance(file, Path)}


def _digest(file: Path) -> bytes | None:
    try:
        return sha256(file.read_bytes()).digest()
    except OSError:
        return None
