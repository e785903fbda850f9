"""Tells whether a browser sent a request from our own pages.

Browsers say where a request comes from (`Sec-Fetch-Site`, `Origin`), and pages cannot change that. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from aiohttp import web

OURS: Final = "same-origin"


def is_same_site(request: web.Request) -> bool:
    """Tell whether a request that changes something comes from our own pages; without either header it does not."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None and site != OURS:
        return False
    if origin is None:
        return site == OURS
    return is_own_origin(request, origin)


def is_own_origin(request: web.Request, origin: str) -> bool:
    """Tell whether an origin is that of the address under which the request came."""
    try:
        return bool(request.host) and urlsplit(origin).netloc.lower() == request.host.lower()
    except ValueError:
        return False
