"""Adds the common options to the `qq-alert simulate` commands, and runs a provider until a signal ends it.

Bounded: by the ranges of the options.
"""

from __future__ import annotations

import asyncio
import errno
import os
import signal
from typing import TYPE_CHECKING, Any, Final, Protocol

import click
import uvloop

from server import process

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    Command = Callable[..., None]


NOT_OURS: Final = frozenset({errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL})
"""The errors of an address that cannot be listened on: the port is taken, or the address is not this machine's."""


class Named(Protocol):
    """A simulated provider."""

    name: str


def _outage(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[float, float], ...]:
    try:
        return tuple((float(after), float(length)) for after, _, length in (value.partition(":") for value in values))
    except ValueError:
        raise click.BadParameter("AFTER_S:FOR_S") from None


def batch_options(command: Command) -> Command:
    """Give a command the options of every simulated batch provider."""
    share = click.FloatRange(0, 1)
    options = [
        click.option("--host", default="127.0.0.1", show_default=True),
        click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes a free one."),
        click.option("--latency-ms", type=click.FloatRange(0, 60_000), default=0.0),
        click.option("--error-rate", type=share, default=0.0, help="Share of requests that go wrong."),
        click.option("--hang-rate", type=share, default=0.0, help="Share of requests never answered."),
        click.option("--invalid-rate", type=share, default=0.0, help="Share of recipients that have no device."),
        click.option("--rate-limit", type=click.IntRange(1), default=None, help="Recipients a second."),
        click.option("--refused-text", default="", help="FCM, Huawei, Honor refuse messages in which it stands."),
        click.option("--outage", "outages", multiple=True, callback=_outage, help="AFTER_S:FOR_S from the first one."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def token_options(streams_max: int) -> Callable[[Command], Command]:
    """Give a command the options of every simulated token provider, on HTTP/2 with TLS."""
    options = [
        click.option("--streams-max", type=click.IntRange(1, 10_000), default=streams_max, show_default=True),
        click.option("--goaway-every", type=click.IntRange(0), default=0, help="GOAWAY after so many streams."),
    ]

    def decorated(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return batch_options(command)

    return decorated


def announce(provider: Named) -> Callable[[str], None]:
    """Return a function that prints where a provider listens, and that it is simulated."""
    return lambda urls: click.echo(f"simulated {provider.name} listening on {urls}")


def run(serve: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    """Serve until SIGTERM or SIGINT."""
    process.tune_garbage_collector()
    try:
        uvloop.run(_until_signal(serve))
    except OSError as error:
        if error.errno not in NOT_OURS:
            raise
        raise click.ClickException(f"cannot listen there: {os.strerror(error.errno)}") from None


async def _until_signal(serve: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await serve(stopping)
