"""Makes a self-signed certificate for localhost, valid for `DAYS`."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from server.simulators.key_files import private_pem, write_private

if TYPE_CHECKING:
    from pathlib import Path

DAYS: Final = 7
COMMON_NAME_MAX: Final = 64


def context_in(folder: Path, protocols: list[str]) -> ssl.SSLContext:
    """Write a new certificate into `folder` and return the server's context, which offers `protocols`."""
    key = ec.generate_private_key(ec.SECP256R1())
    serial = x509.random_serial_number()
    # Each certificate has its own name, because a client that trusts several finds the right one by name.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"simulated push provider {serial:x}"[:COMMON_NAME_MAX])])
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    key_file = folder / "key.pem"
    write_private(key_file, private_pem(key))
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "cert.pem", key_file)
    context.set_alpn_protocols(protocols)
    return context
