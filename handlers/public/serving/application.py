"""Puts the parts of serve-public together: one application, with the headers and the refusals that all parts share.

Bounded: `BODY_BYTES` a body, unless a part reads its body itself and bounds it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import structlog
from aiohttp import web

from handlers.http.headers import secure

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aiohttp.typedefs import Handler

BODY_BYTES: Final = 64 * 1024
_log = structlog.get_logger("handlers.public.serving")


class Part(Protocol):
    """Something that strangers may ask for or send; its handlers return answers, and refuse by answers."""

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the routes of the part."""

    async def run(self) -> None:
        """Work beside the requests until cancelled, or return at once; an exception ends the process."""


async def _health(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


@web.middleware
async def _refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer what no part answers in few words, and a bug in none."""
    try:
        return await handler(request)
    except web.HTTPException as refusal:
        headers = {"Allow": refusal.headers["Allow"]} if "Allow" in refusal.headers else {}
        return web.Response(status=refusal.status, text=f"{refusal.status}", headers=headers)
    except Exception as error:  # noqa: BLE001 - the text of the error may have what somebody sent
        _log.error("public.bug", error=type(error).__name__)
        return web.Response(status=500, text="500")


def application(parts: Sequence[Part]) -> web.Application:
    """Return the application of all parts."""
    app = web.Application(middlewares=[_refusals], client_max_size=BODY_BYTES)
    app.router.add_get("/health", _health)
    for part in parts:
        app.router.add_routes(part.routes())
    secure(app, encrypted=False)
    return app
