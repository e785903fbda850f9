"""Who has proved who they are waits for nobody; who only claims it, and who lost it, waits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import pytest
from aiohttp.test_utils import make_mocked_request

from handlers.auth.strangers import COOKIE_UNITS, DRAFT_UNITS, PROVED_S, SIGNED_UNITS, Strangers
from handlers.http.roles import Proof
from handlers.http.serving.turns import BURST, Ask, Line, Turns
from server.administration.file_case import signed_headers

if TYPE_CHECKING:
    from aiohttp import web

NEVER: Final = 1e-6
TOKEN: Final = {"Authorization": "Bearer one"}
COOKIE: Final = {"Cookie": "qq-alert-session=one"}


@pytest.fixture(autouse=True)
def _soon_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits is refused soon: so a test sees that it waits."""
    monkeypatch.setattr("handlers.http.serving.turns.WAIT_S", 0.01)


def _forged() -> dict[str, str]:
    """Return the headers of a webhook that somebody else signed just now: one that is old is nobody's."""
    return signed_headers("whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldCEhISE=", b"{}")


async def _strangers(*, knows_addresses: bool = True) -> Strangers:
    """Return what lets nobody through any more but those who have proved who they are."""
    turns = Turns(lambda: True, NEVER)
    for line in Line:
        for number in range(BURST):
            assert await turns.take(Ask(line, f"{number}", 1, has_body=False))
    return Strangers(turns, knows_addresses=knows_addresses)


class _Transport(asyncio.Transport):
    """The connection of a request: all that is asked of it is its address."""

    def __init__(self, host: str) -> None:
        super().__init__({"peername": (host, 1)})


def _request(
    path: str = "/v1/alerts", headers: dict[str, str] | None = None, host: str = "203.0.113.1", method: str = "GET"
) -> web.Request:
    return make_mocked_request(method, path, headers=headers or {}, transport=_Transport(host))


async def _waits(strangers: Strangers, request: web.Request, access: Proof | None = None) -> bool:
    return await strangers.wait(request, access) is not None


@pytest.mark.parametrize("headers", [TOKEN, COOKIE])
async def test_a_good_token_or_cookie_waits_for_nobody_until_it_opens_nothing(headers: dict[str, str]) -> None:
    """From any address, for any path, and whatever else is answered meanwhile; once it is over it waits."""
    strangers = await _strangers()
    assert await _waits(strangers, _request(headers=headers))
    strangers.proved(_request(headers=headers))
    for path in ("/v1/alerts", "/console/static/page.css", "/nowhere"):
        assert not await _waits(strangers, _request(path, headers, "203.0.113.9"))
    assert await _waits(strangers, _request(headers={"Authorization": "Bearer another"}))
    strangers.disproved(_request(headers=headers))
    assert await _waits(strangers, _request(headers=headers))


async def test_a_signed_webhook_waits_for_nobody_where_one_verified_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """From that address, on routes that take webhooks, for a while; a document that verified opens nothing."""
    strangers = await _strangers()
    strangers.signed(_request(host="203.0.113.1"), is_webhook=False)
    assert await _waits(strangers, _request(headers=_forged()), Proof.SIGNATURE)
    strangers.signed(_request(host="203.0.113.1"), is_webhook=True)
    assert not await _waits(strangers, _request(headers=_forged()), Proof.SIGNATURE)
    assert await _waits(strangers, _request("/nowhere", _forged())), "what is no webhook went for one"
    assert await _waits(strangers, _request(headers=_forged(), host="203.0.113.2"), Proof.SIGNATURE)
    monkeypatch.setattr("handlers.auth.strangers.PROVED_S", PROVED_S * 0)
    assert await _waits(strangers, _request(headers=_forged()), Proof.SIGNATURE)


async def test_behind_a_proxy_nothing_is_proved_by_its_address() -> None:
    """What one of all its clients proved opens nothing for the others, and nobody's probe is the operator's own."""
    strangers = await _strangers(knows_addresses=False)
    strangers.proved(_request(headers=TOKEN, host="127.0.0.1"))
    strangers.signed(_request(host="127.0.0.1"), is_webhook=True)
    assert await _waits(strangers, _request("/nowhere", _forged(), "127.0.0.1"))
    assert await _waits(strangers, _request("/ready", host="127.0.0.1"))
    assert not await _waits(strangers, _request(headers=TOKEN, host="127.0.0.1"))
    # No flood of anything else keeps out the police: the proxy limits those who send such.
    assert not await _waits(strangers, _request(headers=_forged(), host="127.0.0.1"), Proof.SIGNATURE)


async def test_a_document_that_nobody_signed_pays_for_being_read_unless_its_sender_has_proved_something() -> None:
    """Once a few have taken what there is, others wait, and nobody else: neither strangers nor who claims something."""
    strangers = Strangers(Turns(lambda: True, NEVER), knows_addresses=True)
    drafts = BURST // DRAFT_UNITS + 1
    for _ in range(drafts):
        assert await strangers.wait_for_draft(_request()) is None
    assert await strangers.wait_for_draft(_request()) is not None
    assert not await _waits(strangers, _request("/console/login"))
    # Anybody may send a copy of a signed document that is published.
    strangers.signed(_request(host="203.0.113.7"), is_webhook=False)
    for _ in range(drafts):
        assert await strangers.wait_for_draft(_request(host="203.0.113.7")) is None, "it has another line"
    assert await strangers.wait_for_draft(_request(host="203.0.113.7")) is not None
    assert not await _waits(strangers, _request(headers=TOKEN))


@pytest.mark.parametrize(("host", "waits"), [("127.0.0.1", False), ("10.1.2.3", False), ("8.8.8.8", True)])
async def test_probes_of_the_operators_own_networks_wait_for_nobody(host: str, waits: bool) -> None:  # noqa: FBT001
    """A probe asks for nothing else, and by GET or HEAD."""
    strangers = await _strangers()
    assert await _waits(strangers, _request("/ready", host=host)) is waits
    assert await _waits(strangers, _request("/ready", host=host, method="POST"))
    assert await _waits(strangers, _request("/v1/alerts", host=host))


@pytest.mark.parametrize(
    ("request_of", "line", "units"),
    [
        (_request(), Line.STRANGER, 1),
        (_request(headers=TOKEN), Line.CLAIM, 1),
        (_request(headers=COOKIE), Line.CLAIM, COOKIE_UNITS),
        (_request("/v1/feed?ticket=x"), Line.CLAIM, 1),
        (_request(host="203.0.113.7"), Line.CLAIM, 1),
    ],
)
async def test_who_claims_something_stands_in_another_line_than_strangers(
    request_of: web.Request, line: Line, units: int
) -> None:
    """A token, a cookie, a ticket, or an address where something verified; each pays for what looking at it costs."""
    asked: list[Ask] = []

    class Noted(Turns):
        async def take(self, ask: Ask, watch: object = None) -> bool:
            asked.append(ask)
            return watch is None

    strangers = Strangers(Noted(lambda: True), knows_addresses=True)
    strangers.signed(_request(host="203.0.113.7"), is_webhook=False)
    assert not await _waits(strangers, request_of)
    assert not await _waits(strangers, _request(headers=_forged()), Proof.SIGNATURE)
    assert [(ask.line, ask.units) for ask in asked] == [(line, units), (Line.CLAIM, SIGNED_UNITS)]


@pytest.mark.parametrize("headers", [{}, TOKEN, COOKIE])
async def test_readers_of_what_is_published_keep_out_nobody_else(headers: dict[str, str]) -> None:
    """Whatever they claim, and from where something verified, too; a token that is good waits for nobody there."""
    turns = Turns(lambda: True, NEVER)
    strangers = Strangers(turns, knows_addresses=True)
    strangers.signed(_request(host="203.0.113.7"), is_webhook=True)
    for _ in range(BURST):
        await strangers.wait(_request(headers=headers, host="203.0.113.7"), Proof.PUBLISHED)
    for host in ("203.0.113.1", "203.0.113.7"):
        assert await _waits(strangers, _request(headers=headers, host=host), Proof.PUBLISHED)
        assert not await _waits(strangers, _request(headers=headers, host=host))
    strangers.proved(_request(headers={"Authorization": "Bearer good"}))
    assert not await _waits(strangers, _request(headers={"Authorization": "Bearer good"}), Proof.PUBLISHED)
