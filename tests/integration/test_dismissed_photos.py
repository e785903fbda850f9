"""What reports take of the disk counts until it is deleted; the photos of dismissed ones make room for others."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import sql.sightings
from public.sightings.adding import KeptPhoto
from public.sightings.intake.inbox import copy_path, original_path
from tests.integration.test_police_events import FOUND
from tests.support.processes.processes import until
from tests.support.processes.public_site import public_env
from tests.support.public.reports import report_of, sealing_of, take
from tests.support.public.strangers import objects_for

if TYPE_CHECKING:
    from sql.database import Pool
    from tests.support.processes.deployment import Deployment

SIZE_BYTES = 5_000_000


async def test_photos_of_dismissed_sightings_go_and_all_else_counts_until_it_is_deleted(
    deployment: Deployment, pool: Pool
) -> None:
    """An hour after the dismissal, unless the police were told; dismissing or ending alone makes no room."""
    await deployment.provider()
    server = await deployment.server(**public_env(deployment))
    _, answer = await deployment.file(server)
    alert, objects = answer["alert"]["id"], objects_for(deployment)
    reports = [report_of(alert, what) for what in ("a flood", "told to the police", "just dismissed", "undecided")]
    for report in reports:
        await take(pool, sealing_of(deployment), report, [KeptPhoto(number=1, size_bytes=SIZE_BYTES, readable=True)])
        for path_of in (original_path, copy_path):
            assert await objects.put(path_of(UUID(alert), report.id, 1), b"sealed") is None
    for report in reports[:3]:
        dismissal = {"decision": "dismiss", "revision": 1, "reason": "a flood"}
        path = f"{server.url}/v1/alerts/{alert}/sightings/{report.id}/decision"
        assert (await deployment.post(path, dismissal))[0] == 200
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/found", FOUND))[0] == 200
    assert await sql.sightings.kept_bytes(pool) > 4 * SIZE_BYTES
    told = "insert into police_event (authority_id, alert_id, sighting_id, event, alert_state, delivered_at)"
    await pool.execute(f"{told} values ('sz', $1, $2, 'sighting.reported', 'sent', now())", UUID(alert), reports[1].id)
    earlier = "update sighting set decided_at = decided_at - interval '61 minutes' where id = any($1::uuid[])"
    await pool.execute(earlier, [one.id for one in reports[:2]])

    async def is_freed() -> bool:
        return await sql.sightings.kept_bytes(pool) < 4 * SIZE_BYTES

    await until(is_freed)
    assert await sql.sightings.kept_bytes(pool) > 3 * SIZE_BYTES
    left = await objects.list(f"kept/sightings/{alert}")
    assert isinstance(left, list)
    assert {one.path.split("/")[3] for one in left} == {str(one.id) for one in reports[1:]}
    freed = await deployment.get(f"{server.url}/v1/alerts/{alert}/sightings/{reports[0].id}")
    assert (freed["what"], freed["photos"]) == ("a flood", [])
