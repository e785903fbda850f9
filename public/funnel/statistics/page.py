"""The page with the published numbers, in each language; works without a script, and loads nothing.

A language is a file of `catalogues/`. Bounded by the numbers. Errors: none; a language without a file has no page.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

import jinja2

if TYPE_CHECKING:
    from datetime import tzinfo

    from public.funnel.statistics.figures import Figures

NUMBERS: Final = ("alerts", "people_notified", "found", "found_through_alert", "found_unknown_how")


@cache
def _catalogues() -> dict[str, dict[str, Any]]:
    folder = resources.files("public.funnel.statistics") / "catalogues"
    files = (entry for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return {file.name.removesuffix(".toml"): tomllib.loads(file.read_text(encoding="utf-8")) for file in files}


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("public.funnel.statistics", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("statistics.html")


def page_of(figures: Figures, language: str, languages: tuple[str, ...], zone: tzinfo) -> bytes | None:
    """Return the page in a language, None where there is no catalogue of it; `zone`: in which its times are."""
    texts = _catalogues().get(language)
    if texts is None:
        return None
    others = [one for one in languages if one != language and one in _catalogues()]
    text = _template().render(
        t=texts,
        language=language,
        others={one: _catalogues()[one]["name"] for one in others},
        figures=figures,
        numbers=[(name, getattr(figures, name)) for name in NUMBERS],
        as_of=figures.as_of.astimezone(zone),
    )
    return text.encode()
