"""Checks whether this server can open the webhook secrets that stand; an alarm names each authority whose it cannot.

Without its secret every webhook of an authority is refused as if it were forged. Bounded: a look every `LOOK_S`, of at
most `sql.access.STANDING_MAX` secrets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import sql.access
from push.alarm_kinds import AlarmKind
from push.alarms import EVERY_LANE
from runtime.retry import repeat_when_available
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from handlers.auth.webhook_signatures import Vault
    from push.alarms import AlarmBoard
    from sql.database import Pool

LOOK_S: Final = 60.0
DETAIL: Final = "its webhook secret is encrypted with a key that this server does not have: every webhook is refused"


class SecretCheck:
    """Checks the secrets of all authorities."""

    def __init__(self, pool: Pool, vault: Vault, alarms: AlarmBoard) -> None:
        self._pool = pool
        self._vault = vault
        self._alarms = alarms
        self._unreadable: set[str] = set()

    async def run(self) -> None:
        """Look until cancelled."""
        await repeat_when_available(self.look, LOOK_S, UNAVAILABLE_ERRORS, "postgresql")

    async def look(self) -> None:
        """Raise an alarm for each authority of which no secret can be opened, and clear those of all others."""
        by_authority: dict[str, list[bytes]] = {}
        for authority, ciphertext in await sql.access.standing_secrets(self._pool):
            by_authority.setdefault(authority, []).append(ciphertext)
        unreadable = {authority for authority, sealed in by_authority.items() if not self._vault.open(sealed)}
        for authority in self._unreadable - unreadable:
            self._alarms.clear(AlarmKind.UNREADABLE_SECRETS, EVERY_LANE, None, authority)
        for authority in unreadable:
            self._alarms.raise_alarm(AlarmKind.UNREADABLE_SECRETS, EVERY_LANE, None, DETAIL, authority)
        self._unreadable = unreadable
