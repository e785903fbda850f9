"""Names what of a case our Chinese text leaves out, as it is written in other letters.

Bounded by the case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.police.wording.letters import is_written_in
from push.message.catalogues import catalogues
from push.message.content import LOCALE_DEFAULT
from push.message.language_tag import readers_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handlers.police.case.case import Case


def notes_on_letters(case: Case) -> list[str]:
    """Return what the sender should know of values that no phone shows in Chinese."""
    words = catalogues()[LOCALE_DEFAULT]
    if LOCALE_DEFAULT in {readers_of(tag) for tag in case.texts or ()}:
        return []
    paths = [path for path, value in _descriptions(case) if value is not None and not is_written_in(value, words)]
    if not paths:
        return []
    return [f"the text in {LOCALE_DEFAULT} leaves out what is not written in Chinese: {', '.join(paths)}"]


def _descriptions(case: Case) -> Iterator[tuple[str, str | None]]:
    """Yield each value that stands only in texts of its own language, with its path."""
    one = "$.child" if case.child else "$.subject"
    for index, missing in enumerate(case.missing):
        here = f"$.children[{index}]" if case.children else one
        for name in ("clothing", "features", "build", "hair", "accent"):
            yield f"{here}.{name}", getattr(missing, name)
        yield from ((f"{here}.languages[{at}]", value) for at, value in enumerate(missing.languages))
    for index, companion in enumerate(case.companions):
        yield f"$.companions[{index}].relation", companion.relation
        yield f"$.companions[{index}].looks", companion.looks
    if case.vehicle is not None:
        for name in ("colour", "make", "direction"):
            yield f"$.vehicle.{name}", getattr(case.vehicle, name)
