"""Connections: a URL flows in, a client of one Redis or of a cluster flows out; it connects when first used.

Time limits are the caller's own, one a call (`COMMAND_TIMEOUT_S`): the client's would set a timer for each of a
pipeline's answers. Bounded: `CONNECTIONS` to one Redis or to each node, `CONNECT_TIMEOUT_S` to connect.
"""

from __future__ import annotations

from typing import Final, TypeAlias, cast
from urllib.parse import quote, unquote, urlsplit

from redis import asyncio as aioredis
from redis.asyncio.cluster import ClusterNode
from redis.exceptions import (
    BusyLoadingError,
    ClusterError,
    MaxConnectionsError,
    ReadOnlyError,
    RedisClusterException,
    TryAgainError,
)
from redis.exceptions import (
    ConnectionError as RedisConnectionError,
)
from redis.exceptions import (
    TimeoutError as RedisTimeoutError,
)

Client: TypeAlias = aioredis.Redis | aioredis.RedisCluster

CONNECTIONS: Final = 64
COMMAND_TIMEOUT_S: Final = 10.0
CONNECT_TIMEOUT_S: Final = 3.0

CLUSTER_SCHEMES = ("redis+cluster", "rediss+cluster")

UNAVAILABLE_ERRORS = (
    RedisConnectionError,
    RedisTimeoutError,
    BusyLoadingError,
    ClusterError,
    MaxConnectionsError,
    ReadOnlyError,
    RedisClusterException,
    TryAgainError,
    OSError,
)
"""What redis-py raises while Redis restarts, fails over or cannot be reached."""


def cluster_url(nodes: list[str], *, username: str | None, password: str | None, tls: bool) -> str:
    """Return the URL of a cluster of which `nodes` (host:port) are known; the client learns of the others."""
    login = "" if password is None else f"{quote(username or '', safe='')}:{quote(password, safe='')}@"
    return f"{'rediss' if tls else 'redis'}+cluster://{login}{','.join(nodes)}"


def connect(url: str) -> Client:
    """Return a client for `url`: redis://, rediss://, unix://, or what `cluster_url` makes."""
    if url.partition("://")[0] in CLUSTER_SCHEMES:
        return _cluster(url)
    return aioredis.Redis.from_pool(
        aioredis.BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=COMMAND_TIMEOUT_S,
            socket_timeout=None,
            socket_connect_timeout=CONNECT_TIMEOUT_S,
        )
    )


def _cluster(url: str) -> aioredis.RedisCluster:
    scheme, _, rest = url.partition("://")
    login, _, hosts = rest.rpartition("@")
    username, _, password = login.partition(":")
    nodes = [urlsplit(f"//{node}") for node in hosts.split(",")]
    return aioredis.RedisCluster(
        startup_nodes=[ClusterNode(cast("str", node.hostname), cast("int", node.port)) for node in nodes],
        username=unquote(username) or None,
        password=unquote(password) or None,
        ssl=scheme.startswith("rediss"),
        max_connections=CONNECTIONS,
        socket_timeout=None,
        socket_connect_timeout=CONNECT_TIMEOUT_S,
    )
