"""Prepares a published object for being served often: compressed, with its headers and its tag.

Pure. Bounded by the object.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

import msgspec

from handlers.http.headers import SECURITY
from public.cache_control import cache_control_of

ROBOTS: Final = "noindex, noarchive"
PERMISSIONS: Final = "camera=(), geolocation=(self), microphone=(), payment=(), usb=()"
"""A report may say where its author is, if he presses the button for it."""

TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "jpg": "image/jpeg",
    "png": "image/png",
    "pdf": "application/pdf",
}
COMPRESSED: Final = frozenset({"html", "js", "json", "svg"})
LEVEL: Final = 9
"""It is compressed once for many."""

READY_BYTES_MAX: Final = 256 * 1024
"""Pages and their pictures; a poster is larger, and asked for rarely."""

_STYLE: Final = re.compile(rb"<style>(.*?)</style>", re.DOTALL)


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """An object as it is served; `compressed` is empty where it is not compressed."""

    content: bytes
    compressed: bytes
    etag: str
    headers: dict[str, str]


def prepared(path: str, content: bytes) -> Prepared:
    """Return an object as it is served; its type and how long it may be kept follow from its name."""
    ending = path.rpartition(".")[2]
    compressed = gzip.compress(content, LEVEL, mtime=0) if ending in COMPRESSED else b""
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {**SECURITY, "Content-Type": TYPES.get(ending, "application/octet-stream")}
    headers |= {"Cache-Control": cache_control_of(path), "ETag": etag, "X-Robots-Tag": ROBOTS}
    if compressed:
        headers["Vary"] = "Accept-Encoding"
    if ending == "html":
        headers |= {"Content-Security-Policy": policy_of(content), "Permissions-Policy": PERMISSIONS}
    else:
        # Whoever shares a link shows its card on a site of his own.
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return Prepared(content=content, compressed=compressed, etag=etag, headers=headers)


def whole_answers(made: Prepared) -> tuple[bytes, bytes]:
    """Return the answers with an object as they go over the wire now, plain and compressed; empty for a large one."""
    if len(made.content) > READY_BYTES_MAX:
        return b"", b""
    headers = {**made.headers, "Date": formatdate(usegmt=True)}
    plain = whole_answer(200, headers, made.content)
    if not made.compressed:
        return plain, plain
    return plain, whole_answer(200, {**headers, "Content-Encoding": "gzip"}, made.compressed)


def whole_answer(status: int, headers: dict[str, str], body: bytes = b"") -> bytes:
    """Return an answer as it goes over the wire."""
    length = {} if status == HTTPStatus.NO_CONTENT else {"Content-Length": str(len(body))}
    lines = [f"{name}: {value}" for name, value in (headers | length).items()]
    return "\r\n".join([f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *lines, "", ""]).encode("ascii") + body


def policy_of(content: bytes) -> str:
    """Return what a page may load: what is ours, and the style that stands in it."""
    hashes = [base64.b64encode(hashlib.sha256(style).digest()).decode() for style in _STYLE.findall(content)]
    styles = " ".join(f"'sha256-{one}'" for one in hashes) or "'none'"
    return (
        f"default-src 'none'; style-src {styles}; script-src 'self'; worker-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
