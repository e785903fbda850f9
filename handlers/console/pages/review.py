"""The review: what phones would show in every language and lane, whom it would reach, and the approval of just that.

An approval is of the revision that was read, and of every language that was shown. Bounded by the alert.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from handlers.console.pages.actions import changed_by, problem_of
from handlers.console.pages.alert import parts_of
from handlers.console.pages.queue import waiting_of
from handlers.console.showing.forms import fields_of, read_form
from handlers.operators.actions import Approval
from handlers.operators.alerts import AlertAnswer
from push.notice import Notice

if TYPE_CHECKING:
    from handlers.console.pages.watching.map import MapPage
    from handlers.console.showing.pages import Pages
    from handlers.http.problems import FieldError
    from handlers.http.route import Call
    from handlers.operators.actions import AlertActions
    from handlers.operators.alerts import Alerts
    from handlers.operators.preview import Preview
    from handlers.operators.watching.photo import AlertPhoto
    from handlers.operators.watching.trail import AlertTrail

READ: Final = "read-"
"""How the boxes are named by which somebody says that they have read a language."""


class Review:
    """`/console/alerts/{id}/review`, its photo, and `/console/alerts/{id}/approval`."""

    def __init__(
        self,
        alerts: Alerts,
        actions: AlertActions,
        preview: Preview,
        pages: Pages,
        map_page: MapPage,
        trail: AlertTrail,
        photo: AlertPhoto,
    ) -> None:
        self._trail = trail
        self._photo = photo
        self._alerts = alerts
        self._map = map_page
        self._actions = actions
        self._preview = preview
        self._pages = pages

    async def get(self, call: Call[None]) -> web.Response:
        """Show what would be sent."""
        return await self._page(call, {}, [], None)

    async def get_photo(self, call: Call[None]) -> web.Response:
        """Return the picture that is judged, as the API does."""
        return await self._photo.get(call)

    async def post(self, call: Call[bytes]) -> web.StreamResponse:
        """Approve, where every language was read."""
        fields = fields_of(call.body)
        shown = await self._preview.get(call)
        if isinstance(shown, web.Response):
            return self._pages.problem(call.request, 404, "problem.unknown_alert")
        locales = shown.notices.get(_notice_of(shown.notices), {})
        unread = [locale for locale in locales if f"{READ}{locale}" not in fields]
        body = read_form({name: value for name, value in fields.items() if not name.startswith(READ)}, Approval)
        if unread or isinstance(body, list):
            return await self._page(call, fields, body if isinstance(body, list) else [], None, unread=unread)
        answer = await self._actions.post_approval(call.with_body(body))
        if isinstance(answer, AlertAnswer):
            done = "approval" if shown.alert.review.proposal is None else "approval_of_change"
            return web.Response(status=303, headers={"Location": f"/console/alerts/{call.alert_id}?done={done}"})
        return await self._page(call, fields, [], answer)

    async def _page(
        self,
        call: Call[Any],
        fields: dict[str, str],
        errors: list[FieldError],
        refused: web.Response | None,
        unread: list[str] | None = None,
    ) -> web.Response:
        read, shown = await self._alerts.read(call), await self._preview.get(call)
        if read is None or isinstance(shown, web.Response):
            return self._pages.problem(call.request, 404, "problem.unknown_alert")
        status = 422 if unread or errors else 200 if refused is None else refused.status
        notice = _notice_of(shown.notices)
        return self._pages.page(
            call.request,
            "review.html",
            status,
            **parts_of(read.shown) | await self._map.values(read),
            notice=notice,
            texts=shown.notices.get(notice, {}),
            reasons=shown.reasons,
            photo=shown.photo,
            revision=shown.alert.review.revision,
            fields=fields,
            errors={error.path.removeprefix("$."): error.detail for error in errors},
            problem=None if refused is None else problem_of(refused),
            changed_by=await changed_by(self._trail, call, refused),
            unread=unread or [],
            waiting=waiting_of(read.shown, call.bearer),
            changed=bool(fields) and fields.get("revision") != str(shown.alert.review.revision),
        )


def _notice_of(notices: dict[str, Any]) -> str:
    """Return which notice is judged: a proposed update where one waits, else the alert itself."""
    return Notice.UPDATE.value if Notice.UPDATE.value in notices else Notice.ALERT.value
