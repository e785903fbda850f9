"""A head that no handler can use is refused at one place: on every path of both servers, with a reason, and counted."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import pytest

from tests.support.console_session import console_session
from tests.support.processes.own_issuer import CLIENT, OwnIssuer
from tests.support.processes.public_site import public_env, public_site
from tests.support.processes.raw_http import answer_to

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

HOSTS: Final = (b"", b"[", b"[::1", b"\xff", b"x\xe9:80", b"x:999999", b"a b")
GOOD_HOSTS: Final = (b"x", b"127.0.0.1:8080", b"[::1]:80", b"serve_public", b"alerts.example.:443")
EXPECTATIONS: Final = (b"\xff", b"x", b"", b"100-continue, x", b"200-ok")


def _request(path: str, host: bytes, method: str = "GET", more: bytes = b"") -> bytes:
    line = f"{method} {path} HTTP/1.1\r\n".encode()
    return line + b"Host: " + host + b"\r\nConnection: close\r\nContent-Length: 0\r\n" + more + b"\r\n"


async def _status(server: Process, sent: bytes) -> str:
    return (await answer_to(server, sent)).split(b" ")[1].decode()


async def test_no_path_of_the_server_takes_a_host_that_is_none(deployment: Deployment) -> None:
    """Neither does what sends to the issuer by it, nor what makes passkeys for it; nothing of it is a bug."""
    issuer = OwnIssuer()
    await issuer.start()
    try:
        server = await deployment.server(
            QQ_ALERT_LIMITS__FAILURES_PER_MINUTE="100000",
            QQ_ALERT_CONSOLE__OIDC__ISSUER=issuer.url,
            QQ_ALERT_CONSOLE__OIDC__CLIENT_ID=CLIENT,
            QQ_ALERT_CONSOLE__OIDC__CLIENT_SECRET="x" * 20,
            QQ_ALERT_CONSOLE__OIDC__GROUPS='{ watch = { role = "viewer" } }',
        )
        start = "/console/sign-in/issuer"
        for host in HOSTS:
            for path, method in ((start, "GET"), ("/health", "GET"), ("/nowhere", "GET"), ("/v1/devices", "POST")):
                assert await _status(server, _request(path, host, method)) == "400", (path, host)
        for host in GOOD_HOSTS:
            assert await _status(server, _request(start, host)) == "303", host
    finally:
        await issuer.close()
    assert "bug" not in deployment.log.read_text(encoding="utf-8")


async def test_nobody_makes_a_passkey_for_a_host_that_is_none(deployment: Deployment) -> None:
    """Who is signed in is refused like any stranger; a good host gets what a browser needs."""
    server = await deployment.server(QQ_ALERT_LIMITS__FAILURES_PER_MINUTE="100000")
    async with console_session(server, deployment.token) as session:
        cookies = "; ".join(f"{one.key}={one.value}" for one in session.cookie_jar)
    more = f"Sec-Fetch-Site: same-origin\r\nCookie: {cookies}\r\n".encode()
    for host in HOSTS:
        assert await _status(server, _request("/console/passkeys/options", host, "POST", more)) == "400", host
    answer = await answer_to(server, _request("/console/passkeys/options", b"XN--A.example:80", "POST", more))
    assert answer.startswith(b"HTTP/1.1 200")
    assert b'"id": "xn--a.example"' in answer
    assert "bug" not in deployment.log.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", ["/nowhere", "/health", "/v1/intake/sz", "/console"])
async def test_nothing_but_100_continue_is_expected_of_the_server(deployment: Deployment, path: str) -> None:
    """On known paths and unknown ones, with any method; a header that is no text is refused like any other."""
    server = await deployment.server(QQ_ALERT_LIMITS__FAILURES_PER_MINUTE="100000")
    for value in EXPECTATIONS:
        for method in ("GET", "PATCH"):
            answer = await answer_to(server, _request(path, b"x", method, b"Expect: " + value + b"\r\n"))
            assert answer.startswith(b"HTTP/1.1 417"), (method, value)
            assert b'"code":"expectation_failed"' in answer
            assert b"nosniff" in answer
    assert "bug" not in deployment.log.read_text(encoding="utf-8")


async def test_heads_that_cannot_be_used_count_against_their_address(deployment: Deployment) -> None:
    """After too many of them all that cannot be read is asked to wait, whatever it is."""
    server = await deployment.server(QQ_ALERT_LIMITS__FAILURES_PER_MINUTE="5")
    odd = (_request("/nowhere", b"x", more=b"Expect: \xff\r\n"), _request("/nowhere", b"["))
    statuses = Counter([await _status(server, odd[number % 2]) for number in range(20)])
    assert statuses == {"417": 3, "400": 2, "429": 15}
    unsigned = _request("/v1/intake/sz", b"x", "POST")
    assert await _status(server, unsigned) == "429"


async def test_serve_public_refuses_such_heads_too(deployment: Deployment) -> None:
    """On every path, and none of them is a bug; every good host is served."""
    site = await public_site(deployment, **public_env(deployment))
    for path in ("/health", "/nowhere", "/p/2222222222", "/s/2222222222"):
        for host in HOSTS:
            assert await _status(site, _request(path, host)) == "400", (path, host)
        for value in EXPECTATIONS:
            assert await _status(site, _request(path, b"x", more=b"Expect: " + value + b"\r\n")) == "417", (path, value)
    for host in GOOD_HOSTS:
        assert await _status(site, _request("/health", host)) == "200", host
    log = (deployment.folder / "serve-public.log").read_text(encoding="utf-8")
    assert not [word for word in ("bug", "Traceback") if word in log]
