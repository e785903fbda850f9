"""SIMULATED APNs: answers `POST /3/device/TOKEN` as Apple would, and counts tokens.

As strict as Apple's documents "Sending notification requests to APNs" and "Handling notification responses": provider
token (ES256), headers, payload, device token. Bounded: what `http2` bounds, 4,096 bytes of payload.
"""

from __future__ import annotations

import re
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Final

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from server.simulators.faults import Fault, Faults
from server.simulators.key_files import private_pem, public_pem, write_private
from server.simulators.reached import Reached
from server.simulators.token.exchange import Request, Response, SimulatedTokenSettings
from server.simulators.token.http2 import STREAM_FAULTS

if TYPE_CHECKING:
    from collections.abc import Mapping

PAYLOAD_BYTES: Final = 4096
VOIP_BYTES: Final = 5120
COLLAPSE_BYTES: Final = 64
TOKEN_LIFE_S: Final = 3600
TOKEN: Final = re.compile(r"(?:[0-9a-fA-F]{2}){32,100}")
TOPIC: Final = re.compile(r"[A-Za-z0-9.-]{1,255}")
SUFFIXES: Final = {
    "alert": "",
    "background": "",
    "location": ".location-query",
    "voip": ".voip",
    "complication": ".complication",
    "controls": ".push-type.controls",
    "fileprovider": ".pushkit.fileprovider",
    "liveactivity": ".push-type.liveactivity",
    "mdm": "",
    "pushtotalk": ".voip-ptt",
    "widgets": ".push-type.widgets",
}
"""The push types, each with the suffix of its topic."""

PREFIX: Final = "/3/device/"


class SimulatedApnsSettings(SimulatedTokenSettings, frozen=True, kw_only=True):
    """The settings of a simulated APNs; the key file is made when it is missing.

    `full_rate`: the share of phones answered TooManyRequests. `invalid_since_ms`: since when invalid tokens are invalid
    (0: since an hour before the start). A provider token comes too soon when it is less than `token_update_min_s` newer
    than the one before on its connection, or when it is more than the `token_updates_max`-th within that time on all
    connections (0: any number; Apple does not publish its limit).
    """

    key_file: Path
    key_id: str = "SIMULATED1"
    team_id: str = "SIMULATEDT"
    topic: str = "example.alert"
    bad_token_rate: float = 0.0
    full_rate: float = 0.0
    invalid_since_ms: int = 0
    token_update_min_s: float = 1200.0
    token_updates_max: int = 0


def key_in(path: Path) -> str:
    """Return the public key (PEM) of a `.p8` file; makes the file when it is missing."""
    if not path.exists():
        write_private(path, private_pem(ec.generate_private_key(ec.SECP256R1())))
    return public_pem(path.read_bytes())


class SimulatedApns:
    """A simulated APNs."""

    name = "APNs"
    streams_first = 1
    """As Apple documents, a connection has one stream until its first request is authenticated."""

    http1 = False
    apart: frozenset[str] = frozenset()

    def __init__(self, settings: SimulatedApnsSettings) -> None:
        self._settings = settings
        self._key = key_in(settings.key_file)
        self._trusted: dict[str, int] = {}
        self._updates: set[int] = set()
        self._since_ms = settings.invalid_since_ms or int((time.time() - TOKEN_LIFE_S) * 1000)
        self._bad = Faults(msgspec.structs.replace(settings, invalid_rate=settings.bad_token_rate))
        self._full = Faults(msgspec.structs.replace(settings, invalid_rate=settings.full_rate))
        self.reached = Reached()
        self.faults = Faults(settings, STREAM_FAULTS)

    def listen_at(self, url: str) -> None:
        """Ignore the URL: nothing here depends on it."""

    def handle(self, request: Request) -> Response:
        """Answer one request, with its `apns-id` or a new one."""
        self.reached.request()
        given = request.headers.get("apns-id")
        identity = given if given is not None and _is_uuid(given) else str(uuid.uuid4()).upper()
        answer = self._answer(request)
        return msgspec.structs.replace(answer, headers=(("apns-id", identity), *answer.headers))

    def _answer(self, request: Request) -> Response:
        refusal = self._refusal(request)
        if refusal is not None:
            status, reason = refusal
            self.reached.refused[reason] += 1
            return _refused(status, reason)
        token = request.path.removeprefix(PREFIX).lower()
        if self._bad.is_invalid(token):
            self.reached.invalid += 1
            return _refused(400, "BadDeviceToken")
        if self.faults.is_invalid(token):
            self.reached.invalid += 1
            return _refused(410, "Unregistered", timestamp=self._since_ms)
        if self._full.is_invalid(token) or self.faults.limited_s(1):
            self.reached.refused["TooManyRequests"] += 1
            return _refused(429, "TooManyRequests")
        self.reached.accept([token], request.headers.get("apns-collapse-id", ""))
        return Response(200, opens_streams=True)

    def wrong(self, fault: Fault) -> Response:
        """Answer one request with a fault."""
        self.reached.request()
        self.reached.refused[fault.value] += 1
        if fault is Fault.UNREADABLE:
            return Response(400, b"\x00<html>simulated garbage")
        return (
            _refused(503, "ServiceUnavailable") if fault is Fault.UNAVAILABLE else _refused(500, "InternalServerError")
        )

    def _refusal(self, request: Request) -> tuple[int, str] | None:
        if request.method != "POST":
            return 405, "MethodNotAllowed"
        if not request.path.startswith(PREFIX):
            return 404, "BadPath"
        if request.repeated:
            return 400, "DuplicateHeaders"
        token = request.path.removeprefix(PREFIX)
        return (
            self._untrusted(request)
            or self._bad_headers(request.headers)
            or _bad_payload(request.body, VOIP_BYTES if request.headers["apns-push-type"] == "voip" else PAYLOAD_BYTES)
            or (None if token else (400, "MissingDeviceToken"))
            or (None if TOKEN.fullmatch(token) else (400, "BadDeviceToken"))
        )

    def _untrusted(self, request: Request) -> tuple[int, str] | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return 403, "MissingProviderToken"
        made_s = self._trusted.get(token)
        if made_s is None:
            made_s = self._made_s(token)
            if made_s is None:
                return 403, "InvalidProviderToken"
            self._trusted[token] = made_s
        if not made_s - 60 <= time.time() <= made_s + TOKEN_LIFE_S:
            return 403, "ExpiredProviderToken"
        before = request.connection.setdefault("iat", made_s)
        if (before != made_s and made_s - before < self._settings.token_update_min_s) or self._too_many(made_s):
            return 429, "TooManyProviderTokenUpdates"
        request.connection["iat"] = made_s
        return None

    def _too_many(self, made_s: int) -> bool:
        """Return whether a token made at this time exceeds the limit of the key, over all connections."""
        most = self._settings.token_updates_max
        recent = {one for one in (*self._updates, made_s) if one > made_s - self._settings.token_update_min_s}
        if most and len(recent) > most:
            return True
        self._updates = recent
        return False

    def _made_s(self, token: str) -> int | None:
        """Return when a provider token was made, None when its signature is not ours."""
        try:
            if jwt.get_unverified_header(token).get("kid") != self._settings.key_id:
                return None
            claims = jwt.decode(
                token,
                self._key,
                algorithms=["ES256"],
                issuer=self._settings.team_id,
                options={"require": ["iat", "iss"], "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            return None
        return int(claims["iat"])

    def _bad_headers(self, headers: Mapping[str, str]) -> tuple[int, str] | None:
        topic, kind = headers.get("apns-topic"), headers.get("apns-push-type", "")
        priority = headers.get("apns-priority", "10")
        wanted: list[tuple[bool, str]] = [
            (topic is not None, "MissingTopic"),
            (TOPIC.fullmatch(topic or "") is not None, "BadTopic"),
            (kind in SUFFIXES, "InvalidPushType"),
            (topic == self._settings.topic + SUFFIXES.get(kind, ""), "TopicDisallowed"),
            (priority in ({"1", "5"} if kind == "background" else {"1", "5", "10"}), "BadPriority"),
            (re.fullmatch("[0-9]{1,19}", headers.get("apns-expiration", "0")) is not None, "BadExpirationDate"),
            (len(headers.get("apns-collapse-id", "").encode()) <= COLLAPSE_BYTES, "BadCollapseId"),
            (_is_uuid(headers.get("apns-id")), "BadMessageId"),
        ]
        return next(((400, reason) for holds, reason in wanted if not holds), None)


def _bad_payload(body: bytes, bytes_max: int) -> tuple[int, str] | None:
    if not body:
        return 400, "PayloadEmpty"
    if len(body) > bytes_max:
        return 413, "PayloadTooLarge"
    try:
        payload = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        msgspec.json.decode(payload["aps"], type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, KeyError):
        return 400, "PayloadEmpty"
    return None


def _is_uuid(text: str | None) -> bool:
    try:
        return text is None or str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _refused(status: int, reason: str, **more: int) -> Response:
    return Response(status, msgspec.json.encode({"reason": reason, **more}))
