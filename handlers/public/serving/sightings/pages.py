"""The pages of a report: the form, what it was received as, and why it was not.

Texts come from catalogues, values of strangers are escaped. Bounded by the form.
"""

from __future__ import annotations

import hashlib
import secrets
import tomllib
from collections import defaultdict
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

import msgspec
from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from handlers.http.headers import SECURITY
from handlers.public.serving.prepared import PERMISSIONS, ROBOTS, policy_of
from public.sightings.content import CONTACT_MAX, PHOTOS_MAX, PLACE_MAX, WHAT_MAX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from handlers.public.serving.sightings.reading import Form

PACKAGE: Final = "handlers.public.serving.sightings"
FALLBACK: Final = "en"
POLICE: Final = "110"
"""Whom to call where the page names nobody."""

MB: Final = 1_000_000


def catalogues() -> dict[str, dict[str, Any]]:
    """Return the texts by language."""
    folder = resources.files(PACKAGE).joinpath("catalogues")
    return {
        one.name.removesuffix(".toml"): tomllib.loads(one.read_text(encoding="utf-8"))
        for one in folder.iterdir()
        if one.name.endswith(".toml")
    }


class PageState(msgspec.Struct, frozen=True):
    """What a page's state says that matters here; `call`: the number of the alert, `zone`: of the times on its page.

    `titles`: of the page, by language.
    """

    state: str = "live"
    call: str | None = None
    zone: str = "Asia/Shanghai"
    titles: dict[str, str] = {}

    @property
    def number(self) -> str:
        """Whom to call."""
        return self.call or POLICE


class Module:
    """A script of ours, with its hash in its address."""

    def __init__(self, name: str) -> None:
        self.content = resources.files(PACKAGE).joinpath("assets", f"{name}.js").read_bytes()
        self.path = f"/s/assets/{name}.{hashlib.sha256(self.content).hexdigest()[:16]}.js"


class Pages:
    """Renders the pages."""

    def __init__(self, languages: Sequence[str], photo_bytes: int) -> None:
        self._texts = catalogues()
        self._languages = [one for one in languages if one in self._texts]
        self._default = next(iter(self._languages), FALLBACK)
        self._photo_bytes = photo_bytes
        self._jinja = Environment(
            loader=PackageLoader(PACKAGE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        style = resources.files(PACKAGE).joinpath("templates", "style.css").read_text(encoding="utf-8")
        # It is ours, and quoted in it would be no style any more.
        self._style = Markup(style)  # noqa: S704 # nosec B704 - a file of ours
        self.modules = [Module("report"), Module("proof")]

    def language(self, wanted: str) -> str:
        """Return the language of a page: the wanted one, where there are texts in it."""
        return wanted if wanted in self._texts else self._default

    def text(self, language: str, name: str, number: str = POLICE) -> str:
        """Return a text; `number`: whom to call."""
        text: str = self._texts[self.language(language)][name]
        return text.replace("{number}", number)

    def fault(self, language: str, name: str) -> str:
        """Return what is wrong, in words."""
        text: str = self._texts[self.language(language)]["fault"][name]
        return text

    def form(self, language: str, code: str, state: PageState, sent: Form | None = None, refusal: str = "") -> str:
        """Return the form, with what was sent."""
        language = self.language(language)
        values: Mapping[str, str] = {} if sent is None else sent.values
        report, worker = self.modules
        return self._render(
            "form.html",
            language,
            self._texts[language]["title"],
            code=code,
            number=state.number,
            zone=state.zone,
            about=state.titles.get(language, ""),
            others=[(one, self._texts[one]["name"]) for one in self._languages if one != language],
            refusal=refusal,
            values=defaultdict(str, values),
            faults=defaultdict(str, {} if sent is None else sent.faults),
            uploads=[] if sent is None else sent.uploads,
            form=values.get("form") or secrets.token_hex(16),
            module=report.path,
            worker=worker.path,
            photos_max=PHOTOS_MAX,
            photo_mb=f"{self._photo_bytes / MB:g}",
            bytes_max=self._photo_bytes,
            what_max=WHAT_MAX,
            place_max=PLACE_MAX,
            contact_max=CONTACT_MAX,
        )

    def received(self, language: str, receipt: str = "", code: str = "", *, left_out: bool = False) -> str:
        """Return what says that a report was received; `left_out`: without a photo."""
        language = self.language(language)
        heading = self._texts[language]["received"]
        return self._render("received.html", language, heading, receipt=receipt, code=code, left_out=left_out)

    def notice(self, language: str, heading: str, lines: Sequence[str]) -> str:
        """Return a page with a few lines."""
        return self._render("notice.html", self.language(language), heading, lines=lines)

    def _render(self, name: str, language: str, heading: str, *, about: str = "", **more: object) -> str:
        texts = self._texts[language]
        template = self._jinja.get_template(name)
        return template.render(language=language, heading=heading, about=about, texts=texts, style=self._style, **more)


def answer(page: str, status: int = 200) -> web.Response:
    """Return a page as it is answered: kept by nobody."""
    content = page.encode()
    headers = {**SECURITY, "Content-Security-Policy": policy_of(content), "Permissions-Policy": PERMISSIONS}
    headers |= {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "X-Robots-Tag": ROBOTS}
    return web.Response(status=status, body=content, headers=headers)
