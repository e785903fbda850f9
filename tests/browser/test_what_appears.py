"""What appears on a page by itself moves nothing, so that a press reaches what was there a moment ago."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from handlers.http.roles import Role

if TYPE_CHECKING:
    from tests.browser.desk import Desk

PLACES = """
() => {
  const places = () => JSON.stringify([...document.querySelectorAll("main, main button, .bar nav a")].map(
    (one) => one.getBoundingClientRect()));
  const banners = [...document.querySelectorAll(".muted, [data-session]")];
  const counts = [...document.querySelectorAll("[data-count]")];
  for (const one of banners) one.hidden = true;
  for (const one of counts) one.textContent = "";
  const before = places();
  for (const one of banners) one.hidden = false;
  for (const one of counts) one.textContent = "12";
  return [before, places()];
}
"""
"""Where everything is, without all that may appear by itself, and with it."""

COVERED = """
() => {
  document.querySelector("[data-session]").hidden = true;
  document.querySelector(".muted").hidden = false;
  window.scrollTo(0, document.documentElement.scrollHeight);
  const [foot, banners] = [".foot", ".banners"].map((one) => document.querySelector(one).getBoundingClientRect());
  return foot.bottom > banners.top;
}
"""
"""Whether a banner covers the end of a page."""


@pytest.mark.parametrize("width", [1280, 390])
async def test_neither_banners_nor_counts_move_what_somebody_is_about_to_press(desk: Desk, width: int) -> None:
    """The button that withdraws an alert stays where it is, and the end of the page can be read beside a banner."""
    await desk.deployment.run("authority", "review", "sz", "--policy", "two-person")
    _, answer = await desk.deployment.file(desk.server)
    page = await desk.signed_in(Role.APPROVER, "Anna", width=width)
    await page.goto(f"{desk.server.url}/console/alerts/{answer['alert']['id']}/cancel")
    before, after = await page.evaluate(PLACES)
    assert before == after
    assert not await page.evaluate(COVERED)
