"""Chooses the words of share cards and posters out of a case, in the languages of its page.

Pure; bounded by the case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from public.documents.contents import CardContent, PosterContent
from public.documents.qr import qr_of
from public.pages.facts import groups_of, local
from public.pages.rendering import CHILD, MARKS
from public.pages.texts import texts_of

if TYPE_CHECKING:
    from public.pages.rendering import PageSource, Surroundings
    from public.pages.texts import Texts

SCANNED: Final = "#q"
"""Who comes by a poster is counted as such."""


def qr_of_page(source: PageSource, around: Surroundings) -> str:
    """Return the QR code of a page, as SVG."""
    return qr_of(f"{around.url}/p/{source.code}{SCANNED}")


def card_of(
    source: PageSource, language: str, around: Surroundings, photo: bytes | None, *, shows_child: bool
) -> CardContent:
    """Return what stands on a share card: nothing of who is missing, unless that is wanted."""
    t = texts_of(language)
    return CardContent(
        language=language,
        heading=heading_of(source, t),
        lines=_lines(source, t) if shows_child else (),
        ask=_ask(source, t),
        valid=_valid(source, t),
        site=urlsplit(around.url).netloc,
        photo=photo if shows_child else None,
    )


def poster_of(source: PageSource, language: str, around: Surroundings, photo: bytes | None) -> PosterContent:
    """Return what stands on a poster."""
    t = texts_of(language)
    case = source.case
    groups = groups_of(case, source.content, t)
    rows = [tuple((fact.name, fact.value) for fact in group.facts) for group in groups]
    return PosterContent(
        language=language,
        mark=t(f"page.{source.status}") if source.status in MARKS else "",
        heading=t("card.heading" if source.subject_kind == CHILD else "card.heading_person"),
        guidance="" if case.guidance is None else t.word("guidance", case.guidance),
        people=tuple((group.title, facts) for group, facts in zip(groups, rows, strict=True) if group.title),
        facts=tuple(fact for group, facts in zip(groups, rows, strict=True) if not group.title for fact in facts),
        call=t("poster.call"),
        phone=case.contact.phone,
        scan=t("poster.scan"),
        check=t("poster.check", site=f"{urlsplit(around.url).netloc}/verify", code=source.code),
        valid=_valid(source, t),
        qr=qr_of_page(source, around),
        photo=photo,
    )


def metas_of(
    source: PageSource, language: str, around: Surroundings, card: str | None
) -> tuple[tuple[str, str, str], ...]:
    """Return what sites read that show a page's address: attribute, name and content of each.

    Open Graph for most of them, and the words that QQ reads; none of them says who is missing. `card`: its name.
    """
    t = texts_of(language)
    title = heading_of(source, t)
    ask = _ask(source, t)
    address = f"{around.url}/p/{source.code}"
    pictures: tuple[tuple[str, str, str], ...] = ()
    if card is not None:
        image = f"{address}/{card}"
        pictures = (
            ("property", "og:image", image),
            ("property", "og:image:width", "1200"),
            ("property", "og:image:height", "630"),
            ("itemprop", "image", image),
            ("name", "twitter:card", "summary_large_image"),
        )
    return (
        ("property", "og:type", "website"),
        ("property", "og:url", address),
        ("property", "og:title", title),
        ("property", "og:description", ask),
        ("itemprop", "name", title),
        ("itemprop", "description", ask),
        ("name", "description", ask),
        *pictures,
    )


def heading_of(source: PageSource, t: Texts) -> str:
    """Return what kind of alert it is; of an exercise that it is one, because nobody is missing."""
    if source.status in MARKS:
        return t(f"page.{source.status}")
    return t("card.heading" if source.subject_kind == CHILD else "card.heading_person")


def _ask(source: PageSource, t: Texts) -> str:
    if source.status in MARKS:
        return t("card.ask_nothing")
    return t("card.ask" if source.subject_kind == CHILD else "card.ask_person")


def _lines(source: PageSource, t: Texts) -> tuple[str, ...]:
    people = [
        t("list_comma").join(
            [one.name or t("unnamed"), *([] if one.age is None else [t("card.aged", age=one.age)])],
        )
        for one in source.case.missing
    ]
    place = source.case.last_seen.place
    return (*people[:3], *([place] if place else []), t("page.call", phone=source.case.contact.phone))


def _valid(source: PageSource, t: Texts) -> str:
    return t("page.ends", moment=t.moment(local(source.expires, source.content)))
