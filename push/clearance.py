"""Clearance: a batch about to be sent flows in, who of it may be reached at all flows out, with leave to send to them.

This is the one place that keeps exercises and tests from people, and stops from being overtaken: no transport sends
without a clearance, each asks it right before every request, and only `Clearances` makes them.
Bounded by the batch; whether a stop may have been missed is never older than `push.stops.TRUSTED_S`.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlsplit

from push.model import Answer, Fate, Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

STOPPED: Final = Answer(Verdict.FAILING, "stopped", asked=False)
"""The answer of a transport that was stopped: nothing was sent, and nothing is known of the provider."""


class Clearance(Protocol):
    """Leave to send one batch, for as long as it stands."""

    def stands(self) -> bool:
        """Tell whether another request may start now; asked right before each."""

    def allows(self, url: str) -> bool:
        """Tell whether a request to `url` may be made at all."""


class BatchClearance:
    """Leave to send one batch of an alert whose status is `status`."""

    __slots__ = ("_going", "_status")

    def __init__(self, status: Status, going: Callable[[], bool]) -> None:
        self._status = status
        self._going = going

    def stands(self) -> bool:
        """Tell whether another request may start now."""
        return self._going()

    def allows(self, url: str) -> bool:
        """Tell whether a request to `url` may be made: a test leaves this machine never."""
        return self._status is not Status.TEST or on_this_machine(url)


def withheld(clearance: Clearance, url: str, recipients: int) -> Answer | None:
    """Return the answer to a batch of which nothing may be sent to `url` now, None when it may be sent."""
    if not clearance.allows(url):
        return forbidden(recipients)
    return None if clearance.stands() else STOPPED


def forbidden(recipients: int) -> Answer:
    """Return the answer of a transport that may not send to where it was to: final, and nothing was sent."""
    return Answer(Verdict.ANSWERED, "not for this status", [Fate.REFUSED] * recipients, asked=False)


def on_this_machine(url: str) -> bool:
    """Tell whether a URL names a loopback address, in digits: no name is trusted to stay what it is."""
    try:
        return ip_address(urlsplit(url).hostname or "").is_loopback
    except ValueError:
        return False
