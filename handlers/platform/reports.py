"""Decodes device reports (JSON, NDJSON, MessagePack), and records the good ones in the index.

One bad report never costs the good ones. Bounded: the caller bounds the bytes; reports are taken only from as long ago
as positions are kept, and at most `FUTURE_S` ahead of our clock.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta

from geo.area import INDEX_LATITUDE_MAX
from geo.crs import Crs, to_wgs84
from geo.index.devices import LOCALE_MAX, LOCALE_USUAL, TOKEN_MAX, address
from geo.index.reports import Positions
from handlers.http.users import USER_MAX
from runtime.decoding import DECODE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from geo.index.position_index import PositionIndex

FUTURE_S = 300
"""Clocks of phones and platforms differ; a report counts as made when it came at the latest."""

NO_TOKEN = "this lane addresses accounts: no token"  # noqa: S105 - an answer

MILLISECONDS = 1000

NDJSON = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})
MSGPACK = frozenset({"application/msgpack", "application/x-msgpack", "application/vnd.msgpack"})


class DeviceReport(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """Where a user's device was last seen and how to reach it. Degrees in `crs`."""

    user: Annotated[int, Meta(ge=1, le=USER_MAX)]
    lane: str
    longitude: Annotated[float, Meta(ge=-180, le=180)]
    latitude: Annotated[float, Meta(ge=-INDEX_LATITUDE_MAX, le=INDEX_LATITUDE_MAX)]
    at: Annotated[datetime, Meta(tz=True)]
    token: Annotated[str, Meta(max_length=TOKEN_MAX, pattern=r"^[!-~]+$")] | None = None
    crs: Crs = Crs.WGS84
    locale: Annotated[str, Meta(max_length=LOCALE_MAX, pattern="^[A-Za-z0-9-]+$")] = LOCALE_USUAL


class Rejected(msgspec.Struct, frozen=True):
    """A report that was not taken, by its place in the request."""

    index: int
    detail: str


class Taken(msgspec.Struct, frozen=True):
    """The answer to a request of reports."""

    accepted: int
    rejected: list[Rejected]


class Unreadable(msgspec.Struct, frozen=True):
    """A body of which nothing could be read."""

    detail: str


_JSON_ALL = msgspec.json.Decoder(list[DeviceReport])
_JSON_RAWS = msgspec.json.Decoder(list[msgspec.Raw])
_JSON_ONE = msgspec.json.Decoder(DeviceReport)
_MSGPACK_ALL = msgspec.msgpack.Decoder(list[DeviceReport])
_MSGPACK_RAWS = msgspec.msgpack.Decoder(list[msgspec.Raw])
_MSGPACK_ONE = msgspec.msgpack.Decoder(DeviceReport)


def decode(body: bytes, content_type: str) -> tuple[list[tuple[int, DeviceReport]], list[Rejected]] | Unreadable:
    """Read reports with their place in the request; the bad ones come back with what is wrong."""
    try:
        if content_type in NDJSON:
            return _each([line for line in body.split(b"\n") if line.strip()], _JSON_ONE.decode)
        everything, raws, one = (
            (_MSGPACK_ALL.decode, _MSGPACK_RAWS.decode, _MSGPACK_ONE.decode)
            if content_type in MSGPACK
            else (_JSON_ALL.decode, _JSON_RAWS.decode, _JSON_ONE.decode)
        )
        try:
            return list(enumerate(everything(body))), []
        except (msgspec.ValidationError, UnicodeDecodeError):
            # Slower, and only when something is wrong: each report by itself.
            return _each(raws(body), one)
    except DECODE_ERRORS as error:
        return Unreadable(f"not a list of reports: {error}")


def _each(
    parts: Sequence[Any], decode_one: Callable[[Any], DeviceReport]
) -> tuple[list[tuple[int, DeviceReport]], list[Rejected]]:
    good: list[tuple[int, DeviceReport]] = []
    bad: list[Rejected] = []
    for index, part in enumerate(parts):
        try:
            good.append((index, decode_one(part)))
        except DECODE_ERRORS as error:
            bad.append(Rejected(index, str(error)))
    return good, bad


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
    addresses = [address(report.locale, report.token) for report in reports]
    ats_ms = [_at_ms(report) for report in reports]
    return Positions(lane, users, longitudes, latitudes, ats_ms, addresses if any(addresses) else [])


def _at_ms(report: DeviceReport) -> int:
    return int(report.at.timestamp() * MILLISECONDS)


class Reports:
    """Takes reports into the index; `note` is called with where those of one lane came from (degrees).

    `lanes` by name: whether a lane addresses devices, and so needs their tokens.
    """

    def __init__(
        self,
        index: PositionIndex,
        lanes: Mapping[str, bool],
        note: Callable[[Sequence[float], Sequence[float]], None] = lambda *_: None,
    ) -> None:
        self._index = index
        self._lanes = lanes
        self._note = note

    async def take(self, good: list[tuple[int, DeviceReport]], bad: list[Rejected]) -> Taken:
        """Record the good reports, the newest one of a user counting; `UNAVAILABLE_ERRORS` when Redis is away."""
        moment_ms = self._index.clock_ms()
        oldest_ms = self._index.generations.oldest_ms(moment_ms)
        newest: dict[int, DeviceReport] = {}
        accepted = 0
        for index, report in good:
            detail = self._fault(report, oldest_ms, moment_ms + FUTURE_S * MILLISECONDS)
            if detail is not None:
                bad.append(Rejected(index, detail))
                continue
            accepted += 1
            before = newest.get(report.user)
            if before is None or before.at <= report.at:
                newest[report.user] = report
        lanes: dict[str, list[DeviceReport]] = {}
        for report in newest.values():
            lanes.setdefault(report.lane, []).append(report)
        for lane, reports in lanes.items():
            positions = _positions(lane, reports)
            await self._index.record(positions)
            self._note(positions.longitudes, positions.latitudes)
        return Taken(accepted, sorted(bad, key=lambda rejected: rejected.index))

    def _fault(self, report: DeviceReport, oldest_ms: int, latest_ms: int) -> str | None:
        needs_token = self._lanes.get(report.lane)
        if needs_token is None:
            return "no such lane"
        if needs_token != (report.token is not None):
            return "this lane addresses devices: a token is needed" if needs_token else NO_TOKEN
        if not oldest_ms <= _at_ms(report) <= latest_ms:
            return "in the future" if _at_ms(report) > latest_ms else "older than positions are kept"
        return None
