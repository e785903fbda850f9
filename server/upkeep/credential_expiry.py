"""Raises an alarm for each certificate, token or secret that expires soon, until it is renewed.

FEMA once overlooked that its certificate expired, and could sign no alert. Bounded: by the sources.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from cryptography import x509

from push.alarm_kinds import AlarmKind
from push.alarms import EVERY_LANE
from runtime.clock import record_now

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence
    from datetime import datetime, timedelta
    from pathlib import Path
    from typing import TypeAlias

    from push.alarms import AlarmBoard
    from server.settings import TlsSettings

    Ending: TypeAlias = tuple[str, datetime]
    Source: TypeAlias = Callable[[], Awaitable[Sequence[Ending]]]

_log = structlog.get_logger("server.upkeep.credential_expiry")


class Expiry:
    """Checks all sources; each returns (name, end) of its items, and no name holds a secret."""

    def __init__(self, alarms: AlarmBoard, within: timedelta, sources: Sequence[Source]) -> None:
        self._alarms = alarms
        self._within = within
        self._sources = sources
        self._standing: dict[str, datetime] = {}

    async def look(self) -> None:
        """Raise an alarm for each item that expires soon or has expired, and clear the alarms of all others."""
        soon: dict[str, datetime] = {}
        for source in self._sources:
            soon |= self._soon(await source())
        for name, end in [*self._standing.items()]:
            if soon.get(name) != end:
                self._alarms.clear(AlarmKind.EXPIRES_SOON, EVERY_LANE, None, name)
        for name, end in soon.items():
            self._alarms.raise_alarm(AlarmKind.EXPIRES_SOON, EVERY_LANE, None, f"{name} {_ends(end)}", name)
        self._standing = soon

    def _soon(self, endings: Iterable[Ending]) -> dict[str, datetime]:
        latest = record_now() + self._within
        return {name: end for name, end in endings if end < latest}


def _ends(end: datetime) -> str:
    return f"{'ends' if end > record_now() else 'ended'} at {end.isoformat()}"


def certificates(tls: TlsSettings | None) -> list[Ending]:
    """Return (name, end) of the certificates that this process serves with; read once, at the start, as TLS does."""
    if tls is None:
        return []
    files = {"[tls] certificate": tls.certificate, "[tls] client_ca": tls.client_ca}
    ends = {name: _first_end(file) for name, file in files.items() if file is not None}
    return [(f"{name} (read at the start)", end) for name, end in ends.items() if end is not None]


def _first_end(file: Path) -> datetime | None:
    """Return the earliest end of the certificates in a file, because a chain is valid until its first one expires."""
    try:
        return min(one.not_valid_after_utc for one in x509.load_pem_x509_certificates(file.read_bytes()))
    except (OSError, ValueError) as error:
        # Only TLS decides whether a certificate can be used; here its end stays unknown.
        _log.error("expiry.unreadable", file=str(file), error=type(error).__name__)
        return None
