"""What is looked at while an alert goes on: its area, its rates, its trail; each within its bound, and its scope."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import aiohttp
import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Point, Polygon, shape

import sql.audit
import sql.rates
from geo.area import Circle
from geo.outline import VERTICES_MAX, drawn_circle, simplified
from handlers.http.roles import Role
from handlers.operators.watching.rates import SAMPLES_MAX
from handlers.operators.watching.trail import PAGE_EVENTS
from server.administration import access
from server.settings import load
from sql.audit import AuditEvent
from sql.rates import Settled
from tests.support.processes.deployment import CASE, SHENZHEN
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from pathlib import Path

    from sql.database import Pool
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

SIDES = 5_000
LONG_H = 72


async def _token(deployment: Deployment, role: Role, name: str, authority: str | None = None) -> str:
    settings = load(None, deployment.env())
    _, token = await access.create_token(settings, deployment.stores, role, name, authority=authority)
    return token


async def _get(server: Process, path: str, token: str) -> tuple[int, Any, str]:
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers) as session, session.get(f"{server.url}{path}") as response:
        return response.status, await response.json(content_type=None), response.content_type


def _many_cornered() -> dict[str, Any]:
    """Return a city around Shenzhen's centre whose border has thousands of corners, in and out."""
    angles = np.linspace(0, 2 * np.pi, SIDES, endpoint=False)
    radius = 0.8 + 0.1 * np.sin(angles * 40) + 0.01 * (np.arange(SIDES) % 2)
    points = np.column_stack([114.0579 + radius * np.cos(angles), 22.5431 + radius * np.sin(angles)]).tolist()
    geometry = {"type": "Polygon", "coordinates": [[*points, points[0]]]}
    return {"type": "Feature", "properties": {"adcode": "440300"}, "geometry": geometry}


async def test_the_area_is_drawn_within_a_bound_and_close_to_what_is_searched(
    deployment: Deployment, tmp_path: Path
) -> None:
    """A border of thousands of corners is drawn with few; rings come from far to near, and hold their places."""
    await deployment.provider()
    file = tmp_path / "cities.json"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [_many_cornered()]}))
    server = await deployment.server(QQ_ALERT_CITIES__FILE=str(file))
    _, answer = await deployment.file(server, last_seen={**CASE["last_seen"], "city": "440300"})
    status, area, kind = await _get(server, f"/v1/alerts/{answer['alert']['id']}/area", deployment.token)
    assert (status, kind) == (200, "application/geo+json")
    by_kind: dict[str, list[Any]] = {}
    for feature in area["features"]:
        by_kind.setdefault(feature["properties"]["kind"], []).append(feature)
    assert set(by_kind) == {"boundary", "city", "ring", "place"}
    for feature in area["features"]:
        drawn = shape(feature["geometry"])
        assert shapely.get_num_coordinates(drawn) <= VERTICES_MAX + 1
        assert shapely.is_valid(drawn)
    city = shape(by_kind["city"][0]["geometry"])
    whole = shape(_many_cornered()["geometry"])
    assert city.symmetric_difference(whole).area < 0.1 * whole.area
    rings = [(one["properties"]["ring"], shape(one["geometry"])) for one in by_kind["ring"]]
    assert [ring for ring, _ in rings] == sorted((ring for ring, _ in rings), reverse=True)
    here = Point(SHENZHEN.longitude, SHENZHEN.latitude)
    assert all(drawn.contains(here) for _, drawn in rings)


def test_a_shape_of_many_islands_is_drawn_by_its_largest_ones() -> None:
    """However many parts a polygon has, the drawing stays within its bound, and is never empty."""
    islands = MultiPolygon(
        [Polygon([(x, y), (x + 0.4, y), (x + 0.4, y + 0.4), (x, y + 0.4)]) for x in range(60) for y in range(60)]
    )
    drawn = simplified(islands)
    assert 0 < shapely.get_num_coordinates(drawn.shape) <= VERTICES_MAX
    speck = MultiPolygon([Polygon([(0, 0), (1e-7, 0), (0, 1e-7)])])
    assert not simplified(speck).shape.is_empty


def test_a_circle_beyond_the_antimeridian_or_around_a_pole_is_drawn_within_the_globe() -> None:
    """It is cut where the longitudes begin anew, and holds what the circle holds on both sides; a pole has its cap."""
    drawn = drawn_circle(Circle(179.5, 0.0, 200.0))
    west, _, east, _ = drawn.bounds
    assert (west >= -180.0, east <= 180.0) == (True, True)
    for longitude in (178.5, 179.9, -179.9, -179.0):
        assert drawn.contains(Point(longitude, 0.0)), longitude
    assert not drawn.contains(Point(0.0, 0.0))
    cap = drawn_circle(Circle(10.0, 89.0, 300.0))
    assert cap.bounds[3] <= 90.0
    assert cap.contains(Point(-170.0, 89.5))


async def test_officers_of_another_authority_read_nothing_of_an_alert(deployment: Deployment) -> None:
    """Area, rates, trail and funnel are unknown to them; the trail is for operators, not for those who only look."""
    await deployment.provider()
    server = await deployment.server()
    await access.add_authority(load(None, deployment.env()), deployment.stores, "gz", "Guangzhou")
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    own = await _token(deployment, Role.OPERATOR, "Anna", "sz")
    other = await _token(deployment, Role.OPERATOR, "Bo", "gz")
    looking = await _token(deployment, Role.VIEWER, "Cai")
    for name in ("area", "rates", "trail", "funnel"):
        assert (await _get(server, f"/v1/alerts/{alert}/{name}", own))[0] == 200
        status, problem, _ = await _get(server, f"/v1/alerts/{alert}/{name}", other)
        assert (status, problem["code"]) == (404, "unknown_alert"), name
    assert (await _get(server, f"/v1/alerts/{alert}/trail", looking))[0] == 403
    assert (await _get(server, f"/v1/alerts/{alert}/rates", looking))[0] == 200


async def test_rates_of_a_sent_alert_end_at_all_who_were_notified(deployment: Deployment) -> None:
    """Two servers write one history: it begins at none, never goes back, and ends at what the progress says."""
    await deployment.provider()
    members = await deployment.people(3_000)
    server, other = await deployment.server(), await deployment.server()
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    await deployment.sent(server, alert)
    rates: dict[str, Any] = {}

    async def is_noted() -> bool:
        rates.update((await _get(other, f"/v1/alerts/{alert}/rates", deployment.token))[1])
        return bool(rates["samples"]) and rates["samples"][-1]["sent"] == len(members)

    await until(is_noted)
    samples = rates["samples"]
    sent = [one["sent"] for one in samples]
    assert sent[0] == 0
    assert sent == sorted(sent)
    assert samples[-1]["lanes"] == {"tpns": len(members)}
    received, deadline = (datetime.fromisoformat(rates[name]) for name in ("received_at", "deadline"))
    assert deadline - received == timedelta(minutes=30)


async def test_a_long_history_is_thinned_in_the_record_and_in_the_answer(deployment: Deployment, pool: Pool) -> None:
    """After 72 hours of a row each five seconds few are left, the last of all among them, and an answer has no more."""
    server = await deployment.server()
    _, answer = await deployment.file(server)
    alert = UUID(answer["alert"]["id"])
    await pool.execute(
        """insert into rate_sample (alert_id, lane, span, at, settled)
           select $1, 'slow', date_bin('5 s', t, 'epoch'), t, extract(epoch from t - now() + $2)::bigint
           from generate_series(now() - $2::interval, now(), '5 s') t""",
        alert,
        timedelta(hours=LONG_H),
    )
    before = await pool.fetchval("select count(*) from rate_sample where lane = 'slow'")
    await sql.rates.thin(pool, [alert])
    rows = [row for row in await sql.rates.read(pool, alert) if row.lane == "slow"]
    most = timedelta(hours=LONG_H) / sql.rates.COARSE + sql.rates.FINE / sql.rates.SPAN + 3
    assert len(rows) <= most < before
    assert rows[-1].settled == LONG_H * 3600
    _, rates, _ = await _get(server, f"/v1/alerts/{alert}/rates", deployment.token)
    assert len(rates["samples"]) <= SAMPLES_MAX
    assert rates["samples"][-1]["lanes"]["slow"] == LONG_H * 3600


async def test_of_two_processes_that_note_one_span_the_most_stands(deployment: Deployment, pool: Pool) -> None:
    """A row a span and lane, whoever writes it: what was settled never goes back."""
    server = await deployment.server()
    _, answer = await deployment.file(server)
    alert = UUID(answer["alert"]["id"])
    for settled in (0, 0, 30, 20, 40, 10):
        await sql.rates.note(pool, [Settled(alert, "slow", settled)])
    rows = [row.settled for row in await sql.rates.read(pool, alert) if row.lane == "slow"]
    assert rows[0] == 0
    assert rows == sorted(rows)
    assert rows[-1] == 40


async def test_small_numbers_of_a_history_are_withheld(deployment: Deployment, pool: Pool) -> None:
    """Below the threshold nothing is said, and above it multiples of it alone, at the times when one was reached."""
    server = await deployment.server(QQ_ALERT_PRIVACY__PEOPLE_MIN="100")
    _, answer = await deployment.file(server)
    alert = UUID(answer["alert"]["id"])
    start = datetime.now(UTC) - timedelta(minutes=5)
    for number, settled in enumerate((0, 7, 101, 199, 350)):
        await pool.execute(
            "insert into rate_sample (alert_id, lane, span, at, settled) values ($1, 'slow', $2, $2, $3)",
            alert,
            start + number * sql.rates.SPAN,
            settled,
        )
    _, rates, _ = await _get(server, f"/v1/alerts/{alert}/rates", deployment.token)
    assert [(one["lanes"]["slow"], datetime.fromisoformat(one["at"])) for one in rates["samples"]] == [
        # These rows are older than the alert, so that nothing can have begun before the first.
        (None, start + 2 * sql.rates.SPAN),
        (100, start + 2 * sql.rates.SPAN),
        (300, start + 4 * sql.rates.SPAN),
    ]


async def test_a_trail_is_verified_and_paged(deployment: Deployment, pool: Pool) -> None:
    """It holds; who read it is its next event; a page ends at its bound, and says after what the next one begins."""
    server = await deployment.server()
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    token = await _token(deployment, Role.APPROVER, "Anna")
    async with pool.acquire() as connection, connection.transaction():
        events = [AuditEvent(actor="a", action="note", alert=UUID(alert), reason="why") for _ in range(PAGE_EVENTS)]
        await sql.audit.append(connection, *events)
    _, page, _ = await _get(server, f"/v1/alerts/{alert}/trail", token)
    assert page["verification"]["is_intact"] is True
    assert page["events"][0]["action"] == "file"
    assert len(page["events"]) == PAGE_EVENTS
    _, rest, _ = await _get(server, f"/v1/alerts/{alert}/trail?after={page['next']}", token)
    assert rest["next"] is None
    assert rest["events"][-1]["action"] == "read alert trail"
    assert rest["events"][-1]["actor"] == "approver Anna"


async def test_reasons_are_for_who_may_read_what_is_sealed(deployment: Deployment) -> None:
    """An operator of no authority sees that there is one, not its words; the case's officers and approvers see it."""
    await deployment.provider()
    server = await deployment.server()
    _, answer = await deployment.file(server)
    alert = answer["alert"]
    reasoned = {"reason": "小明 was seen at the north gate", "case_number": alert["case_number"]}
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert['id']}/pause", reasoned))[0] == 200
    for role, authority, reads in (
        (Role.OPERATOR, None, False),
        (Role.OPERATOR, "sz", True),
        (Role.APPROVER, None, True),
    ):
        token = await _token(deployment, role, f"Anna {role} {authority}", authority)
        _, page, _ = await _get(server, f"/v1/alerts/{alert['id']}/trail", token)
        [pause] = [one for one in page["events"] if one["action"] == "pause"]
        assert pause["reason_withheld"] is not reads
        assert pause["reason"] == (reasoned["reason"] if reads else None)


async def test_a_tampered_trail_is_said(deployment: Deployment, pool: Pool) -> None:
    """A changed event, one deleted in the middle and the deleted first one: each is a fault of this alert's trail."""
    server = await deployment.server()
    token = await _token(deployment, Role.APPROVER, "Anna")
    for number, change in enumerate(("changed", "deleted", "first")):
        _, answer = await deployment.file(server, case_number=f"SZ-{number}")
        alert = answer["alert"]["id"]
        _, page, _ = await _get(server, f"/v1/alerts/{alert}/trail", token)
        assert page["verification"]["is_intact"] is True
        seqs = [one["seq"] for one in page["events"]]
        text, seq = {
            "changed": (
                "update audit_event set content = replace(content, 'sz', 'gz') where seq = $1",
                0,
            ),
            "deleted": ("delete from audit_event where seq = $1", 1),
            "first": ("delete from audit_event where seq = $1", 0),
        }[change]
        [kept] = await pool.fetch("select * from audit_event where seq = $1", seqs[seq])
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("set local session_replication_role = replica")
            await connection.execute(text, seqs[seq])
        _, page, _ = await _get(server, f"/v1/alerts/{alert}/trail", token)
        assert page["verification"]["is_intact"] is False, change
        assert page["verification"]["fault"]["what"], change
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("set local session_replication_role = replica")
            await connection.execute("delete from audit_event where seq = $1", seqs[seq])
            await connection.execute("insert into audit_event values ($1, $2, $3, $4)", *kept)
