"""What serve-public answers without aiohttp: whole GETs of what is in memory, and nothing that is anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from handlers.public.serving.cache import ObjectCache
from handlers.public.serving.quick import Answers, is_whole
from public.objects import objects_of
from public.settings import PublicSettings

if TYPE_CHECKING:
    from pathlib import Path

CODE = "23456789ab"
GET = f"GET /p/{CODE}/en HTTP/1.1\r\nHost: alerts.example\r\n".encode()
END = b"\r\n"
PAGE = b"<!doctype html><p>page</p>" * 20


async def _answers(folder: Path) -> Answers:
    objects = objects_of(PublicSettings(), folder)
    await objects.put(f"published/p/{CODE}/index.en.html", PAGE)
    cache = ObjectCache(objects)
    await cache.get(f"published/p/{CODE}/index.en.html")
    return Answers(cache, "en", lambda code, body: code == CODE and body == b"open p")


@pytest.mark.parametrize(
    ("request_bytes", "is_compressed"),
    [
        (GET + END, False),
        (GET + b"Accept-Encoding: gzip, deflate, br\r\n" + END, True),
        (GET + b"accept-encoding: identity\r\nConnection: keep-alive\r\n" + END, False),
        (GET + b"Accept-Encoding: gzip;q=0\r\n" + END, False),
        (GET.replace(b"/en HTTP", b"/en?from=x HTTP") + END, False),
        (GET.replace(b"/en HTTP", b" HTTP") + END, False),
    ],
)
async def test_a_whole_get_of_what_is_in_memory_is_answered(
    tmp_path: Path, request_bytes: bytes, *, is_compressed: bool
) -> None:
    """With the same headers and body as by any other way, compressed for who takes that."""
    answer = (await _answers(tmp_path)).answer(request_bytes)
    assert answer is not None
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert (b"Content-Encoding: gzip" in head) is is_compressed
    assert (body == PAGE) is not is_compressed
    assert f"Content-Length: {len(body)}".encode() in head
    assert b"Content-Security-Policy: " in head


@pytest.mark.parametrize(
    "request_bytes",
    [
        GET,
        GET + END + b"x",
        GET + END + GET + END,
        END + GET + END,
        GET + b"Content-Length: 0\r\n" + END,
        GET + b"Transfer-Encoding: chunked\r\n" + END,
        GET + b"If-None-Match: x\r\n" + END,
        GET + b"Range: bytes=0-1\r\n" + END,
        GET + b"Connection: close\r\n" + END,
        GET + b"Connection: keep-alive, close\r\n" + END,
        GET + b"Upgrade: websocket\r\n" + END,
        GET + b"Expect: 100-continue\r\n" + END,
        GET + b"Host: another.example\r\n" + END,
        GET + b"Content-Length : 5\r\n" + END,
        GET + b" folded: x\r\n" + END,
        GET + b"X: a\nContent-Length: 5\r\n" + END,
        GET + b"X: a\rb\r\n" + END,
        GET + b"X: a\x00b\r\n" + END,
        GET.replace(b"Host", b"Hos") + END,
        GET.replace(b"alerts.example", b"[") + END,
        GET.replace(b"alerts.example", b"\xff") + END,
        GET.replace(b"alerts.example", b"x:999999") + END,
        GET.replace(b"alerts.example", b"") + END,
        GET.replace(b"1.1", b"1.0") + END,
        GET.replace(b"GET", b"HEAD") + END,
        GET.replace(b"GET ", b"GET  ") + END,
        GET.replace(b"/p/", b"/p//") + END,
        GET.replace(b"/en", b"/%65n") + END,
        GET.replace(b"/en", b"/fr") + END,
        GET.replace(b"/p/", b"/kept/") + END,
        GET.replace(b" /p", b" http://alerts.example/p") + END,
        GET + b"X: " + b"a" * 9000 + b"\r\n" + END,
    ],
)
async def test_whatever_else_it_is_goes_its_usual_way(tmp_path: Path, request_bytes: bytes) -> None:
    """Parts, several at once, bodies, conditions, what is no HTTP, and what is not in memory are not answered here."""
    assert (await _answers(tmp_path)).answer(request_bytes) is None


BEACON = f"POST /b/{CODE} HTTP/1.1\r\nHost: alerts.example\r\n".encode()


async def test_a_whole_beacon_is_counted_at_once(tmp_path: Path) -> None:
    """Its answer has no body; one that could not be counted at once goes its usual way."""
    answers = await _answers(tmp_path)
    answer = answers.answer(BEACON + b"Content-Type: text/plain\r\nContent-Length: 6\r\n\r\nopen p")
    assert answer is not None
    assert answer.startswith(b"HTTP/1.1 204 No Content\r\n")
    assert answer.endswith(b"\r\n\r\n")
    assert b"Content-Length" not in answer
    assert answers.answer(BEACON.replace(CODE.encode(), b"zzzzzzzzzz") + b"Content-Length: 6\r\n\r\nopen p") is None


@pytest.mark.parametrize(
    "beacon",
    [
        BEACON + END,
        BEACON + b"Content-Length: 6\r\n" + END,
        BEACON + b"Content-Length: 6\r\n" + END + b"open",
        BEACON + b"Content-Length: 6\r\n" + END + b"open px",
        BEACON + b"Content-Length: 6\r\nContent-Length: 6\r\n" + END + b"open p",
        BEACON + b"Content-Length: 6\r\nContent-Length : 9\r\n" + END + b"open p",
        BEACON + b"Content-Length: +6\r\n" + END + b"open p",
        BEACON + b"Content-Length: 17\r\n" + END + b"open p           ",
        BEACON + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n" + END + b"open p",
        BEACON + b"Content-Length: 6\r\nExpect: 100-continue\r\n" + END + b"open p",
        BEACON + b"Content-Length: 6\r\nConnection: close\r\n" + END + b"open p",
        BEACON.replace(b"/b/", b"/s/") + b"Content-Length: 6\r\n" + END + b"open p",
        BEACON.replace(b"alerts.example", b"[") + b"Content-Length: 6\r\n" + END + b"open p",
        BEACON.replace(b"Host", b"X-Host") + b"Content-Length: 6\r\n" + END + b"open p",
    ],
)
async def test_what_is_not_clearly_a_beacon_goes_its_usual_way(tmp_path: Path, beacon: bytes) -> None:
    """Another length than it says, two lengths, another coding: nothing is counted, and aiohttp judges it."""
    assert (await _answers(tmp_path)).answer(beacon) is None


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        (GET + END, True),
        (b"POST /b/x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", True),
        (b"POST /b/x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab", False),
        (b"POST /b/x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcG", False),
        (b"POST /b/x HTTP/1.1\r\nHost: x\r\nContent-Length: 3, 3\r\n\r\nabc", False),
        (b"POST /b/x HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", False),
        (b"POST /b/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", False),
        (b"POST /b/x HTTP/1.1\r\nX: ", False),
        (GET + END + GET, False),
        (GET, False),
        (b"", False),
    ],
)
def test_the_end_of_a_request_is_known(data: bytes, *, whole: bool) -> None:
    """After anything else a connection is left to aiohttp, because the next bytes may belong to what came before."""
    assert is_whole(data) is whole


def test_no_beginning_of_a_request_is_a_whole_one() -> None:
    """Wherever a request is cut, its first part does not look like one."""
    data = b"GET /a HTTP/1.1\r\nX: " + GET + END
    assert not any(is_whole(data[:cut]) for cut in range(len(data)))
    assert is_whole(data)
