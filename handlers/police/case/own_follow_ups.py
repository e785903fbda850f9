"""The follow-up notices that the police wrote, for those who were notified in a language of theirs.

Bounded by the languages of a case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.http.problems import FieldError
from push.alerts.name_matching import names_child
from push.message.content import Text
from push.message.language_tag import readers_of
from push.notice import Notice

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from handlers.police.case.case import Case, OwnFollowUp


def own_follow_ups(case: Case) -> dict[str, dict[str, Text]]:
    """Return the texts by notice and locale."""
    texts: dict[str, dict[str, Text]] = {}
    for tag, notice, text in _given(case):
        texts.setdefault(notice, {})[readers_of(tag)] = Text(text.title, text.body, "")
    return texts


def naming_faults(case: Case, names: Iterable[str]) -> list[FieldError]:
    """Return which of the texts name the child: phones show them when the alert is over."""
    known = [*names]
    return [
        FieldError(f"$.texts.{tag}.follow_ups.{notice}", "a follow-up notice must not say who the child is")
        for tag, notice, text in _given(case)
        if names_child(text.title + text.body, known)
    ]


def _given(case: Case) -> Iterator[tuple[str, str, OwnFollowUp]]:
    for tag, own in (case.texts or {}).items():
        given = own.follow_ups
        for notice, text in () if given is None else ((Notice.FOUND, given.found), (Notice.CANCEL, given.cancel)):
            if text is not None:
                yield tag, notice.value, text
