"""Responses in JSON.

Bounded by what is encoded.
"""

from __future__ import annotations

import msgspec
from aiohttp import web


def answer_json(content: object, status: int = 200) -> web.Response:
    """Return an answer in JSON."""
    return web.Response(status=status, body=msgspec.json.encode(content), content_type="application/json")
