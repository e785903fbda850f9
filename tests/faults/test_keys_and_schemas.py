"""A server that cannot do its work says so: a key that opens no secret, a schema that is not its own."""

from __future__ import annotations

from hashlib import sha256
from importlib import resources
from typing import TYPE_CHECKING, Final

from tests.support.alarms import alarms_of
from tests.support.processes.processes import Process

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

OTHER_KEY: Final = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
FROZEN: Final = {
    "20261123000001": "67d24aece3d1c0309efeb172d5f152bea671c4d442004727da22f1d016ac6957",
    "20261124000001": "8a6a2e0106d3b0eb1aa5e865e373062b7a89a22a6844e3c247c10f3970783e2c",
    "20261124000002": "2e2e0b3bf69c2baefb87e246289507285ace71e12adb2141eade8c7fb5e6113a",
    "20261125000001": "4bcea3c503b43c6a4e9274a47ec8ae56df13ba3b18d3c1fda7b1eecc321d29a1",
    "20261125000002": "d2d0bfbd08550977fe0f1b0fd3b58d85102da7de46a9ac9f97bf442b08f64ad1",
    "20261125000003": "6deacd730c02d415248ba18a78847df2374db376ea0268238e5945cf214f0ed9",
    "20261125000004": "fc3b5e4c865932a2292cc840b3a29b10196856dddcca44faf6ba4d894e2d467d",
    "20261125000005": "6ae507528ab2cf9dba6f1c4ad7cee6786a0591b63da119eb1c41eb2105981563",
    "20261125000006": "ded09836cf3ca82f0efbb95f730c3288d331648dafd61dda021ddd0ef6a01512",
    "20261125000007": "616ec2b605ae4721b5497899cfe1414a487b9f5dc54f991015ae525545379bec",
    "20261125000008": "2da3401280efd75b1894a6d55315ce0393bacb0fe395cf276adcb438298bae76",
    "20261128000001": "57aa042d84cf49e934e5f807ce1ee3fbd01c61ef109f377edf940c9778e2a721",
}
"""The SHA-256 of each migration that was released: whoever has applied it never gets what is written into it later."""


async def test_a_server_whose_key_opens_no_secret_is_not_ready_and_says_so(deployment: Deployment) -> None:
    """`/ready` is 503 and an alarm names the authority; with both keys it is ready, and takes webhooks again."""
    server = await deployment.server(QQ_ALERT_SECURITY__ENCRYPTION_KEY=OTHER_KEY)
    async with deployment.session() as session, session.get(f"{server.url}/ready") as response:
        assert (response.status, (await response.json())["status"]) == (503, "a webhook secret cannot be opened")
    alarms = await alarms_of(deployment, server)
    assert [(alarm["kind"], alarm["about"]) for alarm in alarms] == [("unreadable_secrets", "sz")]
    assert (await deployment.file(server))[0] == 401
    server.end()
    own = (deployment.folder / "state" / "encryption.key").read_text(encoding="ascii")
    server = await deployment.server(QQ_ALERT_SECURITY__ENCRYPTION_KEY=f"{OTHER_KEY},{own}")
    async with deployment.session() as session, session.get(f"{server.url}/ready") as response:
        assert response.status == 200
    assert (await deployment.file(server))[0] == 202


async def test_a_server_without_a_key_makes_none_for_a_database_that_holds_secrets(deployment: Deployment) -> None:
    """A container that lost its folder does not start, instead of refusing every webhook."""
    (deployment.folder / "state" / "encryption.key").unlink()
    log = deployment.folder / "start.log"
    assert Process("serve", env=deployment.env(), log=log).wait() == 2
    assert "encryption_key" in log.read_text(encoding="utf-8")
    assert not (deployment.folder / "state" / "encryption.key").exists()


async def test_only_a_server_and_migrate_change_the_schema(deployment: Deployment) -> None:
    """A newer command leaves an older schema alone, and so does a server that is asked to; an older one goes on."""
    newest = (await deployment.query("select max(version) from schema_migrations"))[0][0]
    await deployment.query("delete from schema_migrations where version = $1", newest)
    log = deployment.folder / "command.log"
    for command in (("token", "list"), ("authority", "list"), ("serve", "--no-migrate")):
        assert Process(*command, env=deployment.env(), log=log).wait() == 2, command
        assert "older schema" in log.read_text(encoding="utf-8")
    assert (await deployment.query("select max(version) from schema_migrations"))[0][0] != newest
    await deployment.query("insert into schema_migrations (version) values ($1), ('20991231000001')", newest)
    assert Process("token", "list", env=deployment.env(), log=log).wait() == 2
    server = await deployment.server()
    assert (await deployment.file(server))[0] == 202


def test_a_released_migration_never_changes() -> None:
    """By its digest; one without a digest here is not released yet."""
    folder = resources.files("sql").joinpath("migrations")
    digests = {
        file.name.partition("_")[0]: sha256(file.read_bytes()).hexdigest()
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    }
    assert {version: digests.get(version) for version in FROZEN} == FROZEN
