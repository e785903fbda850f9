"""Verifies the signatures of webhooks, and encrypts the secrets behind them.

Standard Webhooks 1.0 through its published library; secrets at rest are Fernet tokens (AES-128-CBC with HMAC).
A request that is not signed is tried with `SECRETS_MAX` secrets, whoever it names as its authority: where there are
fewer, with secrets that nobody has. Bounded: `SECRETS_MAX` secrets are tried, `SIGNATURES_MAX` signatures read.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from datetime import UTC, datetime
from itertools import repeat
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from standardwebhooks import Webhook

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SECRET_BYTES = 32
SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix that Standard Webhooks gives to secrets
SECRETS_MAX = 16
"""Of an authority that verify at one time: it may rotate twice a day. All of them are tried within a millisecond."""

SIGNATURES_MAX = 10
SIGNATURE_HEADER_MAX = 2048
WEBHOOK_ID_MAX = 256
STAMP_DIGITS_MAX = 16
TOLERANCE_S = 300
"""Of a timestamp, as Standard Webhooks has it."""

DIGEST_BYTES = 32
"""Of SHA-256."""


def read_keys(keys: str) -> MultiFernet:
    """Read encryption keys, separated by commas, the first of which encrypts; ValueError when one is no key."""
    try:
        return MultiFernet([Fernet(key.strip()) for key in keys.split(",")])
    except (ValueError, binascii.Error) as error:
        raise ValueError("not an encryption key") from error


def new_secret() -> str:
    """Return a new webhook secret, `whsec_...`."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


class Vault:
    """Encrypts webhook secrets at rest."""

    def __init__(self, keys: str) -> None:
        self._fernet = read_keys(keys)
        self._nobodys = new_secret()
        self._stand_in = self.seal(self._nobodys)

    def seal(self, secret: str) -> bytes:
        """Encrypt a secret."""
        return self._fernet.encrypt(secret.encode())

    def padded(self, ciphertexts: Sequence[bytes]) -> list[str]:
        """Decrypt secrets, with one that nobody has in the place of each that is missing or cannot be opened."""
        missing = SECRETS_MAX - len(ciphertexts)
        opened = self.open([*ciphertexts, *repeat(self._stand_in, missing)])
        return [*opened, *repeat(self._nobodys, SECRETS_MAX - len(opened))]

    def open(self, ciphertexts: Iterable[bytes]) -> list[str]:
        """Decrypt secrets; one that no key opens is left out."""
        opened: list[str] = []
        for ciphertext in ciphertexts:
            try:
                opened.append(self._fernet.decrypt(ciphertext).decode())
            except InvalidToken:
                continue
        return opened


def may_be_signed(headers: Mapping[str, str], now: datetime) -> bool:
    """Tell whether a request has the headers of one that is signed, before its body is read; `now`: by the record."""
    stamp, signature = headers.get("webhook-timestamp", ""), headers.get("webhook-signature", "")
    if not 0 < len(headers.get("webhook-id", "")) <= WEBHOOK_ID_MAX or len(signature) > SIGNATURE_HEADER_MAX:
        return False
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < STAMP_DIGITS_MAX):
        return False
    return abs(int(stamp) - now.timestamp()) <= TOLERANCE_S and bool(_digests(signature))


def is_signed(secrets_standing: Iterable[str], headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Tell whether one of the secrets signed this request within five minutes of `now`, which is the record's."""
    if not may_be_signed(headers, now):
        return False
    digests = _digests(headers["webhook-signature"])
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return False
    stamp = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    for secret in secrets_standing:
        [expected] = _digests(Webhook(secret).sign(headers["webhook-id"], stamp, text))
        if any(hmac.compare_digest(expected, digest) for digest in digests):
            return True
    return False


def _digests(signature: str) -> list[bytes]:
    """Return the digests of the versions of signatures that we know, of the first `SIGNATURES_MAX`."""
    digests: list[bytes] = []
    for one in signature.split(" ", SIGNATURES_MAX)[:SIGNATURES_MAX]:
        version, _, encoded = one.partition(",")
        if version != "v1":
            continue
        try:
            digest = base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error):
            continue
        if len(digest) == DIGEST_BYTES:
            digests.append(digest)
    return digests
