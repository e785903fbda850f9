"""Enrolment: users whom exercises reach are added and removed by HTTP and commands; the trail names none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp

import sql.enrolment

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

STAFF = 87_654_321


AGREED = {"consented_at": "2026-11-01T09:00:00+08:00"}


async def _ask(deployment: Deployment, server: Process, method: str, path: str) -> int:
    body = AGREED if method == "PUT" else None
    async with deployment.session() as session, session.request(method, f"{server.url}{path}", json=body) as response:
        return response.status


async def test_the_platform_changes_the_enrolment_which_is_recorded_without_names(deployment: Deployment) -> None:
    """Adding twice counts once; a viewer may not; there is a maximum; a forgotten user is no longer enrolled."""
    server = await deployment.server()
    path = f"/v1/enrolled/{STAFF}"
    created = await deployment.command("token", "create", "--role", "viewer", "--name", "desk", "--json")
    viewer = {"Authorization": f"Bearer {created['token']}"}
    async with aiohttp.ClientSession(headers=viewer) as session, session.put(f"{server.url}{path}") as response:
        assert response.status == 403
    assert [await _ask(deployment, server, "PUT", f"/v1/enrolled/{bad}") for bad in ("0", "x", "9" * 19)] == [422] * 3
    assert [await _ask(deployment, server, "PUT", path) for _ in range(2)] == [204, 204]
    assert (await deployment.run("exercise", "list")).split() == [str(STAFF)]
    assert await deployment.command("exercise", "count", "--json") == {"enrolled": 1}

    assert await deployment.run("exercise", "enrol", str(STAFF), "7") == "1 enrolled; 1 were before\n"
    assert await deployment.run("exercise", "withdraw", "7", "8") == "1 withdrawn; 1 were not enrolled\n"
    most = sql.enrolment.ENROLLED_MAX
    await deployment.query("insert into enrolled (user_id) select generate_series(1, $1::bigint - 1)", most)
    assert await _ask(deployment, server, "PUT", "/v1/enrolled/87654322") == 409
    assert await deployment.query("select count(*) from enrolled") == [(most,)]
    assert [await _ask(deployment, server, "DELETE", path) for _ in range(2)] == [204, 204]
    trail = [row[0] for row in await deployment.query("select content from audit_event order by seq")]
    assert [("exercise enrolment" in one, "exercise withdrawal" in one) for one in trail if "exercise" in one] == [
        (True, False),
        (True, False),
        (False, True),
        (False, True),
    ]
    assert not [one for one in trail if str(STAFF) in one]

    assert await _ask(deployment, server, "PUT", path) == 204
    assert await _ask(deployment, server, "DELETE", f"/v1/users/{STAFF}") == 204
    assert await deployment.query("select 1 from enrolled where user_id = $1", STAFF) == []
    gone = deployment.folder / "gone.txt"
    gone.write_text("1\n2\n")
    await deployment.run("users", "forget", str(gone))
    assert await deployment.query("select min(user_id) from enrolled") == [(3,)]
    assert str(STAFF) not in deployment.log.read_text(encoding="utf-8")


async def test_nobody_is_enrolled_without_a_time_of_consent(deployment: Deployment) -> None:
    """Without a body, without the time, with one to come or too old: 422 that names it, and nobody is enrolled."""
    server = await deployment.server()
    async with deployment.session() as session:
        for body in (None, {}, {"consented_at": "soon"}, {"consented_at": "2099-01-01T00:00:00Z"},
                     {"consented_at": "2020-01-01T00:00:00Z"}):  # fmt: skip
            async with session.put(f"{server.url}/v1/enrolled/{STAFF}", json=body) as response:
                assert response.status == 422, body
    assert await deployment.query("select count(*) from enrolled") == [(0,)]
    assert await _ask(deployment, server, "PUT", f"/v1/enrolled/{STAFF}") == 204
    [(at,)] = await deployment.query("select consented_at from enrolled")
    assert at.isoformat() == "2026-11-01T01:00:00+00:00"


async def test_an_operator_counts_who_is_enrolled_and_withdraws_all(deployment: Deployment) -> None:
    """Counts with the times of consent, never who; a viewer may not, an officer withdraws nobody."""
    server = await deployment.server()
    await deployment.query("insert into enrolled (user_id) values (7)")
    assert await _ask(deployment, server, "PUT", f"/v1/enrolled/{STAFF}") == 204
    operator = await deployment.command("token", "create", "--role", "operator", "--name", "Li", "--json")
    officer = await deployment.command(
        "token", "create", "--role", "operator", "--name", "Wu", "--authority", "sz", "--json"
    )
    viewer = await deployment.command("token", "create", "--role", "viewer", "--name", "desk", "--json")
    path = f"{server.url}/v1/enrolled"
    answers = {}
    for name, token in (("operator", operator), ("viewer", viewer)):
        headers = {"Authorization": f"Bearer {token['token']}"}
        async with aiohttp.ClientSession(headers=headers) as session, session.get(path) as response:
            answers[name] = (response.status, await response.json())
    assert answers["operator"] == (
        200,
        {
            "enrolled": 2,
            "without_consent": 1,
            "first_consent_at": "2026-11-01T01:00:00Z",
            "last_consent_at": "2026-11-01T01:00:00Z",
        },
    )
    assert answers["viewer"][0] == 403
    why = {"reason": "the list is of last year"}
    assert (await deployment.post(f"{path}/withdrawal", why, officer["token"]))[0] == 403
    assert await deployment.post(f"{path}/withdrawal", why, operator["token"]) == (200, {"withdrawn": 2})
    assert await deployment.query("select count(*) from enrolled") == [(0,)]
    trail = [row[0] for row in await deployment.query("select content from audit_event order by seq")]
    assert "operator Li" in trail[-1]
    assert '"users":2' in trail[-1]
    assert not [one for one in trail if str(STAFF) in one]
