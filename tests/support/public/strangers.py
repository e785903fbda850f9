"""Strangers who open the form of a page and report what they saw, over HTTP."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any
from uuid import UUID

import aiohttp
import msgspec

from public.objects import Objects, objects_of
from public.settings import PublicSettings
from runtime.page_codes import code_of
from tests.support.processes.processes import until
from tests.support.processes.public_site import public_env, public_site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process


def objects_for(deployment: Deployment) -> Objects:
    """Return the objects of a deployment."""
    return objects_of(PublicSettings(objects=public_env(deployment)["QQ_ALERT_PUBLIC__OBJECTS"]), deployment.folder)


async def publish(deployment: Deployment, alert: str, **state: str) -> str:
    """Publish the state of an alert's page; returns its code."""
    code = code_of(UUID(alert))
    content = msgspec.json.encode({"state": "live", **state})
    assert await objects_for(deployment).put(f"published/p/{code}/state.json", content) is None
    return code


async def site_for(deployment: Deployment, **env: str) -> Process:
    """Start serve-public, and wait until it takes reports in: the key was published by a server."""
    site = await public_site(deployment, **env)

    async def takes() -> bool:
        async with aiohttp.ClientSession() as session, session.get(f"{site.url}/s/receipt/2222222222222") as answer:
            return answer.status != 503

    await until(takes)
    return site


@contextlib.asynccontextmanager
async def reported(
    site: str,
    code: str,
    fields: dict[str, str],
    photos: Sequence[bytes] = (),
    accept: str = "application/json",
    address: str = "",
    more: Mapping[str, str] | None = None,
) -> AsyncIterator[aiohttp.ClientResponse]:
    """Send the form; `address`: of whom, as a trusted proxy says; with `more` headers."""
    form = aiohttp.FormData(default_to_multipart=True)
    for name, value in fields.items():
        form.add_field(name, value)
    for number, photo in enumerate(photos):
        form.add_field("photo", photo, filename=f"{number}.jpg", content_type="image/jpeg")
    headers = {"Accept": accept} | ({"X-Forwarded-For": address} if address else {}) | dict(more or {})
    async with aiohttp.ClientSession() as session, session.post(f"{site}/s/{code}", data=form, headers=headers) as got:
        yield got


async def receipt_of(site: str, code: str, what: str, **more: Any) -> str:  # noqa: ANN401 - as `reported` takes them
    """Report something; returns the receipt."""
    photos, address = more.pop("photos", ()), more.pop("address", "")
    async with reported(site, code, {"what": what, **more}, photos, address=address) as answer:
        content = await answer.json()
        assert answer.status == 200, content
        receipt: str = content["receipt"]
        return receipt
