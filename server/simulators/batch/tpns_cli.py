"""`qq-alert simulate tpns`: runs a SIMULATED TPNS until a signal ends it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from server.simulators.batch import tpns
from server.simulators.options import batch_options, run


@click.command("tpns")
@batch_options
@click.option("--access-id", default="simulated", show_default=True)
@click.option("--secret-key", default="simulated", show_default=True, envvar="SIMULATED_SECRET_KEY", show_envvar=True)
@click.option("--throttle-by-http", is_flag=True, help="Limit by HTTP 429 and Retry-After.")
@click.option("--journal", type=click.Path(path_type=Path), default=None, help="A file for every request.")
def simulate_tpns(**options: Any) -> None:  # noqa: ANN401 - click has checked them
    """Simulate Tencent TPNS."""
    settings = tpns.SimulatedTpnsSettings(**options)
    run(lambda stopping: tpns.serve(settings, stopping, lambda url: click.echo(f"simulated TPNS listening on {url}")))
