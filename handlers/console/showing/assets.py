"""Static files of the console, under names that change with their content: a browser keeps them for good.

Bounded by the files of `handlers/console/assets` and of Leaflet's wheel; each is compressed once.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import mimetypes
from functools import cached_property
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

PATH: Final = "/console/static/"
LEAFLET: Final = "xstatic-leaflet"
OF_LEAFLET: Final = ("leaflet.js", "leaflet.css")
DIGEST_LENGTH: Final = 16
FOREVER: Final = "public, max-age=31536000, immutable"
COMPRESSED: Final = frozenset({".js", ".css", ".svg", ".json"})
_TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".mp3": "audio/mpeg"}


class Asset(NamedTuple):
    """A file: its public name, its type, its bytes, and these compressed where that makes them smaller."""

    name: str
    content_type: str
    body: bytes
    compressed: bytes | None


class Assets:
    """The static files."""

    def __init__(self) -> None:
        files = [*_files(resources.files("handlers.console") / "assets"), *_leaflet()]
        self._by_file = {name: _asset(name, body) for name, body in files}
        self._by_name = {asset.name: asset for asset in self._by_file.values()}

    def url(self, file: str) -> str:
        """Return the address of a file; KeyError for one that is not there."""
        return PATH + self._by_file[file].name

    @cached_property
    def import_map(self) -> str:
        """The import map of our modules, JSON: `console/NAME` is the module NAME.js."""
        modules = {f"console/{file[:-3]}": self.url(file) for file in sorted(self._by_file) if file.endswith(".js")}
        return json.dumps({"imports": modules}, separators=(",", ":"))

    @cached_property
    def import_map_source(self) -> str:
        """What a content security policy calls the import map: scripts in a page are allowed by their digest alone."""
        digest = hashlib.sha256(self.import_map.encode()).digest()
        return f"'sha256-{base64.b64encode(digest).decode()}'"

    def answer(self, request: web.Request, name: str) -> web.Response | None:
        """Return the answer with a file, None where there is none of that name."""
        asset = self._by_name.get(name)
        if asset is None:
            return None
        headers = {"Cache-Control": FOREVER, "Vary": "Accept-Encoding"}
        if asset.compressed is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return web.Response(body=asset.compressed, content_type=asset.content_type, headers=headers)
        return web.Response(body=asset.body, content_type=asset.content_type, headers=headers)


def _files(folder: Traversable, before: str = "") -> Iterator[tuple[str, bytes]]:
    for one in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if one.is_dir():
            yield from _files(one, f"{before}{one.name}/")
        elif not one.name.endswith((".py", ".pyc", ".ts", ".map")):
            yield before + one.name, one.read_bytes()


def _leaflet() -> list[tuple[str, bytes]]:
    """Return the files of Leaflet out of its wheel, without the reference to a source map that is not served."""
    found = {file.name: file for file in metadata.files(LEAFLET) or () if file.name in OF_LEAFLET}
    read = {name: Path(file.locate()).read_bytes() for name, file in found.items()}
    return [(name, body.split(b"//# sourceMappingURL", 1)[0]) for name, body in sorted(read.items())]


def _asset(file: str, body: bytes) -> Asset:
    stem, _, extension = file.rpartition(".")
    digest = hashlib.sha256(body).hexdigest()[:DIGEST_LENGTH]
    kind = _TYPES.get(f".{extension}") or mimetypes.guess_type(file)[0] or "application/octet-stream"
    compressed = gzip.compress(body, 9, mtime=0) if f".{extension}" in COMPRESSED else None
    smaller = compressed if compressed is not None and len(compressed) < len(body) else None
    return Asset(f"{stem.replace('/', '-')}.{digest}.{extension}", kind, body, smaller)
