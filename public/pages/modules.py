"""The module that every page loads, under a name that changes with its content.

It is one file, made of those in `assets/first` in the order of their names, so that it costs one request. Comments are
left out of what is served. Bounded by the files of `public/pages/assets`.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

FIRST: Final = "page"
DIGEST_LENGTH: Final = 16
_COMMENTS: Final = re.compile(r"^[ \t]*(?://[^\n]*|/\*\*.*?\*/[ \t]*)\n", re.MULTILINE | re.DOTALL)
_INDENT: Final = re.compile(r"^[ \t]+", re.MULTILINE)


class Module(msgspec.Struct, frozen=True):
    """A module: its name without its digest, the name under which it is published, and its bytes."""

    name: str
    file: str
    content: bytes

    @property
    def url(self) -> str:
        """Its address on the site."""
        return f"/static/{self.file}"


@cache
def modules() -> dict[str, Module]:
    """Return all modules by name."""
    folder = resources.files("public.pages") / "assets"
    texts = {FIRST: "\n".join(_read(file) for file in _scripts(folder / "first"))}
    return {name: _module(name, text) for name, text in texts.items()}


def _scripts(folder: Traversable) -> list[Traversable]:
    return sorted((file for file in folder.iterdir() if file.name.endswith(".js")), key=lambda file: file.name)


def _read(file: Traversable) -> str:
    """Return a script without its comments, each of which stands in lines of its own, and without indents."""
    return _INDENT.sub("", _COMMENTS.sub("", file.read_text(encoding="utf-8")))


def _module(name: str, text: str) -> Module:
    content = text.encode()
    digest = hashlib.sha256(content).hexdigest()[:DIGEST_LENGTH]
    return Module(name, f"{name}.{digest}.js", content)
