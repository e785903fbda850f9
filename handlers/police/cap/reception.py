"""Reads the bytes of a CAP document as a checked message, with the status of its signature.

What is read is what was signed: where the signature is VERIFIED, the message is read from the bytes that the verifier
returned. Bounded by `handlers.police.cases.BODY_BYTES`; pure, nothing is kept or looked up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

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


def receive(body: bytes, pins: Sequence[x509.Certificate], now: datetime) -> Received | list[FieldError]:
    """Read any message of CAP 1.2, or say what is wrong with it."""
    root = parse(body)
    if isinstance(root, list):
        return root
    signature, signed = verify(root, pins, now)
    message = message_of(signed)
    return message if isinstance(message, list) else Received(message, signature)


def receive_case(body: bytes, pins: Sequence[x509.Certificate], now: datetime) -> ReceivedCase | list[FieldError]:
    """Read a missing-child message of CAP 1.2, or say what is wrong with it or why this server refuses it."""
    received = receive(body, pins, now)
    if isinstance(received, list):
        return received
    case = accept(received.message, now)
    return case if isinstance(case, list) else ReceivedCase(case, received.signature)
