"""Signs our messages as CAP 1.2 documents, with our key and certificate.

One enveloped XML signature over the whole document, with SHA-256, by signxml; the certificate goes along, so that a
reader can look it up among those that it trusts. Bounded by the message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from signxml.algorithms import (
    CanonicalizationMethod,
    DigestAlgorithm,
    SignatureConstructionMethod,
    SignatureMethod,
)
from signxml.signer import XMLSigner

from handlers.cap.verification import weak
from handlers.cap.writing import serialized, tree_of

if TYPE_CHECKING:
    from datetime import datetime

    from handlers.cap.model import Message


class Signer:
    """Signs messages with one key."""

    def __init__(self, key_pem: bytes, certificate_pem: bytes) -> None:
        """Read an unencrypted key and its certificate; ValueError when they cannot be used together."""
        key = load_pem_private_key(key_pem, password=None)
        self.certificate = x509.load_pem_x509_certificate(certificate_pem)
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) or weak(key.public_key()):
            raise ValueError("not an RSA key of 2048 bits or more, nor one of a NIST curve")
        written = [
            public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            for public in (key.public_key(), self.certificate.public_key())
        ]
        if written[0] != written[1]:
            raise ValueError("the certificate is not that of the key")
        self._key = key

    @property
    def not_after(self) -> datetime:
        """When the certificate ends: an alarm is due well before."""
        return self.certificate.not_valid_after_utc

    def signed(self, message: Message) -> bytes:
        """Return the signed document of a message, UTF-8."""
        by_rsa = isinstance(self._key, rsa.RSAPrivateKey)
        signer = XMLSigner(
            method=SignatureConstructionMethod.enveloped,
            signature_algorithm=SignatureMethod.RSA_SHA256 if by_rsa else SignatureMethod.ECDSA_SHA256,
            digest_algorithm=DigestAlgorithm.SHA256,
            c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        )
        return serialized(signer.sign(tree_of(message), key=self._key, cert=[self.certificate]))
