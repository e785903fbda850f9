"""Verifies the signatures of webhooks, and encrypts the secrets behind them.

Standard Webhooks 1.0 through its published library; secrets at rest are Fernet tokens (AES-128-CBC with HMAC).
A request that is not signed is tried with `SECRETS_MAX` secrets, whoever it names as its authority: where there are
fewer, with secrets that nobody has. Bounded: `SECRETS_MAX` secrets are tried, `SIGNATURES_MAX` signatures read.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from itertools import repeat
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from standardwebhooks import Webhook, WebhookVerificationError

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


def may_be_signed(headers: Mapping[str, str], now_s: float) -> bool:
    """Tell whether a request has the headers of one that is signed, before its body is read; `now_s`: the time."""
    stamp, signature = headers.get("webhook-timestamp", ""), headers.get("webhook-signature", "")
    if not 0 < len(headers.get("webhook-id", "")) <= WEBHOOK_ID_MAX or len(signature) > SIGNATURE_HEADER_MAX:
        return False
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < STAMP_DIGITS_MAX):
        return False
    return abs(int(stamp) - now_s) <= TOLERANCE_S and any(_is_digest(one) for one in signature.split(" "))


def _is_digest(signature: str) -> bool:
    version, _, digest = signature.partition(",")
    try:
        return version == "v1" and len(base64.b64decode(digest, validate=True)) == DIGEST_BYTES
    except (ValueError, binascii.Error):
        return False


def is_signed(secrets_standing: Iterable[str], headers: Mapping[str, str], body: bytes) -> bool:
    """Tell whether one of the secrets signed this request, and its timestamp is within five minutes."""
    signature = headers.get("webhook-signature", "")
    webhook_id = headers.get("webhook-id", "")
    if len(signature) > SIGNATURE_HEADER_MAX or len(signature.split(" ")) > SIGNATURES_MAX:
        return False
    if not webhook_id or len(webhook_id) > WEBHOOK_ID_MAX:
        return False
    wanted = {
        "webhook-id": webhook_id,
        "webhook-timestamp": headers.get("webhook-timestamp", ""),
        "webhook-signature": signature,
    }
    return any(_verifies(secret, wanted, body) for secret in secrets_standing)


def _verifies(secret: str, headers: dict[str, str], body: bytes) -> bool:
    try:
        Webhook(secret).verify(body, headers, json_parse=False)
    except (WebhookVerificationError, ValueError):
        # The library raises ValueError for signatures and bodies that are not well formed.
        return False
    return True
