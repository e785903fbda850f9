"""Makes and reads the private keys with which requests to SIMULATED providers are signed.

A provider needs only the public key. Bounded: one key a file. Errors: a file that holds no key raises ValueError.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

RSA_BITS: Final = 2048


def private_pem(key: PrivateKeyTypes) -> bytes:
    """Return a private key as PEM, without a password."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_pem(private: bytes) -> str:
    """Return the public key (PEM) of a private key (PEM)."""
    key = serialization.load_pem_private_key(private, password=None).public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def service_account_key(file: Path, account: Mapping[str, str]) -> str:
    """Return the public key (PEM) of a service account's JSON file; makes the file of `account` when it is missing."""
    if not file.exists():
        key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_private(file, msgspec.json.encode({**account, "private_key": private_pem(key).decode()}))
    return public_pem(msgspec.json.decode(file.read_bytes())["private_key"].encode())


def write_private(file: Path, content: bytes) -> None:
    """Write a file that only its owner can read."""
    file.touch(mode=0o600)
    file.write_bytes(content)
