"""Answers in JSON."""

from __future__ import annotations

import msgspec
from aiohttp import web

from handlers.http.route import JSON


def json_response(content: object, status: int = 200) -> web.Response:
    """Return an answer in JSON."""
    return web.Response(status=status, body=msgspec.json.encode(content), content_type=JSON)
