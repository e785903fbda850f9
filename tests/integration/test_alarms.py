"""Alarms of all processes at one place, and who takes them."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

from handlers.http.roles import Role
from push.alarm_kinds import AlarmKind
from push.alarms import EVERY_LANE, Alarm, AlarmBoard
from push.alerts.actions.actor import Actor
from push.shared_alarms import FORGOTTEN_S, GONE_S, NotAcknowledged, SharedAlarms
from sql.alarms import ROWS_MAX
from tests.support.alarms import alarms_of
from tests.support.life.officers import Officers
from tests.support.processes.processes import until

if TYPE_CHECKING:
    import aiohttp

    from push.standing_alarms import StandingAlarm
    from sql.database import Pool
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

ANNA = Actor(role="operator", name="Anna")
BO = Actor(role="operator", name="Bo")
LANE = "tpns"


def _process(pool: Pool, name: str) -> tuple[AlarmBoard, SharedAlarms]:
    board = AlarmBoard()
    shared = SharedAlarms(pool, board)
    shared.name = name
    return board, shared


def _only(shared: SharedAlarms) -> StandingAlarm:
    [alarm] = shared.standing
    return alarm


async def test_what_stands_in_several_processes_is_one_alarm_and_is_taken_once(pool: Pool) -> None:
    """Raised in two, taken in one: the other says who has it; it ends when it has ended in both."""
    (here, one), (there, other) = _process(pool, "one:1"), _process(pool, "two:2")
    here.lane(LANE, AlarmKind.OUTAGE, "no answer")
    await one.look()
    await other.look()
    assert _only(other).processes == ("one:1",)
    there.lane(LANE, AlarmKind.OUTAGE, "503")
    await other.look()
    assert _only(other).processes == ("two:2", "one:1")
    alarm = await one.known(_only(other).id)
    assert alarm is not None, "the id of each process names it"
    taken = await one.acknowledge(alarm, ANNA, "I call them", take_over=False)
    assert not isinstance(taken, NotAcknowledged)
    await other.look()
    told = _only(other).acknowledged
    assert told is not None
    assert (told.by, told.note) == ("operator Anna", "I call them")
    here.clear_lane(LANE)
    await one.look()
    assert _only(one).processes == ("two:2",)
    there.clear_lane(LANE)
    await other.look()
    await one.look()
    assert one.standing == []


async def test_an_alarm_that_is_raised_after_it_ended_is_taken_anew(pool: Pool) -> None:
    """Acknowledged is not over; and what was over and comes back is nobody's."""
    board, shared = _process(pool, "one:1")
    board.lane(LANE, AlarmKind.OUTAGE, "no answer")
    await shared.acknowledge(await _known(shared), ANNA, "", take_over=False)
    assert _only(shared).acknowledged is not None
    board.clear_lane(LANE)
    board.lane(LANE, AlarmKind.OUTAGE, "no answer")
    assert _only(shared).acknowledged is None
    await shared.look()
    assert _only(shared).acknowledged is None


async def test_another_thing_to_decide_is_another_alarm(pool: Pool) -> None:
    """A review that was taken is to be taken anew when something else waits, whichever process sees that first."""
    (here, one), (there, other) = _process(pool, "one:1"), _process(pool, "two:2")
    for board in (here, there):
        board.restate(AlarmKind.REVIEW, EVERY_LANE, ALERT, "revision 1 waits", "sz SZ-1")
    await one.look()
    await other.look()
    await other.acknowledge(_only(other), ANNA, "", take_over=False)
    here.restate(AlarmKind.REVIEW, EVERY_LANE, ALERT, "revision 2 waits", "sz SZ-1")
    there.restate(AlarmKind.REVIEW, EVERY_LANE, ALERT, "revision 2 waits", "sz SZ-1")
    await one.look()
    await other.look()
    assert (_only(other).detail, _only(other).acknowledged) == ("revision 2 waits", None)


async def test_of_two_who_take_an_alarm_at_once_one_has_it(pool: Pool) -> None:
    """The second is told who was faster, and may take it over, which the trail says of both."""
    (board, one), (_, other) = _process(pool, "one:1"), _process(pool, "two:2")
    board.lane(LANE, AlarmKind.OUTAGE, "no answer")
    await one.look()
    await other.look()
    alarm = _only(other)
    await one.acknowledge(_only(one), ANNA, "", take_over=False)
    assert await other.acknowledge(alarm, BO, "", take_over=False) is NotAcknowledged.TAKEN
    assert _taken_by(other) == "operator Anna"
    await other.acknowledge(alarm, BO, "", take_over=True)
    await one.look()
    assert _taken_by(one) == "operator Bo"
    trail = await pool.fetch("select content from audit_event order by seq")
    assert [("operator Anna" in row[0], "acknowledge" in row[0]) for row in trail] == [(True, True), (False, True)]


async def test_a_change_is_published_once_by_every_process(pool: Pool) -> None:
    """Raised, taken and over: what the feed says of an alarm that two processes have, in both."""
    (here, one), (there, other) = _process(pool, "one:1"), _process(pool, "two:2")
    said: list[tuple[str, str]] = []
    for name, shared in (("one", one), ("two", other)):
        shared.publish = _noted(said, name)
        shared.publish_acknowledged = _taken(said, name)
    here.lane(LANE, AlarmKind.OUTAGE, "no answer")
    await one.look()
    await other.look()
    there.lane(LANE, AlarmKind.OUTAGE, "no answer")
    await other.look()
    await one.look()
    assert said == [("one", "raised"), ("two", "raised")]
    await other.acknowledge(_only(other), ANNA, "", take_over=False)
    await one.look()
    there.clear_lane(LANE)
    await other.look()
    here.clear_lane(LANE)
    await one.look()
    await other.look()
    assert said[2:] == [("two", "taken"), ("one", "taken"), ("one", "over"), ("two", "over")]


async def test_a_process_that_fell_silent_is_an_alarm_until_it_is_replaced_or_forgotten(pool: Pool) -> None:
    """What it said is shown as of a process that is gone; another one of its name takes its place."""
    (here, one), (_, other) = _process(pool, "one:1"), _process(pool, "two:2")
    here.lane(LANE, AlarmKind.OUTAGE, "no answer")
    await one.look()
    await other.look()
    other._steady_since_s = -GONE_S  # noqa: SLF001 - as if it had had the record for so long
    await _silent(pool, "one:1", GONE_S + 1)
    await other.look()
    assert {(alarm.kind, alarm.about or alarm.gone) for alarm in other.standing} == {
        (AlarmKind.OUTAGE, True),
        (AlarmKind.PROCESS_GONE, "one:1"),
    }
    _, again = _process(pool, "one:1")
    await again.look()
    await other.look()
    assert other.standing == []
    await _silent(pool, "one:1", FORGOTTEN_S + 1)
    await other.look()
    assert [one.name for one in other.processes] == ["two:2"]
    await other.look()
    assert other.standing == []


async def test_a_process_that_was_without_the_record_itself_accuses_nobody(pool: Pool) -> None:
    """After the record was away for all of them, none is called gone that writes again."""
    (_, one), (_, other) = _process(pool, "one:1"), _process(pool, "two:2")
    await one.look()
    await _silent(pool, "one:1", GONE_S + 1)
    await other.look()
    assert other.standing == []


async def test_more_alarms_than_the_record_takes_are_shown_where_they_stand(pool: Pool) -> None:
    """The worst are written; the process that has them shows all of them."""
    (board, one), (_, other) = _process(pool, "one:1"), _process(pool, "two:2")
    for number in range(ROWS_MAX + 10):
        board.raise_alarm(AlarmKind.EXPIRES_SOON, EVERY_LANE, None, "soon", f"token {number}")
    board.lane(LANE, AlarmKind.OUTAGE, "no answer")
    await one.look()
    await other.look()
    assert len(one.standing) == ROWS_MAX + 11
    assert len(other.standing) == ROWS_MAX
    assert AlarmKind.OUTAGE in {alarm.kind for alarm in other.standing}


async def test_an_alarm_of_another_process_is_read_and_taken_over_http(deployment: Deployment) -> None:
    """By an operator, not by a viewer; everybody's feed says so, and a process that is killed is gone."""
    failing = {"QQ_ALERT_AUDIT__ANCHOR_FILE": "/proc/none/anchors"}
    broken, server = await deployment.server(**failing), await deployment.server()
    officers = Officers(deployment, server)
    await officers.person("Anna", Role.OPERATOR)
    await officers.person("Vera", Role.VIEWER)

    async def is_shown() -> bool:
        return "anchor_refused" in await _kinds(deployment, server)

    await until(is_shown)
    alarm = (await _alarms(deployment, server))["anchor_refused"]
    assert (alarm["severity"], alarm["status"], alarm["acknowledged"]) == ("serious", None, None)
    async with (
        deployment.session() as session,
        session.ws_connect(f"{broken.url}/v1/feed") as feed,
    ):
        await feed.receive_json()
        url = f"{server.url}/v1/alarms/{alarm['id']}/acknowledgements"
        assert (await deployment.post(url, {}, officers.text_of("Vera")))[0] == 403
        status, taken = await deployment.post(url, {"note": "I look at its disk"}, officers.text_of("Anna"))
        assert (status, taken["acknowledged"]["by"]) == (200, "operator Anna")
        status, problem = await deployment.post(url, {})
        assert (status, problem["code"], "operator Anna" in problem["detail"]) == (409, "already_acknowledged", True)
        told = await _of_type(feed, "acknowledgement")
        assert (told["kind"], told["acknowledged"]["note"]) == ("anchor_refused", "I look at its disk")
    assert (await deployment.post(f"{server.url}/v1/alarms/{ALERT}/acknowledgements", {}))[0] == 404

    broken.end(signal.SIGKILL)

    async def is_gone() -> bool:
        return "process_gone" in await _kinds(deployment, server)

    await until(is_gone)
    assert (await _alarms(deployment, server))["anchor_refused"]["gone"] is True


async def test_an_officer_takes_alarms_of_the_own_authority_alone(deployment: Deployment) -> None:
    """Of another authority's alert they read nothing, and take nothing."""
    await deployment.provider()
    server = await deployment.server()
    await deployment.run("authority", "review", "sz", "--policy", "two-person")
    await deployment.file(server)
    officers = Officers(deployment, server)
    await deployment.run("authority", "add", "gz", "--name", "Guangzhou")
    await officers.person("Own", Role.OPERATOR, "sz")
    await officers.person("Other", Role.OPERATOR, "gz")

    async def waits() -> bool:
        return "review" in await _kinds(deployment, server)

    await until(waits)
    alarm = (await _alarms(deployment, server))["review"]
    assert alarm["status"] == "actual"
    url = f"{server.url}/v1/alarms/{alarm['id']}/acknowledgements"
    assert (await deployment.post(url, {}, officers.text_of("Other")))[0] == 404
    assert (await deployment.post(url, {}, officers.text_of("Own")))[0] == 200


async def test_without_the_record_a_process_shows_its_own_alarms(pool: Pool) -> None:
    """And says that it knows of no others; nothing waits for the record."""
    board, shared = _process(pool, "one:1")
    await shared.look()
    recorded = [shared.is_recorded]
    await pool.execute("alter table alarm rename to hidden")
    await shared._try_look()  # noqa: SLF001 - what its loop does
    recorded.append(shared.is_recorded)
    board.raise_alarm(AlarmKind.STORE_AWAY, EVERY_LANE, None, "PostgreSQL does not answer", "postgresql")
    assert [alarm.kind for alarm in shared.standing] == [AlarmKind.STORE_AWAY]
    await pool.execute("alter table hidden rename to alarm")
    await shared._try_look()  # noqa: SLF001
    assert [*recorded, shared.is_recorded] == [True, False, True]


ALERT = "00000000-0000-4000-8000-000000000001"


async def _known(shared: SharedAlarms) -> StandingAlarm:
    alarm = await shared.known(_only(shared).id)
    assert alarm is not None
    return alarm


def _taken_by(shared: SharedAlarms) -> str:
    taken = _only(shared).acknowledged
    assert taken is not None
    return taken.by


def _noted(said: list[tuple[str, str]], name: str) -> Any:  # noqa: ANN401 - a callable
    def note(alarm: Alarm) -> None:
        said.append((name, "raised" if alarm.raised else "over"))

    return note


def _taken(said: list[tuple[str, str]], name: str) -> Any:  # noqa: ANN401 - a callable
    return lambda _: said.append((name, "taken"))


async def _silent(pool: Pool, name: str, seconds: float) -> None:
    """Let a process have been silent for so long."""
    await pool.execute(
        "update server_process set seen_at = now() - $2 * interval '1 second' where name = $1", name, seconds
    )


async def _alarms(deployment: Deployment, server: Process) -> dict[str, dict[str, Any]]:
    return {one["kind"]: one for one in await alarms_of(deployment, server)}


async def _kinds(deployment: Deployment, server: Process) -> set[str]:
    return {*await _alarms(deployment, server)}


async def _of_type(feed: aiohttp.ClientWebSocketResponse, kind: str) -> dict[str, Any]:
    while True:
        message: dict[str, Any] = await feed.receive_json(timeout=60)
        if message["type"] == kind:
            return message
