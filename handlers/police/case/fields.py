"""The types of a case's texts, numbers to call and web addresses, each read as people type it.

Bounded by the lengths that each type has.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from handlers.values.cleaning import Expected, cleaned_by
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


Text = Annotated[str, Meta(min_length=1, max_length=500)]
ShortText = Annotated[str, Meta(min_length=1, max_length=100)]
Phone = Annotated[str, Meta(max_length=PHONE_MAX), cleaned_by(_phone)]
WebAddress = Annotated[str, Meta(max_length=ADDRESS_MAX), cleaned_by(_web_address)]
Height = Annotated[int, Meta(ge=30, le=230)]
"""Centimetres."""
