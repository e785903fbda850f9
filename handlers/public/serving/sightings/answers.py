"""What strangers are answered: pages, or JSON for the page's module and for programs; in words, with whom to call.

Pure, but for the templates. Bounded by the form.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import msgspec
from aiohttp import web

from handlers.public.serving.sightings.limits.admission import Full
from handlers.public.serving.sightings.pages import PageState, answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handlers.public.serving.sightings.pages import Pages
    from handlers.public.serving.sightings.reading import Form

_STATUS: Final = {
    Full.BLOCK: HTTPStatus.TOO_MANY_REQUESTS,
    Full.BUSY: HTTPStatus.SERVICE_UNAVAILABLE,
    Full.DISK: HTTPStatus.INSUFFICIENT_STORAGE,
    Full.AWAY: HTTPStatus.SERVICE_UNAVAILABLE,
}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Of which page something was asked, how it stands, and in which language and form the answer is."""

    code: str = ""
    language: str = ""
    takes_json: bool = False
    state: PageState = PageState()

    def with_form(self, form: Form) -> Asked:
        """Return the same, in the language of a form that was sent."""
        return msgspec.structs.replace(self, language=form.values.get("language") or self.language)


class Answers:
    """Answers."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def form(self, asked: Asked) -> web.Response:
        """Answer with an empty form."""
        return answer(self._pages.form(asked.language, asked.code, asked.state))

    def received(self, asked: Asked, receipt: str, *, left_out: bool) -> web.Response:
        """Say that a report was received; `left_out`: without a photo."""
        if asked.takes_json:
            return web.json_response({"receipt": receipt} | ({"left_out": True} if left_out else {}))
        return answer(self._pages.received(asked.language, receipt, asked.code, left_out=left_out))

    def known(self, asked: Asked, *, is_receipt: bool) -> web.Response:
        """Say of a code whether a report was received under it."""
        if is_receipt:
            return answer(self._pages.received(asked.language))
        unknown = self._pages.text(asked.language, "receipt_unknown")
        return answer(self._pages.notice(asked.language, unknown, ()), HTTPStatus.NOT_FOUND)

    def mistaken(self, asked: Asked, form: Form) -> web.Response:
        """Say what is wrong, in the form as it was filled in."""
        if asked.takes_json:
            texts = {name: self._pages.fault(asked.language, one) for name, one in form.faults.items()}
            return web.json_response({"faults": texts}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        page = self._pages.form(asked.language, asked.code, asked.state, form)
        return answer(page, HTTPStatus.UNPROCESSABLE_ENTITY)

    def full(self, asked: Asked, full: Full, form: Form | None = None) -> web.Response:
        """Say why nothing is taken in now; with what was typed, where it was read."""
        return self.refused(asked, _STATUS[full], f"refused_{full.value}", form)

    def refused(self, asked: Asked, status: int, name: str, form: Form | None = None) -> web.Response:
        """Say why a report is not taken in, and whom to call; with what was typed, where it was read."""
        language, state = asked.language, asked.state
        why = self._pages.text(language, name, state.number)
        if form is not None and not asked.takes_json:
            page = self._pages.form(language, asked.code, state, form, why)
            return answer(page, status)
        return self._words(asked, status, self._pages.text(language, "refused_title"), (why,))

    def unknown(self, asked: Asked) -> web.Response:
        """Say that there is no such page."""
        return self._words(asked, HTTPStatus.NOT_FOUND, self._pages.text(asked.language, "unknown"), ())

    def over(self, asked: Asked) -> web.Response:
        """Say that the alert is over."""
        text, number = self._pages.text, asked.state.number
        lines = (text(asked.language, "over"), text(asked.language, "over_call", number))
        return self._words(asked, HTTPStatus.GONE, text(asked.language, "over_title"), lines)

    def _words(self, asked: Asked, status: int, heading: str, lines: Sequence[str]) -> web.Response:
        if asked.takes_json:
            return web.json_response({"refused": " ".join(lines) or heading}, status=status)
        return answer(self._pages.notice(asked.language, heading, lines), status)
