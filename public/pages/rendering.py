"""Makes the pages of an alert: the live page in each language, the page of one that is over, and the state.

All text of others is escaped. Pure; bounded by the case.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

import jinja2
import msgspec
from markupsafe import Markup

from public.pages.case import PhoneContent, PublicCase
from public.pages.facts import Group, groups_of, local
from public.pages.modules import FIRST, modules
from public.pages.texts import texts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from public.pages.texts import Texts

MARKS: Final = frozenset({"exercise", "test"})
CHILD: Final = "child"
SHARED: Final = "#s"
"""Who opens a link that somebody shared is counted as such; it stands in the fragment, so that caches see one page."""


class ShownPhoto(msgspec.Struct, frozen=True):
    """The photo as a page shows it: pixels that it has, and its address."""

    url: str
    width: int
    height: int


class ShownDocument(msgspec.Struct, frozen=True):
    """A poster that a page leads to: its kind (`pdf`, `png`) and its address."""

    kind: str
    url: str


class PageSource(msgspec.Struct, frozen=True, kw_only=True):
    """What a page is made of: `is_reworded`: the alert's text says something that the case does not.

    `card_shows_child`: whether its share card shows who is missing; None: as the site has it.
    """

    code: str
    status: str
    subject_kind: str
    expires: datetime
    sample: int
    case: PublicCase
    content: PhoneContent
    is_reworded: bool
    card_shows_child: bool | None = None


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What pages are made with: where the site is, in which languages, what stands under maps."""

    url: str
    languages: tuple[str, ...]
    map_review_number: str = ""


class _Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What the template shows."""

    code: str
    title: str
    lead: str
    mark: str
    guidance: str
    photo: ShownPhoto | None
    groups: tuple[Group, ...]
    phone: str
    tel: str
    saw: str
    share_url: str
    ends: str
    expires: str
    sample: int
    map_review_number: str
    metas: tuple[tuple[str, str, str], ...]
    documents: tuple[ShownDocument, ...]


def live_page(
    source: PageSource,
    language: str,
    around: Surroundings,
    photo: ShownPhoto | None = None,
    metas: Sequence[tuple[str, str, str]] = (),
    documents: Sequence[ShownDocument] = (),
) -> bytes:
    """Return the page of an alert that lives, in one language.

    `metas`: what sites that show its link read, each with its attribute, name and content. `documents`: its posters.
    """
    t = texts_of(language)
    text = source.content.text(language)
    case, expires = source.case, local(source.expires, source.content)
    shown = _Shown(
        code=source.code,
        title=text.title,
        lead=text.body if source.is_reworded else "",
        mark=t(f"page.{source.status}") if source.status in MARKS else "",
        guidance="" if case.guidance is None else t.word("guidance", case.guidance),
        photo=photo,
        groups=groups_of(case, source.content, t),
        phone=case.contact.phone,
        tel=re.sub(r"[^\d+*#,;]", "", case.contact.phone),
        saw=t("page.saw" if source.subject_kind == CHILD else "page.saw_person"),
        share_url=f"{around.url}/p/{source.code}{'' if language == around.languages[0] else f'/{language}'}{SHARED}",
        ends=t("page.ends", moment=t.moment(expires)),
        expires=source.expires.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        sample=source.sample,
        map_review_number=around.map_review_number,
        metas=tuple(metas),
        documents=tuple(documents),
    )
    return rendered("page.html", language, around.languages, page=shown, t=t, module=modules()[FIRST].url)


def over_page(language: str, around: Surroundings) -> bytes:
    """Return the page of an alert that is over: the same for all alerts."""
    return over_page_in(language, around.languages)


def over_page_in(language: str, languages: Sequence[str]) -> bytes:
    """Return the same in one of the languages of a site."""
    return rendered("over.html", language, languages)


def state_of(source: PageSource | None, languages: Sequence[str] = ()) -> bytes:
    """Return what open tabs and the form of reports ask for; None: the alert is over. With its titles by language."""
    if source is None:
        return msgspec.json.encode({"state": "over"})
    mark = {"mark": source.status} if source.status in MARKS else {}
    state = {"state": "live", "expires": source.expires.astimezone(UTC), "call": source.case.contact.phone}
    state["zone"] = source.content.time_zone
    titles = {one: source.content.text(one).title for one in languages}
    return msgspec.json.encode(state | {"titles": titles} | mark)


def rendered(template: str, language: str, languages: Sequence[str], **values: object) -> bytes:
    """Return a document in a language, with our style in it; `all` are the texts, those of `language` first."""
    order = (language, *(one for one in languages if one != language))
    texts: list[Texts] = [texts_of(one) for one in order]
    page = _environment().get_template(template).render(language=language, all=texts, style=_style(), **values)
    return page.encode()


@cache
def _environment() -> jinja2.Environment:
    # One path for all of them, escaped whatever a file is called.
    return jinja2.Environment(
        loader=jinja2.PackageLoader("public.pages", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _style() -> Markup:
    """Return our own style without the spaces that nobody needs; a policy names it by its digest."""
    text = (resources.files("public.pages") / "templates" / "style.css").read_text(encoding="utf-8")
    return Markup(re.sub(r"\s*([{};:,])\s*", r"\1", text).strip())  # noqa: S704 # nosec B704 - a file of ours
