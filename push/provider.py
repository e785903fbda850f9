"""Providers: a provider's file in `push/gateways/` flows in, its name, settings, gateway and what it shows flow out.

A file there that defines `PROVIDER` is a lane that can be configured; nothing else lists them.
Bounded by the files of that folder; every number of a lane's settings has its range.
"""

from __future__ import annotations

import enum
import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

import push.gateways
from push.said import DoesNotFitError
from push.shown import Shown, Unfit

if TYPE_CHECKING:
    from collections.abc import Callable

    from push.model import Gateway
    from push.quota import Quotas
    from push.said import Message

Share = Annotated[float, Meta(ge=0, le=1)]


class Addressing(enum.Enum):
    """Whom a provider reaches: accounts by the user's id, or devices by tokens, which the platform reports."""

    ACCOUNTS = "accounts"
    DEVICES = "devices"


class LaneSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every lane has: where its provider is, and how fast it may go (recipients a second).

    `invalid_share` and `invalid_count`: when more than this share of at least so many recipients have invalid tokens,
    the lane stops, because that is our configuration's fault and not theirs. `simulated`: its provider is a simulated
    one on this machine, so that tests may use it; one elsewhere cannot be.
    """

    url: Annotated[str, Meta(pattern="^https?://")]
    rate_per_s: Annotated[float, Meta(gt=0)] | None = None
    workers: Annotated[int, Meta(ge=1, le=512)] = 16
    queue_batches: Annotated[int, Meta(ge=1, le=4096)] = 64
    timeout_s: Annotated[float, Meta(gt=0, le=120)] = 15.0
    misconfigured_probe_s: Annotated[float, Meta(gt=0, le=3600)] = 15.0
    invalid_share: Share = 0.05
    invalid_count: Annotated[int, Meta(ge=1, le=1_000_000)] = 1000
    simulated: bool = False

    @property
    def lane_rate_per_s(self) -> float | None:
        """The rate of the whole lane."""
        return self.rate_per_s


class Provider(NamedTuple):
    """One kind of lane: `open_gateway` takes an instance of `settings`, and `Quotas` where it `keeps_quotas` itself.

    `shown` takes an instance of `settings` and a message, and needs no open gateway; DoesNotFitError from it.
    """

    name: str
    addressing: Addressing
    settings: type[LaneSettings]
    open_gateway: Callable[..., Gateway]
    shown: Callable[[Any, Message], Shown]
    keeps_quotas: bool = False

    def opened(self, settings: LaneSettings, quotas: Quotas) -> Gateway:
        """Return a gateway; called with the loop running."""
        return self.open_gateway(settings, quotas) if self.keeps_quotas else self.open_gateway(settings)

    def previewed(self, settings: LaneSettings, message: Message) -> Shown | Unfit:
        """Return what phones of a lane would show of a message, or why it cannot be sent there at all."""
        try:
            return self.shown(settings, message)
        except DoesNotFitError as error:
            return Unfit(str(error))


@cache
def providers() -> dict[str, Provider]:
    """Return every provider by its name."""
    names = sorted(module.name for module in pkgutil.iter_modules(push.gateways.__path__))
    modules = [importlib.import_module(f"push.gateways.{name}") for name in names]
    found: list[Provider] = [module.PROVIDER for module in modules if hasattr(module, "PROVIDER")]
    return {one.name: one for one in found}
