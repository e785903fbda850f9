"""Web Push cryptography: seals a text for a subscription, and signs for its push service.

RFC 8291 (over RFC 8188, one record) and RFC 8292, on the primitives of `cryptography` and PyJWT: of the libraries that
do it, http-ece has not been released for over two years, and is asked in the tests whether it can read what is written
here. Bounded: `PLAINTEXT_BYTES` a message, `ORIGINS_MAX` signatures kept.
"""

from __future__ import annotations

import os
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Final, NamedTuple

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from runtime.clock import record_s

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from push.transport.web_push.subscription import Subscription

SEALED_BYTES: Final = 4096
"""What every push service takes (RFC 8291 4)."""

SALT_BYTES, SIZE_BYTES, ID_BYTES, POINT_BYTES, TAG_BYTES, END_BYTES = 16, 4, 1, 65, 16, 1
PLAINTEXT_BYTES: Final = SEALED_BYTES - SALT_BYTES - SIZE_BYTES - ID_BYTES - POINT_BYTES - TAG_BYTES - END_BYTES
LAST_RECORD: Final = b"\x02"
SECRET_BYTES, KEY_BYTES, NONCE_BYTES = 32, 16, 12

SIGNED_S: Final = 12 * 3600
"""How long a signature is good: RFC 8292 allows a day, and clocks differ."""

RENEW_S: Final = 6 * 3600
ORIGINS_MAX: Final = 256
"""Push services have a handful of origins; made-up names below one of them cost no more memory than this."""

CURVE_WANTED: Final = "the VAPID key must be of the curve P-256"


def seal(
    plaintext: bytes,
    to: Subscription,
    *,
    private: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """Return the body that only the subscription's browser can read; a new key pair and salt unless given."""
    private = private or ec.generate_private_key(ec.SECP256R1())
    salt = salt or os.urandom(SALT_BYTES)
    ours = point_of(private.public_key())
    shared = private.exchange(ec.ECDH(), to.key)
    secret = _derived(shared, to.auth, b"WebPush: info\0" + to.point + ours, SECRET_BYTES)
    key = _derived(secret, salt, b"Content-Encoding: aes128gcm\0", KEY_BYTES)
    nonce = _derived(secret, salt, b"Content-Encoding: nonce\0", NONCE_BYTES)
    record = AESGCM(key).encrypt(nonce, plaintext + LAST_RECORD, None)
    return salt + SEALED_BYTES.to_bytes(SIZE_BYTES, "big") + len(ours).to_bytes(ID_BYTES, "big") + ours + record


def _derived(material: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(material)


def point_of(key: ec.EllipticCurvePublicKey) -> bytes:
    """Return a public key as Web Push writes it: an uncompressed point."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def unpadded(content: bytes) -> str:
    """Return base64url without padding, as Web Push writes all bytes."""
    return urlsafe_b64encode(content).rstrip(b"=").decode()


class Signed(NamedTuple):
    """Our signature for one origin, as a header, and when it was made."""

    header: str
    made_s: float


class Signatures:
    """Who we are to a push service (VAPID): one signature an origin, the same until it is to be renewed."""

    def __init__(self, key_file: Path, subject: str, now_s: Callable[[], float] = record_s) -> None:
        key = load_pem_private_key(key_file.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            raise ValueError(CURVE_WANTED)  # noqa: TRY004 - a bad file, not a bad argument
        self._key = key
        self._public = unpadded(point_of(key.public_key()))
        self._subject = subject
        self._now_s = now_s
        self._signed: dict[str, Signed] = {}
        self._proven: set[str] = set()

    def header(self, origin: str) -> str:
        """Return the Authorization header for a push service's origin."""
        now_s = self._now_s()
        signed = self._signed.get(origin)
        if signed is None or not 0 <= now_s - signed.made_s < RENEW_S:
            claims = {"aud": origin, "exp": int(now_s) + SIGNED_S, "sub": self._subject}
            token = jwt.encode(claims, self._key, algorithm="ES256")
            signed = Signed(f"vapid t={token}, k={self._public}", now_s)
            self._signed.pop(origin, None)
            self._proven.discard(origin)
            self._signed[origin] = signed
            if len(self._signed) > ORIGINS_MAX:
                oldest = next(iter(self._signed))
                del self._signed[oldest]
                self._proven.discard(oldest)
        return signed.header

    def prove(self, origin: str) -> None:
        """Note that a push service has accepted our present signature."""
        if origin in self._signed:
            self._proven.add(origin)

    def is_proven(self, origin: str) -> bool:
        """Tell whether it has: then it is not our signature that it refuses."""
        return origin in self._proven
