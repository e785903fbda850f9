"""`/verify`: a code or a link in; live, over, exercise or not ours out, and nothing more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest
from lxml import html

from public.objects import objects_of
from public.pages.verification import ASKED_MAX, code_in
from public.publishing.site import Assets, put_over, put_page
from public.settings import PublicSettings
from tests.support.processes.public_site import URL, public_env, public_site
from tests.support.public.pages import AROUND, CODE, example, source

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

OVER = "zzzzzzzzzz"
EXERCISE = "yyyyyyyyyy"
LIVE = "This alert is real, and the search goes on."
NOT_OURS = "This is no alert of ours. Please don't share it."


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (CODE, CODE),
        (f" {CODE[:5].upper()}-{CODE[5:].upper()} ", CODE),
        (f"{URL}/p/{CODE}", CODE),
        (f"{URL}/p/{CODE}/en#s", CODE),
        (f"alerts.example/p/{CODE}", CODE),
        (f"HTTPS://ALERTS.EXAMPLE/p/{CODE}?from=x", CODE),
        (f"{URL}/p/{CODE}/", CODE),
        (f"{URL}/p/{CODE}/zh-CN/", CODE),
        (f"{URL}/p/{CODE}#s", CODE),
        (f"{URL}:443/p/{CODE}", CODE),
        (f"http://alerts.example/p/{CODE}", CODE),
        (f"{URL}/p/{CODE}/en".upper(), CODE),
        (f"{URL}/s/{CODE}/en", CODE),
        (f"@Anna 孩子走失了。请看:{URL}/p/{CODE}/en#s 请转发", CODE),
        (f"请看{URL}/p/{CODE}看到请转发", CODE),
        (f"Look (alerts.example/p/{CODE}).\nPlease pass it on", CODE),
        ("".join(chr(ord(one) + 0xFEE0) for one in f"{URL}/p/{CODE}#s"), CODE),
        ("".join(chr(ord(one) + 0xFEE0) for one in CODE), CODE),
        (f"\u200b{URL}/p/{CODE}\ufeff", CODE),
        (f"https://alerts.example:8443/p/{CODE}", None),
        (f"https://alerts.example／p／{CODE}？x=@evil.example/", None),
        (f"https://alerts.example/p/{CODE}@evil.example/", None),
        (f"evil.example/alerts.example/p/{CODE}", None),
        (f"坏alerts.example/p/{CODE}", None),
        (f"{URL}/p/{CODE} and https://evil.example/pay", None),
        (f"{URL}/p/{CODE} and evil.example/pay", None),
        (f"{URL}/p/{CODE}?to=https://evil.example", None),
        (f"{URL}/p/{CODE} {URL}/p/{OVER}", None),
        (f"https://alerts.example.evil.example/p/{CODE}", None),
        (f"https://evil.example/p/{CODE}", None),
        (f"https://alerts.example@evil.example/p/{CODE}", None),
        (f"https://evil.example/?https://alerts.example/p/{CODE}", None),
        (f"javascript://alerts.example/p/{CODE}", None),
        (f"{URL}/x/{CODE}", None),
        (f"{CODE}x", None),
        ("http://[::1", None),
        ("一" * 1000, None),
    ],
)
def test_only_a_code_or_a_link_to_our_own_site_is_taken(asked: str, code: str | None) -> None:
    """A code in an address of somebody else's is none of ours: that is what a forged alert looks like."""
    assert code_in(asked, URL) == code


@pytest.mark.parametrize("site", ["http://127.0.0.1:18480", "http://[::1]:18480"])
def test_a_site_with_a_port_is_known_by_it(site: str) -> None:
    """As the demo prints it; the same host at another port is another site."""
    host = site.removeprefix("http://")
    for asked in (f"{site}/p/{CODE}", f"{site}/p/{CODE}/en#s", f"{host}/p/{CODE}/en"):
        assert code_in(asked, site) == CODE
    assert code_in(f"{site}1/p/{CODE}", site) is None


async def test_it_says_of_a_code_or_link_whether_it_is_ours_and_nothing_else(deployment: Deployment) -> None:
    """Live, over, an exercise, or not ours; nothing of the alert, nothing of what was asked; never kept by a cache."""
    settings = PublicSettings(objects=public_env(deployment)["QQ_ALERT_PUBLIC__OBJECTS"])
    objects = objects_of(settings, deployment.folder)
    assert await put_page(objects, source(example("lost-at-a-park")), Assets(), AROUND) is None
    exercise = source(example("lost-at-a-park"), status="exercise", code=EXERCISE)
    assert await put_page(objects, exercise, Assets(), AROUND) is None
    assert await put_over(objects, OVER, AROUND) is None
    site = await public_site(deployment)
    pages: dict[str, bytes] = {}
    async with aiohttp.ClientSession(site.url) as session:
        for asked, said in {
            CODE: LIVE,
            f"{URL}/p/{CODE}": LIVE,
            "看" * (ASKED_MAX - 50) + f" {URL}/p/{CODE}/en#s": LIVE,
            OVER: "This alert was real and is over. Please don't share it further.",
            EXERCISE: "This is an exercise of ours. Nobody is missing.",
            "xxxxxxxxxx": NOT_OURS,
            f"https://evil.example/p/{CODE}": NOT_OURS,
            "<script>alert(1)</script>": NOT_OURS,
        }.items():
            async with session.get("/verify", params={"code": asked, "language": "en"}) as answer:
                assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
                pages[asked] = await answer.read()
                tree = html.fromstring(pages[asked])
                assert [one.text_content() for one in tree.xpath("//*[@role='status']")] == [said]
                assert asked.encode() not in pages[asked]
        async with session.get("/verify", params={"language": "xx"}) as asking:
            assert b"role=" not in await asking.read()
            assert "unsafe" not in asking.headers["Content-Security-Policy"]
    assert pages["xxxxxxxxxx"] == pages[f"https://evil.example/p/{CODE}"] == pages["<script>alert(1)</script>"]
