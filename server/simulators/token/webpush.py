"""SIMULATED Web Push service: opens sealed messages, answers, and counts subscriptions.

As strict as RFC 8030, 8188, 8291 and 8292: VAPID (ES256, of the one key that it knows), TTL, Topic, Urgency, encoding,
size. Unlike a real service it has the private keys of its subscriptions, and opens each message as the browser would.
Every user has a subscription here: `GET /simulated/subscriptions?users=1,2`; `GET /simulated/last` returns the last
opened message. Bounded: what `server.simulators.token.http2` bounds, 4,096 bytes sealed, `BROWSERS_MAX` key pairs.
"""

from __future__ import annotations

import hashlib
import math
import re
import time
from base64 import urlsafe_b64encode
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

import jwt
import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from server.simulators.faults import Fault, Faults
from server.simulators.reached import Reached
from server.simulators.token.apns import key_in
from server.simulators.token.exchange import Request, Response, SimulatedTokenSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

SEALED_BYTES: Final = 4096
SIGNED_MAX_S: Final = 86_400
BROWSERS_MAX: Final = 65_536
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
PREFIX: Final = "/push/"
USER: Final = re.compile(r"[1-9][0-9]{0,18}")
TOPIC: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")
VAPID: Final = re.compile(r"vapid t=([A-Za-z0-9_.-]+), ?k=([A-Za-z0-9_-]+)", re.IGNORECASE)
URGENCIES: Final = frozenset({"very-low", "low", "normal", "high"})
KINDS: Final = (Fault.UNAVAILABLE, Fault.BUSY, Fault.UNREADABLE, Fault.HALF_ANSWERED, Fault.DROPPED)


class SimulatedWebpushSettings(SimulatedTokenSettings, frozen=True, kw_only=True):
    """The settings of a simulated Web Push service; the key file is made when it is missing.

    `foreign_rate`: the share of subscriptions made for the key of another application.
    """

    key_file: Path
    foreign_rate: float = 0.0


class Browser(NamedTuple):
    """The secrets of a subscription, which only the browser has."""

    private: ec.EllipticCurvePrivateKey
    point: bytes
    auth: bytes


@lru_cache(maxsize=BROWSERS_MAX)
def browser_of(user: str) -> Browser:
    """Return a user's browser, the same every time: its secrets are derived from the user's id."""
    secret = hashlib.sha512(b"simulated browser " + user.encode()).digest()
    private = ec.derive_private_key(int.from_bytes(secret[:48], "big") % (ORDER - 1) + 1, ec.SECP256R1())
    return Browser(private, _point(private.public_key()), secret[48:])


def subscription(origin: str, user: int | str) -> str:
    """Return a user's subscription at a simulated push service, as JSON text of a browser."""
    browser = browser_of(str(user))
    keys = {"p256dh": _base64url(browser.point), "auth": _base64url(browser.auth)}
    return msgspec.json.encode({"endpoint": f"{origin}{PREFIX}{user}", "expirationTime": None, "keys": keys}).decode()


def opened(body: bytes, browser: Browser) -> bytes | None:
    """Return the text of a sealed message (RFC 8291 3.4, RFC 8188 2), None when its browser cannot open it."""
    salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20] if len(body) > 20 else 0  # noqa: PLR2004 - of the header
    sender, record = body[21 : 21 + length], body[21 + length :]
    if not 0 < len(record) <= size:
        return None
    try:
        shared = browser.private.exchange(
            ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        )
        info = b"WebPush: info\x00" + browser.point + sender
        material = HKDF(hashes.SHA256(), 32, browser.auth, info).derive(shared)
        key = HKDF(hashes.SHA256(), 16, salt, b"Content-Encoding: aes128gcm\x00").derive(material)
        nonce = HKDF(hashes.SHA256(), 12, salt, b"Content-Encoding: nonce\x00").derive(material)
        padded = AESGCM(key).decrypt(nonce, record, None).rstrip(b"\x00")
    except (ValueError, InvalidTag):
        return None
    return padded[:-1] if padded.endswith(b"\x02") else None


class SimulatedWebpush:
    """A simulated Web Push service."""

    name = "Web Push"
    http1 = True
    apart: frozenset[str] = frozenset()

    def __init__(self, settings: SimulatedWebpushSettings) -> None:
        self.streams_first = settings.streams_max
        key = load_pem_public_key(key_in(settings.key_file).encode())
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise ValueError(f"{settings.key_file} holds no key of an elliptic curve")  # noqa: TRY004 - a bad file
        self._key = key
        self._public = _base64url(_point(key))
        self._trusted: dict[str, float] = {}
        self._origin = ""
        self.last = b""
        self._foreign = Faults(msgspec.structs.replace(settings, invalid_rate=settings.foreign_rate))
        self.reached = Reached()
        self.faults = Faults(settings, KINDS)

    def listen_at(self, url: str) -> None:
        """Take the origin, which signatures must name."""
        self._origin = url

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        if request.path.startswith("/simulated/"):
            return self._extra(request.path)
        self.reached.request()
        user = request.path.removeprefix(PREFIX)
        refusal = self._refusal(request, user)
        if refusal is not None:
            status, reason = refusal
            self.reached.refused[reason] += 1
            return Response(status, f"{reason} (simulated)".encode())
        if self.faults.is_invalid(user):
            self.reached.invalid += 1
            return Response(410, b"the subscription is gone (simulated)")
        wait_s = self.faults.limited_s(1)
        if wait_s:
            self.reached.refused["http 429"] += 1
            return Response(429, headers=(("Retry-After", str(math.ceil(wait_s))),))
        message = opened(request.body, browser_of(user))
        if not message:
            self.reached.refused["cannot be opened"] += 1
            return Response(400, b"the browser cannot open it (simulated)")
        self.last = message
        self.reached.accept([user], request.headers.get("topic", ""))
        return Response(201, headers=(("Location", f"{self._origin}/message/simulated-{self.reached.accepted}"),))

    def wrong(self, fault: Fault) -> Response:
        """Answer one request with a fault."""
        self.reached.request()
        self.reached.refused[fault.value] += 1
        if fault is Fault.UNREADABLE:
            return Response(502, b"\x00<html>simulated garbage", headers=(("Retry-After", "simulated garbage"),))
        return Response(503 if fault is Fault.UNAVAILABLE else 500, b"simulated")

    def _extra(self, path: str) -> Response:
        """Answer a request under `/simulated/`, which a real service has not."""
        parts = urlsplit(path)
        if parts.path == "/simulated/last":
            return Response(200, self.last)
        users = parse_qs(parts.query).get("users", [""])[0].split(",")
        if parts.path != "/simulated/subscriptions" or not all(USER.fullmatch(user) for user in users):
            return Response(404, b"simulated: no such path")
        subscriptions = [msgspec.Raw(subscription(self._origin, user).encode()) for user in users]
        return Response(200, msgspec.json.encode(subscriptions), headers=(("Content-Type", "application/json"),))

    def _refusal(self, request: Request, user: str) -> tuple[int, str] | None:
        if request.method != "POST":
            return 405, "method"
        if not request.path.startswith(PREFIX) or not USER.fullmatch(user):
            return 404, "no such subscription"
        refusal = self._untrusted(request.headers.get("authorization", "")) or _bad_request(request)
        return (403, "made for another key") if refusal is None and self._foreign.is_invalid(user) else refusal

    def _untrusted(self, authorization: str) -> tuple[int, str] | None:
        if self._trusted.get(authorization, 0.0) > time.time():
            return None
        vapid = VAPID.fullmatch(authorization)
        if vapid is None:
            return 401, "no vapid"
        token, public = vapid.groups()
        if public != self._public:
            return 403, "another key"
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=["ES256"],
                audience=self._origin,
                options={"require": ["exp", "aud", "sub"]},
            )
        except jwt.InvalidTokenError as error:
            return 403, f"signature: {type(error).__name__}"
        if claims["exp"] > time.time() + SIGNED_MAX_S:
            return 403, "signed for more than a day"
        if not claims["sub"].startswith(("mailto:", "https:")):
            return 403, "subject"
        self._trusted[authorization] = float(claims["exp"])
        return None


def _bad_request(request: Request) -> tuple[int, str] | None:
    headers: Mapping[str, str] = request.headers
    topic = headers.get("topic")
    wanted: list[tuple[bool, int, str]] = [
        (headers.get("ttl", "").isdigit(), 400, "ttl"),
        (topic is None or TOPIC.fullmatch(topic) is not None, 400, "topic"),
        (headers.get("urgency", "normal") in URGENCIES, 400, "urgency"),
        (headers.get("content-encoding") == "aes128gcm", 415, "content-encoding"),
        (len(request.body) <= SEALED_BYTES, 413, "too large"),
    ]
    return next(((status, reason) for holds, status, reason in wanted if not holds), None)


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _base64url(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
