"""What cannot be sent to the police holds up nothing else of that authority, and is never silent."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from handlers.auth.webhook_signatures import Vault
from server.administration.encryption import encryption_key
from server.settings import load
from tests.integration.test_police_events import FOUND, _file, _server, _told
from tests.support.alarms import alarms_of
from tests.support.processes.processes import until
from tests.support.public.police_endpoint import PoliceEndpoint
from tests.support.public.reports import report_of, sealing_of, take

if TYPE_CHECKING:
    from sql.database import Pool
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

DAMAGE = """create function damaged() returns trigger language plpgsql as $$ begin
    if new.delivered_at is not null and new.event = 'sighting.reported' then
        raise exception 'damaged' using errcode = '{code}'; end if;
    return new; end $$"""
AGAIN = "update police_event set try_at = now() where delivered_at is null"


async def _alarmed(deployment: Deployment, server: Process) -> bool:
    await deployment.query(AGAIN)
    return any(one["kind"] == "police_unreachable" for one in await alarms_of(deployment, server))


@pytest.mark.parametrize("unusable", ["whsec_%%%not base64%%%", "whsec_", "密"])
async def test_a_secret_that_signs_nothing_is_a_failure_and_an_alarm(deployment: Deployment, unusable: str) -> None:
    """Each attempt is noted with its error; with the right secret everything is delivered."""
    async with PoliceEndpoint() as endpoint:
        server, secret = await _server(deployment, endpoint, "all")
        vault = Vault(encryption_key(load(None, deployment.env())))
        put = "update authority_endpoint set secret = $1"
        await deployment.query(put, vault.seal(unusable))
        alert = await _file(deployment, server)
        await deployment.sent(server, alert)
        await until(lambda: _alarmed(deployment, server))
        [(error,)] = await deployment.query("select error from police_event")
        assert error == "nothing can be signed with the secret"
        await deployment.query(put, vault.seal(secret))
        await deployment.query(AGAIN)
        await _told(endpoint, "alert.sent")
        await until(lambda: _delivered(deployment))


async def test_an_event_of_a_far_year_is_delivered(deployment: Deployment) -> None:
    """It says the latest moment that there is, and what comes after it is delivered, too."""
    async with PoliceEndpoint() as endpoint:
        server, _ = await _server(deployment, endpoint, "all")
        endpoint.status = 503
        alert = await _file(deployment, server)
        await deployment.sent(server, alert)
        await _told(endpoint, "alert.sent")
        await deployment.query("update police_event set created_at = '20000-01-01'")
        endpoint.status = 204
        assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/found", FOUND))[0] == 200
        await deployment.query(AGAIN)
        [told] = await _told(endpoint, "alert.over")
        assert told.event["alert"] == alert
        await until(lambda: _delivered(deployment))


async def test_one_event_that_the_record_refuses_holds_up_no_other(deployment: Deployment, pool: Pool) -> None:
    """Its row cannot be written: it has failed with its error, and its authority hears all else, and not slowly."""
    async with PoliceEndpoint() as endpoint:
        server, _ = await _server(deployment, endpoint, "all")
        await deployment.query(DAMAGE.format(code="XX001"))
        await deployment.query(
            "create trigger damaging before update on police_event for each row execute function damaged()"
        )
        alert = await _file(deployment, server)
        await deployment.sent(server, alert)
        await take(pool, sealing_of(deployment), report_of(alert, "bad"))
        await _told(endpoint, "sighting.reported")
        query = "select error from police_event where event = 'sighting.reported'"
        await until(lambda: _is(deployment, query, "DataCorruptedError"))
        assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/found", FOUND))[0] == 200
        await _told(endpoint, "alert.over")
        assert [UUID(one.event["alert"]) for one in endpoint.told if one.event["type"] == "alert.over"] == [UUID(alert)]


async def _delivered(deployment: Deployment) -> bool:
    return not await deployment.query("select 1 from police_event where delivered_at is null")


async def _is(deployment: Deployment, query: str, value: str) -> bool:
    return [tuple(row) for row in await deployment.query(query)] == [(value,)]
