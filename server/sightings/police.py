"""Tells the police what strangers saw as a task of the server, and raises the alarm when an authority does not take it.

Also where an authority could not fetch the photos of which it is told, because their links lead to this machine alone.
Bounded: as `public.sightings.police`; a look every `ADDRESSES_S`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import sql.police_events
from handlers.administration.endpoints import is_of_this_machine, link_fault
from public.sightings.police.links import PhotoLinks
from public.sightings.police.sending import Sender
from public.sightings.record import Sightings
from public.sightings.sealing import Sealing
from push.alarm_kinds import AlarmKind
from push.alarms import EVERY_LANE
from runtime.authentication_codes import key_material
from runtime.retry import retry_until_available
from server.administration.encryption import encryption_key
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from handlers.auth.webhook_signatures import Vault
    from push.engine import Engine
    from server.settings import Settings
    from sql.police_events import EndpointRow

ADDRESSES_S: Final = 5.0
"""Until an endpoint that was set is looked at."""

NOT_TAKEN: Final = "its endpoint does not take what it is told: sightings may not have arrived"


class PoliceEvents:
    """What is sent to authorities that have an endpoint."""

    def __init__(self, settings: Settings, engine: Engine, vault: Vault) -> None:
        self._alarms = engine.alarms
        self._vault = vault
        self._unreachable: set[str] = set()
        self._misaddressed: dict[str, str] = {}
        self._standing: set[str] = set()
        self._base_url = settings.cap.public_url
        material = key_material(encryption_key(settings))
        pool = self._pool = engine.stores.pool
        sightings, links = Sightings(pool, Sealing(material)), PhotoLinks(material)
        self._sender = Sender(pool, sightings, links, self._base_url, self._secret, self._hear)

    async def run(self) -> None:
        """Send until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._sender.run(), name="police events are sent")
            if is_of_this_machine(self._base_url):
                group.create_task(self._look(), name="addresses for the police")

    async def _look(self) -> None:
        """Look again and again which authorities are told of photos that they cannot fetch."""
        while True:
            told = await retry_until_available(self._endpoints, UNAVAILABLE_ERRORS, "postgresql")
            faults = {one.authority: link_fault(one.url, self._base_url) for one in told}
            self._misaddressed = {name: fault for name, fault in faults.items() if fault is not None}
            self._judge()
            await asyncio.sleep(ADDRESSES_S)

    async def _endpoints(self) -> list[EndpointRow]:
        return await sql.police_events.endpoints(self._pool)

    def _secret(self, sealed: bytes) -> str | None:
        return next(iter(self._vault.open([sealed])), None)

    def _hear(self, unreachable: set[str]) -> None:
        self._unreachable = unreachable
        self._judge()

    def _judge(self) -> None:
        """Have an alarm stand for each authority that does not take what it is told, or cannot use it."""
        taken = dict.fromkeys(self._unreachable, NOT_TAKEN)
        details = self._misaddressed | taken
        for authority in self._standing - {*details}:
            self._alarms.clear(AlarmKind.POLICE_UNREACHABLE, EVERY_LANE, None, authority)
        for authority, detail in details.items():
            self._alarms.restate(AlarmKind.POLICE_UNREACHABLE, EVERY_LANE, None, detail, authority)
        self._standing = {*details}
