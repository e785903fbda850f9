"""Reads what the simulated providers wrote down: which request arrived when, and which was accepted.

Bounded by the files, which a round reads from where the one before ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from server.simulators.journal import Acceptance, Arrival

if TYPE_CHECKING:
    from tests.campaign.slots import Slot


class Request(msgspec.Struct):
    """A request of a server; `accepted_at` None: it was not accepted."""

    slot: int
    at: float
    number: int
    title: str
    users: NDArray[np.int64]
    accepted_at: float | None = None
    answered: bool = True


class Read(NamedTuple):
    """How far a journal was read, and its requests by number."""

    offset: int
    requests: dict[int, Request]


class Journals:
    """The journals of all servers."""

    def __init__(self, slots: list[Slot]) -> None:
        self._slots = slots
        self._read: dict[int, Read] = {}
        self._lines = msgspec.json.Decoder(Arrival | Acceptance)

    def read(self) -> list[Request]:
        """Return all requests until now."""
        for slot in self._slots:
            self._read_on(slot)
        return [request for read in self._read.values() for request in read.requests.values()]

    def _read_on(self, slot: Slot) -> None:
        offset, requests = self._read.get(slot.number, Read(0, {}))
        with slot.journal.open("rb") as file:
            file.seek(offset)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        for line in whole.splitlines():
            entry = self._lines.decode(line)
            if isinstance(entry, Arrival):
                users = np.array(entry.accounts, dtype=np.int64)
                requests[entry.request] = Request(slot.number, entry.at, entry.number, entry.title, users)
            elif entry.request in requests:
                requests[entry.request].accepted_at = entry.at
                requests[entry.request].answered = entry.answered
        self._read[slot.number] = Read(offset + len(whole), requests)
