"""CAP signatures: only a document signed as a whole by a pinned, valid certificate is verified; only that is read."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner

from handlers.cap.signing import Signer
from handlers.cap.verification import Signature, SignatureStatus, Why, fingerprint, read_pins
from handlers.police.cap.reception import Received, receive
from tests.support.cap.documents import GOOD, NOW, Keys, good, keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography import x509

DS = "http://www.w3.org/2000/09/xmldsig#"
ENDED = -1


class _OldSigner(XMLSigner):
    """Signs with SHA-1, which is no longer safe."""

    def check_deprecated_methods(self) -> None:
        """Allow everything."""


def _pins(*pinned: Keys) -> tuple[x509.Certificate, ...]:
    return read_pins([key.certificate for key in pinned])


def _ours(key: Keys | None = None) -> bytes:
    """Sign the valid message as this server does."""
    received = receive(good(), (), NOW)
    assert isinstance(received, Received)
    key = key or keys()
    return Signer(key.key, key.certificate).signed(received.message)


def _theirs(key: Keys | None = None, signer: XMLSigner | None = None) -> bytes:
    """Sign the valid document as it is, with its line breaks."""
    key = key or keys()
    root = etree.fromstring(GOOD.encode())
    signed = (signer or XMLSigner()).sign(root, key=key.key, cert=key.certificate.decode())
    return etree.tostring(signed)


def _changed(change: Callable[[etree._Element, etree._Element], None]) -> bytes:
    """Return a signed document after a change to its root or signature."""
    root = etree.fromstring(_ours())
    signature = root.find(f"{{{DS}}}Signature")
    assert signature is not None
    change(root, signature)
    return etree.tostring(root)


def _at(signature: etree._Element, path: str) -> etree._Element:
    found = signature.find("/".join(f"{{{DS}}}{name}" for name in path.split("/")))
    assert found is not None
    return found


def _verdict(body: bytes, *pinned: Keys, after_days: int = 0) -> Signature:
    received = receive(body, _pins(*(pinned or (keys(),))), NOW + timedelta(days=after_days))
    assert isinstance(received, Received), received
    return received.signature


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_our_own_signatures_verify_with_our_certificate(kind: str) -> None:
    """RSA and a NIST curve; the result names the certificate, among several pinned ones."""
    key = keys(kind)
    signature_status = _verdict(_ours(key), keys(name="another"), key)
    assert signature_status == Signature(SignatureStatus.VERIFIED, fingerprint=fingerprint(_pins(key)[0]))


def test_a_document_signed_elsewhere_with_other_canonical_forms_verifies() -> None:
    """Pretty-printed, Canonical XML 1.0 and 1.1, SHA-512, without an embedded certificate."""
    assert _verdict(_theirs()).signature_status is SignatureStatus.VERIFIED
    other = XMLSigner(
        c14n_algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        signature_algorithm=SignatureMethod.RSA_SHA512,
        digest_algorithm=DigestAlgorithm.SHA512,
    )
    assert _verdict(_theirs(signer=other)).signature_status is SignatureStatus.VERIFIED
    bare = _changed(lambda _, signature: signature.remove(_at(signature, "KeyInfo")))
    assert _verdict(bare, keys(name="another"), keys()).signature_status is SignatureStatus.VERIFIED
    assert _verdict(bare, keys(name="another")).why is Why.TAMPERED


def test_an_unsigned_document_is_reported_as_unsigned() -> None:
    """It may be valid; the caller decides what it may do."""
    assert _verdict(good()) == Signature(SignatureStatus.UNSIGNED)


@pytest.mark.parametrize(
    "change",
    [("22.55,114.12 30", "22.55,114.12 300"), ("小明", "小红"), (">Actual<", ">Exercise<"), ("zh-CN", "zh-TW")],
)
def test_a_change_of_any_byte_that_matters_is_found(change: tuple[str, str]) -> None:
    """A wider circle, another child, another status, another language."""
    body = _ours().decode()
    assert change[0] in body
    assert _verdict(body.replace(*change, 1).encode()).why is Why.TAMPERED


def test_changed_digests_and_values_are_found() -> None:
    """A digest changed to fit the document does not fit the signature; a truncated value fits nothing."""

    def other_value(_: etree._Element, signature: etree._Element) -> None:
        _at(signature, "SignatureValue").text = base64.b64encode(b"x" * 256).decode()

    def other_digest(_: etree._Element, signature: etree._Element) -> None:
        _at(signature, "SignedInfo/Reference/DigestValue").text = base64.b64encode(b"x" * 32).decode()

    assert _verdict(_changed(other_value)).why is Why.TAMPERED
    assert _verdict(_changed(other_digest)).why is Why.TAMPERED


def test_only_the_pinned_certificate_itself_is_trusted() -> None:
    """Neither another one of the same name and key type, nor one embedded in the document."""
    assert _verdict(_ours(), keys(name="another")).why is Why.NOT_PINNED
    received = receive(_ours(), (), NOW)
    assert isinstance(received, Received)
    assert received.signature.why is Why.NOT_PINNED

    def foreign(_: etree._Element, signature: etree._Element) -> None:
        pem = keys(name="another").certificate.decode()
        _at(signature, "KeyInfo/X509Data/X509Certificate").text = "".join(pem.splitlines()[1:-1])

    assert _verdict(_changed(foreign), keys(), keys(name="another")).why is Why.TAMPERED


def test_a_certificate_counts_from_its_first_day_to_its_last() -> None:
    """At the moment that the caller gives, not at a clock's."""
    assert _verdict(_ours(), after_days=364).signature_status is SignatureStatus.VERIFIED
    assert _verdict(_ours(), after_days=366).why is Why.EXPIRED
    assert _verdict(_ours(), after_days=-366).why is Why.NOT_YET_VALID
    assert _verdict(_ours(keys(days=ENDED)), keys(days=ENDED)).why is Why.EXPIRED


def test_weak_keys_and_algorithms_are_refused() -> None:
    """RSA of 1024 bits, SHA-1 in the signature or the digest, and HMAC with the certificate as its key."""
    weak = keys("weak")
    assert _verdict(_theirs(weak), weak).why is Why.WEAK_KEY
    with pytest.raises(ValueError, match="2048"):
        Signer(weak.key, weak.certificate)
    by_sha1 = _OldSigner(signature_algorithm=SignatureMethod.RSA_SHA1, digest_algorithm=DigestAlgorithm.SHA256)
    over_sha1 = _OldSigner(digest_algorithm=DigestAlgorithm.SHA1)
    assert _verdict(_theirs(signer=by_sha1)).why is Why.ALGORITHM
    assert _verdict(_theirs(signer=over_sha1)).why is Why.ALGORITHM
    hmac = XMLSigner(signature_algorithm=SignatureMethod.HMAC_SHA256)
    signed = hmac.sign(etree.fromstring(GOOD.encode()), key=keys().certificate)
    assert _verdict(etree.tostring(signed)).why is Why.ALGORITHM


def _object(_: etree._Element, signature: etree._Element) -> None:
    etree.SubElement(signature, f"{{{DS}}}Object").append(etree.fromstring(GOOD.encode()))


def _target(_: etree._Element, signature: etree._Element) -> None:
    _at(signature, "SignedInfo/Reference").set("URI", "#part")


def _two_targets(_: etree._Element, signature: etree._Element) -> None:
    reference = _at(signature, "SignedInfo/Reference")
    reference.addnext(etree.fromstring(etree.tostring(reference)))


def _transform(_: etree._Element, signature: etree._Element) -> None:
    transform = _at(signature, "SignedInfo/Reference/Transforms")[1]
    transform.set("Algorithm", "http://www.w3.org/TR/1999/REC-xpath-19991116")


def _comments(_: etree._Element, signature: etree._Element) -> None:
    transform = _at(signature, "SignedInfo/Reference/Transforms")[1]
    transform.set("Algorithm", "http://www.w3.org/2001/10/xml-exc-c14n#WithComments")


def _no_transform(_: etree._Element, signature: etree._Element) -> None:
    reference = _at(signature, "SignedInfo/Reference")
    reference.remove(_at(reference, "Transforms"))


@pytest.mark.parametrize("change", [_object, _target, _two_targets, _transform, _comments, _no_transform])
def test_other_forms_of_signatures_are_refused(change: Callable[[etree._Element, etree._Element], None]) -> None:
    """With objects, other references or other transforms a signature could cover something else than what is read."""
    assert _verdict(_changed(change)).why is Why.WRAPPING


def test_a_signed_alert_inside_another_one_is_never_read_as_it() -> None:
    """Signature wrapping: the signed original is kept somewhere, with another alert around it."""
    original = etree.fromstring(_ours())
    evil = etree.fromstring(good(("小明", "小红")))
    evil.append(original)
    assert isinstance(receive(etree.tostring(evil), _pins(keys()), NOW), list)

    evil = etree.fromstring(good(("小明", "小红")))
    signature = original.find(f"{{{DS}}}Signature")
    assert signature is not None
    evil.append(signature)
    assert _verdict(etree.tostring(evil)).why is Why.TAMPERED
    etree.SubElement(signature, f"{{{DS}}}Object").append(original)
    assert _verdict(etree.tostring(evil)).why is Why.WRAPPING


def test_content_after_the_signature_is_refused() -> None:
    """Also a signature at another place, or a second one: bad fields, whatever the signature is worth."""
    behind = _changed(lambda root, _: root.append(root[-2]))
    inside = _changed(lambda root, signature: root[-2].append(signature))
    twice = _changed(lambda root, signature: root.append(etree.fromstring(etree.tostring(signature))))
    for body in (behind, inside, twice):
        errors = receive(body, _pins(keys()), NOW)
        assert isinstance(errors, list)
        assert any("Signature" in error.detail for error in errors)


@pytest.mark.parametrize("path", ["SignatureValue", "SignedInfo", "SignedInfo/SignatureMethod", "SignedInfo/Reference"])
def test_an_incomplete_signature_is_a_value_and_not_an_exception(path: str) -> None:
    """Whatever is missing, the result is that it cannot be verified."""

    def drop(_: etree._Element, signature: etree._Element) -> None:
        found = _at(signature, path)
        parent = found.getparent()
        assert parent is not None
        parent.remove(found)

    assert _verdict(_changed(drop)).signature_status is SignatureStatus.UNVERIFIABLE


@pytest.mark.parametrize("text", ["", "===", "é", "AAAA"])
def test_invalid_base64_in_a_signature_is_a_value_and_not_an_exception(text: str) -> None:
    """In the value, the digest or the certificate."""
    for path in ("SignatureValue", "SignedInfo/Reference/DigestValue", "KeyInfo/X509Data/X509Certificate"):
        body = _changed(lambda _, signature, path=path: setattr(_at(signature, path), "text", text))  # type: ignore[misc]
        assert _verdict(body).signature_status is SignatureStatus.UNVERIFIABLE


def test_a_verified_message_is_read_from_the_signed_content() -> None:
    """It equals the message of the unsigned document, to the last field."""
    plain, signed = receive(good(), (), NOW), receive(_theirs(), _pins(keys()), NOW)
    assert isinstance(plain, Received)
    assert isinstance(signed, Received)
    assert signed.signature.signature_status is SignatureStatus.VERIFIED
    assert signed.message == plain.message


def test_pins_and_signing_keys_that_cannot_be_used_are_refused() -> None:
    """Too many, none, or a certificate of another key: refused when they are read, not when a child is missing."""
    with pytest.raises(ValueError, match="more than 8"):
        read_pins([keys().certificate] * 9)
    with pytest.raises(ValueError, match="PEM"):
        read_pins([b"nothing"])
    with pytest.raises(ValueError, match="not that of the key"):
        Signer(keys().key, keys(name="another").certificate)
    assert Signer(keys().key, keys().certificate).not_after == NOW + timedelta(days=365)


@pytest.mark.parametrize("uri", ["relative", "..", "#x", "?", "a/b"])
def test_a_namespace_that_has_no_canonical_form_is_no_bug(uri: str) -> None:
    """Who may sign nothing can write it into a signed document: its signature is malformed, and nothing is raised."""
    document = _theirs().replace(b"<alert ", f'<alert xmlns:x="{uri}" '.encode(), 1)
    received = receive(document, _pins(keys()), NOW)
    assert isinstance(received, Received)
    assert received.signature.signature_status is SignatureStatus.UNVERIFIABLE
