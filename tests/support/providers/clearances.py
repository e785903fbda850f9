"""Clearances that a test grants and revokes.

Bounded by the test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from push.delivery.clearance import allowed
from push.notice import Status

if TYPE_CHECKING:
    from collections.abc import Callable


class Granted:
    """A clearance for as long as `going` is true, for the URLs that a status allows."""

    def __init__(self, status: Status, going: Callable[[], bool] = lambda: True) -> None:
        self._status = status
        self._going = going

    def may_send(self) -> bool:
        """Tell whether sending may go on."""
        return self._going()

    def may_reach(self, url: str) -> bool:
        """Tell whether the status allows a URL."""
        return allowed(self._status, url)


CLEAR: Final = Granted(Status.ACTUAL)
"""A clearance to send to any URL."""

TESTING: Final = Granted(Status.TEST)
"""A clearance to send within this machine."""


class Revocable:
    """A clearance until the test revokes it; `asked` counts how often it was checked."""

    def __init__(self) -> None:
        self.revoked = False
        self.asked = 0

    def may_send(self) -> bool:
        """Tell whether the clearance still stands."""
        self.asked += 1
        return not self.revoked

    def may_reach(self, url: str) -> bool:
        """Allow any URL."""
        return bool(url)
