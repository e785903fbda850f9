"""What an issuer says is believed only where it is signed, for us, in answer to our request, and of now."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

import jwt
import pytest
import pytest_asyncio

from handlers.console.signing_in.issuer import discovery as discovery_room
from handlers.console.signing_in.issuer import fetching
from handlers.console.signing_in.issuer.discovery import Discovery
from handlers.console.signing_in.issuer.fetching import Fetching, Unreachable
from handlers.console.signing_in.issuer.grants import Confirmed, Grant, Grants, PutOff, Refused
from handlers.console.signing_in.issuer.id_token import LEEWAY_S, BadToken, verified
from handlers.console.signing_in.issuer.roles import Standing, name_of, standing_of
from handlers.console.signing_in.issuer.settings import GroupRole, GroupSettings, OidcSettings
from tests.support.processes.own_issuer import CLIENT, OwnIssuer, new_key, public

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

GROUPS = {
    "watch": GroupSettings(role=GroupRole.VIEWER),
    "judges": GroupSettings(role=GroupRole.APPROVER),
    "sz": GroupSettings(role=GroupRole.OPERATOR, authority="sz"),
    "gz": GroupSettings(role=GroupRole.OPERATOR, authority="gz"),
}


@pytest_asyncio.fixture
async def issuer() -> AsyncIterator[OwnIssuer]:
    """Run an issuer of the test's own."""
    issuer = OwnIssuer()
    await issuer.start()
    yield issuer
    await issuer.close()


@pytest_asyncio.fixture
async def fetch() -> AsyncIterator[Fetching]:
    """Provide what fetches."""
    fetch = Fetching()
    yield fetch
    await fetch.close()


async def judged(issuer: OwnIssuer, fetch: Fetching, token: str) -> dict[str, Any] | BadToken | Unreachable:
    """Return what is made of an ID token."""
    discovery = Discovery(issuer.url, fetch)
    return await verified(token, discovery.key, issuer=issuer.url, client_id=CLIENT, nonce="n")


async def test_a_good_id_token_is_taken(issuer: OwnIssuer, fetch: Fetching) -> None:
    """With one audience or several of which we are the one it was given to; also a little after its end."""
    now = int(time.time())
    for changes in (
        {},
        {"aud": [CLIENT, "other"], "azp": CLIENT},
        {"exp": now - LEEWAY_S // 2},
        {"iat": now + LEEWAY_S // 2},
    ):
        assert isinstance(await judged(issuer, fetch, issuer.token(**changes)), dict), changes
    assert isinstance(await judged(issuer, fetch, issuer.token("PS512")), dict)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://another.example"},
        {"aud": "another"},
        {"aud": []},
        {"aud": [CLIENT, "other"]},
        {"azp": "other"},
        {"nonce": "another"},
        {"nonce": None},
        {"nonce": 5},
        {"exp": 1_000_000_000},
        {"iat": 4_000_000_000},
        {"nbf": 4_000_000_000},
        {"exp": None},
        {"iat": None},
        {"iss": None},
        {"aud": None},
        {"sub": None},
        {"sub": ""},
        {"sub": "s" * 256},
        {"sub": "\ud800"},
        {"sub": "s\0"},
        {"nonce": "\ud800"},
        {"nonce": "n\xe9"},
    ],
    ids=ascii,
)
async def test_a_token_for_others_or_of_another_time_is_refused(
    issuer: OwnIssuer, fetch: Fetching, changes: dict[str, object]
) -> None:
    """Wrong or missing issuer, audience, nonce, times and subject."""
    assert isinstance(await judged(issuer, fetch, issuer.token(**changes)), BadToken)


@pytest.mark.parametrize("head", ['{"alg":["RS256"]}', '{"alg":{}}', '"\\ud800"'], ids=lambda head: head[:9])
async def test_a_token_whose_head_is_none_is_refused(issuer: OwnIssuer, fetch: Fetching, head: str) -> None:
    """An algorithm of another type, or no head at all: no token, and nothing is raised."""
    _, body, signature = issuer.token().split(".")
    encoded = base64.urlsafe_b64encode(head.encode()).decode().rstrip("=")
    assert isinstance(await judged(issuer, fetch, f"{encoded}.{body}.{signature}"), BadToken)


@pytest.mark.parametrize(
    "described", [{"authorization_endpoint": "https://["}, {"jwks_uri": "http://["}], ids=lambda one: next(iter(one))
)
async def test_an_issuer_with_an_address_that_is_none_is_not_asked(
    issuer: OwnIssuer, fetch: Fetching, described: dict[str, str]
) -> None:
    """Its description is refused as a whole: nobody is sent anywhere."""
    issuer.described = described
    assert isinstance(await Discovery(issuer.url, fetch).addresses(), Unreachable)


async def test_only_keys_of_the_issuer_sign(issuer: OwnIssuer, fetch: Fetching) -> None:
    """No algorithm, the public key as a secret, another's key, a short one and one for encryption are refused."""
    good = issuer.token()
    assert isinstance(await judged(issuer, fetch, issuer.token("none")), BadToken)
    secret = base64.urlsafe_b64decode(issuer.keys[0]["n"] + "==")
    assert isinstance(await judged(issuer, fetch, _hmac(issuer, secret)), BadToken)
    head, body, signature = good.split(".")
    changed = base64.urlsafe_b64encode(json.dumps(issuer.claims(sub="s-2")).encode()).decode().rstrip("=")
    for token in (f"{head}.{changed}.{signature}", f"{head}.{body}.", "", "a.b.c", "x" * 100_000):
        assert isinstance(await judged(issuer, fetch, token), BadToken), token[:20]
    own, issuer.key = issuer.key, new_key()
    assert isinstance(await judged(issuer, fetch, issuer.token()), BadToken)
    issuer.key = new_key(1024)
    issuer.keys = [public(issuer.key, "1")]
    with pytest.warns(jwt.warnings.InsecureKeyLengthWarning):
        short = issuer.token()
    assert isinstance(await judged(issuer, fetch, short), BadToken)
    issuer.key = own
    issuer.keys = [
        public(own, "1", use="enc"),
        {"kty": "oct", "kid": "1", "k": "c2VjcmV0"},
        {"kty": "RSA"},
        {"kty": ["RSA"]},
    ]
    assert isinstance(await judged(issuer, fetch, good), BadToken)


def _hmac(issuer: OwnIssuer, secret: bytes) -> str:
    """Return a token that is signed with what everybody has."""
    return jwt.encode(issuer.claims(), secret, algorithm="HS256", headers={"kid": "1"})


async def test_keys_are_fetched_once_and_again_for_one_that_is_new(
    issuer: OwnIssuer, fetch: Fetching, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens with made-up key names cause no flood of requests at the issuer; a new key is found after a while."""
    discovery = Discovery(issuer.url, fetch)
    for _ in range(5):
        assert isinstance(await discovery.key("1", "RS256"), jwt.PyJWK)
    for number in range(5):
        assert await discovery.key(f"unknown {number}", "RS256") is None
    assert issuer.asked == ["description", "keys"]
    issuer.keys.append(public(new_key(), "2"))
    monkeypatch.setattr(discovery_room, "AGAIN_S", 0.0)
    assert isinstance(await discovery.key("2", "RS256"), jwt.PyJWK)
    assert issuer.asked == ["description", "keys", "keys"]


async def test_a_description_of_somebody_else_or_without_tls_is_not_taken(issuer: OwnIssuer, fetch: Fetching) -> None:
    """Nor an answer that is too long, redirects, is no JSON or does not come."""
    for described in ({"issuer": "https://another.example"}, {"token_endpoint": "http://another.example/token"}):
        issuer.described = described
        assert isinstance(await Discovery(issuer.url, fetch).addresses(), Unreachable)
    issuer.described = {"more": "x" * fetching.BODY_MAX}
    assert isinstance(await Discovery(issuer.url, fetch).addresses(), Unreachable)
    assert isinstance(await Discovery(f"{issuer.url}/nowhere", fetch).addresses(), Unreachable)
    assert isinstance(await Discovery("http://127.0.0.1:9", fetch).addresses(), Unreachable)


async def test_what_an_issuer_says_of_a_session_is_told_from_what_it_says_of_us(
    issuer: OwnIssuer, fetch: Fetching
) -> None:
    """A grant that is invalid ends a session; a wrong secret of ours, an error and an answer of another kind do not."""
    settings = OidcSettings(issuer=issuer.url, client_id=CLIENT, client_secret="s", groups=GROUPS)
    grants = Grants(settings, Discovery(issuer.url, fetch), fetch)
    grant = Grant(refresh="r", access="a")

    async def again(status: int, content: dict[str, Any] | bytes) -> Confirmed | Refused | PutOff:
        issuer.token_status, issuer.tokens = status, content
        return await grants.again(grant, "s-1")

    assert isinstance(await again(400, {"error": "invalid_grant"}), Refused)
    for status, content in (
        (401, {"error": "invalid_client"}),
        (400, {"error": "invalid_request"}),
        (500, {"error": "invalid_grant"}),
        (200, b"<html>"),
        (302, {}),
    ):
        assert isinstance(await again(status, content), PutOff), (status, content)
    answer = await again(200, {"id_token": issuer.token(nonce=None, groups=["judges"]), "refresh_token": "r2"})
    assert isinstance(answer, Confirmed)
    assert (answer.claims["groups"], answer.grant.refresh) == (["judges"], "r2")
    assert isinstance(await again(200, {"id_token": issuer.token(nonce=None, sub="s-2")}), Refused)


async def test_user_information_of_somebody_else_is_refused(issuer: OwnIssuer, fetch: Fetching) -> None:
    """Its subject must be that of the ID token."""
    issuer.userinfo = {"sub": "s-2", "groups": ["judges"]}
    settings = OidcSettings(issuer=issuer.url, client_id=CLIENT, groups=GROUPS)
    grants = Grants(settings, Discovery(issuer.url, fetch), fetch)
    issuer.tokens = {"id_token": issuer.token(), "access_token": "a"}
    assert isinstance(await grants.exchanged("c", "v", "https://console.example", "n"), Refused)
    issuer.userinfo["sub"] = "s-1"
    answer = await grants.exchanged("c", "v", "https://console.example", "n")
    assert isinstance(answer, Confirmed)
    assert answer.claims["groups"] == ["judges"]
    assert isinstance(await grants.exchanged("c", "v", "https://console.example", "another"), BadToken)


def test_groups_give_the_strongest_role_and_every_limit() -> None:
    """Who is an officer by one group is one with the role of another; who is one of two authorities has no role."""
    settings = OidcSettings(issuer="https://id.example", client_id=CLIENT, groups=GROUPS, groups_claim="realm.roles")

    def given(*groups: object) -> Standing | None:
        return standing_of({"realm": {"roles": [*groups]}}, settings)

    assert given("watch", "judges", "others") == Standing(GroupRole.APPROVER, None)
    assert given("judges", "sz") == Standing(GroupRole.APPROVER, "sz")
    assert given("sz", "gz") is None
    assert given("others", 5, None) is None
    assert standing_of({}, settings) is None
    assert standing_of({"realm": "watch"}, settings) is None
    assert standing_of({"realm.roles": "watch"}, settings) == Standing(GroupRole.VIEWER, None)


def test_what_is_no_name_is_not_shown_as_one() -> None:
    """Hidden characters and mixed scripts give way to the account's name, and that to none."""
    settings = OidcSettings(issuer="https://id.example", client_id=CLIENT, groups=GROUPS)
    assert name_of({"name": " 王  伟 "}, settings) == "王 伟"
    assert name_of({"name": "Ann\u202ea", "preferred_username": "anna"}, settings) == "anna"
    assert name_of({"name": "Аnna", "email": "anna@example.org"}, settings) == "anna@example.org"
    assert name_of({"name": 5}, settings) is None
