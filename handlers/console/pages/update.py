"""Other texts: a form with a title and a text for each language of an alert; the phones' cut-offs are shown beside it.

Bounded: as the API's update.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from handlers.console.pages.actions import changed_by, problem_of
from handlers.console.pages.alert import parts_of
from handlers.console.showing.forms import fields_of
from handlers.http.decoding import read
from handlers.http.problems import FieldError
from handlers.operators.actions import Update, Wording
from handlers.operators.alerts import AlertAnswer
from push.message.bidi import readable
from push.notice import Notice

if TYPE_CHECKING:
    from handlers.console.showing.pages import Pages
    from handlers.http.route import Call
    from handlers.operators.actions import AlertActions
    from handlers.operators.alerts import Alerts
    from handlers.operators.preview import Preview
    from handlers.operators.watching.trail import AlertTrail


class UpdatePage:
    """`/console/alerts/{id}/update`."""

    def __init__(
        self, alerts: Alerts, actions: AlertActions, preview: Preview, pages: Pages, trail: AlertTrail
    ) -> None:
        self._alerts = alerts
        self._actions = actions
        self._preview = preview
        self._trail = trail
        self._pages = pages

    async def get(self, call: Call[None]) -> web.Response:
        """Show the form."""
        return await self._page(call, {}, [], None)

    async def post(self, call: Call[bytes]) -> web.StreamResponse:
        """Change the texts, or propose that."""
        fields = fields_of(call.body)
        update = read(msgspec.json.encode(_update_of(fields)), Update)
        if isinstance(update, list):
            return await self._page(call, fields, update, None)
        answer = await self._actions.post_update(call.with_body(update))
        if isinstance(answer, AlertAnswer):
            return web.Response(status=303, headers={"Location": f"/console/alerts/{call.alert_id}?done=update"})
        return await self._page(call, fields, [], answer)

    async def post_wording(self, call: Call[bytes]) -> web.StreamResponse:
        """Show what phones would show of other texts, as each lane cuts them; nothing is changed."""
        fields = fields_of(call.body)
        texts = msgspec.convert(_update_of(fields)["texts"], dict[str, dict[str, str]])
        errors: list[FieldError] = []
        worded: dict[str, tuple[str, str]] = {}
        for locale, one in texts.items():
            read_one = read(msgspec.json.encode(one), Wording)
            if isinstance(read_one, list):
                errors += [
                    FieldError(f"$.texts.{locale}.{fault.path.removeprefix('$.')}", fault.detail) for fault in read_one
                ]
            else:
                worded[locale] = (readable(read_one.title), readable(read_one.body))
        shown = await self._preview.get(call, None if errors else worded)
        tried = {} if errors or isinstance(shown, web.Response) else shown.notices.get(Notice.UPDATE.value, {})
        return await self._page(call, fields, errors, None, tried)

    async def _page(
        self,
        call: Call[Any],
        fields: dict[str, str],
        errors: list[FieldError],
        refused: web.Response | None,
        tried: dict[str, Any] | None = None,
    ) -> web.Response:
        answer, shown = await self._alerts.get_one(call), await self._preview.get(call)
        if not isinstance(answer, AlertAnswer) or isinstance(shown, web.Response):
            return self._pages.problem(call.request, 404, "problem.unknown_alert")
        status = 422 if errors else 200 if refused is None else refused.status
        return self._pages.page(
            call.request,
            "actions/update.html",
            status,
            **parts_of(answer.alert),
            name="update",
            texts=None,
            tried=tried or {},
            shown=shown.notices.get(Notice.ALERT.value, {}),
            fields=fields,
            errors={error.path.removeprefix("$."): error.detail for error in errors},
            problem=None if refused is None else problem_of(refused),
            changed_by=await changed_by(self._trail, call, refused),
        )


def _update_of(fields: dict[str, str]) -> dict[str, Any]:
    """Return the request of a form whose fields are called `title-LOCALE` and `body-LOCALE`."""
    texts: dict[str, dict[str, str]] = {}
    for name, value in fields.items():
        part, dash, locale = name.partition("-")
        if dash and part in {"title", "body"}:
            texts.setdefault(locale, {})[part] = value
    others = {name: value for name, value in fields.items() if "-" not in name}
    return {**others, "texts": texts}
