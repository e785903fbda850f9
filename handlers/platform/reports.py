"""Decodes device reports (JSON, NDJSON, MessagePack), and records the good ones in the index.

One bad report never costs the good ones. Bounded: the caller bounds the bytes; reports are taken only from as long ago
as positions are kept, and at most `FUTURE_S` ahead of our clock.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
import numpy as np
from msgspec import Meta
from msgspec.structs import replace

from geo.area import INDEX_LATITUDE_MAX
from geo.crs import Crs, to_wgs84
from geo.index.devices import LOCALE_MAX, LOCALE_USUAL, TOKEN_MAX, address
from geo.index.reports import Positions
from handlers.values.cleaning import cleaned
from handlers.values.text import clean_line, quoted
from handlers.values.user import USER_MAX
from push.message.language_tag import read_tag
from runtime.decoding import DECODE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from geo.index.position_index import PositionIndex

FUTURE_S = 300
"""Clocks of phones and platforms differ; a report counts as made when it came at the latest."""

NO_TOKEN = "this lane addresses accounts: no token"  # noqa: S105 - an answer

MILLISECONDS = 1000
LOCALES_CACHED: Final = 4096
"""More than there are in use: a batch has few."""

NDJSON = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})
MSGPACK = frozenset({"application/msgpack", "application/x-msgpack", "application/vnd.msgpack"})


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


_Decoder = msgspec.json.Decoder[Any] | msgspec.msgpack.Decoder[Any]
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
            return _each([line for line in body.split(b"\n") if line.strip()], _JSON_ONE.decode, msgspec.json.decode)
        if content_type in MSGPACK:
            return _all(body, _MSGPACK_ALL, _MSGPACK_RAWS, _MSGPACK_ONE.decode, msgspec.msgpack.decode)
        return _all(body, _JSON_ALL, _JSON_RAWS, _JSON_ONE.decode, msgspec.json.decode)
    except DECODE_ERRORS as error:
        lenient = None if content_type in MSGPACK else _with_constants(body)
        if lenient is None:
            return Unreadable(f"not a list of reports: {quoted(str(error))}")
        return _each(lenient, _convert, lambda part: part)


def _all(
    body: bytes, everything: _Decoder, raws: _Decoder, one: Callable[[Any], DeviceReport], plain: Callable[[Any], Any]
) -> tuple[list[tuple[int, DeviceReport]], list[Rejected]]:
    try:
        return list(enumerate(everything.decode(body))), []
    except (msgspec.ValidationError, UnicodeDecodeError):
        # Slower, and only when something is wrong: each report by itself.
        return _each(raws.decode(body), one, plain)


def _with_constants(body: bytes) -> list[Any] | None:
    """Read JSON in which NaN or Infinity stand, which JSON does not have: such a value costs its report alone."""
    if not any(name in body for name in (b"NaN", b"Infinity")):
        return None
    try:
        tree = json.loads(body, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    return tree if isinstance(tree, list) else None


def _convert(part: object) -> DeviceReport:
    return msgspec.convert(part, DeviceReport)


def _each(
    parts: Sequence[Any], decode_one: Callable[[Any], DeviceReport], plain: Callable[[Any], Any]
) -> tuple[list[tuple[int, DeviceReport]], list[Rejected]]:
    good: list[tuple[int, DeviceReport]] = []
    bad: list[Rejected] = []
    for index, part in enumerate(parts):
        try:
            good.append((index, _cleaned(part, decode_one, plain)))
        except DECODE_ERRORS as error:
            bad.append(Rejected(index, quoted(str(error))))
    return good, bad


def _cleaned(part: object, decode_one: Callable[[Any], DeviceReport], plain: Callable[[Any], Any]) -> DeviceReport:
    """Read one report as it stands, else with its values cleaned."""
    try:
        return decode_one(part)
    except msgspec.ValidationError:
        return _convert(cleaned(plain(part), DeviceReport, "$", {}))


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
