"""Reads the bytes of a CAP document as a checked message, with the status of its signature.

What is read is what was signed: where the signature is VERIFIED, the message is read from the bytes that the verifier
returned. First the signature, then the message, then its geometry. Bounded by the route; pure,
nothing is kept or looked up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from lxml import etree

from handlers.cap.document import parse
from handlers.cap.model import Message
from handlers.cap.reading import message_of
from handlers.cap.verification import Signature, verify
from handlers.police.cap.acceptance import CapCase, accept

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cryptography import x509

    from handlers.http.problems import FieldError


class Opened(msgspec.Struct, frozen=True):
    """A document whose signature is known, and of which nothing was read."""

    root: etree._Element
    signature: Signature


class Received(msgspec.Struct, frozen=True):
    """A message, and whether its authority signed it.

    UNSIGNED is for the caller to weigh (the request may be signed). UNVERIFIABLE is never to be sent from: the message
    is there to be shown, not to be believed.
    """

    message: Message
    signature: Signature


class ReceivedCase(msgspec.Struct, frozen=True):
    """What a message asks of this server, and whether its authority signed it."""

    case: CapCase
    signature: Signature


def open_document(body: bytes, pins: Sequence[x509.Certificate], now: datetime) -> Opened | list[FieldError]:
    """Parse a document and verify its signature, or say why it is none."""
    root = parse(body)
    if isinstance(root, list):
        return root
    signature, signed = verify(root, pins, now)
    return Opened(signed, signature)


def case_of(opened: Opened, now: datetime) -> ReceivedCase | list[FieldError]:
    """Read a missing-child message, or say what is wrong with it or why this server refuses it."""
    message = message_of(opened.root)
    if isinstance(message, list):
        return message
    case = accept(message, now)
    return case if isinstance(case, list) else ReceivedCase(case, opened.signature)


def receive(body: bytes, pins: Sequence[x509.Certificate], now: datetime) -> Received | list[FieldError]:
    """Read any message of CAP 1.2, or say what is wrong with it."""
    opened = open_document(body, pins, now)
    if isinstance(opened, list):
        return opened
    message = message_of(opened.root)
    return message if isinstance(message, list) else Received(message, opened.signature)


def receive_case(body: bytes, pins: Sequence[x509.Certificate], now: datetime) -> ReceivedCase | list[FieldError]:
    """Read a missing-child message of CAP 1.2, or say what is wrong with it or why this server refuses it."""
    opened = open_document(body, pins, now)
    return opened if isinstance(opened, list) else case_of(opened, now)
