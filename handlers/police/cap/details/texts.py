"""Makes what phones show of a CAP text: the words of its author, and behind them what they do not say.

Plate, guidance and number are never left out, as of a JSON case. A plate or guidance that one language has stands in
the others as well: both are for everybody. Bounded by the message; a contact by `CONTACT_MAX`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec.structs import replace

from handlers.http.problems import FieldError
from push.message.bidi import readable
from push.message.content import Text
from push.message.parts import Importance, Part, says
from push.message.truncation import fits_everywhere, truncate_title

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handlers.police.cap.acceptance import CapCase
    from handlers.police.cap.details.parameters import Details
    from handlers.police.cap.wording import CapText
    from handlers.police.case.missing import Missing

CONTACT_MAX: Final = 400
ISSUER_MAX: Final = 40
"""Characters, as in a JSON case; a longer name of a sender takes the title's room."""


class Signs(NamedTuple):
    """The signs of a language: behind a sentence, between values, behind who speaks."""

    stop: str = ". "
    comma: str = ", "
    colon: str = ": "


_WIDE: Final = Signs("。", "，", "：")
_ARABIC: Final = Signs(". ", "، ", ": ")
SIGNS: Final = {"zh": _WIDE, "cmn": _WIDE, "yue": _WIDE, "ja": _WIDE, "ar": _ARABIC, "ug": _ARABIC, "fa": _ARABIC}
"""By language; all others have those of Latin letters."""


def texts_of(case: CapCase) -> dict[str, Text] | list[FieldError]:
    """Return what phones say, by our locales, or what of it is too long to be shown whole."""
    errors = [
        FieldError("/alert/info/contact", f"{locale}: at most {CONTACT_MAX} characters")
        for locale, text in case.texts.items()
        if len(text.contact) > CONTACT_MAX
    ]
    plate = next((one.vehicle.plate for one in _all(case) if one.vehicle is not None and one.vehicle.plate), None)
    guidance = next((one.guidance for one in _all(case) if one.guidance), None)
    texts = {
        locale: _text(text, locale, case.senders.get(locale, ""), plate, guidance)
        for locale, text in case.texts.items()
    }
    if plate is not None or guidance is not None:
        detail = "plate, guidance and number are too long: they are shown whole on every phone"
        errors += [
            FieldError("/alert/info/parameter", f"{locale}: {detail}")
            for locale, text in texts.items()
            if not fits_everywhere(text)
        ]
    return errors or texts


def _all(case: CapCase) -> Iterator[Details]:
    return (text.more for text in case.texts.values())


def _text(text: CapText, locale: str, sender: str, plate: str | None, guidance: str | None) -> Text:
    signs = SIGNS.get(locale.partition("-")[0], Signs())
    headline = readable(text.headline)
    title = truncate_title(headline)
    # A contact without a number or an address says nothing that must not be cut.
    prose = " ".join(
        part
        for part in (
            "" if title == headline else text.headline,
            text.description,
            text.instruction,
            "" if text.number else text.contact,
        )
        if part
    )
    said = f"{text.headline}\n{prose}"
    issuer = _issuer(text, sender, said)
    more = tuple(_more(text.more, said, plate, guidance, signs.comma))
    shown = Text(
        title=truncate_title(f"{issuer}{signs.colon}{headline}") if issuer else title,
        body="",
        call=readable(text.contact) if text.number else "",
        phone=readable(text.number),
        title_brief=title if issuer else "",
        short=tuple(readable(short) for short in text.more.short),
    )
    body = readable(prose)
    if not more and not shown.short:
        return replace(shown, body=body)
    return shown.with_parts((Part(body, Importance.FEATURES, elastic=(body,)), *more), signs.stop)


def _issuer(text: CapText, sender: str, said: str) -> str:
    """Return in whose name people are asked, unless a text says it."""
    issuer = text.more.issuer or (sender if len(sender) <= ISSUER_MAX else "")
    return "" if says(f"{said}\n{text.contact}", issuer) else readable(issuer)


def _more(details: Details, said: str, plate: str | None, guidance: str | None, comma: str) -> Iterator[Part]:
    """Return what the words of the author do not say, in the order in which it is read."""
    vehicle = details.vehicle
    colour = None if vehicle is None else vehicle.colour
    if plate is not None:
        yield Part(readable(plate), Importance.PLATE, least=readable(plate))
    if colour is not None and not says(said, colour):
        yield Part(readable(colour), Importance.COLOUR, elastic=(readable(colour),), joint=comma if plate else "")
    for companion in details.companions:
        yield from _part((companion.relation, companion.name, companion.looks), said, Importance.COMPANION, comma)
    looks = [value for one in details.missing for value in (one.clothing, one.features)]
    yield from _part(looks, said, Importance.REST, comma)
    rest = [value for one in details.missing for value in _rest(one)]
    yield from _part(
        [*rest, *(() if vehicle is None else (vehicle.make, vehicle.direction))], said, Importance.REST, comma
    )
    if guidance is not None:
        yield Part(readable(guidance), Importance.GUIDANCE, least=readable(guidance))


def _rest(one: Missing) -> tuple[str | None, ...]:
    return (*one.nicknames, one.build, one.hair, one.accent, *one.languages)


def _part(
    values: tuple[str | None, ...] | list[str | None], said: str, importance: Importance, comma: str
) -> Iterator[Part]:
    """Return a part of the values that the words do not have, if there is one."""
    new = [readable(value) for value in dict.fromkeys(values) if value and not says(said, value)]
    if new:
        yield Part(comma.join(new), importance, elastic=tuple(new))
