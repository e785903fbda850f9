"""Lists with a bound: what one party puts into them takes no room from another, and what is full says so."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import aiohttp
import msgspec
import pytest

from handlers.auth.webhook_signatures import SECRETS_MAX
from handlers.cap.verification import PINS_MAX
from handlers.cap.writing import document_of
from push.alerts.drafts import ROOM
from push.alerts.filing import DRAFTS_MAX
from server.administration import access
from server.administration.file_case import send_case
from server.settings import load
from server.stores import Stores
from tests.support.cap.documents import NOW, keys
from tests.support.cap.messages import FLOOD, info, message, pair, pin, post, signer
from tests.support.processes.deployment import CASE

if TYPE_CHECKING:
    from server.settings import Settings
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

WAITING = """select c.case_number from alert a join child_case c on c.id = a.case_id
    where a.state = 'in_review' and not a.verified order by a.received_at, a.id"""
GONE = "select 1 from audit_event where content::jsonb #>> '{event,details,gave_way}' is not null"


def _stores(deployment: Deployment) -> tuple[Settings, Stores]:
    stores = Stores(deployment.database_url, deployment.redis_url, embedded=False, dead=lambda: None)
    return load(None, deployment.env()), stores


async def _waiting(deployment: Deployment) -> list[str]:
    return [number for (number,) in await deployment.query(WAITING)]


async def _post_from(address: str, server: Process, body: bytes) -> int:
    """Send a document from another address of this machine."""
    connector = aiohttp.TCPConnector(local_addr=(address, 0))
    headers = {"Content-Type": "application/cap+xml"}
    url = f"{server.url}/v1/intake/sz"
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.post(url, data=body, headers=headers) as response,
    ):
        return response.status


async def test_expired_certificates_take_no_room_and_one_too_many_is_refused(deployment: Deployment) -> None:
    """Nine expired ones beside eight: signed messages are sent; the ninth that lasts is refused, and nothing breaks."""
    await pin(deployment)
    settings, stores = _stores(deployment)
    days = (datetime.now(UTC) - NOW).days
    for number in range(PINS_MAX + 1):
        await access.pin(settings, stores, "sz", keys("ec", f"over-{number}", days - 1).certificate)
    for number in range(PINS_MAX - 1):
        await access.pin(settings, stores, "sz", keys("ec", f"more-{number}", days + 400).certificate)
    with pytest.raises(access.RegistryError, match=f"at most {PINS_MAX}"):
        await access.pin(settings, stores, "sz", keys("ec", "ninth", days + 400).certificate)
    server = await deployment.server(**FLOOD)
    status, answer = await post(server, signer().signed(message("S-1")))
    assert (status, answer["alert"]["review"]["verified"]) == (202, True)
    assert (await post(server, document_of(message("U-1"))))[0] == 202


async def test_more_certificates_than_there_may_be_break_nothing(deployment: Deployment) -> None:
    """Of a record that an older version filled, or where one cannot be read, those pinned last count."""
    await pin(deployment)
    await deployment.query(
        """insert into authority_certificate (authority_id, fingerprint, pem, not_after, pinned_at)
           select authority_id, 'old-' || n, case when n % 2 = 1 then 'nothing' else pem end, not_after,
                  pinned_at - interval '1 day'
           from authority_certificate, generate_series(1, 20) n"""
    )
    server = await deployment.server(**FLOOD)
    status, answer = await post(server, signer().signed(message("S-1")))
    assert (status, answer["alert"]["review"]["verified"]) == (202, True)
    assert (await post(server, document_of(message("U-1"))))[0] == 202


async def test_every_secret_that_should_verify_does_and_one_too_many_is_refused(deployment: Deployment) -> None:
    """The first secret and those of nine rotations within its week; beyond the bound a rotation says so."""
    settings, stores = _stores(deployment)
    secrets = [deployment.secret, *[await access.rotate(settings, stores, "sz") for _ in range(SECRETS_MAX - 1)]]
    with pytest.raises(access.RegistryError, match=f"{SECRETS_MAX} secrets"):
        await access.rotate(settings, stores, "sz")
    server = await deployment.server(**FLOOD)
    body = msgspec.json.encode(CASE)
    statuses = [(await send_case(server.url, "sz", secret, body))[0] for secret in secrets]
    assert statuses == [202] + [200] * (SECRETS_MAX - 1)
    await deployment.query(
        "update authority_secret set expires_at = now() where id = (select min(id) from authority_secret)"
    )
    assert (await send_case(server.url, "sz", secrets[0], body))[0] == 401
    assert await access.rotate(settings, stores, "sz")


async def test_strangers_drafts_keep_nobody_out(deployment: Deployment) -> None:
    """The oldest gives way, what a person acted on does not; a signed case, by CAP or webhook, always has room."""
    await pin(deployment)
    server = await deployment.server(**FLOOD)
    acted_on = (await post(server, document_of(message("A-0"))))[1]["draft"]["id"]
    change_request = {"case_number": "A-0", "reason": "the desk confirmed it by telephone", "revision": 1}
    assert (await deployment.post(f"{server.url}/v1/alerts/{acted_on}/approval", change_request))[0] == 200
    for number in range(DRAFTS_MAX + 5):
        assert (await post(server, document_of(message(f"F-{number}"))))[0] == 202
    await post(server, signer("stranger").signed(message("P-1")))
    waiting = await _waiting(deployment)
    assert waiting == ["A-0", *[f"F-{number}" for number in range(7, DRAFTS_MAX + 5)], "P-1"]
    assert len(waiting) == ROOM.waiting
    assert len(await deployment.query(GONE)) == 7
    assert (await post(server, signer().signed(message("S-1"))))[0] == 202
    assert (await deployment.file(server, case_number="S-2"))[0] == 202
    assert await _waiting(deployment) == waiting


async def test_a_draft_takes_the_number_of_one_that_nobody_acted_on(deployment: Deployment) -> None:
    """Who guesses a number first does not keep its authority out, which sends again."""
    await pin(deployment)
    server = await deployment.server(**FLOOD)
    first, second = [
        (await post(server, document_of(message("SZ-1", infos=(info("zh-CN", text),)))))[1]["draft"]["id"]
        for text in ("别的", "寻找小明")
    ]
    states = dict(await deployment.query("select id::text, state from alert"))
    assert states == {first: "cancelled", second: "in_review"}
    assert await _waiting(deployment) == ["SZ-1"]


async def test_the_drafts_of_one_address_give_way_to_each_other(deployment: Deployment) -> None:
    """A flood from one address leaves what came from another; the flood of an hour is bounded, too."""
    await pin(deployment)
    server = await deployment.server()
    for name in ("Q-1", "Q-2"):
        assert await _post_from("127.0.0.2", server, document_of(message(name))) == 202
    documents = [document_of(message(f"F-{number}")) for number in range(DRAFTS_MAX + 5)]
    assert {await _post_from("127.0.0.3", server, one) for one in documents} == {202}
    waiting = await _waiting(deployment)
    assert waiting[:2] == ["Q-1", "Q-2"]
    assert waiting[2:] == [f"F-{number}" for number in range(15, 25)]
    assert len(waiting) == 2 + ROOM.waiting_of_source
    documents = [document_of(message(f"G-{number}")) for number in range(ROOM.an_hour_of_source)]
    assert {await _post_from("127.0.0.3", server, one) for one in documents} == {202}
    kept = "select count(*) from draft where source = '127.0.0.3'"
    assert await deployment.query(kept) == [(ROOM.an_hour_of_source,)]
    assert await _post_from("127.0.0.2", server, document_of(message("Q-3"))) == 202
    assert "Q-3" in await _waiting(deployment)


async def test_simultaneous_drafts_and_approvals_end_in_one_of_both(deployment: Deployment) -> None:
    """A draft that is approved while a crowd arrives is approved or gone, and the bound holds."""
    await pin(deployment)
    server = await deployment.server(**FLOOD)
    oldest = (await post(server, document_of(message("A-0"))))[1]["draft"]["id"]
    change_request = {"case_number": "A-0", "reason": "the desk confirmed it by telephone", "revision": 1}
    crowd = [post(server, document_of(message(f"F-{number}"))) for number in range(2 * DRAFTS_MAX)]
    approval = deployment.post(f"{server.url}/v1/alerts/{oldest}/approval", change_request)
    (status, _), *answers = await asyncio.gather(approval, *crowd)
    assert {status for status, _ in answers} == {202}
    assert len(await _waiting(deployment)) == DRAFTS_MAX
    assert ("A-0" in await _waiting(deployment)) == (status == 200)


async def test_a_certificate_that_expires_makes_room_by_itself(deployment: Deployment) -> None:
    """Eight that last are all there may be; when one of them has expired, another may be pinned."""
    settings, stores = _stores(deployment)
    days = (datetime.now(UTC) - NOW).days
    for number in range(PINS_MAX):
        await access.pin(settings, stores, "sz", keys("ec", f"last-{number}", days + 400).certificate)
    with pytest.raises(access.RegistryError):
        await access.pin(settings, stores, "sz", pair("police").certificate)
    gone = """update authority_certificate set not_after = $1
        where fingerprint = (select min(fingerprint) from authority_certificate)"""
    await deployment.query(gone, datetime.now(UTC) - timedelta(days=1))
    await access.pin(settings, stores, "sz", pair("police").certificate)
    server = await deployment.server(**FLOOD)
    assert (await post(server, signer().signed(message("S-1"))))[1]["alert"]["review"]["verified"]
