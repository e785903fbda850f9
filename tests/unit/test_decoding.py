"""Decoding of input: a text that the record cannot store is refused by its path."""

from __future__ import annotations

import msgspec
import pytest

from handlers.http.decoding import read
from handlers.operators.actions import Reasoned, Update
from handlers.platform.reports import Unreadable, decode


def test_a_text_that_cannot_be_stored_is_a_bad_field_at_any_depth() -> None:
    """U+0000 in a text or a name is refused by its path; its typed escape is ordinary text."""
    words = {"title": "a\0b", "body": "fine"}
    body = msgspec.json.encode({"reason": "be\0cause", "case_number": "A-1", "texts": {"en": words, "z\0h": words}})
    errors = read(body, Update)
    assert isinstance(errors, list)
    assert {error.path for error in errors} == {"$.reason", "$.texts", "$.texts.en.title", "$.texts.z\0h.title"}
    assert read(rb'{"reason": "written \\u0000 by hand"}', Reasoned) == Reasoned(reason=r"written \u0000 by hand")


GOOD = b'{"user": 1, "lane": "tpns", "longitude": 114.0, "latitude": 22.5, "at": "2026-11-24T00:00:00Z"}'


@pytest.mark.parametrize(
    "body",
    ['{"reason": "因为"}'.encode("gbk"), b'{"\xb3": 1}', b"[" * 100_000, b"1" + b"0" * 6000, b"", b"\xff\xfe"],
    ids=["GBK", "a name in GBK", "nested without end", "a number without end", "nothing", "UTF-16"],
)
def test_undecodable_bytes_are_an_error_of_the_sender(body: bytes) -> None:
    """Input that is no JSON, or not UTF-8, is refused with the reason: JSON bodies and device reports alike."""
    assert isinstance(read(body, Reasoned), list)
    for kind in ("application/json", "application/x-ndjson", "application/msgpack"):
        decoded = decode(body, kind)
        assert isinstance(decoded, Unreadable) or not decoded[0]


def test_one_report_that_is_not_utf8_does_not_affect_the_others() -> None:
    """It is named by its position; all others are accepted."""
    bad = GOOD.replace(b"tpns", b"\xb3\xc9")
    for body, kind in ((b"[%b,%b]" % (bad, GOOD), "application/json"), (bad + b"\n" + GOOD, "application/x-ndjson")):
        decoded = decode(body, kind)
        assert not isinstance(decoded, Unreadable)
        good, rejected = decoded
        assert ([place for place, _ in good], [one.index for one in rejected]) == ([1], [0])
