"""Reads the tags of the languages in which the police write texts of their own.

Bounded by `case.TEXTS_MAX`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.http.problems import FieldError
from push.message.language_tag import read_tag, readers_of

if TYPE_CHECKING:
    from collections.abc import Iterable


def tag_faults(tags: Iterable[str]) -> list[FieldError]:
    """Return which tags name no language, or the same readers as one before."""
    faults: list[FieldError] = []
    known: set[str] = set()
    for tag in tags:
        if read_tag(tag) is None:
            faults.append(FieldError(f"$.texts.{tag}", "no language tag, as zh-CN or es"))
        elif readers_of(tag) in known:
            faults.append(FieldError(f"$.texts.{tag}", f"a second text for readers of {readers_of(tag)}"))
        known.add(readers_of(tag))
    return faults
