"""What an authority is bound by is damaged, or of a newer version: it is said, and all other authorities go on."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import pytest

from push.alarm_kinds import AlarmKind
from push.alarms import AlarmBoard
from server.upkeep.authority_check import AuthorityCheck
from tests.support.alarms import alarms_of
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from sql.database import Pool
    from tests.support.processes.deployment import Deployment

LISTS: Final = ("/v1/authorities", "/v1/authorities/sz", "/console/sign-in")
DAMAGES: Final = {
    "jurisdiction": "update authority set jurisdiction = 'damaged' where id = 'sz'",
    "time_zone": "update authority set time_zone = 'Mars/Olympus' where id = 'sz'",
    "asks": "update authority set asks = '{null, an item of a newer version}' where id = 'sz'",
    "nested": "update authority set asks = '{{consent},{at_risk}}' where id = 'sz'",
}
SQUARE: Final = """{"type": "Polygon", "coordinates": [[[113, 22], [115, 22], [115, 24], [113, 24], [113, 22]]]}"""


@pytest.mark.parametrize("damage", DAMAGES)
async def test_an_authority_of_which_something_cannot_be_read_is_shown_and_alarmed_about(
    deployment: Deployment, damage: str
) -> None:
    """Its cases are taken all the same, but where it is not known where they may be: nobody decides that by chance."""
    await deployment.provider()
    await deployment.people(100)
    await deployment.query(DAMAGES[damage])
    server = await deployment.server()

    async def is_alarmed() -> bool:
        standing = await alarms_of(deployment, server)
        return any((one["kind"], one["about"]) == ("unreadable_data", "sz") for one in standing)

    await until(is_alarmed)
    for path in LISTS:
        async with deployment.session() as session, session.get(f"{server.url}{path}") as response:
            assert response.status == HTTPStatus.OK, path
    status, answer = await deployment.file(server)
    if damage != "jurisdiction":
        assert status == HTTPStatus.ACCEPTED
        return
    assert (status, answer["code"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "unreadable_authority")
    drawn = deployment.folder / "drawn.geojson"
    drawn.write_text(SQUARE, encoding="utf-8")
    await deployment.run("authority", "limit", "sz", "--jurisdiction", str(drawn))
    assert (await deployment.file(server))[0] == HTTPStatus.ACCEPTED
    assert server.alive


async def test_the_alarm_about_an_authority_ends_with_its_cause(deployment: Deployment, pool: Pool) -> None:
    """It is set anew, or revoked; what did not change is not read again."""
    alarms = AlarmBoard()
    check = AuthorityCheck(pool, alarms)
    for repair in ("jurisdiction = null", "revoked_at = now()"):
        await deployment.query(DAMAGES["jurisdiction"])
        for _ in range(2):
            await check.look()
            [alarm] = alarms.standing
            assert (alarm.kind, alarm.about) == (AlarmKind.UNREADABLE_DATA, "sz")
        await deployment.query(f"update authority set {repair} where id = 'sz'")  # noqa: S608 - our words
        await check.look()
        assert not [*alarms.standing]
