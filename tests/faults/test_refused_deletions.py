"""What PostgreSQL refuses of one alert's deletion is left for later with an alarm, and holds up no other alert's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.support.alarms import alarm_kinds, alarms_of, until_cleared
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

LOOKS: Final = {"QQ_ALERT_RETENTION__LOOK_S": "0.1"}
WAITS: Final = "deletion_waits"
HOURS_CHILD, HOURS_RECIPIENTS = 1_000, 10_000
REFUSE: Final = """create or replace function refuse() returns trigger language plpgsql as $$
                   begin
                       if {condition} then raise exception 'refused' using errcode = '{code}'; end if;
                       return coalesce(new, old);
                   end $$"""


async def _ended(deployment: Deployment, server: Process, *numbers: str) -> list[str]:
    """File a case for each number, notify, and say that each child is found; returns the alerts."""
    alerts = []
    for number in numbers:
        _, answer = await deployment.file(server, case_number=number)
        alert = answer["alert"]["id"]
        await deployment.sent(server, alert)
        found = {"reason": "at home now", "case_number": number}
        assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/found", found))[0] == 200
        alerts.append(alert)

    async def all_heard() -> bool:
        return not await deployment.query("select 1 from sweep_unit where not done")

    await until(all_heard)
    return alerts


async def _until_deleted(deployment: Deployment, alert: str, column: str = "child_deleted_at") -> None:
    async def is_deleted() -> bool:
        return bool(await deployment.query(f"select 1 from alert where id = $1 and {column} is not null", alert))  # noqa: S608 - ours

    await until(is_deleted)


async def _until_waits(deployment: Deployment, server: Process, alert: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    async def stands() -> bool:
        found[:] = [one for one in await alarms_of(deployment, server) if one["kind"] == WAITS]
        return [one["alert"] for one in found] == [alert]

    await until(stands)
    return found


@pytest.mark.parametrize("code", ["XX001", "54000", "23503", "42P01", "53100"])
async def test_one_child_whose_data_stays_holds_up_no_other(deployment: Deployment, code: str) -> None:
    """Damaged pages, a limit, a rule of the schema, a full disk: an alarm names the alert; others go, it goes later."""
    await deployment.provider()
    await deployment.people(100)
    server = await deployment.server(**LOOKS)
    stuck, other = await _ended(deployment, server, "SZ-1", "SZ-2")
    await deployment.query(REFUSE.format(condition="old.case_number = 'SZ-1'", code=code))
    await deployment.query("create trigger refusing before update on child_case for each row execute function refuse()")
    await deployment.pass_time(HOURS_CHILD)
    await _until_deleted(deployment, other)
    (alarm,) = await _until_waits(deployment, server, stuck)
    assert "its data is due for deletion, and PostgreSQL refuses that" in alarm["detail"]
    assert "record_refused" not in await alarm_kinds(deployment, server), "nothing that sends is refused"
    await deployment.query("drop trigger refusing on child_case")
    await _until_deleted(deployment, stuck)
    await until_cleared(deployment, server, WAITS)
    assert server.alive


async def test_recipients_that_stay_hold_up_no_others(deployment: Deployment) -> None:
    """One alert's rows of the ledger cannot be deleted: the other alert's are, and an alarm names the first."""
    await deployment.provider()
    await deployment.people(100)
    server = await deployment.server(**LOOKS)
    stuck, other = await _ended(deployment, server, "SZ-1", "SZ-2")
    await deployment.query(REFUSE.format(condition=f"old.alert_id = '{stuck}'", code="XX001"))
    await deployment.query("create trigger refusing before delete on ledger for each row execute function refuse()")
    await deployment.pass_time(HOURS_RECIPIENTS)
    await _until_deleted(deployment, other, "recipients_deleted_at")
    (alarm,) = await _until_waits(deployment, server, stuck)
    assert "its recipients are due for deletion" in alarm["detail"]
    await deployment.query("drop trigger refusing on ledger")
    await _until_deleted(deployment, stuck, "recipients_deleted_at")
    await until_cleared(deployment, server, WAITS)


async def test_a_receipt_that_cannot_be_read_stops_no_deletion(deployment: Deployment) -> None:
    """No JSON, no UTF-8, another shape: where it has the alert's id in it, it goes with the child's data."""
    await deployment.provider()
    await deployment.people(100)
    server = await deployment.server(**LOOKS)
    (alert,) = await _ended(deployment, server, "SZ-1")
    bad = {
        "text": b"oops",
        "bytes": b"\xff\x00\xff",
        "half": b'{"alert": {"id": "' + alert.encode(),
        "list": b'["' + alert.encode() + b'"]',
        "rings": b'{"alert": {"id": "' + alert.encode() + b'", "rings": [1]}}',
    }
    for name, answer in bad.items():
        await deployment.query(
            "insert into webhook_receipt (authority_id, webhook_id, body_digest, answer_status, answer, received_at)"
            " select authority_id, $1, body_digest, 200, $2, received_at from webhook_receipt limit 1",
            name,
            answer,
        )
    await deployment.pass_time(HOURS_CHILD)
    await _until_deleted(deployment, alert)
    left = {row[0] for row in await deployment.query("select webhook_id from webhook_receipt")}
    assert left & {*bad} == {"text", "bytes"}, "nothing says of which alert these are"
    assert len(left) == len({"text", "bytes"}) + 1, "the answer to the case stays, without its places"
