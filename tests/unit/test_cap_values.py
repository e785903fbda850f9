"""Values of CAP: what we read as one the schema allows, too."""

from __future__ import annotations

from typing import Final

import pytest
from lxml import etree

from handlers.cap.values import Wrong, absolute_uri

SCHEMA: Final = etree.XMLSchema(
    etree.XML(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="uri" type="xs:anyURI"/></xs:schema>'
    )
)
PLACES: Final = ("https://ho{}st/a", "https://host/a{}b", "https://host/a?x={}", "https://host/a#{}", "urn:a{}")


@pytest.mark.parametrize("character", [chr(code) for code in range(33, 127)])
def test_a_uri_that_we_read_is_one_by_the_schema(character: str) -> None:
    """Whatever character stands wherever in it; and what has none of the special ones is read."""
    for place in PLACES:
        text = place.format(character)
        is_read = not isinstance(absolute_uri(text), Wrong)
        assert is_read <= _allows(text), text
        assert is_read or not character.isalnum()


@pytest.mark.parametrize(
    "text", ["https://uri>https://x/a", "https://a:b/c", "https://a@b@c/", "https://a:/b", "https://a/%zz", "a/b", "x"]
)
def test_what_is_no_full_uri_is_refused(text: str) -> None:
    """Half of another one, a port that is no number, two users, an escape of nothing, or no scheme."""
    assert isinstance(absolute_uri(text), Wrong)


@pytest.mark.parametrize(
    "text", ["https://例.中国/图?a=b#c", "https://[::1]:8470/x", "https://u@h:80/%E5%9B%BE", "tel:110", "mailto:a@b.cn"]
)
def test_a_full_uri_is_read_as_it_is(text: str) -> None:
    """In any script, with user, port, escapes and without a host."""
    assert absolute_uri(text) == text
    assert _allows(text)


def _allows(text: str) -> bool:
    element = etree.Element("uri")
    element.text = text
    return SCHEMA.validate(element)
