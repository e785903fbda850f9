"""Gives every answer the headers that protect browsers, and none that name the software.

They are set when an answer is about to be written, so that errors, refusals and WebSockets have them too. Bounded:
a fixed set.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web, web_response

SECURITY: Final = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""After OWASP's REST Security and HTTP Headers cheat sheets; an API needs nothing that these forbid."""

STRICT_TRANSPORT: Final = "max-age=31536000"
"""A year, for this host only: what else the operator has below its name is not ours to say."""

NAMELESS: Final = "qq-alert"


def secure(app: web.Application, *, encrypted: bool) -> None:
    """Give every answer of `app` the security headers, and none the names and versions of what serves it."""
    headers = SECURITY | ({"Strict-Transport-Security": STRICT_TRANSPORT} if encrypted else {})

    async def on_prepare(_: web.Request, response: web.StreamResponse) -> None:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        response.headers.pop("Server", None)

    app.on_response_prepare.append(on_prepare)
    # What is not HTTP at all is answered by aiohttp before there is an application to ask.
    web_response.SERVER_SOFTWARE = NAMELESS  # type: ignore[attr-defined] # there is no setting for it
