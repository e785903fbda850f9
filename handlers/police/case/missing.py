"""Who is missing: a child, or an adult who cannot look after themselves.

Everything but the circumstances may be unknown. Bounded: `NICKNAMES_MAX`, `LANGUAGES_MAX`, texts by their types.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from handlers.police.case.fields import Height, ShortText, Text, WebAddress
from push.notice import SubjectKind

NICKNAMES_MAX = 5
LANGUAGES_MAX = 5
AGE_MAX = 120
CHILD_AGE_MAX = 17

Sex = Literal["male", "female", "unknown"]


class Missing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A missing person. `name` and `age` may be unknown; `accent`: how they speak, by which people know them."""

    name: ShortText | None = None
    sex: Sex = "unknown"
    age: Annotated[int, Meta(ge=0, le=AGE_MAX)] | None = None
    height_cm: Height | None = None
    clothing: Text | None = None
    features: Text | None = None
    photo_url: WebAddress | None = None
    nicknames: Annotated[tuple[ShortText, ...], Meta(max_length=NICKNAMES_MAX)] = ()
    build: ShortText | None = None
    hair: ShortText | None = None
    languages: Annotated[tuple[ShortText, ...], Meta(max_length=LANGUAGES_MAX)] = ()
    accent: ShortText | None = None

    @property
    def is_recognisable(self) -> bool:
        """Whether anything is said by which strangers could recognise them: their sex or languages alone are not."""
        told = (
            self.name,
            self.age,
            self.height_cm,
            self.clothing,
            self.features,
            self.photo_url,
            self.build,
            self.hair,
        )
        return bool(self.nicknames) or any(one is not None for one in told)


class Child(Missing, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A missing child."""

    age: Annotated[int, Meta(ge=0, le=CHILD_AGE_MAX)] | None = None


class Subject(Missing, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A missing person of any kind."""

    kind: SubjectKind
