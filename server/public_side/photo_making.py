"""Makes the photos of cases as a task of the server, and raises an alarm for each that was refused.

Where no pages are published nobody would see them: they wait until there are. Bounded by `public.photos.case_photos`.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from public.photos.case_photos import CasePhotos
from public.photos.decoding import Decoder
from public.photos.fetching.fetcher import Fetcher
from public.photos.fetching.plan import FetchPlan, networks_of
from push.alarm_kinds import AlarmKind
from push.alarms import EVERY_LANE
from server.settings import Settings, SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from public.objects import Objects
    from push.engine import Engine


class PhotoMaking:
    """The photos of cases, where there is a site for the public; `objects` None: there is none."""

    def __init__(self, settings: Settings, engine: Engine, objects: Objects | None) -> None:
        self._alarms = engine.alarms
        self._photos: CasePhotos | None = None
        if objects is None:
            return
        fetcher = Fetcher(_plan(settings), tls=ssl.create_default_context())
        self._photos = CasePhotos(engine.stores.pool, objects, Decoder(), fetcher, self._judge)

    @property
    def results(self) -> Mapping[str, int]:
        """How often each thing became of an attempt."""
        return {} if self._photos is None else self._photos.results

    async def run(self) -> None:
        """Make photos until cancelled; returns at once where there is no site."""
        if self._photos is not None:
            await self._photos.run()

    def _judge(self, refused: Mapping[UUID, str]) -> None:
        """Have an alarm stand for each photo that was refused, and for no other."""
        named = {str(alert_id): fault for alert_id, fault in refused.items()}
        for alarm in self._alarms.standing:
            if alarm.kind is AlarmKind.PHOTO_REFUSED and alarm.alert is not None and alarm.alert not in named:
                self._alarms.clear(AlarmKind.PHOTO_REFUSED, EVERY_LANE, alarm.alert)
        for alert, fault in named.items():
            self._alarms.restate(AlarmKind.PHOTO_REFUSED, EVERY_LANE, alert, fault)


def _plan(settings: Settings) -> FetchPlan:
    public = settings.public
    try:
        networks = networks_of(public.photo_addresses)
    except ValueError as error:
        raise SettingsError(f"$.public.photo_addresses: {error}") from None
    hosts = frozenset(host.lower() for host in public.photo_hosts)
    return FetchPlan(hosts=hosts, networks=networks, ports=frozenset(public.photo_ports))
