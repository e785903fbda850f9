"""What the double of Redis holds, and the commands and scripts on it.

Keys that expire in the product stay here: what reads them compares times. Bounded by the people of a seed.
"""

from __future__ import annotations

from collections import defaultdict
from math import asin, cos, radians, sin, sqrt
from typing import Any, Final

import msgspec

from geo.area import ANTIMERIDIAN, EARTH_RADIUS_KM, INDEX_LATITUDE_MAX
from geo.index.search.members import GEOHASH_STEP
from tests.simulation.index import preferences

HEEDS_BACK = True
"""False only in a mutation."""

MICROSECONDS: Final = 1_000_000


class Keyspace:
    """Everything that Redis holds."""

    def __init__(self) -> None:
        self.places: dict[str, dict[bytes, tuple[float, float]]] = defaultdict(dict)
        self.scores: dict[str, dict[bytes, float]] = defaultdict(dict)
        self.hashes: dict[str, dict[bytes, bytes]] = defaultdict(dict)
        self.flags: set[str] = set()
        self.texts: dict[str, bytes] = {}
        self.run = 0
        self.entries: list[tuple[int, int, bytes]] = []
        self.writes = 0

    def clear(self) -> None:
        """Lose everything."""
        for one in (self.places, self.scores, self.hashes, self.flags, self.texts, self.entries):
            one.clear()

    @property
    def size(self) -> int:
        """How many keys there are."""
        named = (self.places, self.scores, self.hashes)
        return (
            sum(bool(held) for kind in named for held in kind.values())
            + len(self.flags)
            + len(self.texts)
            + bool(self.entries)
        )

    def command(self, now_us: int, name: str, *arguments: Any) -> Any:  # noqa: ANN401 - as Redis
        """Answer one command."""
        match name:
            case "EXISTS":
                return sum(
                    one in self.flags or bool(self.scores.get(one)) or bool(self.hashes.get(one)) for one in arguments
                )
            case "GET" | "MGET":
                found = [self.texts.get(one) for one in arguments]
                return found if name == "MGET" else found[0]
            case "SET":
                return b"OK" if self.texts.setdefault(arguments[0], _bytes(arguments[1])) is not None else None
            case "ZCARD":
                return len(self.places.get(arguments[0], ()))
            case "ZMSCORE":
                held = self.places.get(arguments[0], {})
                return [_score(held.get(b"%d" % user)) for user in arguments[1:]]
            case "ZRANGEBYSCORE":
                known = self.scores.get(arguments[0], {})
                return [user for user, score in known.items() if score >= float(arguments[1])]
            case "HMGET":
                fields = self.hashes.get(arguments[0], {})
                return [fields.get(_bytes(one)) for one in arguments[1:]]
            case "GEOSEARCH":
                return self._in_circle(*arguments)
            case "EVALSHA":
                count = int(arguments[1])
                keys, rest = arguments[2 : 2 + count], arguments[2 + count :]
                return SCRIPTS[arguments[0]](self, now_us, keys, rest)
        raise LookupError(f"the double does not know this command: {name}")

    def _in_circle(self, key: str, *search: bytes) -> list[bytes]:
        if search[3] != b"BYRADIUS" or len(search) > len((b"FROMLONLAT", b"", b"", b"BYRADIUS", b"", b"km")):
            raise LookupError("the double only searches circles")
        longitude, latitude, radius_km = float(search[1]), float(search[2]), float(search[4])
        held = self.places.get(key)
        if not held:
            return []
        return [user for user, place in held.items() if distance_km(longitude, latitude, *place) <= radius_km]

    def add_entry(self, now_ms: int, users: bytes) -> None:
        """Add an entry to the stream of users who are forgotten; ids never go back."""
        last = self.entries[-1][:2] if self.entries else (0, 0)
        entry = (now_ms, 0) if now_ms > last[0] else (last[0], last[1] + 1)
        self.entries.append((*entry, users))

    def entries_after(self, entry: bytes, limit: int) -> list[tuple[bytes, dict[bytes, bytes]]]:
        """Return the entries of that stream after one."""
        first, _, second = entry.partition(b"-")
        after = int(first), int(second or 0)
        found = [one for one in self.entries if one[:2] > after][:limit]
        return [(b"%d-%d" % one[:2], {b"users": one[2]}) for one in found]


def distance_km(longitude_a: float, latitude_a: float, longitude_b: float, latitude_b: float) -> float:
    """Return the distance of two points, as Redis measures it."""
    half_lat = sin(radians(latitude_b - latitude_a) / 2)
    half_lon = sin(radians(longitude_b - longitude_a) / 2)
    chord = half_lat**2 + cos(radians(latitude_a)) * cos(radians(latitude_b)) * half_lon**2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(chord)))


def _score(place: tuple[float, float] | None) -> float | None:
    """Return the geohash of a place, as Redis keeps it: of 26 bits each, those of the latitude at the even places."""
    if place is None:
        return None
    longitude, latitude = place
    east = int((longitude + ANTIMERIDIAN) / (2 * ANTIMERIDIAN) * (1 << GEOHASH_STEP))
    north = int((latitude + INDEX_LATITUDE_MAX) / (2 * INDEX_LATITUDE_MAX) * (1 << GEOHASH_STEP))
    bits = (((east >> bit) & 1) << (2 * bit + 1) | ((north >> bit) & 1) << (2 * bit) for bit in range(GEOHASH_STEP))
    return float(sum(bits))


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _later(now_us: int, begins_ms: object) -> bytes | None:
    """Return the moment (ms) when a generation has begun of which the caller does not know, as the scripts do."""
    now_ms = now_us // 1000
    return b"%d" % now_ms if now_ms >= int(str(begins_ms)) else None


def _record(space: Keyspace, now_us: int, keys: Any, arguments: Any) -> int | list[int] | bytes:  # noqa: ANN401 - as Redis
    """Move users to their reported positions, and say where they were where that is asked, as `record.lua`."""
    if (later := _later(now_us, arguments[4])) is not None:
        return later
    devices, other, forgotten, moved = keys[:4]
    lanes = (len(keys) - 5) // 2
    lane, now, kept = int(arguments[0]), float(arguments[2]), float(arguments[3])
    names = [_bytes(one) for one in arguments[5 : 5 + lanes]]
    reports = msgspec.msgpack.decode(arguments[5 + lanes])
    addresses = msgspec.msgpack.decode(arguments[6 + lanes])
    again_ms = float(arguments[7 + lanes]) if len(arguments) > 7 + lanes else None
    befores: list[int] = []
    for row in range(len(reports) // 4):
        user, at = reports[4 * row].encode(), int(float(reports[4 * row + 1]))
        known, elsewhere = space.hashes[devices].get(user), space.hashes[other].get(user)
        record = known or elsewhere
        gone = space.scores[forgotten].get(user)
        known_at = None if record is None else int.from_bytes(record[:6], "big")
        if (known_at is not None and known_at >= at) or (gone is not None and gone >= at):
            is_again = again_ms is not None and known_at == at and now - at < again_ms
            befores.append(-1 if is_again else -2)
            continue
        befores.append(-1)
        address = addresses[row].encode() if addresses else b""
        if address and b"\0" not in address[1:]:
            space.flags.add(keys[-1])
        if record is not None:
            before = record[6:].partition(b"\0")[0]
            if before == names[lane - 1]:
                score = _score(space.places[keys[3 + lane + (0 if known else lanes)]].get(user))
                befores[-1] = -1 if score is None else int(score)
            space.hashes[other].pop(user, None)
            for key in keys[4:-1]:
                space.places[key].pop(user, None)
            if before != names[lane - 1]:
                space.scores[moved][user] = now
                _trim(space.scores[moved], now - kept)
        space.hashes[devices][user] = at.to_bytes(6, "big") + names[lane - 1] + address
        space.places[keys[3 + lane]][user] = float(reports[4 * row + 2]), float(reports[4 * row + 3])
    return befores if again_ms is not None else sum(one != -2 for one in befores)


def _trim(scores: dict[bytes, float], oldest: float) -> None:
    for user in [user for user, score in scores.items() if score <= oldest]:
        del scores[user]


def _forget(space: Keyspace, now_us: int, keys: Any, arguments: Any) -> int | bytes:  # noqa: ANN401 - as Redis
    """Remove users, as `forget.lua`."""
    if (later := _later(now_us, arguments[2])) is not None:
        return later
    now, kept = float(arguments[0]), float(arguments[1])
    count = 0
    for one in arguments[3:]:
        user = _bytes(one)
        count += sum(space.hashes[key].pop(user, None) is not None for key in keys[:2])
        for key in keys[3:-1]:
            space.places[key].pop(user, None)
        space.hashes[keys[-1]].pop(user, None)
        space.scores[keys[2]][user] = now
    _trim(space.scores[keys[2]], now - kept)
    return count


def _forget_again(space: Keyspace, now_us: int, keys: Any, arguments: Any) -> int | bytes:  # noqa: ANN401 - as Redis
    """Remove users who were forgotten once and have not reported since, as `forget_again.lua`."""
    if (later := _later(now_us, arguments[0])) is not None:
        return later
    count = 0
    for row in range(2, len(arguments), 2):
        user, at = _bytes(arguments[row]), int(arguments[row + 1])
        if preferences.set_us(space.hashes[keys[-1]].get(user)) <= at * 1000:
            space.hashes[keys[-1]].pop(user, None)
        records = [space.hashes[key].get(user) for key in keys[:2]]
        if max((int.from_bytes(one[:6], "big") for one in records if one is not None), default=0) > at:
            continue
        known = sum(space.hashes[key].pop(user, None) is not None for key in keys[:2])
        known += sum(space.places[key].pop(user, None) is not None for key in keys[2:-1])
        count += min(known, 1)
    return count


def _drop(space: Keyspace, now_us: int, keys: Any, arguments: Any) -> int | bytes:  # noqa: ANN401 - as Redis
    """Remove users whose token is invalid, as `drop.lua`."""
    if (later := _later(now_us, arguments[1])) is not None:
        return later
    lane, count = _bytes(arguments[0]), 0
    for row in range(2, len(arguments), 3):
        user, token, since = _bytes(arguments[row]), _bytes(arguments[row + 1]), int(arguments[row + 2])
        for generation in (0, 1):
            record = space.hashes[keys[generation]].get(user)
            if record is None or int.from_bytes(record[:6], "big") > since:
                continue
            known, _nothing, rest = record[6:].partition(b"\0")
            if known == lane and rest.partition(b"\0")[2] == token:
                del space.hashes[keys[generation]][user]
                space.places[keys[2 + generation]].pop(user, None)
                count += 1
    return count


def _reach(space: Keyspace, _: int, keys: Any, arguments: Any) -> list[bytes | None]:  # noqa: ANN401 - as Redis
    """Return how to reach users, as `reach.lua`."""
    name = _bytes(arguments[0]) + b"\0"
    found = []
    for one in msgspec.msgpack.decode(arguments[1]):
        record = space.hashes[keys[0]].get(one.encode()) or space.hashes[keys[1]].get(one.encode())
        found.append(record if record is not None and record[6:].startswith(name) else None)
    return found


def _take(space: Keyspace, now: int, keys: Any, arguments: Any) -> list[float]:  # noqa: ANN401 - as Redis
    """Take recipients out of a quota, as `take.lua`."""
    wanted, rate, burst, growing, pause, ahead = (float(one) for one in arguments[:6])
    known = space.hashes[keys[0]]
    back = max(0.0, float(known.get(b"seen", now)) - now) if HEEDS_BACK else 0.0
    at, since = float(known.get(b"at", 0)) - back, float(known.get(b"since", now)) - back
    if now - at > pause:
        since = now
    if growing > 0:
        rate, burst = rate * max(0.05, min(1.0, (now - since) / growing)), 0.0
    start = max(at, now - burst)
    wait = max(0.0, start - now)
    if wait > ahead:
        return [int(wait), 0]
    until = start + wanted * MICROSECONDS / rate
    known.update({b"at": b"%.0f" % until, b"since": b"%.0f" % since, b"seen": b"%.0f" % now})
    return [int(wait), 1]


def _hold(space: Keyspace, now: int, keys: Any, arguments: Any) -> int:  # noqa: ANN401 - as Redis
    """Hold a quota, as `hold.lua`."""
    known, until = space.hashes[keys[0]], now + int(arguments[0])
    at = float(known.get(b"at", 0)) - max(0.0, float(known.get(b"seen", now)) - now)
    if at < until:
        known.update({b"at": b"%.0f" % until, b"seen": b"%.0f" % now})
    return 1


SCRIPTS: Final = {
    "record": _record,
    "forget": _forget,
    "forget_again": _forget_again,
    "drop": _drop,
    "reach": _reach,
    "preferences_put": lambda space, _, keys, given: preferences.put(
        space.hashes[keys[0]], space.scores[keys[1]], given
    ),
    "preferences_read": lambda space, _, keys, given: preferences.read(space.hashes.get(keys[0], {}), given),
    "take": _take,
    "hold": _hold,
}
"""By the name of the file, which is its digest here."""

WRITES: Final = frozenset({"record", "forget", "forget_again", "drop", "preferences_put", "take", "hold"})
