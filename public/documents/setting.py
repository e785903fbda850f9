"""Sets documents with typst: our templates, and the words of others as data, never as markup.

`Typesetter` works in a thread, one document at a time, so that nothing waits for it. What typst cannot set is None:
that is a bug of a template. Bounded: a document takes a fraction of a second.
"""

from __future__ import annotations

import asyncio
from importlib import resources
from typing import TYPE_CHECKING, Final, Literal

import msgspec
import structlog
import typst

if TYPE_CHECKING:
    from public.documents.contents import CardContent, PosterContent
    from public.documents.fonts import Fonts

CARD_PPI: Final = 72.0
"""A card is 1200 x 630 points."""
POSTER_PPI: Final = 110.0
"""1,286 pixels high: legible on a phone, and small."""

_log = structlog.get_logger("public.documents")


class Typesetter:
    """Sets cards and posters with some fonts."""

    def __init__(self, fonts: Fonts) -> None:
        self.fonts = fonts
        self._turn = asyncio.Lock()

    async def card(self, content: CardContent) -> bytes | None:
        """Return a share card as PNG."""
        return await self._set("card", content, "png", CARD_PPI)

    async def poster(self, content: PosterContent, form: Literal["pdf", "png"]) -> bytes | None:
        """Return a poster."""
        return await self._set("poster", content, form, POSTER_PPI)

    async def _set(
        self, template: str, content: CardContent | PosterContent, form: Literal["pdf", "png"], ppi: float
    ) -> bytes | None:
        async with self._turn:
            return await asyncio.to_thread(self._set_now, template, content, form, ppi)

    def _set_now(
        self, template: str, content: CardContent | PosterContent, form: Literal["pdf", "png"], ppi: float
    ) -> bytes | None:
        words = msgspec.to_builtins(msgspec.structs.replace(content, photo=None))
        data = {"words": _legible(words, self.fonts), "families": self.fonts.families}
        inputs = {
            "data": msgspec.json.encode(data).decode(),
            # Bytes as text, a character each: typst takes no other, and nothing of a child lies in a folder meanwhile.
            "photo": (content.photo or b"").decode("latin-1"),
        }
        source = (resources.files("public.documents") / "templates" / f"{template}.typ").read_bytes()
        try:
            compiler = typst.Compiler(input=source, font_paths=self.fonts.found, ignore_system_fonts=True)
            made, warnings = compiler.compile_with_warnings(format=form, ppi=ppi, sys_inputs=inputs)
        except typst.TypstError as error:
            # Its texts may have words of the case.
            _log.error("document.not_set", template=template, error=type(error).__name__)
            return None
        if warnings:
            _log.warning("document.warned", template=template, warnings=len(warnings))
        return made if isinstance(made, bytes) else None


def _legible(value: object, fonts: Fonts) -> object:
    """Return words with what no font has written as a sign and its number."""
    if isinstance(value, str):
        return fonts.legible(value)
    if isinstance(value, dict):
        return {name: _legible(one, fonts) for name, one in value.items()}
    return [_legible(one, fonts) for one in value] if isinstance(value, (list, tuple)) else value
