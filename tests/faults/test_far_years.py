"""Rows with a moment that Python has no date for end no server: not the one that runs, and not the next one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import pytest

from tests.support.processes.processes import until

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

FAR: Final = ("20000-01-01", "infinity", "-infinity")
PLACES: Final = (
    "update alert set expires = '{far}', sent_at = '{far}', received_at = '{far}', extended = '{{{far}}}'",
    "update ring set deadline = '{far}'",
    "update sweep_unit set requested_at = '{far}', done_at = '{far}' where done",
    "insert into server_process (id, name, seen_at) values (gen_random_uuid(), 'other', '{far}')",
    "insert into forgotten_user (user_id, at) values (6, '{far}')",
    "update lane_report set at = '{far}'",
    "insert into preference (user_id, shard, content, changed_at) values (5, 1, '{{}}', '{far}')",
    """insert into authority_certificate (authority_id, fingerprint, pem, not_after)
       select id, 'x', 'x', '{far}' from authority where id <> ''""",
    "update bearer_token set expires_at = '{far}' where role = 'viewer'",
)


@pytest.mark.parametrize("far", FAR)
async def test_a_far_moment_ends_no_server(deployment: Deployment, far: str) -> None:
    """It is read as the latest or earliest that there is, lists are answered, and another alert is sent."""
    await deployment.provider()
    inside = await deployment.people(500)
    server = await deployment.server()
    _, answer = await deployment.file(server, case_number="far")
    await deployment.sent(server, answer["alert"]["id"])
    for place in PLACES:
        await deployment.query(place.format(far=far))
    for name in ("first", "second"):
        status, answer = await deployment.file(server, case_number=name)
        assert status == 202
        await deployment.sent(server, answer["alert"]["id"])
        await until(partial(_counted, deployment, answer["alert"]["id"], inside.size))
        for path in ("/v1/alerts", "/v1/alarms", "/v1/lanes", "/metrics"):
            async with deployment.session() as session, session.get(f"{server.url}{path}") as response:
                assert response.status == 200
        assert server.alive
        server.end()
        if name == "first":
            server = await deployment.server()


async def _counted(deployment: Deployment, alert: str, people: int) -> bool:
    found = await deployment.query("select sum(recipients) from ledger where alert_id = $1", alert)
    return bool(found[0][0] == people)
