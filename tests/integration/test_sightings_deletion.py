"""Deletion of sightings: after the child's timer nothing of them is in tables, objects, Redis or logs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

import sql.audit
import sql.sightings
from public.sightings.intake.inbox import PhotoSent, Sent, piece_path, report_path
from public.sightings.intake.inbox_sealing import InboxKeys, PublicSeal
from push.alerts.record.audit import verify
from tests.integration.test_deletion import SHORT, WHY, _record, _redis
from tests.support.pictures import jpeg
from tests.support.processes.processes import until
from tests.support.processes.public_site import public_env
from tests.support.public.police_endpoint import PoliceEndpoint
from tests.support.public.reports import keys_of, report_of, sealing_of
from tests.support.public.strangers import objects_for, publish, receipt_of, site_for

if TYPE_CHECKING:
    from sql.database import Pool
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

WORDS, CONTACT, PLACE, WHERE = "the boy with a kite", "13912345678", "红树林公园", "114.0461234"


async def _until_closed(deployment: Deployment, server: Process, alert: str) -> None:
    async def is_closed() -> bool:
        state = (await deployment.get(f"{server.url}/v1/alerts/{alert}"))["alert"]["state"]
        return bool(state == "closed")

    await until(is_closed)


async def test_nothing_of_a_sighting_is_left_after_the_timer(deployment: Deployment, pool: Pool) -> None:
    """Rows, events for the police, originals, copies and what waits in the inbox; that it was decided stays."""
    await deployment.provider()
    server = await deployment.server(**SHORT, **public_env(deployment))
    folder = deployment.folder / "objects"
    async with PoliceEndpoint() as endpoint:
        endpoint.status = 503
        await deployment.run("authority", "endpoint", "sz", "--url", endpoint.url)
        _, answer = await deployment.file(server)
        alert = answer["alert"]["id"]
        await deployment.sent(server, alert)
        code = await publish(deployment, alert)
        site = await site_for(deployment)
        fields = {"contact": CONTACT, "place": PLACE, "longitude": WHERE, "latitude": "22.5"}
        receipt = await receipt_of(site.url, code, WORDS, photos=[jpeg()], **fields)
        sightings = f"{server.url}/v1/alerts/{alert}/sightings"

        async def is_there() -> bool:
            return len((await deployment.get(sightings))["sightings"]) == 1

        await until(is_there)
        [sighting] = (await deployment.get(sightings))["sightings"]
        reason = {"decision": "pass_on", "revision": 1, "reason": f"{WORDS} at {PLACE}"}
        assert (await deployment.post(f"{sightings}/{sighting['id']}/decision", reason))[0] == 200

        async def is_told() -> bool:
            return len([one for one in endpoint.told if WORDS.encode() in one.body]) > 0

        await until(is_told)
        before = await _record(deployment.database_url)
        kept = sorted(path.name for path in (folder / "kept").rglob("*.*"))
        assert (receipt in before, WHERE in before, kept) == (True, True, ["copy.1", "original.1"]), "the search works"
        backup = [path.read_bytes() for path in (folder / "kept").rglob("*.*")]
        salt = await sql.sightings.salt_of(pool, UUID(alert))
        assert all(sealing_of(deployment).of(UUID(alert), salt).open(one) for one in backup), "they open until then"
        assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/found", WHY))[0] == 200
        await deployment.pass_time(1.1)
        await _until_closed(deployment, server, alert)
    # What was taken in before, and waited, is not taken in any more, and does not stay in the inbox either.
    late, photo = report_of(alert, WORDS, contact=CONTACT), jpeg(2)
    seal, upload = PublicSeal(InboxKeys(keys_of(deployment)).public), "0" * 32
    objects = objects_for(deployment)
    await objects.put(piece_path(upload, 0, len(photo)), seal.seal_piece(upload, 0, photo))
    sent = Sent(report=late, photos=(PhotoSent(upload=upload, size_bytes=len(photo)),))
    await objects.put(report_path(1, late), seal.seal(msgspec.json.encode(sent)))

    async def is_empty() -> bool:
        left = [await objects.list(one) for one in ("inbox/reports", "inbox/photo-reports", "inbox/photos", "kept")]
        return left == [[], [], [], []]

    await until(is_empty)
    after = await _record(deployment.database_url) + await _redis(deployment.redis_url)
    logs = "".join(path.read_text(encoding="utf-8") for path in deployment.folder.glob("*.log"))
    gone = sealing_of(deployment).of(UUID(alert), await sql.sightings.salt_of(pool, UUID(alert)))
    assert [gone.open(one) for one in backup] == [None, None], "what a backup of the objects still has opens no more"
    for word in (WORDS, CONTACT, PLACE, WHERE, receipt, late.receipt, WORDS.encode().hex(), str(salt)):
        assert word not in after
        assert word not in logs
    trail = await verify(pool)
    assert trail.fault is None
    actions = [row.content for row in [row async for row in sql.audit.read(pool)] if "pass sighting on" in row.content]
    assert len(actions) == 1


async def test_what_is_taken_in_while_the_data_is_deleted_is_deleted_as_well(deployment: Deployment) -> None:
    """Whichever comes first, nothing is kept of an alert whose data is deleted."""
    await deployment.provider()
    server = await deployment.server(**SHORT, **public_env(deployment))
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    await deployment.sent(server, alert)
    code = await publish(deployment, alert)
    site = await site_for(deployment, QQ_ALERT_PUBLIC__SIGHTINGS__BLOCK_PER_H="1000")
    await asyncio.gather(*(receipt_of(site.url, code, f"seen {n}", photos=[jpeg(n)]) for n in range(12)))
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/found", WHY))[0] == 200
    await deployment.pass_time(1.1)
    await _until_closed(deployment, server, alert)
    objects = objects_for(deployment)

    async def is_empty() -> bool:
        left = [await objects.list(one) for one in ("inbox/reports", "inbox/photo-reports", "inbox/photos", "kept")]
        return left == [[], [], [], []]

    await until(is_empty)
    assert await deployment.query("select 1 from sighting") == []
