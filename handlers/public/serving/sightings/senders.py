"""Where a request comes from: its address block, and whether a page of another site had a browser send it.

Neither is logged or kept. Bounded by the headers of a request; one warning of each process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import structlog

from public.sightings.intake.address_blocks import block_of, client_of, is_trusted, read_networks
from runtime.addresses import is_internal

if TYPE_CHECKING:
    from aiohttp import web

    from public.settings import PublicSettings

FORWARDED: Final = "X-Forwarded-For"
FOREIGN: Final = "cross-site"
"""What browsers say (`Sec-Fetch-Site`) of a request that a page of another site had them send."""

_log = structlog.get_logger("handlers.public.serving.sightings")


class Senders:
    """Knows the proxies that are trusted, and our own names."""

    def __init__(self, settings: PublicSettings) -> None:
        self._trusted = read_networks(settings.sightings.trusted_proxies)
        self._own = urlsplit(settings.url or "").netloc.lower()
        self._is_warned = False

    def block_of(self, request: web.Request) -> str:
        """Return the address block of who sends a request."""
        forwarded = request.headers.getall(FORWARDED, [])
        if forwarded and not self._is_warned:
            self._look_at_proxy(request.remote or "")
        return block_of(client_of(request.remote, forwarded, self._trusted))

    def is_foreign(self, request: web.Request) -> bool:
        """Tell whether a page of another site had a browser send it: nobody filled in our form.

        Browsers that do not say so name an origin; "null" is that of our own pages, too, which send no referrer.
        """
        site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin", "null")
        if site is not None:
            return site == FOREIGN
        try:
            name = urlsplit(origin).netloc.lower()
        except ValueError:
            return True
        return bool(name) and name not in {self._own, request.host.lower()}

    def _look_at_proxy(self, remote: str) -> None:
        """Say once that a proxy of the operator's is not trusted: all that comes through it counts as one block."""
        if is_internal(remote) and not is_trusted(remote, self._trusted):
            self._is_warned = True
            _log.warning("sightings.proxy_not_trusted", setting="public.sightings.trusted_proxies")
