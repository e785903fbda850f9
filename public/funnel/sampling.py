"""How many page views one beacon stands for: fixed when the page is first published, from the people of the alert.

Pure. Bounded: `SAMPLE_MAX`.
"""

from __future__ import annotations

from typing import Final

OPENING_SHARE: Final = 0.3
"""Of those notified; 30% were claimed in 2015, 5% measured."""

OPENING_S: Final = 120.0
"""Within two minutes, if they came evenly: opens follow a push and decay within two to five."""

BEACONS_PER_S: Final = 1_200.0
"""Beside the page itself, one process answers so many without anybody waiting for it."""

SAMPLE_MAX: Final = 64
"""30 million people: then 9 million opens are known to 0.5% (a 95% interval), and ten thousand to 16%."""


def sample_of(people: int | None) -> int:
    """Return N, a power of two: each view of the page is counted with probability 1/N, and then all that it does.

    `people`: those whom the alert would notify, None where nobody knows; they are then taken for as many as there can
    be. Up to 480,000 people everybody is counted, so that a small alert has exact figures.
    """
    if people is None:
        return SAMPLE_MAX
    opens_per_s = people * OPENING_SHARE / OPENING_S
    sample = 1
    while sample < SAMPLE_MAX and opens_per_s / sample > BEACONS_PER_S:
        sample *= 2
    return sample
