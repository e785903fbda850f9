"""Sightings in the record: nearest and newest first, the same ones stacked, each decided once and by name."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from handlers.http.roles import Role
from public.sightings.adding import KeptPhoto
from server.administration import access
from server.settings import load
from tests.support.processes.deployment import CASE, Deployment
from tests.support.public.reports import report_of, sealing_of, take

if TYPE_CHECKING:
    from sql.database import Pool
    from tests.support.processes.processes import Process

NEAR, FAR = (114.0580, 22.5432), (114.5, 23.0)


async def _alert(deployment: Deployment) -> tuple[Process, str]:
    await deployment.provider()
    server = await deployment.server()
    _, answer = await deployment.file(server)
    return server, answer["alert"]["id"]


async def _listed(deployment: Deployment, server: Process, alert: str, query: str = "") -> dict[str, Any]:
    listed: dict[str, Any] = await deployment.get(f"{server.url}/v1/alerts/{alert}/sightings{query}")
    return listed


def _texts(listed: dict[str, Any]) -> list[str]:
    return [one["what"] for one in listed["sightings"]]


async def test_sightings_are_listed_newest_or_nearest_first(deployment: Deployment, pool: Pool) -> None:
    """Those without a place come last among the nearest, and pages follow one another."""
    server, alert = await _alert(deployment)
    sealing, now = sealing_of(deployment), datetime.now(UTC)
    for number, (what, place) in enumerate([("near", NEAR), ("far", FAR), ("nowhere", (None, None))]):
        at = now - timedelta(minutes=10 - number)
        report = report_of(alert, what, received_at=at, longitude=place[0], latitude=place[1])
        assert await take(pool, sealing, report) is not None
    assert _texts(await _listed(deployment, server, alert)) == ["nowhere", "far", "near"]
    nearest = await _listed(deployment, server, alert, "?order=nearest")
    assert _texts(nearest) == ["near", "far", "nowhere"]
    assert nearest["sightings"][0]["distance_km"] < 0.1
    first = await _listed(deployment, server, alert, "?order=nearest&limit=2")
    assert (_texts(first), first["next"]) == (["near", "far"], 2)
    rest = await _listed(deployment, server, alert, "?order=nearest&limit=2&after=2")
    assert (_texts(rest), rest["next"]) == (["nowhere"], None)
    read = [one for (one,) in await deployment.query("select content from audit_event")]
    assert sum('"what":"sightings"' in one for one in read) == 4, "who read it is in the trail"
    assert not [one for one in read if "nowhere" in one]


async def test_the_same_again_is_stacked_and_decided_at_once(deployment: Deployment, pool: Pool) -> None:
    """Same words of one address block, or photos that look the same, stand as one; others stay by themselves."""
    server, alert = await _alert(deployment)
    sealing, now = sealing_of(deployment), datetime.now(UTC)
    looks = 0x0F0F_1234_5678_9ABC
    reports = [
        (report_of(alert, "In the  park", received_at=now - timedelta(minutes=9)), None),
        (report_of(alert, "in the park", received_at=now - timedelta(minutes=8)), None),
        (report_of(alert, "in the park", received_at=now - timedelta(minutes=7), block="198.51.100.0/24"), None),
        (report_of(alert, "with a photo", received_at=now - timedelta(minutes=6)), looks),
        (report_of(alert, "the photo, again", received_at=now - timedelta(minutes=5)), looks ^ 0b10101),
        (report_of(alert, "another photo", received_at=now - timedelta(minutes=4)), looks ^ 0xFFFF),
        (report_of(alert, "dark", received_at=now - timedelta(minutes=3)), 0),
        (report_of(alert, "dark, too", received_at=now - timedelta(minutes=2)), 0),
    ]
    for report, difference_hash in reports:
        photos = [] if difference_hash is None else [KeptPhoto(number=1, size_bytes=1000, hash=difference_hash)]
        added = await take(pool, sealing, report, photos)
        assert added is not None
        assert added.is_new
    listed = (await _listed(deployment, server, alert))["sightings"]
    assert [(one["what"], one["alike"]) for one in listed] == [
        ("dark, too", 1),
        ("dark", 1),
        ("another photo", 1),
        ("with a photo", 2),
        ("in the park", 1),
        ("In the  park", 2),
    ]
    first = listed[-1]
    like = await _listed(deployment, server, alert, f"?like={first['id']}")
    assert _texts(like) == ["In the  park", "in the park"]
    decision = {"decision": "pass_on", "revision": 1, "with_stack": True}
    path = f"{server.url}/v1/alerts/{alert}/sightings/{first['id']}"
    status, decided = await deployment.post(f"{path}/decision", decision)
    assert (status, decided["state"], decided["revision"]) == (200, "passed", 2)
    assert decided["decided_by"] == "admin test"
    duplicates = await _listed(deployment, server, alert, "?state=duplicate")
    assert [one["duplicate_of"] for one in duplicates["sightings"]] == [first["id"]]
    assert duplicates["counts"] == {"new": 6, "passed": 1, "duplicate": 1, "dismissed": 0, "closed": 0}


async def test_reports_of_one_town_without_words_or_from_other_places_are_no_stack(
    deployment: Deployment, pool: Pool
) -> None:
    """A block may be a town: different photos without words stand by themselves, and so do the same words elsewhere."""
    server, alert = await _alert(deployment)
    sealing, now = sealing_of(deployment), datetime.now(UTC)
    reports = [
        (report_of(alert, ""), 0x0F0F_1234_5678_9ABC),
        (report_of(alert, " "), 0x7F0F_EDCB_0987_0F0F),
        (report_of(alert, "", place="Futian"), 0x00FF_00FF_1234_00FF),
        (report_of(alert, "saw him", longitude=NEAR[0], latitude=NEAR[1]), None),
        (report_of(alert, "saw him", longitude=FAR[0], latitude=FAR[1]), None),
        (report_of(alert, "saw him", received_at=now, longitude=FAR[0] + 0.001, latitude=FAR[1]), None),
    ]
    for report, difference_hash in reports:
        photos = [] if difference_hash is None else [KeptPhoto(number=1, size_bytes=1000, hash=difference_hash)]
        assert await take(pool, sealing, report, photos) is not None
    listed = (await _listed(deployment, server, alert))["sightings"]
    assert sorted((one["what"].strip(), one["alike"]) for one in listed) == [
        ("", 1),
        ("", 1),
        ("", 1),
        ("saw him", 1),
        ("saw him", 2),
    ]


async def test_a_report_that_is_taken_in_twice_stands_once(deployment: Deployment, pool: Pool) -> None:
    """The inbox's id makes it one, also when both come at the same moment."""
    server, alert = await _alert(deployment)
    report = report_of(alert, "seen")
    added = await asyncio.gather(*(take(pool, sealing_of(deployment), report) for _ in range(4)))
    assert sorted(one is not None and one.is_new for one in added) == [False, False, False, True]
    assert _texts(await _listed(deployment, server, alert)) == ["seen"]


async def test_a_sighting_is_decided_once_and_who_was_faster_is_named(deployment: Deployment, pool: Pool) -> None:
    """The second decision changes nothing; the trail has each with its reason, and no word of who reported."""
    server, alert = await _alert(deployment)
    report = report_of(alert, "SECRETWORDS", contact="13812345678")
    await take(pool, sealing_of(deployment), report)
    path = f"{server.url}/v1/alerts/{alert}/sightings/{report.id}/decision"
    dismissal = {"decision": "dismiss", "revision": 1, "reason": "a film poster"}
    assert (await deployment.post(path, dismissal | {"revision": 2}))[1]["code"] == "revision_changed"
    assert (await deployment.post(path, {"decision": "dismiss", "revision": 1}))[1]["code"] == "bad_fields"
    itself = {"decision": "duplicate", "revision": 1, "duplicate_of": str(report.id)}
    assert (await deployment.post(path, itself))[1]["code"] == "bad_fields"
    answers = await asyncio.gather(*(deployment.post(path, dismissal) for _ in range(3)))
    assert sorted(status for status, _ in answers) == [200, 409, 409]
    late = next(answer for status, answer in answers if status == 409)
    assert late["code"] == "already_decided"
    assert "dismissed by admin test at 20" in late["detail"]
    trail = await deployment.get(f"{server.url}/v1/alerts/{alert}/trail")
    [event] = [one for one in trail["events"] if one["action"] == "dismiss sighting"]
    assert (event["reason"], event["details"]) == ("a film poster", {"sighting": str(report.id), "revision": 1})
    [(salt,)] = await deployment.query("select sighting_salt from page where alert_id = $1", UUID(alert))
    stored = await _stored(deployment, "sighting", "audit_event", "audit_reason")
    opened = [sealing_of(deployment).of(UUID(alert), salt).open(one) for one in stored]
    for word in (b"SECRETWORDS", b"13812345678"):
        assert any(word in one for one in opened if one), "the key opens what they wrote"
        assert not any(word in one for one in stored), "what they wrote is sealed"
    assert any(b"a film poster" in one for one in stored), "the search finds a reason"


async def _stored(deployment: Deployment, *tables: str) -> list[bytes]:
    """Return each value of some tables: bytes as they are, all else as text."""
    rows = [row for table in tables for row in await deployment.query(f"select * from {table}")]  # noqa: S608 - our names
    return [value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row]


async def test_found_closes_what_nobody_has_decided(deployment: Deployment, pool: Pool) -> None:
    """In the transaction that says so; a report that comes later is closed from the first."""
    server, alert = await _alert(deployment)
    sealing = sealing_of(deployment)
    await take(pool, sealing, report_of(alert, "before"))
    found = {"reason": "home again", "case_number": CASE["case_number"]}
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/found", found))[0] == 200
    await take(pool, sealing, report_of(alert, "after"))
    closed = await _listed(deployment, server, alert, "?state=closed")
    assert sorted(_texts(closed)) == ["after", "before"]
    assert closed["counts"]["new"] == 0


async def test_nobody_without_the_role_reads_a_sighting(deployment: Deployment, pool: Pool) -> None:
    """Viewers and the platform are refused; an officer of another authority is told that there is no such alert."""
    server, alert = await _alert(deployment)
    report = report_of(alert, "seen")
    await take(pool, sealing_of(deployment), report)
    settings, stores = load(None, deployment.env()), deployment.stores
    await access.add_authority(settings, stores, "gz", "Guangzhou")
    path = f"{server.url}/v1/alerts/{alert}/sightings"
    decision = {"decision": "pass_on", "revision": 1}
    for role, authority, status in [
        (Role.VIEWER, None, 403),
        (Role.PLATFORM, None, 403),
        (Role.OPERATOR, "gz", 404),
        (Role.APPROVER, "gz", 404),
        (Role.OPERATOR, "sz", 200),
    ]:
        _, token = await access.create_token(settings, stores, role, f"{role} {authority}", authority=authority)
        headers = {"Authorization": f"Bearer {token}"}
        async with deployment.session() as session:
            for url in (path, f"{path}/{report.id}"):
                async with session.get(url, headers=headers) as response:
                    assert response.status == status, (role, authority, url)
        if status != 200:
            assert (await deployment.post(f"{path}/{report.id}/decision", decision, token))[0] == status
    async with deployment.session() as session, session.get(f"{path}/{uuid4()}") as response:
        assert (response.status, (await response.json())["code"]) == (404, "unknown_sighting")
