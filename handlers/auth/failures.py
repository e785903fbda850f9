"""Counts signatures and tokens that do not verify, raises alarms, and makes the addresses wait.

A remote address may fail so often a minute; beyond that it is answered 429 instead of 401. Behind a proxy all
addresses are the proxy's, headers that name others are not believed, and the limit can be switched off. What is signed
is always verified first, so that no flood of unsigned requests locks an authority out, not even from its own address.

Bounded: `ADDRESSES_MAX` addresses, `WATCHED_MAX` authorities with a few moments each; alarms are looked through every
`POLL_INTERVAL_S` at least. All of it is this process's own.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

import structlog

from handlers.auth.allowance import Allowances
from handlers.auth.limits import per_minute
from handlers.http.connections import network_of
from push.alarm_kinds import AlarmKind
from push.alarms import EVERY_LANE

if TYPE_CHECKING:
    from handlers.auth.limits import LimitSettings
    from push.alarms import AlarmBoard

UNKNOWN: Final = ""
"""Stands for all authorities that do not exist: their names come from unauthenticated callers and are not kept."""

ADDRESSES_MAX: Final = 10_000
WATCHED_MAX: Final = 1000
POLL_INTERVAL_S: Final = 10.0
_log = structlog.get_logger("handlers.auth.failures")


class Watch:
    """The last failures of one kind about one authority."""

    def __init__(self, kind: AlarmKind, about: str, limit: int, window_s: float) -> None:
        self.kind = kind
        self.about = about
        self._window_s = window_s
        self._moments_s: deque[float] = deque(maxlen=limit + 1)

    def note(self, now_s: float) -> bool:
        """Note a failure; tells whether there are more than the limit within the window."""
        self._moments_s.append(now_s)
        return len(self._moments_s) == self._moments_s.maxlen and now_s - self._moments_s[0] <= self._window_s

    def quiet(self, now_s: float) -> bool:
        """Tell whether nothing failed for a window."""
        return now_s - self._moments_s[-1] > self._window_s


class Failures:
    """Counts what fails, raises and clears the alarms, and makes addresses wait."""

    def __init__(self, settings: LimitSettings, alarms: AlarmBoard) -> None:
        self._settings = settings
        self._alarms = alarms
        self._watches: dict[tuple[AlarmKind, str], Watch] = {}
        self._addresses = Allowances(ADDRESSES_MAX)
        self._rate = per_minute(settings.failures_per_minute)
        self.signatures = {"known": 0, "unknown": 0}
        self.tokens = 0
        self.cross_site = 0
        """Requests that a browser sent from a page of another site."""

        self.refused = 0

    @property
    def per_address(self) -> bool:
        """Whether each remote address is counted by itself."""
        return self._settings.per_address

    def signature(self, address: str | None, authority: str | None) -> float:
        """Count a webhook that does not verify; `authority` None when there is no such one.

        Returns 0.0, or after how many seconds its address may fail again.
        """
        self.signatures["unknown" if authority is None else "known"] += 1
        self._watch(AlarmKind.FAILED_SIGNATURES, authority or UNKNOWN, self._settings.failed_signatures)
        wait_s = self.attempt(address)
        if not wait_s:
            _log.warning("intake.unsigned", known=authority is not None)
        return wait_s

    def token(self) -> None:
        """Count a bearer token or a ticket that opens nothing."""
        self.tokens += 1
        self._watch(AlarmKind.FAILED_TOKENS, UNKNOWN, self._settings.failed_tokens)

    def attempt(self, address: str | None) -> float:
        """Let an address try once more; returns 0.0, or after how many seconds it may."""
        if not self._settings.per_address:
            return 0.0
        wait_s = self._addresses.take(network_of(address or ""), self._rate)
        self.refused += wait_s > 0
        return wait_s

    def wait_s(self, address: str | None) -> float:
        """Return 0.0, or after how many seconds an address may fail again; nothing is counted."""
        return self._addresses.wait_s(network_of(address or ""), self._rate) if self._settings.per_address else 0.0

    async def run(self) -> None:
        """Clear alarms once it is quiet, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(min(POLL_INTERVAL_S, self._settings.failed_window_s / 2))
            for key, watch in [*self._watches.items()]:
                if watch.quiet(loop.time()):
                    del self._watches[key]
                    self._alarms.clear(watch.kind, EVERY_LANE, None, watch.about)

    def _watch(self, kind: AlarmKind, about: str, limit: int) -> None:
        if (kind, about) not in self._watches and len(self._watches) >= WATCHED_MAX:
            about = UNKNOWN
        window_s = self._settings.failed_window_s
        watch = self._watches.setdefault((kind, about), Watch(kind, about, limit, window_s))
        if watch.note(asyncio.get_running_loop().time()):
            whose = f"authority {about}: " if about else ""
            self._alarms.raise_alarm(kind, EVERY_LANE, None, f"{whose}more than {limit} in {window_s:.0f} s", about)
