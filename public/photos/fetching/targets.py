"""Judges an address before anything is asked of its server: scheme, port, user, host; and each address of the host.

Pure.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final

import msgspec
from yarl import URL

from public.photos.fetching.plan import SCHEMES, FetchFault
from runtime.addresses import is_public

if TYPE_CHECKING:
    from public.photos.fetching.plan import FetchPlan

URL_MAX: Final = 4_000
"""Characters; addresses that a store signs are long, also those that it redirects to."""

_LABEL: Final = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME: Final = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?\Z")
"""A name as DNS has it, in ASCII. Its last label begins with a letter: else a resolver may read it as a number."""
_FORBIDDEN: Final = re.compile(r"[\x00-\x20\x7f\\]")


class Target(msgspec.Struct, frozen=True):
    """Where one hop leads: `host` as it is resolved, or an address; `url` as it is asked for."""

    url: URL
    host: str
    port: int

    @property
    def is_address(self) -> bool:
        """Whether the host is an address, not a name."""
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return False
        return True


def target_of(text: str, plan: FetchPlan, base: URL | None = None) -> Target | FetchFault:
    """Return where an address leads, or why nothing is fetched from it; `base`: which server redirects to it."""
    if len(text) > URL_MAX or _FORBIDDEN.search(text):
        return FetchFault.FORBIDDEN_ADDRESS
    try:
        url = URL(text) if base is None else base.join(URL(text))
        host, port = url.host, url.port
    except ValueError:
        return FetchFault.FORBIDDEN_ADDRESS
    if url.scheme not in SCHEMES or not host or port is None:
        return FetchFault.FORBIDDEN_ADDRESS
    if url.user is not None or url.password is not None or "@" in url.raw_authority or "%" in url.raw_authority:
        return FetchFault.FORBIDDEN_ADDRESS
    name = (url.raw_host or "").lower()
    target = Target(url.with_fragment(None), name, port)
    if not target.is_address and not _NAME.fullmatch(name) and name not in plan.hosts:
        # Numbers that resolvers read as addresses (127.1, 0x7f000001), names without a dot, dots at the end.
        return FetchFault.INTERNAL_ADDRESS
    return _judged(target, plan)


def _judged(target: Target, plan: FetchPlan) -> Target | FetchFault:
    """Return a target whose host and port may be fetched from; a name's addresses are not known yet."""
    if target.port not in plan.ports or (plan.hosts and target.host not in plan.hosts):
        return FetchFault.FORBIDDEN_ADDRESS
    if target.is_address and not may_reach(target.host, plan):
        return FetchFault.INTERNAL_ADDRESS
    return target


def may_reach(address: str, plan: FetchPlan) -> bool:
    """Tell whether an address may be connected to: a public one, or one of a network that is allowed."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return is_public(address) or any(parsed in network for network in plan.networks)
