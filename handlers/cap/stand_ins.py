"""Certificates that nobody has, for documents that name an authority without a certificate to hold them against.

So the time that a refusal takes says nothing of which authorities there are. What they verify is never believed.
Bounded: one of each kind of key, made at its first use.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

BITS: Final = 2048
EXPONENT: Final = 65_537
LASTS: Final = timedelta(days=36_500)


@cache
def stand_in(*, has_rsa: bool) -> x509.Certificate:
    """Return a certificate with an RSA key, whose other half does not exist, or with a key on a NIST curve."""
    key = ec.generate_private_key(ec.SECP256R1())
    modulus = secrets.randbits(BITS) | 1 << (BITS - 1) | 1
    public = rsa.RSAPublicNumbers(EXPONENT, modulus).public_key() if has_rsa else key.public_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nobody")])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LASTS)
        .sign(key, hashes.SHA256())
    )
