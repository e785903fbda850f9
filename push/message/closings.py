"""Closings: which of three texts says that a search is over, chosen once, with the state, for everybody.

All three are ready from the first moment. The chosen one stands under `found`, where servers of every version read it;
so no two people are sent different ones. Bounded by the languages of the content.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import msgspec

from push.message.catalogues import catalogues, follow_up_texts
from push.message.language_tag import look_up
from push.notice import Notice

if TYPE_CHECKING:
    from datetime import datetime

    from push.message.content import Content, Text


class Closing(enum.StrEnum):
    """What a text says: the child is found; the search is over; the alert is over."""

    HAPPY = "found_happy"
    NEUTRAL = "found_neutral"
    OVER = "found_over"


def closing_of(content: Content) -> Closing:
    """Return which text `found` has now."""
    return Closing.HAPPY if content.closing is None else Closing(content.closing)


def closed_with(content: Content, closing: Closing, received_at: datetime) -> Content:
    """Return the content whose `found` has the text of a closing, in the languages that it had before.

    `received_at`: whose day the texts of an alert name that was filed before there were three of them.
    """
    current = closing_of(content)
    if closing is current:
        return content
    found = content.follow_ups.get(Notice.FOUND.value, content.texts)
    written = follow_up_texts(received_at.astimezone(content.zone)).get(closing.value, found)
    ready = content.follow_ups.get(closing.value, {})
    chosen = {locale: ready.get(locale) or _in_language(written, locale) for locale in found}
    follow_ups = content.follow_ups | {current.value: found, Notice.FOUND.value: chosen}
    return msgspec.structs.replace(content, follow_ups=follow_ups, closing=closing.value)


def going_on(content: Content, received_at: datetime) -> Content:
    """Return the content whose updates say from now on that the search goes on, and whose `found` is as it was."""
    words = {locale: catalogue.goes_on for locale, catalogue in catalogues().items()}
    leads = {locale: words[known] for locale in content.texts if (known := look_up(locale, words)) is not None}
    return msgspec.structs.replace(closed_with(content, Closing.HAPPY, received_at), goes_on=leads)


def _in_language(written: dict[str, Text], locale: str) -> Text:
    return written[_known(written, locale)]


def _known(written: dict[str, Text] | dict[str, str], locale: str) -> str:
    return look_up(locale, written) or ("en" if "en" in written else next(iter(written)))
