"""`qq-alert simulate`: a provider's name flows in, its command flows out, read when it is asked for.

Bounded by the providers that there are.
"""

from __future__ import annotations

import click

from server.lazy import LazyGroup

COMMANDS = {
    "tpns": "server.simulated.tpns_cli:simulate_tpns",
    "huawei": "server.simulated.batch_cli:simulate_huawei",
    "xiaomi": "server.simulated.batch_cli:simulate_xiaomi",
    "vivo": "server.simulated.batch_cli:simulate_vivo",
    "oppo": "server.simulated.batch_cli:simulate_oppo",
    "honor": "server.simulated.batch_cli:simulate_honor",
    "apns": "server.simulated.token_cli:simulate_apns",
    "fcm": "server.simulated.token_cli:simulate_fcm",
    "webpush": "server.simulated.token_cli:simulate_webpush",
}


@click.group("simulate", cls=LazyGroup, lazy=COMMANDS)
def simulate() -> None:
    """Providers that speak the wire format and reach no phone."""
