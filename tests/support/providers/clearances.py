"""Clearances of tests: what a test decides flows in, leave to send that falls when it says so flows out.

Bounded by the test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from push.delivery.clearance import allowed
from push.notice import Status

if TYPE_CHECKING:
    from collections.abc import Callable


class Granted:
    """Leave to send for as long as `going` says so, to whatever a status allows."""

    def __init__(self, status: Status, going: Callable[[], bool] = lambda: True) -> None:
        self._status = status
        self._going = going

    def may_send(self) -> bool:
        """Tell whether it goes on."""
        return self._going()

    def may_reach(self, url: str) -> bool:
        """Allow what the status allows."""
        return allowed(self._status, url)


CLEAR: Final = Granted(Status.ACTUAL)
"""Leave to send anything anywhere."""

TESTING: Final = Granted(Status.TEST)
"""Leave to send within this machine."""


class Revocable:
    """Leave to send until it is taken away; `asked` counts how often it was asked for."""

    def __init__(self) -> None:
        self.revoked = False
        self.asked = 0

    def may_send(self) -> bool:
        """Tell whether it was not taken away."""
        self.asked += 1
        return not self.revoked

    def may_reach(self, url: str) -> bool:
        """Allow whatever is a URL."""
        return bool(url)
