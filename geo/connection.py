"""Make clients of one Redis or of a cluster from a URL; they connect when first used.

Callers set a timeout for each call (`COMMAND_TIMEOUT_S`), because the client's own would set a timer for every reply of
a pipeline. Bounded: `CONNECTIONS` to one Redis or to each node, `CONNECT_TIMEOUT_S` to connect.
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
"""Errors that redis-py raises while Redis restarts, fails over or cannot be reached."""


def cluster_url(nodes: list[str], *, username: str | None, password: str | None, tls: bool) -> str:
    """Return the URL of a cluster with some known `nodes` (host:port); the client discovers the others."""
    login = "" if password is None else f"{quote(username or '', safe='')}:{quote(password, safe='')}@"
    return f"{'rediss' if tls else 'redis'}+cluster://{login}{','.join(nodes)}"


def connect(url: str) -> Client:
    """Return a client for `url`: redis://, rediss://, unix://, or the result of `cluster_url`."""
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
