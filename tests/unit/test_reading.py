"""Reading input: what the record has no place for is refused by its name, wherever it stands."""

from __future__ import annotations

import msgspec

from handlers.actions import Because, Update
from handlers.reading import read


def test_a_text_that_cannot_be_stored_is_a_bad_field_wherever_it_stands() -> None:
    """U+0000 in a text, in a name or deep inside is named by its path; its escape as it is typed is only text."""
    words = {"title": "a\0b", "body": "fine"}
    body = msgspec.json.encode({"reason": "be\0cause", "case_number": "A-1", "texts": {"en": words, "z\0h": words}})
    errors = read(body, Update)
    assert isinstance(errors, list)
    assert {error.path for error in errors} == {"$.reason", "$.texts", "$.texts.en.title", "$.texts.z\0h.title"}
    assert read(rb'{"reason": "written \\u0000 by hand"}', Because) == Because(reason=r"written \u0000 by hand")
