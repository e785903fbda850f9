"""What the police are promised is kept, or they are told that it is not."""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import TYPE_CHECKING, Any

import msgspec

from handlers.administration import endpoints
from handlers.administration.changing import Administrator
from handlers.administration.endpoints import Endpoint
from handlers.auth.webhook_signatures import Vault
from handlers.http.problems import Refusal
from server.administration.encryption import encryption_key
from server.administration.file_case import signed_headers
from server.settings import load
from tests.integration.test_tls import issued, written
from tests.support.alarms import alarms_of
from tests.support.pictures import encoded, heic, scene
from tests.support.processes.deployment import CASE
from tests.support.processes.nginx import nginx
from tests.support.processes.processes import until
from tests.support.public.case_photos import data_uri, photo_world
from tests.support.public.police_endpoint import PoliceEndpoint

if TYPE_CHECKING:
    from sql.database import Pool
    from tests.support.processes.deployment import Deployment

NUMBER = CASE["case_number"]
WHY = {"reason": "home again", "case_number": NUMBER}
ELSEWHERE, HERE = "https://police.example/events", "http://127.0.0.1:8470"


async def test_links_that_lead_to_this_machine_alone_are_given_to_nobody_else(
    deployment: Deployment, pool: Pool
) -> None:
    """The endpoint is refused; one that stands already is an alarm until the address is the server's own."""
    vault = Vault(encryption_key(load(None, deployment.env())))
    by, told = Administrator(actor="admin", token=None), Endpoint(ELSEWHERE, "operator")
    refused = await endpoints.put(pool, by, vault, "sz", told, HERE)
    assert isinstance(refused, Refusal)
    assert "[cap] public_url" in refused.detail
    assert isinstance(await endpoints.put(pool, by, vault, "sz", Endpoint("http://127.0.0.1:1/e", "all"), HERE), str)
    assert isinstance(await endpoints.put(pool, by, vault, "sz", told, "https://alerts.example"), str)
    server = await deployment.server()

    async def stands() -> bool:
        found = [one for one in await alarms_of(deployment, server) if one["kind"] == "police_unreachable"]
        return ["[cap] public_url" in one["detail"] for one in found] == [True]

    await until(stands)


async def test_that_an_alert_is_over_is_told_after_the_data_is_deleted(deployment: Deployment) -> None:
    """The police's server is away while the child is found and the hour passes; the event is taken afterwards."""
    await deployment.provider()
    server = await deployment.server(QQ_ALERT_RETENTION__LOOK_S="0.2")
    async with PoliceEndpoint() as endpoint:
        endpoint.status = 503
        await deployment.run("authority", "endpoint", "sz", "--url", endpoint.url)
        _, answer = await deployment.file(server)
        alert = answer["alert"]["id"]
        await deployment.sent(server, alert)
        assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/found", WHY))[0] == 200
        await deployment.pass_time(1.1)

        async def is_closed() -> bool:
            return bool((await deployment.query("select state from alert"))[0][0] == "closed")

        await until(is_closed)
        endpoint.status = 200
        endpoint.told.clear()
        await deployment.query("update police_event set try_at = now() where delivered_at is null returning 1")

        async def is_told() -> bool:
            return any((one.event["type"], one.event["state"]) == ("alert.over", "found") for one in endpoint.told)

        await until(is_told)


async def test_a_photo_of_20_mb_comes_through_the_shipped_nginx(deployment: Deployment) -> None:
    """Signed JSON of 27 MB; everything else stays as small as it was."""
    certificate, key = written(deployment.folder, "nginx", issued("nginx"))
    async with photo_world(deployment, QQ_ALERT_LIMITS__PER_ADDRESS="false") as world:
        folder = deployment.folder / "nginx"
        folder.mkdir()
        alert = await world.file()
        data = heic(scene(2000, 1500), bytes_least=19_900_000)
        body = msgspec.json.encode({"case_number": NUMBER, "photo_data": data_uri(data, "heic")})
        async with nginx(folder, world.server.url, certificate, key) as url, deployment.session() as session:
            headers = signed_headers(deployment.secret, body)
            to = f"{url}/v1/intake/sz/photos"
            async with session.post(to, data=BytesIO(body), headers=headers, ssl=False) as response:
                assert response.status == 200, await response.text()
            async with session.post(f"{url}/v1/intake/sz", data=BytesIO(body), headers=headers, ssl=False) as response:
                assert response.status == 413
        await world.until_photo(alert, "made")


async def test_a_photo_that_comes_with_a_case_that_stands_is_not_dropped_without_a_word(
    deployment: Deployment,
) -> None:
    """The case is the same one; the notes say where a photo of it is taken."""
    async with photo_world(deployment) as world:
        await world.file()
        status, answer = await deployment.file(world.server, photo_data=data_uri(encoded(scene(50, 50), "JPEG")))
        assert status == 200
        [note] = [one for one in answer["notes"] if "photo_data" in one]
        assert "/v1/intake/sz/photos" in note
        status, answer = await deployment.file(world.server)
        assert (status, answer["notes"]) == (200, [])


async def test_two_who_widen_at_once_are_answered(deployment: Deployment, pool: Pool) -> None:
    """Both were counted before either had the alert: the first gets the ring, the other is asked to try again."""
    await deployment.provider()
    await deployment.people(200)
    server = await deployment.server()
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    await deployment.sent(server, alert)

    async def widen(longitude: float) -> tuple[int, Any]:
        wider = {**WHY, "radius_km": 30, "longitude": longitude, "latitude": 24.5}
        return await deployment.post(f"{server.url}/v1/alerts/{alert}/rings", wider)

    async def both_wait() -> bool:
        text = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        return bool((await deployment.query(text))[0][0] >= 2)

    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("select 1 from alert where id = $1 for update", alert)
        asked = [asyncio.create_task(widen(longitude), name="widen") for longitude in (116.5, 118.5)]
        await until(both_wait)
        await transaction.rollback()
        answers = await asyncio.gather(*asked)
    # On a busy machine neither may be counted in time.
    refused = [body["code"] for status, body in answers if status != 200]
    assert refused in (["audience_unknown"], ["audience_unknown"] * 2), answers
