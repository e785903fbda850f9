"""TLS: with a certificate the server speaks only TLS; with a client CA it serves only clients with its certificates."""

from __future__ import annotations

import ipaddress
import json
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.processes.processes import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.processes.deployment import Deployment

Key = ec.EllipticCurvePrivateKey

ANSWER = (200, "max-age=31536000")


def issued(name: str, issuer: tuple[x509.Certificate, Key] | None = None) -> tuple[x509.Certificate, Key]:
    """Return a certificate for 127.0.0.1, issued by `issuer`, or a CA without one."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer[0].subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
    )
    return built.sign(key if issuer is None else issuer[1], hashes.SHA256()), key


def written(folder: Path, name: str, pair: tuple[x509.Certificate, Key]) -> tuple[Path, Path]:
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(pair[0].public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        pair[1].private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return certificate, key


async def _health(url: str, ca: Path, client: tuple[Path, Path] | None = None) -> tuple[int, str | None]:
    context = ssl.create_default_context(cafile=ca)
    if client is not None:
        context.load_cert_chain(*client)
    connector = aiohttp.TCPConnector(ssl=context)
    async with aiohttp.ClientSession(connector=connector) as session, session.get(f"{url}/health") as response:
        return response.status, response.headers.get("Strict-Transport-Security")


async def test_tls_serves_trusting_clients_and_may_require_theirissued(deployment: Deployment, tmp_path: Path) -> None:
    """Plain HTTP is refused, with a hint for browsers; with `client_ca` only certificates of that CA get an answer.

    These certificates expire within the hour, which raises an alarm.
    """
    ca, police, stranger = issued("ca"), issued("police ca"), issued("stranger ca")
    ca_file, _ = written(tmp_path, "ca", ca)
    certificate, key = written(tmp_path, "server", issued("127.0.0.1", ca))
    client_ca, _ = written(tmp_path, "police-ca", police)
    env = {"QQ_ALERT_TLS__CERTIFICATE": str(certificate), "QQ_ALERT_TLS__KEY": str(key)}
    server = await deployment.server(**env)
    assert server.url.startswith("https://")
    assert await _health(server.url, ca_file) == ANSWER
    with pytest.raises(aiohttp.ClientError):
        await _health(server.url.replace("https", "http"), ca_file)
    server.end()
    server = await deployment.server(**env, QQ_ALERT_TLS__CLIENT_CA=str(client_ca))
    officer = written(tmp_path, "officer", issued("officer", police))
    impostor = written(tmp_path, "impostor", issued("officer", stranger))
    assert await _health(server.url, ca_file, officer) == ANSWER
    for client in (None, impostor):
        with pytest.raises((aiohttp.ClientError, ssl.SSLError, ConnectionError)):
            await _health(server.url, ca_file, client)

    async def both_alarmed() -> bool:
        events = [json.loads(line) for line in deployment.log.read_text(encoding="utf-8").splitlines()]
        about = {event["about"].split(" (")[0] for event in events if event.get("kind") == "expires_soon"}
        return about == {"[tls] certificate", "[tls] client_ca"}

    await until(both_alarmed)
