"""A store of the wire format of S3 that lists in pages, and of which a test says how each further page is answered."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web

from public.settings import PublicSettings, S3Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

OBJECT = (
    "<Contents><Key>{key}</Key><LastModified>2026-11-29T00:00:00.000Z</LastModified><ETag>&quot;e&quot;</ETag>"
    "<Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
)
PAGE = (
    '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>alerts</Name>'
    "<KeyCount>{count}</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>{more}</IsTruncated>{token}{objects}"
    "</ListBucketResult>"
)


class ListingStore:
    """Objects by key, and sizes of what is listed in two pages; `second` answers before the second of them."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.pages: list[dict[str, int]] = [{}, {}]
        self.second: Callable[[], Awaitable[int]] = _is_there

    async def handle(self, request: web.Request) -> web.Response:
        """Answer as S3 does."""
        key = request.path.removeprefix("/alerts/")
        if request.method == "PUT":
            self.objects[key] = await request.read()
            return web.Response(headers={"ETag": '"e"'})
        if request.query.get("list-type") != "2":
            found = self.objects.get(key)
            headers = {"ETag": '"e"', "Last-Modified": "Sun, 29 Nov 2026 00:00:00 GMT"}
            return web.Response(status=404) if found is None else web.Response(body=found, headers=headers)
        number = 1 if request.query.get("continuation-token") else 0
        status = await self.second() if number else 200
        if status != 200:
            return web.Response(status=status)
        objects = "".join(OBJECT.format(key=name, size=size) for name, size in self.pages[number].items())
        token = "" if number else "<NextContinuationToken>next</NextContinuationToken>"
        page = PAGE.format(
            count=len(self.pages[number]), more="false" if number else "true", token=token, objects=objects
        )
        return web.Response(text=page, content_type="application/xml")


async def _is_there() -> int:
    return 200


@asynccontextmanager
async def listing_store() -> AsyncIterator[tuple[ListingStore, PublicSettings]]:
    """Run one; yields it with the settings that lead to it."""
    store = ListingStore()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", store.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0]
    s3 = S3Settings(url=f"http://{host}:{port}", access_key_id="a", secret_access_key="b")
    try:
        yield store, PublicSettings(objects="s3://alerts", s3=s3)
    finally:
        await runner.cleanup()
