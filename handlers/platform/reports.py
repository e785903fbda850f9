"""Reads device reports, and records the good ones in the index.

One bad report never costs the good ones. Bounded: the caller bounds the bytes; reports are taken only from as long ago
as positions are kept, and at most `FUTURE_S` ahead of our clock.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
import numpy as np
from msgspec import Meta
from msgspec.structs import replace

from geo.area import INDEX_LATITUDE_MAX
from geo.crs import Crs, to_wgs84
from geo.index.devices import LOCALE_MAX, LOCALE_USUAL, TOKEN_MAX, address
from geo.index.reports import Positions
from handlers.platform.lists import Lists, Rejected, Taken, Unreadable
from handlers.values.text import clean_line
from handlers.values.user import USER_MAX
from push.message.language_tag import read_tag

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from geo.index.position_index import PositionIndex

__all__ = ["DeviceReport", "Rejected", "Reports", "Taken", "Unreadable", "decode"]

FUTURE_S = 300
"""Clocks of phones and platforms differ; a report counts as made when it came at the latest."""

NO_TOKEN = "this lane addresses accounts: no token"  # noqa: S105 - an answer

MILLISECONDS = 1000
LOCALES_CACHED: Final = 4096
"""More than there are in use: a batch has few."""


class DeviceReport(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """Where a user's device was last seen and how to reach it. Degrees in `crs`.

    A `locale` that cannot be read is the usual one: it never costs the position.
    """

    user: Annotated[int, Meta(ge=1, le=USER_MAX)]
    lane: str
    longitude: Annotated[float, Meta(ge=-180, le=180)]
    latitude: Annotated[float, Meta(ge=-INDEX_LATITUDE_MAX, le=INDEX_LATITUDE_MAX)]
    at: Annotated[datetime, Meta(tz=True)]
    token: Annotated[str, Meta(max_length=TOKEN_MAX)] | None = None
    crs: Crs = Crs.WGS84
    locale: Annotated[str, Meta(max_length=TOKEN_MAX)] | None = None


_LISTS: Final = Lists(DeviceReport, "reports")
decode: Final = _LISTS.decode


@lru_cache(LOCALES_CACHED)
def _locale(text: str | None) -> str:
    """Return a locale as it is kept; the usual one where there is none that can be read."""
    tag = None if text is None else read_tag(text)
    return LOCALE_USUAL if tag is None or len(tag) > LOCALE_MAX else tag


def _positions(lane: str, reports: list[DeviceReport]) -> Positions:
    """Return where the reports' users are, in WGS-84."""
    users = [report.user for report in reports]
    longitudes = [report.longitude for report in reports]
    latitudes = [report.latitude for report in reports]
    for crs in {report.crs for report in reports} - {Crs.WGS84}:
        rows = [row for row, report in enumerate(reports) if report.crs is crs]
        places = to_wgs84(np.array(longitudes)[rows], np.array(latitudes)[rows], crs)
        for row, longitude, latitude in zip(rows, *(column.tolist() for column in places), strict=True):
            longitudes[row], latitudes[row] = longitude, latitude
    addresses = [address(_locale(report.locale), report.token) for report in reports]
    ats_ms = [_at_ms(report) for report in reports]
    return Positions(lane, users, longitudes, latitudes, ats_ms, addresses if any(addresses) else [])


def _at_ms(report: DeviceReport) -> int:
    return int(report.at.timestamp() * MILLISECONDS)


class Reports:
    """Takes reports into the index; `record` takes those of one lane.

    `lanes` by name: what reads the tokens of a lane; None for one that addresses accounts, and so has no tokens.
    """

    def __init__(
        self,
        index: PositionIndex,
        lanes: Mapping[str, Callable[[str], str | None] | None],
        record: Callable[[Positions], Awaitable[object]],
    ) -> None:
        self._index = index
        self._lanes = lanes
        self._record = record

    async def take(self, good: list[tuple[int, DeviceReport]], bad: list[Rejected]) -> Taken:
        """Record the good reports, the newest one of a user counting; `UNAVAILABLE_ERRORS` when Redis is away."""
        moment_ms = self._index.clock_ms()
        oldest_ms = self._index.generations.oldest_ms(moment_ms)
        newest: dict[int, DeviceReport] = {}
        accepted = 0
        for index, report in good:
            checked = self.judged(report, oldest_ms, moment_ms + FUTURE_S * MILLISECONDS)
            if isinstance(checked, str):
                bad.append(Rejected(index, checked))
                continue
            accepted += 1
            before = newest.get(checked.user)
            if before is None or before.at <= checked.at:
                newest[checked.user] = checked
        lanes: dict[str, list[DeviceReport]] = {}
        for report in newest.values():
            lanes.setdefault(report.lane, []).append(report)
        for lane, reports in lanes.items():
            await self._record(_positions(lane, reports))
        return Taken(accepted, sorted(bad, key=lambda rejected: rejected.index))

    def judged(self, report: DeviceReport, oldest_ms: int, latest_ms: int) -> DeviceReport | str:
        """Return a report with its token as the lane has it, or what is wrong with it."""
        if report.lane not in self._lanes:
            return "no such lane"
        if report.longitude == 0 and report.latitude == 0:
            return "no usable position: (0, 0) is where missing coordinates end up"
        if not oldest_ms <= _at_ms(report) <= latest_ms:
            return "in the future" if _at_ms(report) > latest_ms else "older than positions are kept"
        given = None if report.token is None else clean_line(report.token) or None
        read_token = self._lanes[report.lane]
        if read_token is None or given is None:
            if (read_token is None) != (given is None):
                return NO_TOKEN if read_token is None else "this lane addresses devices: a token is needed"
            return report if report.token is None else replace(report, token=None)
        token = read_token(given)
        if token is None:
            return f"not of the form of {report.lane}'s tokens"
        return report if token == report.token else replace(report, token=token)
