"""`./run screenshots`: takes the pictures of README and docs from a running tour of the demo, into docs/pictures."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import numpy as np
from playwright.async_api import async_playwright

from tests.browser.chromium import ARGUMENTS, chromium
from tests.browser.judging import read_and_approve
from tests.pictures.palette import png

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "docs" / "pictures"
LOCALES: Final = ("en", "zh-CN")
SIZE: Final = {"width": 1200, "height": 760}
SHOWN_S: Final = 180.0
BYTES_MAX: Final = 100_000
PEOPLE: Final = 60_000

PIXELS: Final = """async (source) => {
  const image = await createImageBitmap(await (await fetch(source)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height), on = canvas.getContext("2d");
  on.drawImage(image, 0, 0);
  const bytes = on.getImageData(0, 0, image.width, image.height).data;
  let text = "";
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return [image.width, image.height, btoa(text)];
}"""


class Camera:
    """Takes pictures of pages in both languages."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url

    async def take(self, page: Page, path: str, name: str) -> None:
        """Take a picture of a page in each language."""
        for locale in LOCALES:
            await page.set_extra_http_headers({"Accept-Language": locale})
            answer = await page.goto(self._url + path)
            if answer is None or answer.status != 200:
                click.echo(f"{name}: there is no {path}", err=True)
                continue
            await page.wait_for_selector("html[data-link=live]", timeout=SHOWN_S * 1000)
            await page.wait_for_timeout(1500)
            await self._keep(await page.screenshot(), FOLDER / f"{name}.{locale}.png")

    async def _keep(self, shot: bytes, file: Path) -> None:
        blank = await self._browser.new_page()
        width, height, text = await blank.evaluate(PIXELS, f"data:image/png;base64,{base64.b64encode(shot).decode()}")
        await blank.close()
        pixels = np.frombuffer(base64.b64decode(text), dtype=np.uint8).reshape(height, width, 4)[:, :, :3]
        picture = png(pixels)
        file.write_bytes(picture)
        click.echo(f"{file.relative_to(ROOT)}: {len(picture):,} bytes")
        if len(picture) > BYTES_MAX:
            click.echo(f"{file.name} is larger than {BYTES_MAX:,} bytes", err=True)


@click.command()
def screenshots() -> None:
    """Take the pictures of the docs."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="qqa-pictures-") as folder:
        Path(folder).chmod(0o755)
        asyncio.run(_taken(folder))


async def _taken(folder: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server.demo", "--tour", "--people", str(PEOPLE)),
        cwd=ROOT,
        env={**os.environ, "TMPDIR": folder},
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        first, second = re.findall(r"http://\S+link=\S+", await _printed(process.stderr, "6. "))
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium(), args=[*ARGUMENTS])
            anna, bo = [await _signed_in(browser, link) for link in (first, second)]
            await _play(Camera(browser, first.partition("/console")[0]), anna, bo)
            await browser.close()
    finally:
        process.send_signal(signal.SIGINT)
        await process.wait()


async def _play(camera: Camera, anna: Page, bo: Page) -> None:
    """Go through the tour, and take pictures on the way."""
    await anna.click("header a[href='/console/queue']")
    await anna.click("table.queue a.primary")
    path = re.sub(r"^.*?(/console)", r"\1", anna.url)
    await camera.take(anna, path, "review")
    for page in (anna, bo):
        await page.goto(camera_url(anna, path))
        await read_and_approve(page)
    await bo.wait_for_selector(".state-sending")
    await bo.wait_for_timeout(10_000)
    await camera.take(bo, path.removesuffix("/review"), "alert")
    await camera.take(bo, "/console", "overview")
    await camera.take(anna, "/console/alarms", "alarms")


def camera_url(page: Page, path: str) -> str:
    """Return the address of a path on the server of a page."""
    return page.url.partition("/console")[0] + path


async def _printed(stream: asyncio.StreamReader, until: str) -> str:
    printed = ""
    async with asyncio.timeout(SHOWN_S):
        while until not in printed:
            line = await stream.readline()
            assert line, printed
            printed += line.decode()
    return printed


async def _signed_in(browser: Browser, link: str) -> Page:
    context = await browser.new_context(viewport=SIZE, color_scheme="light")  # type: ignore[arg-type] # a dict of it
    page = await context.new_page()
    await page.goto(link)
    await page.click("main button.primary")
    await page.wait_for_selector("header .who")
    return page


if __name__ == "__main__":
    screenshots()
