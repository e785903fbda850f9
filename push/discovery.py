"""Discovers the providers: each file of `push/providers/` that defines `PROVIDER` is a lane that can be configured.

Bounded by the files of that folder.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

import push.providers

if TYPE_CHECKING:
    from push.provider import Gateway, LaneSettings, Provider
    from push.transport.quota import Quotas


@cache
def providers() -> dict[str, Provider]:
    """Return every provider by its name."""
    names = sorted(module.name for module in pkgutil.iter_modules(push.providers.__path__))
    modules = [importlib.import_module(f"push.providers.{name}") for name in names]
    found: list[Provider] = [module.PROVIDER for module in modules if hasattr(module, "PROVIDER")]
    return {one.name: one for one in found}


def open_gateway(provider: Provider, settings: LaneSettings, quotas: Quotas) -> Gateway:
    """Open the gateway of a lane; called with the loop running."""
    return provider.open_gateway(settings, quotas) if provider.keeps_quotas else provider.open_gateway(settings)
