"""Tells the police what strangers saw as a task of the server, and raises the alarm when an authority does not take it.

Bounded: as `public.sightings.police`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from public.sightings.police.links import PhotoLinks
from public.sightings.police.sending import Sender
from public.sightings.record import Sightings
from public.sightings.sealing import Sealing
from push.alarm_kinds import AlarmKind
from push.alarms import EVERY_LANE
from runtime.authentication_codes import key_material
from server.administration.encryption import encryption_key

if TYPE_CHECKING:
    from handlers.auth.webhook_signatures import Vault
    from push.engine import Engine
    from server.settings import Settings


class PoliceEvents:
    """What is sent to authorities that have an endpoint."""

    def __init__(self, settings: Settings, engine: Engine, vault: Vault) -> None:
        self._alarms = engine.alarms
        self._vault = vault
        self._unreachable: set[str] = set()
        material = key_material(encryption_key(settings))
        pool = engine.stores.pool
        sightings, base = Sightings(pool, Sealing(material)), settings.cap.public_url
        self._sender = Sender(pool, sightings, PhotoLinks(material), base, self._secret, self._judge)

    async def run(self) -> None:
        """Send until cancelled."""
        await self._sender.run()

    def _secret(self, sealed: bytes) -> str | None:
        return next(iter(self._vault.open([sealed])), None)

    def _judge(self, unreachable: set[str]) -> None:
        for authority in unreachable - self._unreachable:
            detail = "its endpoint does not take what it is told: sightings may not have arrived"
            self._alarms.raise_alarm(AlarmKind.POLICE_UNREACHABLE, EVERY_LANE, None, detail, authority)
        for authority in self._unreachable - unreachable:
            self._alarms.clear(AlarmKind.POLICE_UNREACHABLE, EVERY_LANE, None, authority)
        self._unreachable = unreachable
