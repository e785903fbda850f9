"""`qq-alert simulate apns` and so on: runs a SIMULATED token provider until a signal ends it.

Bounded: by the ranges of the options.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from server.simulators.options import announce, run, token_options
from server.simulators.token import site as token_site
from server.simulators.token.apns import SimulatedApns, SimulatedApnsSettings
from server.simulators.token.fcm import SimulatedFcm, SimulatedFcmSettings
from server.simulators.token.webpush import SimulatedWebpush, SimulatedWebpushSettings

if TYPE_CHECKING:
    from server.simulators.token.exchange import SimulatedTokenSettings
    from server.simulators.token.site import TokenProvider


@click.command("apns")
@token_options(streams_max=1000)
@click.option("--key-file", type=click.Path(path_type=Path), required=True, help="A .p8 file, made when not there.")
@click.option("--key-id", default="SIMULATED1", show_default=True)
@click.option("--team-id", default="SIMULATEDT", show_default=True)
@click.option("--topic", default="example.alert", show_default=True)
@click.option("--bad-token-rate", type=click.FloatRange(0, 1), default=0.0, help="Share answered BadDeviceToken.")
@click.option("--full-rate", type=click.FloatRange(0, 1), default=0.0, help="Share answered TooManyRequests.")
@click.option("--invalid-since-ms", type=int, default=0, help="Since when dead tokens are dead.")
@click.option("--token-update-min-s", type=float, default=1200.0, show_default=True)
@click.option("--token-updates-max", type=click.IntRange(0), default=0, help="In that time, of the key. 0: any number.")
def simulate_apns(**options: Any) -> None:  # noqa: ANN401 - as above
    """Simulate Apple's APNs."""
    settings = SimulatedApnsSettings(**options)
    _serve(SimulatedApns(settings), settings)


@click.command("fcm")
@token_options(streams_max=100)
@click.option("--accounts-dir", type=click.Path(path_type=Path), required=True, help="PROJECT.json, made if not there.")
@click.option("--project", "projects", multiple=True, default=["simulated-project"], show_default=True)
@click.option("--mismatch-rate", type=click.FloatRange(0, 1), default=0.0, help="Share of tokens of another sender.")
@click.option("--access-token-s", type=click.IntRange(1), default=3600, show_default=True)
def simulate_fcm(**options: Any) -> None:  # noqa: ANN401 - as above
    """Simulate Google's FCM v1."""
    settings = SimulatedFcmSettings(**options)
    _serve(SimulatedFcm(settings), settings)


@click.command("webpush")
@token_options(streams_max=1000)
@click.option("--key-file", type=click.Path(path_type=Path), required=True, help="The VAPID key, made when not there.")
@click.option("--foreign-rate", type=click.FloatRange(0, 1), default=0.0, help="Share subscribed with another key.")
def simulate_webpush(**options: Any) -> None:  # noqa: ANN401 - as above
    """Simulate a Web Push service (RFC 8030)."""
    settings = SimulatedWebpushSettings(**options)
    _serve(SimulatedWebpush(settings), settings)


def _serve(provider: TokenProvider, settings: SimulatedTokenSettings) -> None:
    run(lambda stopping: token_site.serve(provider, settings, stopping, announce(provider)))
