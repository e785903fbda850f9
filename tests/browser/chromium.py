"""Names the Chromium that the tests open pages in, and how it is started."""

from __future__ import annotations

from typing import Final

from tests.support.debian import program

NAMES: Final = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first has no windows, and needs half of the time and CPU to start."""

PACKAGES: Final = (("chromium-headless-shell", "fonts-noto-cjk"), ("chromium", "fonts-noto-cjk"))
WITHIN_MS: Final = 120_000
"""Far longer than what a page does takes, also beside other work; Playwright's own bounds are 5 and 30 s."""

ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Without a sandbox of its own, which root and many containers have no way to give it: it opens our own pages alone."""


def chromium() -> str:
    """Return where Chromium is, installed if need be; RuntimeError where it cannot be."""
    return program(NAMES, PACKAGES, "CHROMIUM_OF_TESTS")
