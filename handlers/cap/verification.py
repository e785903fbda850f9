"""Says what of a parsed message one of an authority's certificates signed.

A certificate is pinned by being given here; who issued it does not matter. VERIFIED comes with the tree that the
verifier read out of the very bytes that were signed, and nothing else of the document. What signxml would let pass is
refused before it: other forms than one enveloped signature over the whole document, weak keys, odd transforms.
A document that is not verified is tried with as many certificates whichever authority it names. Bounded: `PINS_MAX`
certificates; the document.
"""

from __future__ import annotations

import base64
import binascii
from enum import Enum
from typing import TYPE_CHECKING

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from handlers.cap.document import parse
from handlers.cap.model import SIGNATURE_NAMESPACE
from handlers.cap.stand_ins import stand_in
from push.alerts.watch.warnings import NOT_SIGNED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

PINS_MAX = 8
"""Of an authority that have not expired, and tries of one document: each takes about a millisecond."""

RSA_BITS_MIN = 2048
CURVES = frozenset({"secp256r1", "secp384r1", "secp521r1"})
METHODS = frozenset(
    {
        SignatureMethod.RSA_SHA256,
        SignatureMethod.RSA_SHA384,
        SignatureMethod.RSA_SHA512,
        SignatureMethod.SHA256_RSA_MGF1,
        SignatureMethod.SHA384_RSA_MGF1,
        SignatureMethod.SHA512_RSA_MGF1,
        SignatureMethod.ECDSA_SHA256,
        SignatureMethod.ECDSA_SHA384,
        SignatureMethod.ECDSA_SHA512,
    }
)
DIGESTS = frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512})
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
CANONICAL = frozenset(
    {
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/2006/12/xml-c14n11",
        "http://www.w3.org/2001/10/xml-exc-c14n#",
    }
)
"""Canonical forms without comments: comments are not read, so they must not be signed."""

_DS = {"ds": SIGNATURE_NAMESPACE}


class SignatureStatus(Enum):
    """What became of a signature."""

    VERIFIED = "verified"
    UNSIGNED = "unsigned"
    UNVERIFIABLE = "unverifiable"


class Why(Enum):
    """Why a signature is not believed."""

    TAMPERED = "the document or its signature was changed, or another key signed it"
    NOT_PINNED = "its certificate is none of the authority's"
    NOT_YET_VALID = "its certificate is not valid yet"
    EXPIRED = "its certificate has expired"
    ALGORITHM = "its algorithm is not accepted: RSA or ECDSA with SHA-256, SHA-384 or SHA-512 is"
    WEAK_KEY = "its key is too weak: RSA of 2048 bits or a NIST curve is needed"
    WRAPPING = "it is not one enveloped signature over the whole document at its end"
    MALFORMED = "it is not a well-formed XML signature"


OF_CERTIFICATES = (Why.TAMPERED, Why.NOT_PINNED, Why.NOT_YET_VALID, Why.EXPIRED, Why.WEAK_KEY)
"""What is found out only by holding a document against the certificates of an authority."""

AMONG_THESE = f"one of these: {'; or '.join(why.value for why in OF_CERTIFICATES)}"


class Signature(msgspec.Struct, frozen=True):
    """A signature's status, with the SHA-256 fingerprint of the certificate that VERIFIED stands on, or why not."""

    signature_status: SignatureStatus
    why: Why | None = None
    fingerprint: str | None = None

    @property
    def unverified_reason(self) -> str | None:
        """Why it is not believed, in words; None where it is."""
        if self.signature_status is SignatureStatus.VERIFIED:
            return None
        return NOT_SIGNED if self.why is None else self.why.value

    @property
    def public_reason(self) -> str | None:
        """Why it is not believed, as its sender may know: nothing of which certificates an authority has."""
        return AMONG_THESE if self.why in OF_CERTIFICATES else self.unverified_reason


UNSIGNED = Signature(SignatureStatus.UNSIGNED)


def read_pins(pems: Iterable[bytes]) -> tuple[x509.Certificate, ...]:
    """Read an authority's certificates (PEM); ValueError when one is none, or there are too many."""
    pins = tuple(certificate for pem in pems for certificate in x509.load_pem_x509_certificates(pem))
    if len(pins) > PINS_MAX:
        raise ValueError(f"more than {PINS_MAX} certificates")
    return pins


def pinned(pems: Iterable[str]) -> tuple[x509.Certificate, ...]:
    """Read the certificates of an authority as they are stored, at most `PINS_MAX`; one that is none is left out."""
    found: list[x509.Certificate] = []
    for pem in pems:
        try:
            found.append(x509.load_pem_x509_certificate(pem.encode()))
        except ValueError:
            continue
    return tuple(found[:PINS_MAX])


def verify(root: etree._Element, pins: Sequence[x509.Certificate], now: datetime) -> tuple[Signature, etree._Element]:
    """Return the signature's status and the tree to read: what was signed where it is VERIFIED, else all of it."""
    found = root.findall(".//ds:Signature", _DS)
    if not found:
        return UNSIGNED, root
    why = _misplaced(root, found) or _unacceptable(found[0])
    if why is not None:
        return Signature(SignatureStatus.UNVERIFIABLE, why), root
    candidates, tries = _candidates(found[0], pins)
    for key_info in found[0].findall("ds:KeyInfo", _DS):
        # It is not signed, and only a pinned key counts: so nothing else in it has to be read.
        found[0].remove(key_info)
    why = Why.NOT_PINNED
    for certificate in candidates:
        outcome, unfit = _signed(root, certificate, now), _unfit(certificate, now)
        if unfit is None and not isinstance(outcome, Why):
            return Signature(SignatureStatus.VERIFIED, fingerprint=fingerprint(certificate)), outcome
        why = _worst(outcome, unfit)
    has_rsa = "rsa" in (_algorithm(found[0], "ds:SignedInfo/ds:SignatureMethod") or "").lower()
    for _ in range(tries - len(candidates)):
        outcome = _signed(root, stand_in(has_rsa=has_rsa), now)
        why = Why.MALFORMED if outcome is Why.MALFORMED else why
    return Signature(SignatureStatus.UNVERIFIABLE, why), root


def _worst(outcome: etree._Element | Why, unfit: Why | None) -> Why:
    """Return why a certificate did not verify: that a signature is none can be seen without any certificate."""
    if outcome is Why.MALFORMED or unfit is None:
        return outcome if isinstance(outcome, Why) else Why.TAMPERED
    return unfit


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate, as hexadecimal digits."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def weak(key: object) -> bool:
    """Tell whether a public key is none that is accepted."""
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size < RSA_BITS_MIN
    return not (isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in CURVES)


def _misplaced(root: etree._Element, found: list[etree._Element]) -> Why | None:
    """Refuse what signature wrapping needs: a second signature, another place, an object, another target."""
    signature = found[0]
    if len(found) != 1 or signature.getparent() is not root or signature.getnext() is not None:
        return Why.WRAPPING
    targets = signature.findall("ds:SignedInfo/ds:Reference", _DS)
    if signature.find("ds:Object", _DS) is not None or len(targets) != 1 or targets[0].get("URI") != "":
        return Why.WRAPPING
    return None


def _unacceptable(signature: etree._Element) -> Why | None:
    """Refuse transforms other than enveloped and canonical ones, and algorithms that are not on the lists."""
    transforms = signature.findall("ds:SignedInfo/ds:Reference/ds:Transforms/ds:Transform", _DS)
    names = [transform.get("Algorithm") for transform in transforms]
    if names[:1] != [ENVELOPED] or len(names) > 2 or any(len(transform) for transform in transforms):  # noqa: PLR2004
        return Why.WRAPPING
    if any(name not in CANONICAL for name in names[1:]):
        return Why.WRAPPING
    for path in ("ds:SignatureValue", "ds:SignedInfo/ds:Reference/ds:DigestValue"):
        if not _bytes(signature.findtext(path, "", _DS)):
            return Why.MALFORMED
    form = _algorithm(signature, "ds:SignedInfo/ds:CanonicalizationMethod")
    method = _algorithm(signature, "ds:SignedInfo/ds:SignatureMethod")
    digest = _algorithm(signature, "ds:SignedInfo/ds:Reference/ds:DigestMethod")
    if form is None or method is None or digest is None:
        return Why.MALFORMED
    if form not in CANONICAL or method not in {known.value for known in METHODS}:
        return Why.ALGORITHM
    return None if digest in {known.value for known in DIGESTS} else Why.ALGORITHM


def _algorithm(signature: etree._Element, path: str) -> str | None:
    element = signature.find(path, _DS)
    return None if element is None else element.get("Algorithm")


def _candidates(signature: etree._Element, pins: Sequence[x509.Certificate]) -> tuple[list[x509.Certificate], int]:
    """Return the pinned certificate that the signature names, or all where it names none, and how many to try."""
    named = signature.findall("ds:KeyInfo/ds:X509Data/ds:X509Certificate", _DS)
    if not named:
        return list(pins[:PINS_MAX]), PINS_MAX
    carried = {_bytes("".join(element.itertext())) for element in named}
    tries = min(len(carried), PINS_MAX)
    return [pin for pin in pins if pin.public_bytes(Encoding.DER) in carried][:tries], tries


def _bytes(text: str) -> bytes:
    """Decode base64; what is none is empty."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _unfit(certificate: x509.Certificate, now: datetime) -> Why | None:
    if now < certificate.not_valid_before_utc:
        return Why.NOT_YET_VALID
    if now > certificate.not_valid_after_utc:
        return Why.EXPIRED
    return Why.WEAK_KEY if weak(certificate.public_key()) else None


def _signed(root: etree._Element, certificate: x509.Certificate, now: datetime) -> etree._Element | Why:
    """Return the tree that the certificate's key signed."""
    expected = SignatureConfiguration(
        location="./",
        expect_references=1,
        signature_methods=METHODS,
        digest_algorithms=DIGESTS,
        verification_time=now,
    )
    try:
        result = XMLVerifier().verify(root, x509_cert=certificate, expect_config=expected)
    except (etree.DocumentInvalid, binascii.Error):
        return Why.MALFORMED
    except (SignXMLException, ValueError):
        # Another key, another digest, or a kind of signature that is not the key's.
        return Why.TAMPERED
    except Exception:  # noqa: BLE001 - a library reads what strangers wrote: whatever it meets there is no bug of ours
        return Why.MALFORMED
    if not isinstance(result, VerifyResult):
        return Why.WRAPPING
    signed = parse(result.signed_data)
    if isinstance(signed, list):
        return Why.MALFORMED
    return Why.WRAPPING if signed.find(".//ds:Signature", _DS) is not None else signed
