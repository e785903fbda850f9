"""The judge of the fault campaign sees what it is there to see."""

from __future__ import annotations

import numpy as np

from tests.campaign.journal import Request
from tests.campaign.operator import FiledAlert, Stop

INSIDE = np.arange(10, dtype=np.int64)


class _Slot:
    def __init__(self) -> None:
        self.frozen: list[tuple[float, float]] = []
        self.cut_off: list[tuple[float, float]] = []
        self.down: list[tuple[float, float]] = []


class _World:
    """What the judge reads of a world."""

    def __init__(self) -> None:
        self.slots = [_Slot(), _Slot()]
        self.inside = INSIDE
        self.lost_spans: list[tuple[float, float]] = []


def _alert(*stops: Stop, ended: str = "") -> FiledAlert:
    return FiledAlert(
        case_number="C", id="00000000-0000-0000-0000-000000000001", filed_at=0.0, stops=[*stops], ended=ended
    )


def _request(at: float, users: range, *, slot: int = 0, title: str = "C", accepted: bool = True) -> Request:
    return Request(slot, at, 1, title, np.array(users, dtype=np.int64), at if accepted else None)
