"""Documents and certificates for CAP tests: a valid document, variants of it, and keys to sign with.

The valid document is ours. It has the elements and codes of the AMBER alert in appendix A of the standard (two
languages, category Rescue, SAME code CAE), but the area of a city in China. Bounded: a few kilobytes each.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.signer import XMLSigner

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

NOW = datetime(2026, 5, 25, 1, 0, tzinfo=UTC)
CAP = "urn:oasis:names:tc:emergency:cap:1.2"

AREA = """<area><areaDesc>罗湖</areaDesc><polygon>22.5,114.1 22.5,114.2 22.6,114.2 22.6,114.1 22.5,114.1</polygon>
<circle>22.55,114.12 30</circle><geocode><valueName>adcode</valueName><value>440300</value></geocode></area>"""

INFO = """<info><language>{language}</language><category>Rescue</category><event>{event}</event>
<responseType>Monitor</responseType><urgency>Immediate</urgency><severity>Severe</severity><certainty>Likely</certainty>
<eventCode><valueName>SAME</valueName><value>CAE</value></eventCode><expires>2026-05-26T08:30:00+08:00</expires>
<senderName>深圳警方</senderName><headline>{headline}</headline><description>{description}</description>
<contact>0755-110</contact><parameter><valueName>qq-alert:childName</valueName><value>{name}</value></parameter>
<parameter><valueName>qq-alert:childAge</valueName><value>6</value></parameter>
<resource><resourceDesc>photo</resourceDesc><mimeType>image/jpeg</mimeType><uri>https://police.example/1.jpg</uri></resource>
{area}</info>"""

CHINESE = INFO.format(
    language="zh-CN", event="儿童失踪", headline="寻找小明", description="红色外套", name="小明", area=AREA
)
ENGLISH = INFO.format(
    language="en-US",
    event="Child missing",
    headline="Ming is missing",
    description="A red coat",
    name="Ming",
    area=AREA,
)
GOOD = f"""<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="{CAP}"><identifier>SZ-2026-0525-1</identifier><sender>alerts@police.example</sender>
<sent>2026-05-25T08:30:00+08:00</sent><status>Actual</status><msgType>Alert</msgType><source>SZ</source>
<scope>Public</scope>{CHINESE}{ENGLISH}</alert>"""

AMBER = f"""<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="{CAP}"><identifier>EX-0306112239-SW</identifier><sender>desk@state.example</sender>
<sent>2026-05-24T17:39:00-07:00</sent><status>Actual</status><msgType>Alert</msgType><source>SW</source>
<scope>Public</scope>
<info><language>en-US</language><category>Rescue</category><event>Child Abduction</event><urgency>Immediate</urgency>
<severity>Severe</severity><certainty>Likely</certainty>
<eventCode><valueName>SAME</valueName><value>CAE</value></eventCode><senderName>City police</senderName>
<headline>A boy was taken</headline><description>A man in a blue car took a boy of two years.</description>
<contact>Missing persons desk, 555-0100</contact><area><areaDesc>The county</areaDesc>
<geocode><valueName>SAME</valueName><value>006037</value></geocode></area></info>
<info><language>es-US</language><category>Rescue</category><event>Rapto de un menor</event><urgency>Immediate</urgency>
<severity>Severe</severity><certainty>Likely</certainty>
<eventCode><valueName>SAME</valueName><value>CAE</value></eventCode><senderName>Policía de la ciudad</senderName>
<headline>Se llevaron a un niño</headline><description>Un hombre en un coche azul se llevó a un niño.</description>
<contact>555-0100</contact><area><areaDesc>El condado</areaDesc>
<geocode><valueName>SAME</valueName><value>006037</value></geocode></area></info></alert>"""


def good(*changes: tuple[str, str], count: int = 1) -> bytes:
    """Return the valid document with texts replaced, each at its first `count` places (-1: all)."""
    text = GOOD
    for old, new in changes:
        assert old in text, f"not in the document: {old}"
        text = text.replace(old, new, count)
    return text.encode()


class Keys(msgspec.Struct, frozen=True):
    """A key with its certificate, both PEM."""

    key: bytes
    certificate: bytes


@cache
def keys(kind: str = "rsa", name: str = "police", days: int = 365) -> Keys:
    """Return a key and a certificate, valid from a year before NOW until `days` after it."""
    key: CertificateIssuerPrivateKeyTypes
    if kind == "ec":
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        key = rsa.generate_private_key(65537, 1024 if kind == "weak" else 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=365))
        .not_valid_after(NOW + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Keys(pem, certificate.public_bytes(Encoding.PEM))


@cache
def signed_document() -> bytes:
    """Return the valid document, signed by the key of an elliptic curve."""
    pair = keys("ec")
    signer = XMLSigner(signature_algorithm="ecdsa-sha256")
    return etree.tostring(signer.sign(etree.fromstring(GOOD.encode()), key=pair.key, cert=pair.certificate.decode()))
