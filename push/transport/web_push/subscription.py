"""Web Push subscriptions: reads from a device token where its messages go and how they are sealed.

A token is the subscription as browsers print it, `JSON.stringify(subscription)`:
`{"endpoint":"https://…","expirationTime":null,"keys":{"p256dh":"…","auth":"…"}}` in one line without spaces.
It comes from outside, and its endpoint is a URL that we would call: whatever is not plainly a push service that the
settings name is no subscription. Bounded: `TOKEN_MAX` of a report, one endpoint a token.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from runtime.decoding import DECODE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Sequence

POINT_BYTES: Final = 65
"""An uncompressed point of P-256, which is what RFC 8291 3.2 has a subscription give as its key."""

AUTH_BYTES: Final = 16
BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]+={0,2}")
"""Python's own decoder skips what does not belong, and so would take many texts for one key."""

PRINTED: Final = re.compile("[!-~]+")

HOST: Final = r"(?:[a-z0-9-]+\.)*[a-z0-9-]+"
ENDPOINT: Final = re.compile(rf"https://({HOST}(?::[0-9]{{1,5}})?)/[A-Za-z0-9/._~%!$&'()*+,;=:@?-]*")
"""Narrower than any URL parser, so that none reads another host in it: no user, no backslash, no fragment."""


class Subscription(NamedTuple):
    """One subscription: `service` is the configured host that it belongs to, `origin` the audience of our signature."""

    endpoint: str
    origin: str
    service: str
    point: bytes
    key: ec.EllipticCurvePublicKey
    auth: bytes


class _Keys(msgspec.Struct):
    p256dh: str
    auth: str


class _Token(msgspec.Struct):
    """What a browser prints; `expirationTime` and what browsers may add are not needed."""

    endpoint: str
    keys: _Keys


_TOKEN = msgspec.json.Decoder(_Token)


def read_token(text: str) -> str | None:
    """Return a subscription as a token, also one that a program wrote with spaces; None for what is none.

    Whether its service is one of the lane's, and its key a point of the curve, is seen when it is sent to.
    """
    try:
        read = _TOKEN.decode(text)
        lengths = len(_bytes(read.keys.p256dh)), len(_bytes(read.keys.auth))
    except DECODE_ERRORS:
        return None
    if lengths != (POINT_BYTES, AUTH_BYTES) or ENDPOINT.fullmatch(read.endpoint) is None:
        return None
    token = text.strip()
    return token if PRINTED.fullmatch(token) else msgspec.json.encode(read).decode()


def read_subscription(token: bytes, hosts: Sequence[str]) -> Subscription | None:
    """Read a token, None when it is malformed or of no push service of `hosts`."""
    try:
        read = _TOKEN.decode(token)
        point, auth = _bytes(read.keys.p256dh), _bytes(read.keys.auth)
        if len(point) != POINT_BYTES or len(auth) != AUTH_BYTES:
            return None
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except DECODE_ERRORS:
        return None
    endpoint = ENDPOINT.fullmatch(read.endpoint)
    if endpoint is None:
        return None
    authority = endpoint.group(1)
    service = service_of(authority, hosts)
    if service is None:
        return None
    return Subscription(read.endpoint, f"https://{authority}", service, point, key, auth)


def service_of(authority: str, hosts: Sequence[str]) -> str | None:
    """Return which of `hosts` an endpoint's host is, or is below of; a port only where `hosts` has the same one."""
    return next((host for host in hosts if authority == host or authority.endswith(f".{host}")), None)


def _bytes(text: str) -> bytes:
    """Read base64url, padded or not; ValueError for anything else."""
    if BASE64URL.fullmatch(text) is None:
        raise ValueError("not base64url")
    stripped = text.rstrip("=")
    return urlsafe_b64decode(stripped + "=" * (-len(stripped) % 4))
