"""Batch lanes whose simulated providers run within the test, with the behaviour that it chooses.

Bounded by the test.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Self

from server.simulators.batch import site as batch_site
from server.simulators.batch.honor import SimulatedHonor, SimulatedHonorSettings
from server.simulators.batch.huawei import SimulatedHuawei, SimulatedHuaweiSettings
from server.simulators.batch.oppo import SimulatedOppo, SimulatedOppoSettings
from server.simulators.batch.vivo import SimulatedVivo, SimulatedVivoSettings
from server.simulators.batch.xiaomi import SimulatedXiaomi, SimulatedXiaomiSettings
from tests.support.providers.lanes import DeviceLane, HuaweiLane

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from server.simulators.batch.site import BatchProvider, SimulatedBatchSettings


class BatchLane(DeviceLane):
    """A lane of a simulated batch provider, run as a process of its own or, which is cheaper, within the test."""

    def provider(self, **behaviour: Any) -> tuple[BatchProvider, SimulatedBatchSettings]:  # noqa: ANN401 - rates, counts
        """Return the provider and its settings."""
        raise NotImplementedError

    @asynccontextmanager
    async def serving(self, **behaviour: Any) -> AsyncIterator[Self]:  # noqa: ANN401 - as above
        """Run the provider in this process."""
        provider, settings = self.provider(**behaviour)
        stopping, url = asyncio.Event(), asyncio.get_running_loop().create_future()
        async with asyncio.TaskGroup() as group:
            group.create_task(batch_site.serve(provider, settings, stopping, url.set_result))
            self.url = self.control_url = await url
            try:
                yield self
            finally:
                stopping.set()


class HuaweiBatchLane(BatchLane, HuaweiLane):
    """A lane of a simulated Huawei."""

    def provider(self, **behaviour: Any) -> tuple[BatchProvider, SimulatedBatchSettings]:  # noqa: ANN401 - as above
        """Return Huawei."""
        settings = SimulatedHuaweiSettings(service_account_file=self._bench.folder / "huawei.json", **behaviour)
        return SimulatedHuawei(settings), settings


class XiaomiLane(BatchLane):
    """A lane of a simulated Xiaomi."""

    name = "xiaomi"

    def own_settings(self) -> dict[str, str]:
        """Return our credentials there."""
        return {"app_secret": "simulated", "package_name": "example.alert", "channel_id": "1"}

    def provider(self, **behaviour: Any) -> tuple[BatchProvider, SimulatedBatchSettings]:  # noqa: ANN401 - as above
        """Return Xiaomi."""
        settings = SimulatedXiaomiSettings(**behaviour)
        return SimulatedXiaomi(settings), settings


class VivoLane(BatchLane):
    """A lane of a simulated vivo."""

    name = "vivo"

    def own_settings(self) -> dict[str, str]:
        """Return our credentials there."""
        return {"app_id": "simulated", "app_key": "simulated", "app_secret": "simulated"}

    def provider(self, **behaviour: Any) -> tuple[BatchProvider, SimulatedBatchSettings]:  # noqa: ANN401 - as above
        """Return vivo."""
        settings = SimulatedVivoSettings(**behaviour)
        return SimulatedVivo(settings), settings


class OppoLane(BatchLane):
    """A lane of a simulated OPPO."""

    name = "oppo"

    def own_settings(self) -> dict[str, str]:
        """Return our credentials there."""
        return {"app_key": "simulated", "master_secret": "simulated"}

    def provider(self, **behaviour: Any) -> tuple[BatchProvider, SimulatedBatchSettings]:  # noqa: ANN401 - as above
        """Return OPPO."""
        settings = SimulatedOppoSettings(**behaviour)
        return SimulatedOppo(settings), settings


class HonorLane(BatchLane):
    """A lane of a simulated Honor, which issues access tokens at the same address."""

    name = "honor"

    def own_settings(self) -> dict[str, str]:
        """Return our credentials there."""
        return {
            "app_id": "simulated",
            "client_id": "simulated",
            "client_secret": "simulated",
            "auth_url": f"{self.url}/auth/token",
        }

    def provider(self, **behaviour: Any) -> tuple[BatchProvider, SimulatedBatchSettings]:  # noqa: ANN401 - as above
        """Return Honor."""
        settings = SimulatedHonorSettings(**behaviour)
        return SimulatedHonor(settings), settings
