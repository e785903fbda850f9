"""Make clients of one Redis or of a cluster from a URL; they connect when first used.

Every call is made within `asking`, because the client's own timeout would set a timer for every reply of a pipeline. A
call that is not answered in time ends its connection and the idle ones: after a failover they are dead, too. Bounded:
`CONNECTIONS` to one Redis or to each node, `COMMAND_TIMEOUT_S` a call, `CONNECT_TIMEOUT_S` to connect.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, TypeAlias, cast
from urllib.parse import quote, unquote, urlsplit
from weakref import WeakKeyDictionary

from redis import asyncio as aioredis
from redis.asyncio.cluster import ClusterNode
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import DataError, NoPermissionError, NoScriptError, RedisError, ResponseError

from geo.index.checks.denied import denied_of, denied_right
from geo.packing import WRITING_IN_C
from runtime.refusals import Refusals
from runtime.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Client: TypeAlias = aioredis.Redis | aioredis.RedisCluster

CONNECTIONS: Final = 64
COMMAND_TIMEOUT_S: Final = 5.0
"""Far longer than any call takes; for so long a connection that died with its machine is waited for."""

CONNECT_TIMEOUT_S: Final = 3.0

CLUSTER_SCHEMES = ("redis+cluster", "rediss+cluster")

UNAVAILABLE_ERRORS = (RedisError, OSError)
"""Errors while Redis restarts, fails over, cannot be reached, or refuses.

It refuses out of memory or of disk, read-only, busy with a script, without replicas, or because somebody took a right
away (`geo.index.checks.denied`). `is_mistake` tells what is ours.
WRONGTYPE is no mistake of ours: anybody who writes to Redis can make it, and it must end no server. Keys of another
type are removed, with an alarm (`geo.index.checks.pipelines`); a command of ours on the wrong key would raise it, too.
"""

WRONG_TYPE: Final = "WRONGTYPE"

CALL: Final = "a call"
"""What a task asks of Redis, whatever it is."""

MISTAKES: Final = (
    "unknown command",
    "unknown subcommand",
    "wrong number of arguments",
    "syntax error",
    "Error compiling script",
    "Invalid command format",
)
"""What Redis answers to a command that it never takes, a bug of ours."""


def is_mistake(error: BaseException) -> bool:
    """Tell whether asking again never ends an error."""
    return isinstance(error, DataError) or (
        isinstance(error, ResponseError) and any(mistake in str(error) for mistake in MISTAKES)
    )


def raise_if_mistake(error: BaseException) -> None:
    """Raise an error that asking again does not end; call it where a loop would ask for ever."""
    if is_mistake(error):
        raise error


def raise_if_not_allowed(error: BaseException) -> None:
    """Raise an error that says that a right is missing, or that is a mistake of ours; for a server that starts.

    Its user may never have had that right. While a server runs, it may get it back.
    """
    if is_lasting(error):
        raise error


def is_lasting(error: BaseException) -> bool:
    """Tell whether asking again does not end an error: a right that is missing, or a mistake of ours."""
    return is_mistake(error) or denied_right(error) is not None


LOST_ERRORS: Final = (OSError, TimeoutError, RedisConnectionError)
"""No answer came. Whatever Redis itself says, it is there."""

_waiting: WeakKeyDictionary[Client, Waiting] = WeakKeyDictionary()
_refusals: WeakKeyDictionary[Client, Refusals] = WeakKeyDictionary()


def waiting_of(client: Client) -> Waiting:
    """Return what waits for an answer of a client's Redis."""
    return _waiting.setdefault(client, Waiting(LOST_ERRORS))


def refusals_of(client: Client) -> Refusals:
    """Return what a client's Redis refuses again and again."""
    return _refusals.setdefault(client, Refusals())


def is_refusal(error: BaseException) -> bool:
    """Tell whether Redis answered that it does not do what was asked, and no caller knows a way around that."""
    is_known = isinstance(error, NoScriptError) or WRONG_TYPE in str(error)
    return isinstance(error, RedisError) and not isinstance(error, LOST_ERRORS) and not is_known


def refusal_name(error: BaseException) -> str:
    """Return what Redis calls a refusal: the name of the error, or the word with which it answered."""
    word = _answer(error).partition(" ")[0]
    return word if type(error) is ResponseError and word.isupper() else type(error).__name__


def _answer(error: BaseException) -> str:
    """Return what Redis said, without the command that a pipeline puts before it."""
    return str(error).rpartition("caused error: ")[2].lstrip("('\"")


@asynccontextmanager
async def asking(client: Client) -> AsyncIterator[None]:
    """Bound one call; TimeoutError when it is not answered in time."""
    try:
        with waiting_of(client).answer():
            async with asyncio.timeout(COMMAND_TIMEOUT_S):
                yield
        refusals_of(client).taken(CALL)
    except RedisError as error:
        denied_of(client).note(error)
        if is_refusal(error):
            # A right that is missing is not there for a task because Redis takes other commands of it.
            asked = _answer(error) if isinstance(error, NoPermissionError) else CALL
            refusals_of(client).note(asked, refusal_name(error))
        raise
    except TimeoutError:
        # The call's own connection ended with it.
        if isinstance(client, aioredis.RedisCluster):
            for node in client.get_nodes():
                await node.disconnect_free_connections()
        else:
            await client.connection_pool.disconnect(inuse_connections=False)
        raise


def cluster_url(nodes: list[str], *, username: str | None, password: str | None, tls: bool) -> str:
    """Return the URL of a cluster with some known `nodes` (host:port); the client discovers the others."""
    login = "" if password is None else f"{quote(username or '', safe='')}:{quote(password, safe='')}@"
    return f"{'rediss' if tls else 'redis'}+cluster://{login}{','.join(nodes)}"


def connect(url: str) -> Client:
    """Return a client for `url`: redis://, rediss://, unix://, or the result of `cluster_url`."""
    if url.partition("://")[0] in CLUSTER_SCHEMES:
        return _cluster(url)
    pool: aioredis.BlockingConnectionPool = aioredis.BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=COMMAND_TIMEOUT_S,
        socket_timeout=None,
        socket_connect_timeout=CONNECT_TIMEOUT_S,
    )
    pool.connection_class = WRITING_IN_C[pool.connection_class]
    return aioredis.Redis.from_pool(pool)


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
