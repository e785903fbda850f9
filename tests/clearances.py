"""Clearances of tests: what a test decides flows in, leave to send that falls when it says so flows out.

Bounded by the test.
"""

from __future__ import annotations

from typing import Final

from push.clearance import allowed
from push.model import Status


class Granted:
    """Leave to send that never falls, to whatever has a status."""

    def __init__(self, status: Status) -> None:
        self._status = status

    def stands(self) -> bool:
        """Never fall."""
        return True

    def allows(self, url: str) -> bool:
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

    def stands(self) -> bool:
        """Tell whether it was not taken away."""
        self.asked += 1
        return not self.revoked

    def allows(self, url: str) -> bool:
        """Allow whatever is a URL."""
        return bool(url)
