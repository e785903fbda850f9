"""Problems: whatever is refused has a code of the documented list, with its status and its type."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec

from handlers.action_requests import CODES
from handlers.http.problem_codes import ProblemCode, table
from push.alerts.actions.refusals import Refusal
from tests.support.routes import declared_problems, route_table

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

PAGE = Path(__file__).parents[2] / "docs" / "problems.md"
UNKNOWN = {
    "id": "00000000-0000-0000-0000-000000000000",
    "user": "1",
    "authority": "sz",
    "name": "none",
    "token": "1",
    "lane": "none",
    "sighting": "1",
    "number": "1",
    "event": "1",
    "link": "none",
}
BODIES: list[bytes | None] = [None, b"{}", b"not JSON", b'{"reason": 1}', b"x" * 5_000_000]


def test_the_page_has_every_code() -> None:
    """The documented list is made from the enum; a code is a word, and no two mean the same."""
    assert table() in PAGE.read_text(encoding="utf-8")
    assert all(code.value.replace("_", "").isalpha() for code in ProblemCode)
    assert len({code.meaning for code in ProblemCode}) == len(ProblemCode)


def test_every_refusal_of_an_action_has_a_code_of_its_own() -> None:
    """Clients can tell apart what the alerts' own rules refuse."""
    assert set(CODES) == set(Refusal)
    assert len(set(CODES.values())) == len(CODES)


def test_a_route_declares_each_code_once() -> None:
    """What the document says of a route's problems is what its declaration says."""
    for route in route_table():
        assert len(set(route.problems)) == len(route.problems), route.operation


async def test_whatever_is_refused_has_a_code_of_the_list(deployment: Deployment) -> None:
    """Every route, without a token and as an administrator, with bad bodies and unknown paths.

    The document lists each code at the operation that answers with it.
    """
    server = await deployment.server(QQ_ALERT_LIMITS__FAILURES_PER_MINUTE="100000")
    paths = [
        (route.method, route.path.format(**UNKNOWN), route.operation)
        for route in route_table()
        # Pages are for people, and answer with pages.
        if route.method != "HEAD" and not route.path.startswith("/console")
    ]
    paths += [("GET", "/v1/nothing", "none"), ("PATCH", "/v1/alerts", "none"), ("GET", "/v1/alerts/x", "none")]
    paths += [("GET", "/v1/alerts?limit=x", "none"), ("DELETE", "/v1/users/0", "none")]
    declared = declared_problems()
    seen: set[str] = set()
    by_word = {code.value: code for code in ProblemCode}
    async with aiohttp.ClientSession() as anonymous, deployment.session() as known:
        for session in (anonymous, known):
            for method, path, operation in paths:
                for body in BODIES if method == "POST" else [None]:
                    async with session.request(
                        method, server.url + path, data=None if body is None else io.BytesIO(body)
                    ) as response:
                        if response.status < 400:
                            continue
                        if operation == "read_readiness":
                            continue
                        assert response.content_type == "application/problem+json", (method, path)
                        problem: dict[str, Any] = msgspec.json.decode(await response.read())
                        code = by_word[problem["code"]]
                        assert (problem["status"], problem["type"]) == (response.status, code.uri), (method, path)
                        assert code.status == response.status
                        assert operation == "none" or code.value in declared[operation, response.status], (
                            method,
                            path,
                            code,
                        )
                        seen.add(code.value)
    assert seen >= {"unauthorized", "unknown_path", "method_not_allowed", "unknown_alert", "bad_fields", "too_large"}
