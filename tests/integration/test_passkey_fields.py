"""What is typed beside a passkey's answer is read as the action reads it: a bad value is no store that is away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from tests.support.console_session import console_session
from tests.support.processes.raw_http import answer_to

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

CLIENT_DATA: Final = "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoiQUFBQSIsIm9yaWdpbiI6Imh0dHA6Ly94In0"
"""A challenge of three bytes, for http://x."""

ANSWERED: Final = {"clientDataJSON": CLIENT_DATA, "authenticatorData": "AAAA", "signature": "AAAA"}
PASSKEY: Final = msgspec.json.encode(
    {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": ANSWERED}
).decode()
NO_PLACE: Final = """
create function has_no_place() returns trigger language plpgsql as
$$begin raise exception 'no place' using errcode = '22021'; end$$
"""
NEVER: Final = "create trigger never before insert on passkey_challenge execute function has_no_place()"


async def test_what_cannot_be_stored_beside_a_passkey_is_only_not_signed(deployment: Deployment) -> None:
    """U+0000 in what is signed, with the answer of a passkey: the page that asks for one, with what was typed."""
    await deployment.provider()
    server = await deployment.server(QQ_ALERT_CONSOLE__PASSKEYS_REQUIRED="true")
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    async with console_session(server, deployment.token) as session:
        for action, field in (("approval", "revision"), ("release", "people_max"), ("cancel", "case_number")):
            fields = {field: "1\0", "reason": "x", "passkey": PASSKEY}
            async with session.post(f"/console/alerts/{alert}/{action}", data=fields) as page:
                assert page.status == 403, action


async def test_a_value_that_a_store_has_no_place_for_is_no_store_that_is_away(deployment: Deployment) -> None:
    """It is answered with a page that says so, logged, and counted against its address."""
    server = await deployment.server(QQ_ALERT_LIMITS__FAILURES_PER_MINUTE="1")
    await deployment.query(NO_PLACE)
    await deployment.query(NEVER)
    async with console_session(server, deployment.token) as session, session.post("/console/passkeys/options") as page:
        assert page.status == 422
        assert "text/html" in page.headers["Content-Type"]
    assert "console.bad_value" in deployment.log.read_text(encoding="utf-8")
    unsigned = b"POST /v1/intake/sz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    assert (await answer_to(server, unsigned)).startswith(b"HTTP/1.1 429")
