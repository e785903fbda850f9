"""Makes pages of templates: with the texts of the reader's language, and the headers that protect them.

What a template shows is escaped; a name that it does not get is a bug. Bounded by what it is given.
"""

from __future__ import annotations

import gzip
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

import jinja2
from aiohttp import web

from handlers.console.showing.assets import Assets
from handlers.console.showing.attention import Attention
from handlers.console.showing.figures import Figures
from handlers.console.showing.texts import LOCALES, texts_for
from handlers.http.bearer import BEARER
from handlers.http.requests import alert_id_of
from handlers.http.roles import ALLOWS, Role
from runtime.clock import record_now

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from handlers.console.showing.texts import Texts
    from handlers.http.bearer import Bearer

HTML: Final = "text/html"
THEMES: Final = ("auto", "light", "dark")
THEME_COOKIE: Final = "qq-alert-theme"
ENDS_AT: Final = "session ends at"
LEFT: Final = "session left"
"""Where a request keeps when its session ends, and how long that is, if it is not used."""

WARN: Final = timedelta(minutes=10)
"""So long before a session ends its page says so."""

COMPRESS_BYTES_MIN: Final = 1024
"""Below that compression saves less than its headers cost."""


class Tiles(NamedTuple):
    """Where the pictures under maps come from (`{z}`, `{x}`, `{y}`, `{s}` are filled in), and whom to name."""

    url: str
    attribution: str

    @property
    def source(self) -> str:
        """What a content security policy calls their server."""
        address = urlsplit(self.url)
        return f"{address.scheme}://{address.netloc.replace('{s}', '*')}"


class Pages:
    """Makes the console's pages."""

    def __init__(self, zone: tzinfo, tiles: Tiles | None = None, passkey_actions: frozenset[str] = frozenset()) -> None:
        """`zone`: in which times are written; `tiles`: of the maps, if there are any.

        `passkey_actions`: which actions a passkey has to sign.
        """
        self._zone = zone
        self._tiles = tiles
        self._passkey_actions = passkey_actions
        self.assets = Assets()
        self.attention: Callable[[Bearer], Attention] = lambda _: Attention()
        # One path for all of them, escaped whatever a file is called.
        self._environment = jinja2.Environment(
            loader=jinja2.PackageLoader("handlers.console", "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._policy = "; ".join(
            (
                "default-src 'none'",
                f"script-src 'self' {self.assets.import_map_source}",
                "style-src 'self'",
                "img-src 'self' data:" + ("" if tiles is None else f" {tiles.source}"),
                "media-src 'self'",
                "connect-src 'self'",
                "form-action 'self'",
                "base-uri 'none'",
                "frame-ancestors 'none'",
            )
        )

    def page(self, request: web.Request, template: str, status: int = 200, **values: Any) -> web.Response:  # noqa: ANN401
        """Return a page; `values` are what its template shows."""
        t = texts_for(request)
        chosen = request.cookies.get(THEME_COOKIE, THEMES[0])
        common = {
            "t": t,
            "locale": t.locale,
            "locales": LOCALES,
            "theme": chosen if chosen in THEMES else THEMES[0],
            "assets": self.assets,
            "viewer": _viewer(request),
            "attention": self._attention(request),
            "now": record_now(),
            "path": own_path(request),
            "show": Figures(t, self._zone),
            "warn_at": _warn_at(request),
            "passkey_actions": self._passkey_actions,
            "tiles": self._tiles,
        }
        body = self._environment.get_template(template).render(**common | values)
        response = self._protected(web.Response(text=body, status=status, content_type=HTML))
        if len(body) > COMPRESS_BYTES_MIN:
            response.enable_compression()
        return response

    def part(self, t: Texts, template: str, **values: Any) -> str:  # noqa: ANN401
        """Return a part of a page that shows nothing of who reads it."""
        common = {"t": t, "now": record_now(), "show": Figures(t, self._zone), "tiles": self._tiles}
        return self._environment.get_template(template).render(**common | values)

    def compressed(self, request: web.Request, body: bytes) -> web.Response:
        """Return HTML that is compressed by gzip, as it is to who takes that."""
        if "gzip" not in request.headers.get("Accept-Encoding", ""):
            return self._protected(web.Response(body=gzip.decompress(body), content_type=HTML))
        response = self._protected(web.Response(body=body, content_type=HTML))
        response.headers["Content-Encoding"] = "gzip"
        return response

    def _protected(self, response: web.Response) -> web.Response:
        response.charset = "utf-8"
        response.headers["Content-Security-Policy"] = self._policy
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        return response

    def _attention(self, request: web.Request) -> Attention:
        bearer = request.get(BEARER)
        return Attention() if bearer is None else self.attention(bearer)

    def problem(self, request: web.Request, status: int, key: str, **values: object) -> web.Response:
        """Return a page that says why something is not done, by the key of its text."""
        return self.page(request, "problem.html", status, heading=key, values=values)


def own_path(request: web.Request) -> str:
    """Return where to go on after a form: a path of which nothing was made up by who asks."""
    given = request.match_info
    is_own = set(given) <= {"id", "sighting"} and all(alert_id_of(one) is not None for one in given.values())
    return request.path if is_own else "/console"


def _warn_at(request: web.Request) -> datetime | None:
    """Return when a session ends that ends soon."""
    left = request.get(LEFT)
    return record_now() + left if left is not None and left < WARN else None


class Reader:
    """What readers of a role may do: all that a part knows of them that is the same for several."""

    def __init__(self, role: Role) -> None:
        self.role = role

    def may(self, role: str) -> bool:
        """Tell whether they may do what needs a role."""
        return self.role in ALLOWS[Role(role)]


class Viewer(Reader):
    """Who reads a page, and what they may do."""

    def __init__(self, bearer: Bearer) -> None:
        super().__init__(bearer.role)
        self.name = bearer.name
        self.authority = bearer.authority


def _viewer(request: web.Request) -> Viewer | None:
    bearer = request.get(BEARER)
    return None if bearer is None else Viewer(bearer)
