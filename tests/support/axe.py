"""Asks axe what of a page shuts somebody out. Bounded by the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from axe_playwright_python.async_playwright import Axe

if TYPE_CHECKING:
    from collections.abc import Collection

    from playwright.async_api import Page

SERIOUS: Final = frozenset({"serious", "critical"})
OF_COLOURS: Final = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""The rules of colours alone: what differs between two themes of a page."""


async def violations(
    page: Page, *, impacts: Collection[str] | None = None, options: dict[str, Any] | None = None
) -> list[str]:
    """Return what axe finds on a page as it stands, a line for each element; `impacts`: of these alone."""
    found: dict[str, Any] = (await Axe().run(page, options=options)).response
    return [
        f"{one['id']}: {node['target']} {node['html'][:150]} {node.get('failureSummary', '')[:200]}"
        for one in found["violations"]
        if impacts is None or one["impact"] in impacts
        for node in one["nodes"]
    ]
