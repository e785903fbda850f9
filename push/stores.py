"""What the engine keeps open to both stores, put together once.

Bounded by `sql.database` and `geo.connection`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from geo.index.forgetting import Forgetting
from geo.index.locales import NonDefaultLocales
from geo.index.loss.epochs import Epochs
from geo.index.position_index import PositionIndex
from push.transport.quota import Quotas
from runtime.clock import ComparedClock
from sql.database import connect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geo.connection import Client
    from geo.index.keys import Generations
    from sql.database import RecordPool


class EngineStores:
    """Both stores as the engine uses them.

    What people ask for has a pool of its own (`requests_pool`): it may wait for a lock, and what sends must not wait
    for its connections. `listen` opens the connection that hears of stops. `clock` is the record's, by which all
    processes tell who changed lanes a moment ago.
    """

    def __init__(
        self,
        database_url: str,
        pool: RecordPool,
        requests_pool: RecordPool,
        client: Client,
        lanes: Sequence[str],
        generations: Generations,
    ) -> None:
        self.listen = partial(connect, database_url)
        self.pool = pool
        self.requests_pool = requests_pool
        self.client = client
        self.epochs = Epochs(client)
        self.clock = ComparedClock()
        self.index = PositionIndex(client, lanes, generations, self.clock.now_ms, self.epochs)
        self.forgetting = Forgetting(client)
        self.non_default_locales = NonDefaultLocales(client)
        self.quotas = Quotas(client)
