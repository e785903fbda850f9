"""A server that may fetch photos of cases from the police's photo server on this machine, and what became of them.

Bounded by the test.
"""

from __future__ import annotations

import base64
import json
import ssl
from contextlib import asynccontextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import aiohttp
import msgspec

from public.photos.case_photos import HELD
from server.administration.file_case import signed_headers
from tests.integration.test_tls import issued, written
from tests.support.photo_site import Site, site_at
from tests.support.processes.deployment import CASE
from tests.support.processes.processes import until
from tests.support.processes.public_site import public_env

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process


class Row(NamedTuple):
    """The row of a photo."""

    state: str
    wish: int
    given: bytes | None


class World:
    """A server that may fetch from the police's photo server on this machine."""

    def __init__(self, deployment: Deployment, site: Site, env: dict[str, str]) -> None:
        self.deployment = deployment
        self.site = site
        self.env = env
        self.server: Process

    async def start(self) -> None:
        """Start the server."""
        self.server = await self.deployment.server(**self.env)

    def url(self, path: str) -> str:
        """Return the address of a photo."""
        return f"https://127.0.0.1:{self.site.port}{path}"

    async def file(self, **changes: object) -> str:
        """File the case; returns the alert's id."""
        status, answer = await self.deployment.file(self.server, **changes)
        assert status == 202, answer
        alert: str = answer["alert"]["id"]
        return alert

    def objects(self, alert: str) -> list[Path]:
        """Return the pictures that are kept of an alert."""
        folder = self.deployment.folder / "objects" / "kept" / "photos" / alert
        return sorted(folder.glob("*.jpg"))

    async def photo(self, alert: str) -> Row | None:
        """Return the row of an alert's photo."""
        text = "select state, wish, given from case_photo where alert_id = $1"
        rows = await self.deployment.query(text, UUID(alert))
        return Row(*rows[0]) if rows else None

    async def until_photo(self, alert: str, state: str, wish: int = 1) -> None:
        """Wait until the photo is in a state."""

        async def is_so() -> bool:
            row = await self.photo(alert)
            return row is not None and (row.state, row.wish) == (state, wish)

        await until(is_so)

    async def alarms(self) -> list[str]:
        """Return the alerts about which photo_refused stands, with the detail."""
        found = (await self.deployment.get(f"{self.server.url}/v1/alarms"))["alarms"]
        return [one["detail"] for one in found if one["kind"] == "photo_refused"]

    async def send(self, content: object, webhook_id: str | None = None) -> tuple[int, Any]:
        """Send a photo, signed."""
        body = msgspec.json.encode(content)
        headers = signed_headers(self.deployment.secret, body, webhook_id=webhook_id)
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.server.url}/v1/intake/sz/photos", data=BytesIO(body), headers=headers) as response,
        ):
            return response.status, await response.json(content_type=None)


@asynccontextmanager
async def photo_world(deployment: Deployment, **env: str) -> AsyncIterator[World]:
    certificate, key = written(deployment.folder, "photos", issued("photos"))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    async with site_at("127.0.0.1", tls=tls) as site:
        known = public_env(
            deployment,
            SSL_CERT_FILE=str(certificate),
            QQ_ALERT_PUBLIC__PHOTO_ADDRESSES=json.dumps(["127.0.0.0/8"]),
            QQ_ALERT_PUBLIC__PHOTO_PORTS=json.dumps([443, site.port]),
        )
        world = World(deployment, site, known | env)
        await deployment.provider()
        await world.start()
        yield world


def child_with(photo_url: str) -> dict[str, Any]:
    return {**CASE["child"], "photo_url": photo_url}


async def until_made(world: World, alert: str) -> None:
    """Wait until the photo is made, for less long than a process that died holds it."""

    async def is_made() -> bool:
        row = await world.photo(alert)
        return row is not None and row.state == "made"

    await until(is_made, within_s=HELD.total_seconds() * 0.8)


def data_uri(data: bytes, kind: str = "jpeg") -> str:
    """Return a picture as the police send it within JSON."""
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
