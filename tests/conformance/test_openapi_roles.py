"""The server against its own OpenAPI document, in every role: no 5xx, no undocumented answer, no forbidden access."""

from __future__ import annotations

import asyncio
import json
import os
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import msgspec
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from requests.auth import AuthBase
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)
from yarl import URL

import sql.lifecycle
from handlers.http.problems import PROBLEM_TYPE
from handlers.http.roles import ALLOWS, Access, Proof, Role
from server.administration import access
from server.administration.file_case import signed_headers
from server.settings import load
from server.stores import Stores
from tests.support.processes.deployment import CASE, Deployment
from tests.support.routes import declared_problems, route_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from requests import PreparedRequest
    from schemathesis import APIOperation, Case
    from schemathesis.core.transport import Response

    from sql.database import Pool

    Operation: TypeAlias = APIOperation[Any, Any, Any, Any]
    Request: TypeAlias = Case[Any]

EXAMPLES, EXAMPLES_DENIED = int(os.environ.get("SCHEMA_EXAMPLES", "7")), 2
"""Requests of each operation in each role; a longer run sets the variable: 50 are over 5,000 in all."""

TIMEOUT_S = 120.0
"""Far longer than any answer takes, also beside other work."""

TIMES = 20
"""A request for which a store has no time is sent at most so often."""

NO_TIME = {"store_unavailable", "audience_unknown", "a store is away"}
"""The codes of such answers, and the status of one that has no code."""

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
TAKES_BAD_PARTS = {"/v1/devices", "/v1/preferences", "/v1/feed"}
"""Not refused: a bad report among good ones, and an `after` that is no seq, which gets a snapshot."""

RIGHT: dict[str, dict[str, Any]] = {
    "/v1/intake/{authority}": {"last_seen": CASE["last_seen"], "area": None},
    "/v1/estimates": {"longitude": 114.1, "latitude": 22.5, "city": None, "policy": "qq", "authority": "sz"},
    "/v1/alerts/{id}/update": {"texts": {name: {"title": "Other", "body": "words"} for name in ("en", "zh-CN")}},
    "/v1/alerts/{id}/rings": {"radius_km": 200},
}
"""Values that make a well-formed request a valid one, so that answers to valid requests are tested as well."""


class Signed(AuthBase):
    """Signs every body, as an authority does."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Sign the body."""
        content = request.body
        if isinstance(content, bytes) and _is_text(content):
            request.headers.update(signed_headers(self._secret, content))
        return request


class Known(NamedTuple):
    """An existing alert: its id and its case number."""

    id: str
    number: str


class Site(NamedTuple):
    """A running server: its document, roles by route, existing alerts, and the problem codes of each operation."""

    url: str
    schema: schemathesis.BaseSchema
    roles: dict[tuple[str, str], Access]
    alerts: list[Known]
    secret: str
    problems: dict[tuple[str, int], set[str]]


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


@schemathesis.serializer("application/x-ndjson")
def _ndjson(_: object, value: object) -> bytes:
    return b"\n".join(msgspec.json.encode(one) for one in (value if isinstance(value, list) else [value]))


@schemathesis.serializer("application/msgpack")
def _msgpack(_: object, value: object) -> bytes:
    return msgspec.json.encode(value) if _has_large(value) else msgspec.msgpack.encode(value)


def _has_large(value: object) -> bool:
    """Tell whether a value holds a number that MessagePack cannot encode."""
    if isinstance(value, int):
        return not -(1 << 63) <= value < 1 << 64
    if isinstance(value, dict):
        return any(map(_has_large, value.values()))
    return isinstance(value, list) and any(map(_has_large, value))


def _operations(schema: schemathesis.BaseSchema) -> Iterator[Operation]:
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result
        yield result.ok()


def _cases(operation: Operation, site: Site) -> st.SearchStrategy[tuple[Request, bool]]:
    """Return requests, some that the document allows and some about existing alerts, and whether to sign them."""

    def of(mode: GenerationMode) -> st.SearchStrategy[Request]:
        anything: st.SearchStrategy[Request] = operation.as_strategy(generation_mode=mode)
        named = [{"authority": "sz"}] if "{authority}" in operation.path else []
        named += [{"id": one.id} for one in site.alerts] if "{id}" in operation.path else []
        return st.one_of([anything, *(operation.as_strategy(mode, path_parameters=one) for one in named)])

    modes = [GenerationMode.POSITIVE]
    if operation.body or operation.path_parameters or operation.query:
        modes.append(GenerationMode.NEGATIVE)
    return st.tuples(st.one_of([of(mode) for mode in modes]), st.booleans())


def _ask(operation: Operation, site: Site, session: requests.Session, *, is_let_in: bool) -> None:
    """Send examples of one operation, and validate each answer by the document."""
    checks = [*CHECKS]
    operation_id = operation.definition.raw["operationId"]
    if operation.path not in TAKES_BAD_PARTS:
        checks.append(negative_data_rejection)

    @settings(
        max_examples=EXAMPLES if is_let_in else EXAMPLES_DENIED,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(_cases(operation, site))
    def hold(drawn: tuple[Request, bool]) -> None:
        case, is_right = drawn
        # A value that was made invalid on purpose must stay so.
        is_right = is_right and case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
        known = {one.id: one.number for one in site.alerts}
        number = known.get(str((case.path_parameters or {}).get("id")))
        if is_right and isinstance(case.body, dict):
            case.body |= {"case_number": number} if number and "case_number" in case.body else {}
            case.body |= RIGHT.get(operation.path, {})
        is_signature = site.roles[operation.method.upper(), operation.path] is Proof.SIGNATURE
        session.auth = Signed(site.secret) if is_signature and is_right else None
        response = _answer(case, site, session)
        case.validate_response(response, checks=checks)
        if response.headers.get("content-type") == [PROBLEM_TYPE] and operation.method.upper() != "HEAD":
            assert response.json()["code"] in site.problems[operation_id, response.status_code], operation.label
        if not is_let_in:
            assert response.status_code in {401, 403, 404}, (operation.label, response.status_code)
            assert response.status_code != 404 or response.json()["detail"] == "Not Found"

    hold()


def _answer(case: Request, site: Site, session: requests.Session) -> Response:
    """Return the answer to a request; where a busy machine's store did not answer in time, to the same one again."""
    for _ in range(TIMES):
        response = case.call(base_url=site.url, session=session, timeout=TIMEOUT_S)
        if not _has_no_time(response):
            break
    return response


def _has_no_time(response: Response) -> bool:
    """Tell whether a store had no time for a request, as the server says; its answer to HEAD has no body."""
    if response.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
        return False
    if not response.content:
        return "retry-after" in response.headers
    content = response.json()
    return not NO_TIME.isdisjoint({content.get("code"), content.get("status")})


def _ask_everything(site: Site, role: Role | None, token: str) -> None:
    """Send examples of every operation in one role."""
    with requests.Session() as session:
        session.trust_env = False
        if role is not None:
            session.headers["Authorization"] = f"Bearer {token}"
        for operation in _operations(site.schema):
            declared = site.roles[operation.method.upper(), operation.path]
            is_let_in = not isinstance(declared, Role) or role in ALLOWS[declared]
            _ask(operation, site, session, is_let_in=is_let_in)


def _schema(url: str) -> schemathesis.BaseSchema:
    answer = requests.get(f"{url}/openapi.json", timeout=TIMEOUT_S)
    config = SchemathesisConfig.from_dict(
        {
            "generation": {"with-security-parameters": False},
            # A body that is too large is refused before it is decoded.
            "checks": {"negative_data_rejection": {"expected-statuses": ["4xx"]}},
        }
    )
    return schemathesis.openapi.from_dict(json.loads(answer.content), config=config)


async def test_every_answer_is_documented_and_no_role_exceeds_its_rights(deployment: Deployment, pool: Pool) -> None:
    """For any request in any role: only documented answers and codes, and only 401 or 403 where the role may not."""
    await deployment.provider()
    names = ("PLATFORM_PER_S", "PLATFORM_BURST", "PEOPLE_PER_S", "PEOPLE_BURST", "WEBHOOKS_PER_MINUTE")
    limits = {f"QQ_ALERT_LIMITS__{name}": "1000000" for name in names}
    server = await deployment.server(**limits, QQ_ALERT_LIMITS__FAILURES_PER_MINUTE="1000000")
    alerts = []
    for number, policy in enumerate(("auto", "grace", "approve", "two-person", "auto", "approve")):
        await sql.lifecycle.set_review(pool, "sz", policy, 1800)
        status, answer = await deployment.file(server, case_number=f"SZ-{number}", last_seen=CASE["last_seen"])
        assert status == 202
        alerts.append(Known(answer["alert"]["id"], f"SZ-{number}"))
    schema = await asyncio.to_thread(_schema, server.url)
    roles = {(one.method, one.path): one.access for one in route_table()}
    site = Site(server.url, schema, roles, alerts, deployment.secret, declared_problems())
    config = load(None, deployment.env())
    stores = Stores(deployment.database_url, deployment.redis_url, embedded=False, dead=lambda: None)
    await asyncio.to_thread(_ask_everything, site, None, "")
    for role in Role:
        _, token = await access.create_token(config, stores, role, f"a {role}")
        await asyncio.to_thread(_ask_everything, site, role, token)
    assert "request.bug" not in deployment.log.read_text(encoding="utf-8")


HOSTILE = ("%00", "%FF", "%ED%A0%80", "%0A", "a" * 5000, "%2F", "..%2F..")
"""Path segments that are no text, no name, or contain another path."""


async def test_a_path_that_is_no_text_is_refused_like_any_other(deployment: Deployment) -> None:
    """U+0000, invalid UTF-8 or half a surrogate: refused by every route with a name in its path, without an error."""
    server = await deployment.server()
    table = [one for one in route_table() if "{" in one.path]
    statuses: dict[tuple[str, str], int] = {}
    async with deployment.session() as session:
        for route in table:
            before, _, after = route.path.partition("{")
            for part in HOSTILE:
                url = URL(f"{server.url}{before}{part}{after.partition('}')[2]}", encoded=True)
                async with session.request(route.method, url, data=b"{}") as response:
                    statuses[route.path, part] = response.status
    assert {path: status for path, status in statuses.items() if status not in {401, 404, 422}} == {}
