"""Message content: an alert's texts by locale, and the message that a recipient gets in his language.

The content is written once, when the case is filed, and kept with the alert. Bounded: a message is truncated at
a grapheme to what the provider takes, never in the phone number or a link.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from push.message.language_tag import ENGLISH, SIMPLIFIED_CHINESE, is_simplified_chinese, look_up
from push.message.parts import PUNCTUATION, WIDE_STOPS, Importance, Part, beside, composed, led, pieces, says
from push.notice import CaseKind, Notice, SubjectKind
from runtime.clock import now
from runtime.page_codes import photo_name

if TYPE_CHECKING:
    from collections.abc import Mapping

TIME_ZONE_DEFAULT: Final = "Asia/Shanghai"
LOCALE_DEFAULT: Final = SIMPLIFIED_CHINESE
MINUTE_S: Final = 60
PHOTO_PUSHED_MAX: Final = 500
"""Characters; a longer address takes the text's room in a push of 4 KB."""

PHOTO_WIDTH: Final = 640
"""Pixels; of the three sizes of a photo the one that its page shows, too."""

USUAL_CLOSINGS: Final = (None, "found_happy")
"""The closings that say that the child is found and well."""

WIDE: Final = frozenset("WF")
"""The widths of Chinese letters, whose sentences end without a space."""

CALL_LEAST: Final = 7
"""The digits of the shortest telephone number that is no emergency call."""


class Text(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a phone shows in one language. Title and `body` may be truncated, `call` (whom to call) only to `phone`.

    `parts`: of which the body is made, with `stop` behind each sentence; without them, as alerts of earlier versions
    have it, it is one piece, in which the values of `elastic` share the room where it is scarce, in their order.
    `title_brief`: the title without its issuer; `title_elastic`: the values in the title that may be shortened.
    `short`: bodies by their author for small screens, the longest first: one stands in place of a cut body.
    """

    title: str
    body: str
    call: str
    phone: str = ""
    elastic: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    stop: str = ""
    title_brief: str = ""
    title_elastic: tuple[str, ...] = ()
    short: tuple[str, ...] = ()

    def with_parts(self, parts: tuple[Part, ...], stop: str) -> Text:
        """Return the text with a body that is made of `parts`."""
        body = composed(pieces(parts), stop)
        return msgspec.structs.replace(self, body=body, parts=parts, stop=stop, elastic=())

    def reworded(self, title: str, body: str) -> Text:
        """Return the text with another title and body; the newest place stands before it, plate and guidance behind.

        What the body says of these is not repeated.
        """
        worded = msgspec.structs.replace(
            self, title=title, body=body, elastic=(), title_brief="", title_elastic=(), short=()
        )
        essential = [msgspec.structs.replace(part, joint="") for part in self.parts if part.is_essential]
        if not essential and not self._newest:
            return msgspec.structs.replace(worded, parts=(), stop="")
        for part in self._newest:
            body = body.removeprefix(part.text).removeprefix(self.stop.rstrip()).lstrip()
        whole = [Part(body, Importance.FEATURES, elastic=(body,))] if body else []
        return worded.with_parts((*self._newest, *whole, *essential), self.stop)

    def abridged(self, short: str) -> Text:
        """Return the text with a body of its author's for small screens; what is never left out stands behind it."""
        marks = tuple(part for part in self.parts if part.importance is Importance.MARK)
        rest = tuple(
            msgspec.structs.replace(part, joint="") for part in self.parts if part.is_essential and part not in marks
        )
        whole = Part(short, Importance.AUTHORED, elastic=(short,))
        return msgspec.structs.replace(self, short=()).with_parts((*marks, *self._newest, whole, *rest), self.stop)

    @property
    def _newest(self) -> tuple[Part, ...]:
        """The part that says the newest place, where there is one."""
        return tuple(part for part in self.parts if part.importance is Importance.NEWEST)

    def marked(self, mark: str) -> Text:
        """Return the text with what it is before title and body, as that it is an exercise."""
        brief = self.title_brief and f"【{mark}】{self.title_brief}"
        text = msgspec.structs.replace(self, title=f"【{mark}】{self.title}", title_brief=brief)
        if self.parts:
            return text.with_parts((Part(f"{mark}: ", Importance.MARK), *self.parts), self.stop)
        return msgspec.structs.replace(text, body=f"{mark}: {self.body}")

    def joined(self) -> str:
        """Return body and call as one text, each a sentence; a call that the body has for certain is not repeated."""
        body = self.body
        if not self.call or self._is_called_for():
            return body
        call = self.beside(self.call)
        if not body or body[-1].isspace() or body[-1] in WIDE_STOPS:
            return body + call
        if unicodedata.category(body[-1]) == PUNCTUATION:
            return f"{body}{self.stop[1:] if self.stop else ' '}{call}"
        return f"{body}。{call}" if unicodedata.east_asian_width(body[-1]) in WIDE else f"{body}. {call}"

    def beside(self, call: str) -> str:
        """Return whom to call as it stands behind the body: a number at its beginning is not turned by the body."""
        return beside(self.body, call)

    def _is_called_for(self) -> bool:
        """Tell whether the body says whom to call. What is short, as 110, may be a height or a road there."""
        call = (self.phone or self.call) if self.parts else self.call
        return len(call) >= CALL_LEAST and says(self.body, call)


class NewestPlace(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the child was seen since the case was filed, as the police call it, and when; they go with its data."""

    at: datetime
    place: str | None = None


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What one alert says, by locale, with its picture and links.

    `follow_ups`: the texts of follow-up notices, by notice. They are ready from the first moment, and name no
    child. `own_follow_ups`: those that the police wrote, by notice and locale; they go with the child's data.
    `closing`: which text `found` has (`push.message.closings`), None for the usual one. `goes_on`: by locale, the title
    of updates since the alert was reopened; who reads another language gets the nearest of these. Without `texts` the
    child's data is deleted.
    `time_zone`: that of the place, in which times are written. `subject_kind` and `kind`: of what event it is.
    `seen_at`: when the child was seen at the newest place that is known; `newest`: that place, which all texts say
    first, None where it is the one of which they are written anyway. `page_link`: its page on our own site, from which
    phones get the picture; None: they get it from `photo_url`.
    """

    texts: dict[str, Text]
    # The record keeps it as `last`, under which alerts filed by earlier versions have it.
    follow_ups: dict[str, dict[str, Text]] = msgspec.field(default_factory=dict, name="last")
    own_follow_ups: dict[str, dict[str, Text]] = {}
    closing: str | None = None
    photo_url: str | None = None
    deep_link: str | None = None
    web_link: str | None = None
    time_zone: str = TIME_ZONE_DEFAULT
    goes_on: dict[str, str] = {}
    subject_kind: SubjectKind = SubjectKind.CHILD
    kind: CaseKind | None = None
    seen_at: datetime | None = None
    newest: NewestPlace | None = None
    page_link: str | None = None

    @property
    def zone(self) -> tzinfo:
        """The time zone of the place."""
        return ZoneInfo(self.time_zone)

    @property
    def _pushed_photo(self) -> str | None:
        """The photo's address where it leaves a push enough room for the text."""
        return self.photo_url if self.photo_url is not None and len(self.photo_url) <= PHOTO_PUSHED_MAX else None

    def with_photo_of_page(self, tag: str | None) -> Content:
        """Return the content with the picture of its page, where it has one: millions must not ask the police for it.

        `tag`: of the photo that was made; None: there is none yet, and phones show none.
        """
        if self.page_link is None:
            return self
        photo = None if tag is None else f"{self.page_link}/{photo_name(tag, PHOTO_WIDTH)}"
        return msgspec.structs.replace(self, photo_url=photo)

    def of(self, notice: str) -> dict[str, Text]:
        """Return what a notice says, by locale."""
        texts = self.follow_ups.get(notice)
        if texts is None:
            # A title of one language with words of another before it is in none.
            leads = self.goes_on if notice == Notice.UPDATE else {}
            return {locale: text for locale, text in self.texts.items() if locale in leads} or self.texts
        # What the police wrote beforehand is for the usual end: it thanks in joy, which a death must not be told with.
        is_usual = notice != Notice.FOUND or self.closing in USUAL_CLOSINGS
        return texts | self.own_follow_ups.get(notice, {}) if is_usual else texts

    def text_for(self, locale: str, notice: str = "alert") -> tuple[str, Text]:
        """Return the text for a reader of `locale` and its own locale: looked up by BCP 47, or the nearest one."""
        texts = self.of(notice)
        known = look_up(locale, texts) or _nearest(locale, texts)
        return known, texts[known]

    def message(self, about: About, locale: str, *, silent: bool = False) -> Message:
        """Return the message in the language nearest to `locale`; one with a text of `follow_ups` shows no picture."""
        known, text = self.text_for(locale, about.notice)
        if about.notice == Notice.UPDATE and known in self.goes_on:
            text = msgspec.structs.replace(text, title=led(self.goes_on[known], text.title))
        return Message(
            alert_id=about.alert_id,
            notice=about.notice,
            locale=known,
            text=marked(text, about.status),
            expires=about.expires,
            photo_url=None if about.notice in self.follow_ups else self._pushed_photo,
            deep_link=self.deep_link,
            web_link=self.web_link,
            silent=silent,
            subject_kind=about.subject_kind,
            clock=about.clock,
        )


def _nearest(locale: str, texts: Mapping[str, Text]) -> str:
    """Return which text a reader gets whose tag leads to none: of the same language and letters, English, the first.

    The first is the usual one where there is one; who says no language gets it at once.
    """
    simple = is_simplified_chinese(locale)
    same = _of_language(locale, texts)
    same.sort(key=lambda known: is_simplified_chinese(known) is not simple)
    if same:
        return same[0]
    english = _of_language(ENGLISH, texts) if locale else []
    if english:
        return english[0]
    return LOCALE_DEFAULT if LOCALE_DEFAULT in texts else next(iter(texts))


def _of_language(locale: str, texts: Mapping[str, Text]) -> list[str]:
    """Return the tags of texts in the language of a tag."""
    language = locale.partition("-")[0].lower()
    return [known for known in texts if known.partition("-")[0].lower() == language]


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a message is about: which notice of which alert, until when it is of use by `clock`, and who is missing."""

    alert_id: UUID
    notice: str
    status: str
    expires: datetime
    subject_kind: SubjectKind = SubjectKind.CHILD
    clock: Callable[[], datetime] = now


MARKS: Final = {"exercise": "演习 / EXERCISE", "test": "测试 / TEST"}
"""With what title and body of each exercise and test begin."""


def marked(text: Text, status: str) -> Text:
    """Return a text that says first that it is an exercise or a test, if it is."""
    return text.marked(MARKS[status]) if status in MARKS else text


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What all recipients of one (alert, notice) get in one locale: text, identity and end of life, by `clock`."""

    alert_id: UUID
    notice: str
    locale: str
    text: Text
    expires: datetime
    photo_url: str | None = None
    deep_link: str | None = None
    web_link: str | None = None
    silent: bool = False
    subject_kind: SubjectKind = SubjectKind.CHILD
    clock: Callable[[], datetime] = now

    def titled(self, title: str) -> Message:
        """Return the same with another title."""
        return msgspec.structs.replace(self, text=msgspec.structs.replace(self.text, title=title))

    @property
    def collapse_number(self) -> int:
        """A positive 31-bit number, the same for every repeat, so that a phone shows one message."""
        return (self.alert_id.int & 0x7FFF_FFFF) or 1

    @property
    def collapse_id(self) -> str:
        """A name of at most 64 bytes, the same for every repeat and every notice, so that a phone shows the last."""
        return f"qqa-{self.alert_id.hex}"


def left_s(message: Message, cap_s: int) -> int:
    """Return for how many seconds a provider is to keep a message, whole minutes, so that one rendering serves many."""
    left = (message.expires - message.clock()).total_seconds()
    return max(0, min(cap_s, int(left // MINUTE_S * MINUTE_S)))
