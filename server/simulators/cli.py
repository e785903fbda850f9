"""`qq-alert simulate`: the commands of the SIMULATED providers, each imported only when it is run."""

from __future__ import annotations

import click

from server.commands.lazy import LazyGroup

COMMANDS = {
    "tpns": "server.simulators.batch.tpns_cli:simulate_tpns",
    "huawei": "server.simulators.batch.cli:simulate_huawei",
    "xiaomi": "server.simulators.batch.cli:simulate_xiaomi",
    "vivo": "server.simulators.batch.cli:simulate_vivo",
    "oppo": "server.simulators.batch.cli:simulate_oppo",
    "honor": "server.simulators.batch.cli:simulate_honor",
    "apns": "server.simulators.token.cli:simulate_apns",
    "fcm": "server.simulators.token.cli:simulate_fcm",
    "webpush": "server.simulators.token.cli:simulate_webpush",
}


@click.group("simulate", cls=LazyGroup, lazy=COMMANDS)
def simulate() -> None:
    """Providers that speak the wire format and reach no phone."""
