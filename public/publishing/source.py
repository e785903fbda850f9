"""Reads out of the record's row what a page is made of.

Pure; bounded by the case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import structlog

from public.funnel.sampling import sample_of
from public.pages.case import PhoneContent, PublicCase
from public.pages.rendering import PageSource
from runtime.decoding import DECODE_ERRORS

if TYPE_CHECKING:
    from sql.publishing import PageWish

_CASE = msgspec.json.Decoder(PublicCase)
_CONTENT = msgspec.json.Decoder(PhoneContent)
_log = structlog.get_logger("public.publishing")


def sampled(wish: PageWish) -> int:
    """Return how many views of a page a beacon stands for: what it was published with first."""
    return wish.sample if wish.published else sample_of(wish.people)


def source_of(code: str, wish: PageWish) -> PageSource | None:
    """Return what a page is made of; None where the record holds no case that can be read."""
    try:
        case, content = _CASE.decode(wish.case_content), _CONTENT.decode(wish.content)
    except DECODE_ERRORS as error:
        _log.error("publishing.unreadable", error=type(error).__name__)
        return None
    if not content.texts:
        return None
    return PageSource(
        code=code,
        status=wish.status,
        subject_kind=wish.subject_kind,
        expires=wish.expires,
        sample=sampled(wish),
        case=case,
        content=content,
        is_reworded=wish.reworded,
        card_shows_child=wish.card_shows_child,
    )
