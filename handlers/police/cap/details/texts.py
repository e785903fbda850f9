"""Makes what phones show of a CAP text: the words of its author, and behind them what they do not say.

Plate, guidance and number are never left out, as of a JSON case. A plate or guidance that one language has stands in
the others as well: both are for everybody. Bounded by the message; a contact by `CONTACT_MAX`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec.structs import replace

from handlers.http.problems import FieldError
from handlers.police.case.details import Companion, Vehicle
from handlers.police.wording.others import companion_parts, guidance_parts, plate_part, vehicle_parts
from push.message.bidi import readable
from push.message.catalogues import catalogues
from push.message.content import Text, marked
from push.message.language_tag import ENGLISH
from push.message.parts import Importance, Part, says
from push.message.truncation import fits_everywhere, truncate_title

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handlers.police.cap.acceptance import CapCase
    from handlers.police.cap.details.parameters import Details
    from handlers.police.cap.wording import CapText
    from handlers.police.case.missing import Missing
    from push.message.catalogues import Catalogue

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
            if not fits_everywhere(marked(text, case.status.value.lower()))
        ]
    return errors or texts


def _all(case: CapCase) -> Iterator[Details]:
    return (text.more for text in case.texts.values())


def _text(text: CapText, locale: str, sender: str, plate: str | None, guidance: str | None) -> Text:
    signs = _signs(locale)
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
    own = text.more.vehicle
    more = _more(text.more, said, (own and own.plate) or plate, text.more.guidance or guidance, locale)
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
    return shown.with_parts((Part(body, Importance.AUTHORED, elastic=(body,)), *more), signs.stop)


def _issuer(text: CapText, sender: str, said: str) -> str:
    """Return in whose name people are asked, unless a text says it."""
    issuer = text.more.issuer or (sender if len(sender) <= ISSUER_MAX else "")
    return "" if says(f"{said}\n{text.contact}", issuer) else readable(issuer)


def _more(details: Details, said: str, plate: str | None, guidance: str | None, locale: str) -> tuple[Part, ...]:
    """Return what the words of the author do not say, in the order in which it is read."""
    words = catalogues().get(locale)

    def new(value: str | None) -> str | None:
        return None if value is None or says(said, value) else readable(value)

    given = details.vehicle or Vehicle()
    vehicle = Vehicle(plate=plate, colour=new(given.colour), make=new(given.make), direction=new(given.direction))
    companions = [
        replace(one, relation=new(one.relation), name=new(one.name), looks=new(one.looks))
        for one in details.companions
        # One of whom the author says all is not named again.
        if not any(known := (one.relation, one.name, one.looks)) or any(map(new, known))
    ]
    looks = [value for one in details.missing for value in _looks(one, words) if new(value[0])]
    return (
        *_vehicle(vehicle, words, locale),
        *_companions(companions, words, locale),
        *_part([readable(text) for _, text in looks], Importance.REST, locale),
        *guidance_parts(guidance, words or catalogues()[ENGLISH]),
    )


def _vehicle(vehicle: Vehicle, words: Catalogue | None, locale: str) -> Iterator[Part]:
    if words is not None:
        yield from vehicle_parts(vehicle, words)
        return
    if vehicle.plate is not None:
        yield plate_part(vehicle.plate, None)
    yield from _part([vehicle.colour], Importance.COLOUR, locale, joint=vehicle.plate is not None)
    yield from _part([vehicle.make, vehicle.direction], Importance.REST, locale)


def _companions(companions: list[Companion], words: Catalogue | None, locale: str) -> Iterator[Part]:
    if words is not None:
        yield from companion_parts(tuple(one for one in companions if one != Companion()), words)
        return
    for one in companions:
        yield from _part([one.relation, one.name, one.looks], Importance.COMPANION, locale)


def _looks(one: Missing, words: Catalogue | None) -> Iterator[tuple[str, str]]:
    """Return each value with the text that shows it; where we have no phrases it stands alone."""
    for value in (one.clothing, one.features):
        if value is not None:
            yield value, value
    for values, phrase in (
        (one.nicknames, "{nicknames}" if words is None else words.nicknames),
        (one.languages, "{languages}" if words is None else words.languages),
    ):
        for value in values:
            yield value, phrase.format(nicknames=value, languages=value)
    for value, phrase in (
        (one.hair, "{hair}" if words is None else words.hair),
        (one.build, "{build}" if words is None else words.build),
        (one.accent, "{accent}" if words is None else words.accent),
    ):
        if value is not None:
            yield value, phrase.format(hair=value, build=value, accent=value)


def _part(
    values: list[str | None] | list[str], importance: Importance, locale: str, *, joint: bool = False
) -> Iterator[Part]:
    """Return a part of the values that are known, if there is one."""
    comma = _signs(locale).comma
    known = tuple(dict.fromkeys(value for value in values if value))
    if known:
        yield Part(comma.join(known), importance, elastic=known, joint=comma if joint else "")


def _signs(locale: str) -> Signs:
    return SIGNS.get(locale.partition("-")[0], Signs())
