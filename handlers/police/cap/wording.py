"""Reads what a CAP message says: its texts by the readers who get them, with who is missing.

Text is cleaned as in a case. A language is looked up as BCP 47 has it; two texts for the same readers are refused, and
text that is plainly Chinese is not taken for English because a program left its default there. Bounded by the message.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from handlers.http.problems import FieldError
from handlers.police.cap.details.names import AGE, CLOTHING, NAME, field_of
from handlers.police.cap.details.parameters import Details, read_parameters
from handlers.police.case.case import CHILDREN_MAX
from handlers.police.case.missing import AGE_MAX, CHILD_AGE_MAX
from handlers.values.phone import read_phone
from handlers.values.text import clean, clean_line
from push.message.content import LOCALE_DEFAULT
from push.message.language_tag import ENGLISH, readers_of
from push.notice import SubjectKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from handlers.cap.model import Info, Message, Named

CHILD_AGE: Final = "qq-alert:childAge"
NAME_MAX: Final = 100

_HAN: Final = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
_LATIN: Final = re.compile("[A-Za-z]")
_CALLED: Final = re.compile(r"[+(]{0,2}[0-9０-９][0-9０-９ ().*#+/-]{1,60}[0-9０-９]")
_WRITTEN_TO: Final = re.compile(r"https?://\S+|[^\s@:]+@[^\s@]+")


class CapText(msgspec.Struct, frozen=True, kw_only=True):
    """What a message says in one language; the children's fields are empty where no parameter has them.

    `number`: how to call or write, the part of `contact` that is never cut. `details`: what the other parameters say;
    without any a text is kept as earlier versions kept it.
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
    details: Details | msgspec.UnsetType = msgspec.UNSET

    @property
    def more(self) -> Details:
        """What the other parameters say."""
        return Details() if isinstance(self.details, msgspec.UnsetType) else self.details

    @property
    def names(self) -> tuple[str, ...]:
        """Every name by which people know who is missing."""
        missing = self.more.missing
        return (*self.children, *(name for one in missing for name in (one.name, *one.nicknames) if name))


class CapWording(msgspec.Struct, kw_only=True):
    """What was read: texts by our locales, who sends each of them, what is wrong, what to know."""

    texts: dict[str, CapText] = {}
    senders: dict[str, str] = {}
    errors: list[FieldError] = []
    notes: list[str] = []


def read_wording(message: Message, subject: SubjectKind) -> CapWording:
    """Return what a message says; a `subject` who is no child may have any age."""
    said = CapWording()
    has_chinese = any(readers_of(info.language) == LOCALE_DEFAULT for info in message.infos)
    age_max = CHILD_AGE_MAX if subject is SubjectKind.CHILD else AGE_MAX
    for place, info in enumerate(message.infos, 1):
        _read_info(info, f"/alert/info[{place}]", said, age_max, is_trusted=has_chinese)
    return said


def _read_info(info: Info, here: str, said: CapWording, age_max: int, *, is_trusted: bool) -> None:
    """Read one text; `is_trusted`: its language is believed, because a Chinese text has its own."""
    ages, wrong = _ages(info, here, age_max)
    read = read_parameters(info, here)
    text = _text(info, ages, read.details or msgspec.UNSET)
    said.errors += (wrong or _contradiction(text, said, here)) + read.errors
    said.notes += read.notes
    reader = readers_of(info.language)
    if reader == ENGLISH and not is_trusted and _is_chinese(text):
        said.notes.append(f"{here}/language is {info.language}, and its text Chinese: it is sent as {LOCALE_DEFAULT}")
        reader = LOCALE_DEFAULT
    if reader not in said.texts:
        said.texts[reader] = text
        said.senders[reader] = clean_line(info.sender_name)
    elif said.texts[reader] == text:
        said.notes.append(f"{here} repeats the text for readers of {reader}: it is sent once")
    else:
        detail = f"{info.language}: a second text for readers of {reader}: which one is meant?"
        said.errors.append(FieldError(f"{here}/language", detail))


def _is_chinese(text: CapText) -> bool:
    words = f"{text.headline}{text.description}"
    return len(_HAN.findall(words)) > len(_LATIN.findall(words))


def _text(info: Info, ages: tuple[int, ...], details: Details | msgspec.UnsetType) -> CapText:
    event, headline, contact = clean_line(info.event), clean_line(info.headline), clean_line(info.contact)
    description = clean(info.description)
    names = [clean_line(name) for name in _parameters(info.parameters, NAME)]
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
        clothing=next(map(clean, _parameters(info.parameters, CLOTHING)), ""),
        details=details,
    )


def _parameters(parameters: Iterable[Named], field: str) -> list[str]:
    return [parameter.value for parameter in parameters if field_of(parameter.name) == field]


def _number_in(contact: str) -> str:
    """Return the number to call in a contact, else the address to write to; empty where there is neither."""
    found = _CALLED.search(contact)
    if found is not None and read_phone(found.group()) is not None:
        return found.group()
    found = _WRITTEN_TO.search(contact)
    return "" if found is None else found.group()


def _ages(info: Info, here: str, age_max: int) -> tuple[tuple[int, ...], list[FieldError]]:
    """Return the ages of who is missing, and what is none."""
    texts = [text for value in _parameters(info.parameters, AGE) if (text := clean_line(value))]
    good = [text for text in texts if text.isascii() and text.isdigit() and len(text) <= len(str(age_max))]
    ages = tuple(int(text) for text in good if int(text) <= age_max)
    wrong = [FieldError(f"{here}/parameter", f"{CHILD_AGE}: not an age from 0 to {age_max}")]
    return ages, wrong if len(ages) < len(texts) else []


def _contradiction(text: CapText, said: CapWording, here: str) -> list[FieldError]:
    """Return that a text has other ages or another kind than one before; one that has none says nothing of them."""
    ages = {other.ages for other in said.texts.values() if other.ages}
    kinds = {other.more.kind for other in said.texts.values() if other.more.kind is not None}
    wrong = []
    if text.ages and not ages <= {text.ages}:
        wrong.append(FieldError(f"{here}/parameter", f"{CHILD_AGE}: another age than before"))
    if text.more.kind is not None and not kinds <= {text.more.kind}:
        wrong.append(FieldError(f"{here}/parameter", "qq-alert:kind: another kind than before"))
    return wrong
