"""The types of a case's texts, numbers to call and web addresses, each read as people type it.

Bounded by the lengths that each type has.
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from handlers.values.cleaning import Expected, cleaned_by
from handlers.values.data_uri import EXPECTED as EXPECTED_PICTURE
from handlers.values.data_uri import PATTERN, read_data_uri
from handlers.values.phone import EXPECTED, PHONE_MAX, read_phone
from handlers.values.web_address import ADDRESS_MAX, WebAddressError, read_web_address


def _phone(text: str) -> str | Expected:
    number = read_phone(text)
    return Expected(EXPECTED) if number is None else number


def _web_address(text: str) -> str | Expected:
    try:
        return read_web_address(text)
    except WebAddressError as error:
        return Expected(str(error))


def _picture(text: str) -> str | Expected:
    return text if read_data_uri(text) else Expected(EXPECTED_PICTURE)


PICTURE_BYTES: Final = 20_000_000
"""As the decoder takes them."""
PICTURE_MAX: Final = PICTURE_BYTES * 4 // 3 + 100
"""Characters of such a picture in base64."""

Text = Annotated[str, Meta(min_length=1, max_length=500)]
ShortText = Annotated[str, Meta(min_length=1, max_length=100)]
Phone = Annotated[str, Meta(max_length=PHONE_MAX), cleaned_by(_phone)]
WebAddress = Annotated[str, Meta(max_length=ADDRESS_MAX), cleaned_by(_web_address)]
PictureData = Annotated[str, Meta(max_length=PICTURE_MAX, pattern=PATTERN), cleaned_by(_picture)]
"""A picture within JSON; what it is of, its bytes say."""
Height = Annotated[int, Meta(ge=30, le=230)]
"""Centimetres."""
