"""Reads what a CAP message says: its texts by the readers who get them, the children, and the picture.

Text is cleaned as in a case. A language is looked up as BCP 47 has it; two texts for the same readers are refused, and
text that is plainly Chinese is not taken for English because a program left its default there. Bounded by the message.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from handlers.http.problems import FieldError
from handlers.police.case.case import CHILDREN_MAX
from handlers.police.case.checks import notes_on_addresses
from handlers.values.phone import read_phone
from handlers.values.text import clean, clean_line
from handlers.values.web_address import WebAddressError, read_web_address
from push.message.content import LOCALE_DEFAULT
from push.message.language_tag import ENGLISH, readers_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from handlers.cap.model import Info, Message, Named

CHILD_NAME: Final = "qq-alert:childName"
CHILD_AGE: Final = "qq-alert:childAge"
CHILD_CLOTHING: Final = "qq-alert:childClothing"
AGE_MAX: Final = 17
NAME_MAX: Final = 100

_HAN: Final = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
_LATIN: Final = re.compile("[A-Za-z]")
_CALLED: Final = re.compile(r"[+(]{0,2}[0-9０-９][0-9０-９ ().*#+/-]{1,60}[0-9０-９]")
_WRITTEN_TO: Final = re.compile(r"https?://\S+|[^\s@:]+@[^\s@]+")


class CapText(msgspec.Struct, frozen=True, kw_only=True):
    """What a message says in one language; the children's fields are empty where no parameter has them.

    `number`: how to call or write, the part of `contact` that is never cut.
    """

    event: str
    headline: str
    description: str
    instruction: str = ""
    contact: str = ""
    number: str = ""
    web: str = ""
    children: tuple[str, ...] = ()
    ages: tuple[int, ...] = ()
    clothing: str = ""


class CapWording(msgspec.Struct, kw_only=True):
    """What was read: texts by our locales, the first picture that phones can load, what is wrong, what to know."""

    texts: dict[str, CapText] = {}
    photo_url: str | None = None
    errors: list[FieldError] = []
    notes: list[str] = []


def read_wording(message: Message) -> CapWording:
    """Return what a message says."""
    said = CapWording()
    has_chinese = any(readers_of(info.language) == LOCALE_DEFAULT for info in message.infos)
    for place, info in enumerate(message.infos, 1):
        _read_info(info, f"/alert/info[{place}]", said, is_trusted=has_chinese)
    if said.photo_url is not None:
        said.notes += notes_on_addresses([said.photo_url])
    return said


def _read_info(info: Info, here: str, said: CapWording, *, is_trusted: bool) -> None:
    """Read one text; `is_trusted`: its language is believed, because a Chinese text has its own."""
    ages, wrong = _ages(info, here)
    text = _text(info, ages)
    said.errors += wrong or _contradiction(text, said, here)
    _read_photo(info, here, said)
    reader = readers_of(info.language)
    if reader == ENGLISH and not is_trusted and _is_chinese(text):
        said.notes.append(f"{here}/language is {info.language}, and its text Chinese: it is sent as {LOCALE_DEFAULT}")
        reader = LOCALE_DEFAULT
    if reader not in said.texts:
        said.texts[reader] = text
    elif said.texts[reader] == text:
        said.notes.append(f"{here} repeats the text for readers of {reader}: it is sent once")
    else:
        detail = f"{info.language}: a second text for readers of {reader}: which one is meant?"
        said.errors.append(FieldError(f"{here}/language", detail))


def _is_chinese(text: CapText) -> bool:
    words = f"{text.headline}{text.description}"
    return len(_HAN.findall(words)) > len(_LATIN.findall(words))


def _text(info: Info, ages: tuple[int, ...]) -> CapText:
    event, headline, contact = clean_line(info.event), clean_line(info.headline), clean_line(info.contact)
    description = clean(info.description)
    names = [clean_line(name) for name in _parameters(info.parameters, CHILD_NAME)]
    return CapText(
        event=event,
        headline=headline or event,
        description=description or headline,
        instruction=clean(info.instruction),
        contact=contact,
        number=_number_in(contact),
        web=info.web,
        children=tuple(name for name in names if name)[:CHILDREN_MAX],
        ages=ages,
        clothing=next(map(clean, _parameters(info.parameters, CHILD_CLOTHING)), ""),
    )


def _parameters(parameters: Iterable[Named], name: str) -> list[str]:
    return [parameter.value for parameter in parameters if parameter.name.strip() == name]


def _number_in(contact: str) -> str:
    """Return the number to call in a contact, else the address to write to; empty where there is neither."""
    found = _CALLED.search(contact)
    if found is not None and read_phone(found.group()) is not None:
        return found.group()
    found = _WRITTEN_TO.search(contact)
    return "" if found is None else found.group()


def _ages(info: Info, here: str) -> tuple[tuple[int, ...], list[FieldError]]:
    """Return the ages of the children, and what is none."""
    texts = [text for value in _parameters(info.parameters, CHILD_AGE) if (text := clean_line(value))]
    good = [text for text in texts if text.isascii() and text.isdigit() and len(text) <= len(str(AGE_MAX))]
    ages = tuple(int(text) for text in good if int(text) <= AGE_MAX)
    wrong = [FieldError(f"{here}/parameter", f"{CHILD_AGE}: not an age from 0 to {AGE_MAX}")]
    return ages, wrong if len(ages) < len(texts) else []


def _contradiction(text: CapText, said: CapWording, here: str) -> list[FieldError]:
    """Return that a text has other ages than one before; one that has none says nothing of them."""
    others = {other.ages for other in said.texts.values() if other.ages}
    if not text.ages or others <= {text.ages}:
        return []
    return [FieldError(f"{here}/parameter", f"{CHILD_AGE}: another age than before")]


def _read_photo(info: Info, here: str, said: CapWording) -> None:
    """Read the first picture that phones can load."""
    for place, resource in enumerate(info.resources, 1):
        if not resource.mime_type.strip().lower().startswith("image/") or not resource.uri or resource.deref_uri:
            continue
        path = f"{here}/resource[{place}]/uri"
        if not resource.uri.lower().startswith("https:"):
            said.notes.append(f"{path}: phones load pictures by https only; it is left aside")
            continue
        try:
            address = read_web_address(resource.uri)
        except WebAddressError as error:
            said.errors.append(FieldError(path, str(error)))
            continue
        said.photo_url = said.photo_url or address
