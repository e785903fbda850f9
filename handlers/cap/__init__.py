"""CAP 1.2 (OASIS Common Alerting Protocol): documents and messages flow in, messages, documents and feeds flow out.

In: `document` makes harmless XML of bytes, `verification` says what of it an authority signed, `grammar` and `values`
hold the standard's rules, `reading` makes a typed message of it (`model`), `places` finds where it is, `acceptance`
says what this server does about it, and `intake` is all of that in one call. Out: `areas` and `writing` make a
document, `signing` signs it, `feed` lists documents as Atom.

Everything here is pure: no socket, no store, no clock. Whatever a stranger sends is a value, never an exception.
Bounded: documents of `handlers.cases.BODY_BYTES`, `document.DEPTH_MAX` deep, of `document.ELEMENTS_MAX` elements.
"""

from handlers.cap.acceptance import CapCase, CapText, accept
from handlers.cap.areas import area_of
from handlers.cap.feed import Entry, Feed, atom_of
from handlers.cap.intake import Received, ReceivedCase, receive, receive_case
from handlers.cap.places import CapPlace
from handlers.cap.signing import Signer
from handlers.cap.verification import Signature, Verdict, Why, read_pins
from handlers.cap.writing import document_of

__all__ = [
    "CapCase",
    "CapPlace",
    "CapText",
    "Entry",
    "Feed",
    "Received",
    "ReceivedCase",
    "Signature",
    "Signer",
    "Verdict",
    "Why",
    "accept",
    "area_of",
    "atom_of",
    "document_of",
    "read_pins",
    "receive",
    "receive_case",
]
