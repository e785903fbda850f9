"""Time zones by the names of the IANA database. Bounded: one look-up a name; `zoneinfo` keeps what it has read."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def zone_of(name: str) -> str | None:
    """Return the name of a time zone as it is written, None where there is none of that name."""
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def zone_or(name: str | None, usual: str) -> str:
    """Return a time zone of the record, or the usual one where it has none, or one that this machine does not know."""
    return (None if name is None else zone_of(name)) or usual
