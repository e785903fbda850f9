"""`qq-alert simulate`: options flow in, a running simulated provider flows out until a signal ends it."""

from __future__ import annotations

import asyncio
import signal

import click
import uvloop

from server import collector
from server.simulated.faults import SimulatedTpnsSettings
from server.simulated.tpns import serve


@click.group("simulate")
def simulate() -> None:
    """Providers that speak the wire format and reach no phone."""


def _outage(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[float, float], ...]:
    try:
        return tuple((float(after), float(length)) for after, _, length in (value.partition(":") for value in values))
    except ValueError:
        raise click.BadParameter("AFTER_S:FOR_S") from None


@simulate.command("tpns")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes a free one.")
@click.option("--access-id", default="simulated", show_default=True)
@click.option("--secret-key", default="simulated", show_default=True)
@click.option("--latency-ms", type=click.FloatRange(0, 60_000), default=0.0)
@click.option("--error-rate", type=click.FloatRange(0, 1), default=0.0, help="Share of requests that go wrong.")
@click.option("--hang-rate", type=click.FloatRange(0, 1), default=0.0, help="Share of requests never answered.")
@click.option("--invalid-rate", type=click.FloatRange(0, 1), default=0.0, help="Share of accounts without a device.")
@click.option("--rate-limit", type=click.IntRange(1), default=None, help="Accounts a second.")
@click.option("--throttle-by-http", is_flag=True, help="Limit by HTTP 429 and Retry-After.")
@click.option("--outage", "outages", multiple=True, callback=_outage, help="AFTER_S:FOR_S from the first request on.")
def simulate_tpns(**options: object) -> None:
    """Simulate Tencent TPNS."""
    collector.spare()
    settings = SimulatedTpnsSettings(**options)  # type: ignore[arg-type] # click has checked them
    uvloop.run(_run(settings))


async def _run(settings: SimulatedTpnsSettings) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await serve(settings, stopping, lambda url: click.echo(f"simulated TPNS listening on {url}"))
