"""Whose token opened a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from handlers.http.roles import Role

BEARER: Final = "bearer"
"""Where a request keeps whose token opened it."""


class Bearer(NamedTuple):
    """Whose token it is, by its `digest`, and what it opens; `authority`: whose officer it is, None for all others.

    `person`: the id of the person.
    """

    role: Role
    name: str
    token_id: int
    authority: str | None
    digest: bytes
    person: int
