"""Sign a CAP message as the intake requires: one enveloped XML signature over the whole document, at its end.

Usage: python sign_cap.py MESSAGE.xml KEY.pem CERTIFICATE.pem > SIGNED.xml (with the package `signxml`)
"""

from __future__ import annotations

import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, SignatureMethod
from signxml.signer import XMLSigner

message, key, certificate = (Path(argument).read_bytes() for argument in sys.argv[1:4])
kind = "ECDSA" if isinstance(load_pem_private_key(key, password=None), EllipticCurvePrivateKey) else "RSA"
signer = XMLSigner(
    signature_algorithm=SignatureMethod[f"{kind}_SHA256"],
    c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
)
signed = signer.sign(etree.fromstring(message), key=key, cert=certificate.decode())
sys.stdout.buffer.write(etree.tostring(signed, xml_declaration=True, encoding="UTF-8"))
