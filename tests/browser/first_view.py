"""What the first view of a page takes: each request and the bytes of its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Page, Request


async def first_view(page: Page, url: str) -> dict[str, int]:
    """Open a page and return the size of each answer by its address, without the count of one view in some.

    Requests are noted as they start, and their sizes asked for afterwards, each of which waits for the answer's end.
    """
    requests: list[Request] = []
    page.on("request", lambda one: requests.append(one))  # noqa: PLW0108 - a function of ours, to which it adds a name
    # A busy machine is idle for a while before it has read what is to be asked for; the load waits for that.
    await page.goto(url)
    await page.wait_for_load_state("networkidle")
    return {one.url: (await one.sizes())["responseBodySize"] for one in requests if "/b/" not in one.url}
