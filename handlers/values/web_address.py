"""Web addresses: one form (RFC 3986) for what is typed with spaces and letters of any script, or why it is refused.

An address that is accepted can be published: it is percent-encoded, and its host is in the form that DNS knows (IDNA).
Bounded: `ADDRESS_MAX` characters in that form, since addresses that a store signs are long.
"""

from __future__ import annotations

from typing import Final

from yarl import URL

from handlers.values.text import clean_line
from runtime.addresses import is_public

ADDRESS_MAX: Final = 2000
_PRIVATE_SUFFIXES: Final = ("localhost", "local", "internal", "lan", "home", "corp", "intranet", "home.arpa")


class WebAddressError(ValueError):
    """What is given is no address that can be shown to the public; the text says why."""


def read_web_address(text: str) -> str:
    """Return an https address in its one form; WebAddressError says what is wrong."""
    typed = clean_line(text)
    try:
        url = URL(typed)
        host, port = url.host, url.port
    except (ValueError, TypeError):
        raise WebAddressError("not a web address") from None
    if url.scheme != "https":
        raise WebAddressError("an address that begins with https:// is expected")
    if not host or port is None or "%" in host or " " in host:
        raise WebAddressError("the address has no host")
    if url.user is not None or url.password is not None or "@" in url.raw_authority:
        raise WebAddressError("the address has a user name or a password, which everybody would see")
    normal = str(url.with_fragment(None))
    if not normal.isascii():
        raise WebAddressError("not a web address")
    if len(normal) > ADDRESS_MAX:
        raise WebAddressError(f"at most {ADDRESS_MAX} characters")
    return normal


def is_private(address: str) -> bool:
    """Tell whether an address is of a network that the public does not reach: by its digits, or by its name."""
    host = (URL(address).host or "").rstrip(".").lower()
    try:
        return not is_public(host)
    except ValueError:
        return "." not in host or host.endswith(tuple(f".{suffix}" for suffix in _PRIVATE_SUFFIXES))
