"""Tells which heads no handler can use, before there is a route: one with a Host that is none, or an expectation.

aiohttp looks at neither: it answers an expectation before any middleware, and what reads the host of such a request
raises. Pure. Bounded by the head.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from aiohttp import hdrs
from yarl import URL

from handlers.http.problem_codes import ProblemCode
from handlers.http.problems import Refusal
from handlers.http.requests import EXPECTED

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web
    from aiohttp.http_parser import RawRequestMessage

_LABEL: Final = r"[A-Za-z0-9_-]{1,63}"
_PORT: Final = r"[0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"
HOST: Final = rf"(?:((?:{_LABEL}\.)*{_LABEL}\.?)|\[([0-9A-Fa-f:.]{{2,45}})\])(?::(?:{_PORT})?)?"
"""A name of the DNS or an address, and a port (RFC 9110, 7.2); browsers send no other letters than these."""

_HOST: Final = re.compile(HOST)
NO_HOST: Final = Refusal(ProblemCode.MALFORMED_REQUEST, "Host is not the name or address of a server, with its port")
UNEXPECTED: Final = Refusal(ProblemCode.EXPECTATION_FAILED, "of Expect only 100-continue is understood")


def fault_of(request: web.BaseRequest) -> Refusal | None:
    """Return why a head cannot be used; None for one that can."""
    hosts = request.headers.getall(hdrs.HOST, [])
    target = request.raw_path
    if not target.startswith(("/", "*")):
        # Who writes a whole address names the host there, and it counts before the header.
        hosts = [*hosts, _authority(target)]
    if not all(_HOST.fullmatch(host) for host in hosts):
        return NO_HOST
    is_expected = all(one.strip().lower() == EXPECTED for one in request.headers.getall(hdrs.EXPECT, []))
    return None if is_expected else UNEXPECTED


def name_of(host: str) -> str:
    """Return a host in small letters, without its port and the brackets of an address; empty for what is none."""
    found = _HOST.fullmatch(host)
    return "" if found is None else (found[1] or found[2]).lower()


def request_of(make: Callable[..., web.BaseRequest], message: RawRequestMessage, *others: object) -> web.BaseRequest:
    """Return a request as `make` does; one with an address that has no host becomes one without an address.

    aiohttp makes the request outside of what answers its errors, and decodes the host meanwhile.
    """
    try:
        return make(message, *others)
    except ValueError:
        return make(message._replace(url=URL("/"), path=""), *others)


def _authority(target: str) -> str:
    try:
        return urlsplit(target if "//" in target else f"//{target}").netloc
    except ValueError:
        return ""
