"""What a server does for the public's side beside sending: each a task of its own, which says what is wrong as alarms.

Bounded: as each of them is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.edge.public_objects import kept_objects
from server.public_side.staged_objects import remove_staged_objects
from server.sightings.freeing import free_dismissed
from server.upkeep.page_publishing import PagePublishing
from server.upkeep.purging import Purging

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from handlers.routes import Handlers
    from push.engine import Engine
    from server.settings import Settings


def public_tasks(settings: Settings, engine: Engine, handlers: Handlers) -> dict[str, Coroutine[Any, Any, None]]:
    """Return the tasks by name; SettingsError when what is configured cannot be used."""
    purging = Purging(settings.public)
    pages = PagePublishing(settings, engine.stores, engine.alarms, purging.changed)
    handlers.ops.metrics.pages.lag_s = lambda: pages.lag_s
    staged = remove_staged_objects(kept_objects(settings))
    freeing = free_dismissed(engine.stores.pool, kept_objects(settings))
    return {"publisher": pages.run(), "purging": purging.run(), "staged objects": staged, "freeing": freeing}
