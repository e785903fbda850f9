"""Reads certificates and the settings of lanes again while a server runs, as SIGHUP asks.

A lane whose section, or a file that it names, has changed goes on with another gateway; what is being sent ends with
the one before. What needs a start is named in the log, and everything else is done. A file that cannot be used changes
nothing. Bounded: one reload at a time, each as long as `push.transport.replaceable` lets last requests be answered.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from handlers.administration.lanes import Restarted
from server import lanes
from server.settings import Settings, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from push.engine import Engine
    from push.provider import Gateway, LaneSettings
    from server.edge.listening import Listener

KEPT: Final = ("workers", "queue_batches")
"""What a lane has from its start: its tasks and the room of its queue."""

_log = structlog.get_logger("server.upkeep.reload")


class Reload:
    """What one server does at SIGHUP."""

    def __init__(
        self,
        settings: Settings,
        read: Callable[[], Settings],
        engine: Engine,
        listeners: Sequence[Listener],
    ) -> None:
        self._settings = settings
        self._read = read
        self._engine = engine
        self._listeners = listeners
        self._files = {name: lanes.contents(lane) for name, lane in settings.lanes.items()}
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """Have all of it read again."""
        self._asked.set()

    async def restart(self, name: str, group: asyncio.TaskGroup) -> Restarted:
        """Read the settings and files of one lane again, and have it try again at once, whatever it was stopped for.

        A gateway that is replaced is closed in `group`, once its last requests are answered.
        """
        if name not in self._engine.lanes:
            return Restarted.NO_LANE
        outcome, gateway = Restarted.TRIED_AGAIN, None
        try:
            fresh = await asyncio.to_thread(self._read)
        except SettingsError as error:
            _log.error("settings.not_reloaded", reason=str(error))
            outcome = Restarted.SETTINGS_UNREADABLE
        else:
            if name in fresh.lanes:
                gateway = self._opened(name, self._settings.lanes[name], fresh.lanes[name])
        if gateway is None:
            self._engine.lanes[name].restart()
            return outcome
        work = self._engine.change_lanes(lanes.plans(self._settings), lanes.rates(self._settings), {name: gateway})
        group.create_task(work, name=f"change {name}")
        return Restarted.SETTINGS_TAKEN

    async def run(self) -> None:
        """Read again whenever it is asked for, until cancelled."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            self._read_certificates()
            await self._read_settings()

    def _read_certificates(self) -> None:
        for listener in self._listeners:
            try:
                listener.reload()
            except SettingsError as error:
                _log.error("certificates.not_reloaded", reason=str(error))
                return
        _log.info("certificates.reloaded")

    async def _read_settings(self) -> None:
        try:
            fresh = await asyncio.to_thread(self._read)
        except SettingsError as error:
            _log.error("settings.not_reloaded", reason=str(error))
            return
        for name in Settings.__struct_fields__:
            if name != "lanes" and getattr(fresh, name) != getattr(self._settings, name):
                _needs_start(f"$.{name}")
        for name in sorted(fresh.lanes.keys() ^ self._settings.lanes.keys()):
            _needs_start(f"$.lanes.{name}")
        gateways: dict[str, Gateway] = {}
        for name, before in [*self._settings.lanes.items()]:
            if name in fresh.lanes and (opened := self._opened(name, before, fresh.lanes[name])) is not None:
                gateways[name] = opened
        await self._engine.change_lanes(lanes.plans(self._settings), lanes.rates(self._settings), gateways)
        _log.info("settings.reloaded", lanes=[*gateways])

    def _opened(self, name: str, before: LaneSettings, fresh: LaneSettings) -> Gateway | None:
        """Open the gateway of a lane that has changed; None for one that stays as it is."""
        if fresh.simulated != before.simulated:
            # Whom a test may reach hangs on it, so nothing else of this lane is taken without it.
            _needs_start(f"$.lanes.{name}.simulated")
            return None
        for field in KEPT:
            if getattr(fresh, field) != getattr(before, field):
                _needs_start(f"$.lanes.{name}.{field}")
        lane = msgspec.structs.replace(fresh, **{field: getattr(before, field) for field in KEPT})
        contents = lanes.contents(lane)
        if lane == before and contents == self._files[name]:
            return None
        try:
            gateway = lanes.opened(name, lane, self._engine.stores.quotas)
        except SettingsError as error:
            _log.error("lane.not_reloaded", lane=name, reason=str(error))
            return None
        # In place, because the preview shows what is sent: it reads the same table.
        self._settings.lanes[name] = lane
        self._files[name] = contents
        return gateway


def _needs_start(setting: str) -> None:
    _log.warning("setting.needs_start", setting=setting)
