"""Makes texts of what the police wrote in a language: plate, guidance and number are added where a text lacks them.

Bounded: `TEXTS_MAX` languages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.police.wording.letters import has_chinese
from handlers.police.wording.others import guidance_parts, plate_part
from push.message.bidi import isolated, readable
from push.message.catalogues import catalogues
from push.message.content import Text
from push.message.language_tag import ENGLISH, readers_of
from push.message.parts import Importance, Part
from push.message.truncation import truncate_title

if TYPE_CHECKING:
    from handlers.police.case.case import Case, OwnText


def own_texts(case: Case) -> dict[str, Text]:
    """Return the texts of the police by our locales; one in a language of ours takes the place of ours."""
    return {readers_of(tag): _text(case, readers_of(tag), own) for tag, own in (case.texts or {}).items()}


def _text(case: Case, locale: str, own: OwnText) -> Text:
    """Return a text; where we have no phrases in its language, plate and number stand without words."""
    words = catalogues().get(locale)
    contact, phone = isolated(case.contact.name), case.contact.phone
    body = readable(own.body)
    parts = [Part(body, Importance.FEATURES, elastic=(body,))]
    if case.vehicle is not None and case.vehicle.plate is not None:
        parts.append(plate_part(case.vehicle.plate, words))
    parts += guidance_parts(case.guidance, words or catalogues()[ENGLISH])
    call = f"{contact}: {phone}" if words is None else words.call.format(contact=contact, phone=phone)
    text = Text(title=truncate_title(readable(own.title)), body="", call=call, phone=phone)
    return text.with_parts(tuple(parts), "。" if has_chinese(own.body) else ". ")
