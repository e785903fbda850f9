"""`qq-alert simulate huawei` and so on: runs a SIMULATED batch provider until a signal ends it.

Bounded: by the ranges of the options.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from server.simulators.batch import site as batch_site
from server.simulators.batch.honor import SimulatedHonor, SimulatedHonorSettings
from server.simulators.batch.huawei import SimulatedHuawei, SimulatedHuaweiSettings
from server.simulators.batch.oppo import SimulatedOppo, SimulatedOppoSettings
from server.simulators.batch.vivo import SimulatedVivo, SimulatedVivoSettings
from server.simulators.batch.xiaomi import SimulatedXiaomi, SimulatedXiaomiSettings
from server.simulators.options import announce, batch_options, run

if TYPE_CHECKING:
    from server.simulators.batch.site import BatchProvider, SimulatedBatchSettings


@click.command("huawei")
@batch_options
@click.option("--service-account-file", type=click.Path(path_type=Path), required=True, help="Made when not there.")
@click.option("--project-id", default="simulated", show_default=True)
def simulate_huawei(**options: Any) -> None:  # noqa: ANN401 - as above
    """Simulate Huawei Push Kit v3."""
    settings = SimulatedHuaweiSettings(**options)
    _serve_batch(SimulatedHuawei(settings), settings)


@click.command("xiaomi")
@batch_options
@click.option("--app-secret", default="simulated", show_default=True, envvar="SIMULATED_APP_SECRET", show_envvar=True)
@click.option("--package-name", default="example.alert", show_default=True)
@click.option("--channel-id", default="1", show_default=True)
def simulate_xiaomi(**options: Any) -> None:  # noqa: ANN401 - as above
    """Simulate Xiaomi Push v3."""
    settings = SimulatedXiaomiSettings(**options)
    _serve_batch(SimulatedXiaomi(settings), settings)


access_token_s = click.option(
    "--access-token-s", type=click.FloatRange(0, min_open=True), default=86_400.0, help="For how long one is taken."
)


@click.command("vivo")
@batch_options
@access_token_s
@click.option("--app-id", default="simulated", show_default=True)
@click.option("--app-key", default="simulated", show_default=True, envvar="SIMULATED_APP_KEY", show_envvar=True)
@click.option("--app-secret", default="simulated", show_default=True, envvar="SIMULATED_APP_SECRET", show_envvar=True)
def simulate_vivo(**options: Any) -> None:  # noqa: ANN401 - as above
    """Simulate vivo Push."""
    settings = SimulatedVivoSettings(**options)
    _serve_batch(SimulatedVivo(settings), settings)


@click.command("oppo")
@batch_options
@access_token_s
@click.option("--app-key", default="simulated", show_default=True, envvar="SIMULATED_APP_KEY", show_envvar=True)
@click.option(
    "--master-secret", default="simulated", show_default=True, envvar="SIMULATED_MASTER_SECRET", show_envvar=True
)
def simulate_oppo(**options: Any) -> None:  # noqa: ANN401 - as above
    """Simulate OPPO Push."""
    settings = SimulatedOppoSettings(**options)
    _serve_batch(SimulatedOppo(settings), settings)


@click.command("honor")
@batch_options
@access_token_s
@click.option("--app-id", default="simulated", show_default=True)
@click.option("--client-id", default="simulated", show_default=True)
@click.option(
    "--client-secret", default="simulated", show_default=True, envvar="SIMULATED_CLIENT_SECRET", show_envvar=True
)
def simulate_honor(**options: Any) -> None:  # noqa: ANN401 - as above
    """Simulate Honor Push."""
    settings = SimulatedHonorSettings(**options)
    _serve_batch(SimulatedHonor(settings), settings)


def _serve_batch(provider: BatchProvider, settings: SimulatedBatchSettings) -> None:
    run(lambda stopping: batch_site.serve(provider, settings, stopping, announce(provider)))
