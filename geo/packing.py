"""Connections to Redis that write their commands in C.

redis-py's asynchronous connections write every argument in Python, which is most of what a search of a small shard
costs the server; its synchronous ones leave it to hiredis, as these do: a seventh of the time (measured). A cluster's
connections stay as they are, because it takes them from no pool.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import hiredis
from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection
from redis.exceptions import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redis.asyncio.connection import AbstractConnection
    from redis.typing import EncodableT


def packed(command: tuple[EncodableT, ...]) -> bytes:
    """Return a command as Redis reads it; DataError: an argument is neither text nor a number."""
    name, *arguments = command
    # Names of two words, such as SCRIPT LOAD, are two arguments to Redis.
    if not isinstance(name, str | bytes):
        raise DataError("the name of a command is text")
    names = (name.encode() if isinstance(name, str) else name).split()
    try:
        # hiredis' own types allow for one argument.
        written: bytes = hiredis.pack_command((*names, *arguments))  # type: ignore[arg-type]
    except TypeError as error:
        raise DataError(str(error)) from error
    return written


class _WritesInC:
    """Overrides how a connection writes commands."""

    def pack_command(self, *args: EncodableT) -> list[bytes]:
        """Return one command as what is sent."""
        return [packed(args)]

    def pack_commands(self, commands: Iterable[Iterable[EncodableT]]) -> list[bytes]:
        """Return the commands of a pipeline as what is sent."""
        return [b"".join([packed(tuple(command)) for command in commands])]


class _Tcp(_WritesInC, Connection):
    pass


class _Tls(_WritesInC, SSLConnection):
    pass


class _Socket(_WritesInC, UnixDomainSocketConnection):
    pass


WRITING_IN_C: Final[dict[type[AbstractConnection], type[AbstractConnection]]] = {
    Connection: _Tcp,
    SSLConnection: _Tls,
    UnixDomainSocketConnection: _Socket,
}
"""By the class that redis-py chooses for a URL."""
