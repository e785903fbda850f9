"""The projects of one lane: each slows down or rests by itself, as the provider answers it.

One that throttles or refuses us is no reason to hold the others: its phones wait, and the lane goes on. Only when every
project refuses us is the lane misconfigured. Bounded: a project that refuses us is tried once in `probe_s`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from push.results import RecipientStatus, RequestStatus
from push.transport.retry_policy import retry_after_s
from push.transport.token_results import CallResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from push.transport.pace import Pace
    from push.transport.service_account import AccessToken

THROTTLED: Final = CallResult(RecipientStatus.RETRY, RequestStatus.ANSWERED, "the quota of its project is used up")
BROKEN: Final = CallResult(RecipientStatus.RETRY, RequestStatus.ANSWERED, "its project refuses us")

_log = structlog.get_logger("push.transport.projects")


class Project:
    """One project: its access token and its pace."""

    def __init__(self, access: AccessToken, pace: Pace, siblings: Projects) -> None:
        self.access = access
        self.pace = pace
        self._siblings = siblings
        self._broken_until_s: float | None = None

    @property
    def name(self) -> str:
        """How the provider calls it."""
        return self.access.project

    @property
    def is_broken(self) -> bool:
        """Tell whether it refused us when it was asked last."""
        return self._broken_until_s is not None

    @property
    def rests(self) -> bool:
        """Tell whether it is left alone now; the only one is not, because the lane's breaker tries it."""
        if not self._siblings.several:
            return False
        return self._broken_until_s is not None and asyncio.get_running_loop().time() < self._broken_until_s

    async def apply(self, rows: Sequence[int], results: list[CallResult | None]) -> None:
        """Slow down or rest, as the results of these places of a batch say; changes them where others can go on."""
        known = [(row, one) for row in rows if (one := results[row]) is not None]
        throttled = {row: one for row, one in known if one.request_status is RequestStatus.THROTTLED}
        refusals = {row: one for row, one in known if one.request_status is RequestStatus.MISCONFIGURED}
        self._rest_if(refusals)
        if throttled:
            await self.pace.throttled(max(retry_after_s(one.retry_after_s) for one in throttled.values()))
        if self._siblings.several:
            changed = dict.fromkeys(throttled, THROTTLED)
            if not self._siblings.all_broken:
                changed |= dict.fromkeys(refusals, BROKEN)
            for row, result in changed.items():
                results[row] = result

    def _rest_if(self, refusals: dict[int, CallResult]) -> None:
        if not refusals:
            self._broken_until_s = None
            return
        if not self.is_broken:
            reason = next(iter(refusals.values())).reason
            _log.error("project.misconfigured", project=self.name, reason=reason)
        self._broken_until_s = asyncio.get_running_loop().time() + self._siblings.probe_s


class Projects:
    """All projects of a lane."""

    def __init__(self, probe_s: float) -> None:
        self.probe_s = probe_s
        self._all: list[Project] = []

    def add(self, access: AccessToken, pace: Pace) -> Project:
        """Add one."""
        project = Project(access, pace, self)
        self._all.append(project)
        return project

    @property
    def several(self) -> bool:
        """Tell whether there are others to go on with."""
        return len(self._all) > 1

    @property
    def all_broken(self) -> bool:
        """Tell whether every project refuses us."""
        return all(project.is_broken for project in self._all)
