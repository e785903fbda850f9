"""Writes the journal of a SIMULATED provider: each request as it arrived, and whether it was accepted.

A line is a JSON object. Times are seconds since the epoch, by the clock of this machine. Bounded: the file grows with
the requests; a line holds at most the recipients of one request.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Arrival(msgspec.Struct, frozen=True, tag="arrived"):
    """A request as it arrived; `number` is the collapse number of its message."""

    request: int
    at: float
    number: int
    title: str
    accounts: list[str]


class Acceptance(msgspec.Struct, frozen=True, tag="accepted"):
    """A request whose accounts were all accepted; `answered` False: the client was not told."""

    request: int
    at: float
    answered: bool


class Journal:
    """A file to which lines are appended at once, so that others read them while the provider runs."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("ab", buffering=0)
        self._encoder = msgspec.json.Encoder()
        self._requests = 0

    def arrived(self, at: float, number: int, title: str, accounts: Sequence[str]) -> int:
        """Write that a request arrived; returns its number."""
        self._requests += 1
        self._write(Arrival(self._requests, at, number, title, list(accounts)))
        return self._requests

    def accepted(self, request: int, *, answered: bool) -> None:
        """Write that a request was accepted."""
        self._write(Acceptance(request, time.time(), answered))

    def _write(self, line: Arrival | Acceptance) -> None:
        self._file.write(self._encoder.encode(line) + b"\n")
