"""The fonts of documents, and which characters they lack: a rare character of a name must be seen, not left out.

By default Noto Sans SC; `[public] fonts` names files or folders that are looked in first. Bounded: `FILES_MAX` files.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

import pylopdf_fonts_zh_cn
import typst

from public.documents.cmap import FontError, characters_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

FILES_MAX: Final = 200
SUFFIXES: Final = frozenset({".otf", ".ttf", ".ttc", ".otc"})
REPLACEMENT: Final = "□"
INVISIBLE: Final = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
"""Categories of characters that need no glyph."""
SELECTORS: Final = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
"""Which form of a character is meant: without a glyph of their own."""


class Fonts:
    """Fonts that are read once; `given`: files and folders, the first ones first. FontError when one cannot be read."""

    def __init__(self, given: Sequence[Path] = ()) -> None:
        files = [file for path in given for file in _files(path)]
        if len(files) > FILES_MAX:
            raise FontError(f"more than {FILES_MAX} files of fonts")
        own = pylopdf_fonts_zh_cn.sans_path()
        self._characters = frozenset().union(*(_read(file) for file in (*files, own)))
        # typst takes folders; which of their families are used is said by the files that were given.
        folders = list(dict.fromkeys(str(file.parent) for file in (*files, own)))
        self.found = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)
        families = {one.path: one.family for one in self.found.fonts()}
        self.families = list(dict.fromkeys(families[str(file)] for file in (*files, own) if str(file) in families))

    def missing(self, text: str) -> list[str]:
        """Return the characters of a text that no font has, each once."""
        return [one for one in dict.fromkeys(text) if self._is_missing(one)]

    def legible(self, text: str) -> str:
        """Return a text in which each character that no font has stands as a sign and its number."""
        return "".join(f"{REPLACEMENT}(U+{ord(one):04X})" if self._is_missing(one) else one for one in text)

    def _is_missing(self, one: str) -> bool:
        code = ord(one)
        if code in self._characters or unicodedata.category(one) in INVISIBLE:
            return False
        return not any(code in selectors for selectors in SELECTORS)


def _files(path: Path) -> Iterable[Path]:
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES)
    return [path]


def _read(file: Path) -> frozenset[int]:
    try:
        return characters_of(file.read_bytes())
    except OSError as error:
        raise FontError(f"{file}: {error.strerror}") from None
    except FontError as error:
        raise FontError(f"{file}: {error}") from None
