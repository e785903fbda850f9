"""Forms of administrators: what one asks for, what does it, and the page that shows what became of it.

A refusal is shown beside what was typed. Bounded: a form by its route.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from aiohttp import web

from handlers.console.pages.actions import problem_of
from handlers.console.showing.forms import read_form
from runtime.decoding import DECODE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from handlers.http.problems import FieldError, Problem
    from handlers.http.route import Call, Result

HOME: Final = "/console/administration"
DISTINCT: Final = "-"
"""Between the name of a list and its item, in the names of boxes."""


class Form(NamedTuple):
    """What a change asks for, and what does it."""

    kind: type[msgspec.Struct]
    do: Callable[[Call[Any]], Awaitable[Result]]


class Failed(NamedTuple):
    """A form that was not done: its name, what was typed, the bad fields by name, and the problem of the API."""

    name: str
    fields: dict[str, str]
    errors: dict[str, str]
    problem: Problem | None = None

    @property
    def status(self) -> int:
        """The status of the page that shows it; 200 where nothing failed."""
        if not self.name:
            return 200
        return 422 if self.problem is None else self.problem.status

    def typed(self, form: str, field: str, otherwise: object = "") -> str:
        """Return what was typed into a field of a form, else what it begins with."""
        shown = self.fields.get(field) if form == self.name else None
        return str(otherwise if shown is None else shown)

    def error(self, form: str, field: str) -> str | None:
        """Return what is wrong with a field of a form."""
        return self.errors.get(field) if form == self.name else None


NOTHING: Final = Failed("", {}, {})


async def done(
    call: Call[Any],
    name: str,
    fields: dict[str, str],
    form: Form,
    reads: Callable[[dict[str, Any]], dict[str, Any]] = lambda tree: tree,
) -> Result | Failed:
    """Do what a form asks for; returns the answer, or why it was not done. `reads`: what is read of it otherwise."""
    body = read_form(reads(await _tree(fields)), form.kind)
    if isinstance(body, list):
        return failed_fields(name, fields, body)
    answer = await form.do(call.with_body(body))
    if not isinstance(answer, web.Response) or answer.status < web.HTTPBadRequest.status_code:
        return answer
    problem = problem_of(answer)
    return Failed(name, fields, _by_name(problem.errors), problem)


def failed_fields(name: str, fields: dict[str, str], errors: list[FieldError]) -> Failed:
    """Return a form with bad fields."""
    return Failed(name, fields, _by_name(errors))


def _by_name(errors: list[FieldError]) -> dict[str, str]:
    return {error.path.removeprefix("$."): error.detail for error in errors}


async def _tree(fields: dict[str, str]) -> dict[str, Any]:
    """Return a form as the API takes it: boxes called `LIST-ITEM` as a list, and GeoJSON decoded."""
    tree: dict[str, Any] = {name: value for name, value in fields.items() if DISTINCT not in name}
    for name in fields:
        of, dash, item = name.partition(DISTINCT)
        if dash:
            tree[of] = [*(tree.get(of) or []), *([item] if item else [])]
    if text := str(tree.get("jurisdiction", "")).strip():
        try:
            tree["jurisdiction"] = await asyncio.to_thread(msgspec.json.decode, text)
        except DECODE_ERRORS:
            # Left as a text, which is no jurisdiction.
            tree["jurisdiction"] = text
    return tree


def seen_after(path: str, name: str) -> web.Response:
    """Return where a page goes on after a form that was done."""
    return web.Response(status=303, headers={"Location": f"{path}?done={name}"})
