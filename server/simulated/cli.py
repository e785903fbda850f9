"""`qq-alert simulate`: options flow in, a running simulated provider flows out until a signal ends it."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import uvloop

from server import collector
from server.simulated import batch_site, token_site, tpns
from server.simulated.apns import SimulatedApns, SimulatedApnsSettings
from server.simulated.faults import SimulatedTpnsSettings
from server.simulated.fcm import SimulatedFcm, SimulatedFcmSettings
from server.simulated.honor import SimulatedHonor, SimulatedHonorSettings
from server.simulated.huawei import SimulatedHuawei, SimulatedHuaweiSettings
from server.simulated.oppo import SimulatedOppo, SimulatedOppoSettings
from server.simulated.vivo import SimulatedVivo, SimulatedVivoSettings
from server.simulated.webpush import SimulatedWebpush, SimulatedWebpushSettings
from server.simulated.xiaomi import SimulatedXiaomi, SimulatedXiaomiSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from server.simulated.batch_site import BatchProvider, SimulatedBatchSettings
    from server.simulated.token_site import TokenProvider

    Command = Callable[..., None]


@click.group("simulate")
def simulate() -> None:
    """Providers that speak the wire format and reach no phone."""


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
        click.option("--outage", "outages", multiple=True, callback=_outage, help="AFTER_S:FOR_S from the first one."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@simulate.command("tpns")
@batch_options
@click.option("--access-id", default="simulated", show_default=True)
@click.option("--secret-key", default="simulated", show_default=True)
@click.option("--throttle-by-http", is_flag=True, help="Limit by HTTP 429 and Retry-After.")
def simulate_tpns(**options: Any) -> None:  # noqa: ANN401 - click has checked them
    """Simulate Tencent TPNS."""
    settings = SimulatedTpnsSettings(**options)
    run(lambda stopping: tpns.serve(settings, stopping, lambda url: click.echo(f"simulated TPNS listening on {url}")))


@simulate.command("huawei")
@batch_options
@click.option("--service-account-file", type=click.Path(path_type=Path), required=True, help="Made when not there.")
@click.option("--project-id", default="simulated", show_default=True)
def simulate_huawei(**options: Any) -> None:  # noqa: ANN401 - as above
    """Simulate Huawei Push Kit v3."""
    settings = SimulatedHuaweiSettings(**options)
    _serve_batch(SimulatedHuawei(settings), settings)


@simulate.command("xiaomi")
@batch_options
@click.option("--app-secret", default="simulated", show_default=True)
@click.option("--package-name", default="example.alert", show_default=True)
@click.option("--channel-id", default="1", show_default=True)
def simulate_xiaomi(**options: Any) -> None:  # noqa: ANN401 - as above
    """Simulate Xiaomi Push v3."""
    settings = SimulatedXiaomiSettings(**options)
    _serve_batch(SimulatedXiaomi(settings), settings)


access_token_s = click.option(
    "--access-token-s", type=click.FloatRange(0, min_open=True), default=86_400.0, help="For how long one is taken."
)


@simulate.command("vivo")
@batch_options
@access_token_s
@click.option("--app-id", default="simulated", show_default=True)
@click.option("--app-key", default="simulated", show_default=True)
@click.option("--app-secret", default="simulated", show_default=True)
def simulate_vivo(**options: Any) -> None:  # noqa: ANN401 - as above
    """Simulate vivo Push."""
    settings = SimulatedVivoSettings(**options)
    _serve_batch(SimulatedVivo(settings), settings)


@simulate.command("oppo")
@batch_options
@access_token_s
@click.option("--app-key", default="simulated", show_default=True)
@click.option("--master-secret", default="simulated", show_default=True)
def simulate_oppo(**options: Any) -> None:  # noqa: ANN401 - as above
    """Simulate OPPO Push."""
    settings = SimulatedOppoSettings(**options)
    _serve_batch(SimulatedOppo(settings), settings)


@simulate.command("honor")
@batch_options
@access_token_s
@click.option("--app-id", default="simulated", show_default=True)
@click.option("--client-id", default="simulated", show_default=True)
@click.option("--client-secret", default="simulated", show_default=True)
def simulate_honor(**options: Any) -> None:  # noqa: ANN401 - as above
    """Simulate Honor Push."""
    settings = SimulatedHonorSettings(**options)
    _serve_batch(SimulatedHonor(settings), settings)


def _serve_batch(provider: BatchProvider, settings: SimulatedBatchSettings) -> None:
    run(lambda stopping: batch_site.serve(provider, settings, stopping, _say(provider)))


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


@simulate.command("apns")
@token_options(streams_max=1000)
@click.option("--key-file", type=click.Path(path_type=Path), required=True, help="A .p8 file, made when not there.")
@click.option("--key-id", default="SIMULATED1", show_default=True)
@click.option("--team-id", default="SIMULATEDT", show_default=True)
@click.option("--topic", default="example.alert", show_default=True)
@click.option("--bad-token-rate", type=click.FloatRange(0, 1), default=0.0, help="Share answered BadDeviceToken.")
@click.option("--invalid-since-ms", type=int, default=0, help="Since when dead tokens are dead.")
@click.option("--token-update-min-s", type=float, default=1200.0, show_default=True)
@click.option("--token-updates-max", type=click.IntRange(0), default=0, help="In that time, of the key. 0: any number.")
def simulate_apns(**options: Any) -> None:  # noqa: ANN401 - as above
    """Simulate Apple's APNs."""
    settings = SimulatedApnsSettings(**options)
    provider = SimulatedApns(settings)
    run(lambda stopping: token_site.serve(provider, settings, stopping, _say(provider)))


@simulate.command("fcm")
@token_options(streams_max=100)
@click.option("--accounts-dir", type=click.Path(path_type=Path), required=True, help="PROJECT.json, made if not there.")
@click.option("--project", "projects", multiple=True, default=["simulated-project"], show_default=True)
@click.option("--mismatch-rate", type=click.FloatRange(0, 1), default=0.0, help="Share of tokens of another sender.")
@click.option("--access-token-s", type=click.IntRange(1), default=3600, show_default=True)
def simulate_fcm(**options: Any) -> None:  # noqa: ANN401 - as above
    """Simulate Google's FCM v1."""
    settings = SimulatedFcmSettings(**options)
    provider = SimulatedFcm(settings)
    run(lambda stopping: token_site.serve(provider, settings, stopping, _say(provider)))


@simulate.command("webpush")
@token_options(streams_max=1000)
@click.option("--key-file", type=click.Path(path_type=Path), required=True, help="The VAPID key, made when not there.")
@click.option("--foreign-rate", type=click.FloatRange(0, 1), default=0.0, help="Share subscribed with another key.")
def simulate_webpush(**options: Any) -> None:  # noqa: ANN401 - as above
    """Simulate a Web Push service (RFC 8030)."""
    settings = SimulatedWebpushSettings(**options)
    provider = SimulatedWebpush(settings)
    run(lambda stopping: token_site.serve(provider, settings, stopping, _say(provider)))


def _say(provider: TokenProvider | BatchProvider) -> Callable[[str], None]:
    return lambda urls: click.echo(f"simulated {provider.name} listening on {urls}")


def run(serve: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    """Serve until SIGTERM or SIGINT."""
    collector.spare()
    uvloop.run(_until_signal(serve))


async def _until_signal(serve: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await serve(stopping)
