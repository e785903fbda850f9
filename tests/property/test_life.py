"""The life of alerts: anybody does anything at any time; no state is outside the table, no send outside `sending`."""

from __future__ import annotations

import asyncio
import itertools
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID, uuid4

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import push.alerts.record.audit
from push.alerts.lifecycle import OVER, Action, State
from tests.support.life.audit_trail import check_trail
from tests.support.life.model import (
    CHANGES,
    CHILD,
    NEEDED,
    PEOPLE,
    REQUESTS,
    Alert,
    ChangeRequest,
    Due,
    Person,
    after_time,
    apply,
    due_of,
    is_possible,
    offered,
    predict,
)
from tests.support.life.server_under_test import FAR, NEAR, ServerUnderTest, users_of

if TYPE_CHECKING:
    from sql.database import Pool
    from tests.support.processes.deployment import Deployment

EXAMPLES, STEPS, ALERTS_MAX = 15, 35, 3
MOVING = {Action.APPROVE, Action.VETO, Action.PAUSE, Action.RESUME, Action.RELEASE}
STOPPING = {Action.PAUSE, Action.CANCEL, Action.FIND}
APPROVERS = [person for person in PEOPLE if person.role in {"approver", "admin"}]
OPERATOR = PEOPLE[2]
APPROVAL, VETO = REQUESTS[:2]
UPDATES = [REQUESTS[6], REQUESTS[7]]
_numbers = itertools.count()


class Lifecycle(RuleBasedStateMachine):
    """Anybody files, acts and waits; the model says what the answers must be."""

    under_test: ClassVar[ServerUnderTest]

    def __init__(self) -> None:
        super().__init__()
        self.alerts: list[Alert] = []
        # All alerts of earlier examples expire, so that they do not interfere.
        self.under_test.run(self.under_test.deployment.pass_time(1000))

    @initialize(policy=st.sampled_from(sorted(NEEDED)))
    def file_first(self, policy: str) -> None:
        """Begin with an alert."""
        self.file(policy)

    def file(self, policy: str) -> None:
        """File a case at a place whose people no other alert reaches."""
        place = next(_numbers)
        self.under_test.run(self.under_test.report_people(place))
        status, answer = self.under_test.run(self.under_test.file(policy, place))
        state = {"auto": State.SENDING, "grace": State.SCHEDULED}.get(policy, State.IN_REVIEW)
        assert (status, answer["alert"]["state"]) == (202, state)
        notified = None if state is State.SENDING else frozenset[int]()
        self.alerts.append(Alert(answer["alert"]["id"], policy, f"L-{place}", place, state, notified=notified))

    @precondition(lambda self: len(self.alerts) < ALERTS_MAX)
    @rule(policy=st.sampled_from(sorted(NEEDED)))
    def file_another(self, policy: str) -> None:
        """File a case about another child."""
        self.file(policy)

    @rule(data=st.data())
    def act(self, data: st.DataObject) -> None:
        """Anybody makes any request, now and then with a wrong case number or an old revision."""
        alert = data.draw(st.sampled_from(self.alerts))
        wrong = data.draw(st.sampled_from(["", "", "", "number", "unread"]))
        person, request = data.draw(st.sampled_from(PEOPLE)), data.draw(st.sampled_from(REQUESTS))
        self.try_to(alert, person, request, wrong)

    @rule(data=st.data())
    def go_on(self, data: st.DataObject) -> None:
        """A person makes a request that will be granted."""
        self.do_what_is_possible(data)

    @rule(data=st.data())
    def go_further(self, data: st.DataObject) -> None:
        """Do the same again, so that alerts go far and seldom end at once."""
        self.do_what_is_possible(data)

    @precondition(lambda self: self._having(State.IN_REVIEW))
    @rule(data=st.data(), first=st.sampled_from(APPROVERS), anew=st.sampled_from([True, True, False]))
    def approve_what_is_not_what_was_approved(self, data: st.DataObject, first: Person, *, anew: bool) -> None:
        """After an approval, an approver updates the text; then that approver and another try to approve it."""
        alert = data.draw(st.sampled_from(self._having(State.IN_REVIEW)))
        author, other = data.draw(st.permutations(APPROVERS))[:2]
        if not anew or NEEDED[alert.policy] > 1:
            self.ask_for(alert, first, APPROVAL)
        if anew:
            self.ask_for(alert, author, data.draw(st.sampled_from(UPDATES)))
            self.ask_for(alert, author, APPROVAL)
        self.ask_for(alert, other, APPROVAL)

    @precondition(lambda self: self._reviewed())
    @rule(
        data=st.data(),
        request=st.sampled_from([request for request in REQUESTS if request.action in CHANGES]),
    )
    def change_an_alert_after_its_first_send(self, data: st.DataObject, request: ChangeRequest) -> None:
        """One person requests a change; that person and others approve, veto or replace it, now and then unread."""
        alert = data.draw(st.sampled_from(self._reviewed()))
        first, *others = data.draw(st.permutations(APPROVERS))[:4]
        self.ask_for(alert, first, request)
        another = data.draw(st.sampled_from([APPROVAL, APPROVAL, APPROVAL, VETO, *UPDATES]))
        wrong = data.draw(st.sampled_from(["", "", "unread"]))
        self.try_to(alert, first, APPROVAL)
        self.try_to(alert, others[0], APPROVAL, wrong)
        self.ask_for(alert, others[1], another)
        self.ask_for(alert, others[2], APPROVAL)

    def _reviewed(self) -> list[Alert]:
        return [alert for alert in self.alerts if alert.must_wait()]

    @precondition(lambda self: self._having(State.SENDING))
    @rule(
        data=st.data(),
        request=st.sampled_from([request for request in REQUESTS if request.action in STOPPING]),
    )
    def stop_in_the_middle(self, data: st.DataObject, request: ChangeRequest) -> None:
        """Stop an alert once the first recipients are notified: after the answer, nobody else is notified."""
        alert = data.draw(st.sampled_from(self._having(State.SENDING)))

        if not alert.held:
            self.under_test.run(self.under_test.wait_until_begun(alert))
        self.ask_for(alert, OPERATOR, request)
        alert.notified = self.under_test.run(self.under_test.notified(alert))
        self.under_test.run(self.under_test.wait_until_released(alert))
        self.nobody_is_notified_outside_sending()

    def _having(self, state: State) -> list[Alert]:
        return [alert for alert in self.alerts if alert.state is state]

    def ask_for(self, alert: Alert, person: Person, request: ChangeRequest) -> None:
        """Make a correct request."""
        self.try_to(alert, person, request)

    def do_what_is_possible(self, data: st.DataObject) -> None:
        """Draw a request that the model grants, and a person who may make it; most often one that changes the state."""
        alert = data.draw(st.sampled_from(self.alerts))
        due = due_of(self.under_test.run(self.under_test.look(alert)))
        able = {
            number: [one for one in PEOPLE if predict(alert, one, request, due) == 200]
            for number, request in enumerate(REQUESTS)
        }
        often = [
            number for number in able if able[number] for _ in range(4 if REQUESTS[number].action in MOVING else 1)
        ]
        if often:
            number = data.draw(st.sampled_from(often))
            person = data.draw(st.sampled_from(able[number]))
            self.ask_for(alert, person, REQUESTS[number])

    def try_to(self, alert: Alert, person: Person, request: ChangeRequest, wrong: str = "") -> None:
        """Make a request with at most one fault, and compare the answer with the model."""
        due = due_of(self.under_test.run(self.under_test.look(alert)))
        expected = predict(
            alert,
            person,
            request,
            due,
            right_number=wrong != "number",
            is_current_revision=wrong != "unread",
        )
        content = {"reason": f"because of {CHILD}", **request.fields}
        if request.asks_number:
            content["case_number"] = f"{alert.number}0" if wrong == "number" else alert.number
        if request.action is Action.APPROVE:
            content["revision"] = alert.revision + (wrong == "unread")
        path = f"/v1/alerts/{alert.id}/{request.path}"
        status, answer = self.under_test.run(self.under_test.ask(person, "POST", path, content))
        if request.action is Action.WIDEN and status == 503:
            return  # The estimate took too long on a busy machine, so nothing was done.
        assert status == expected, (alert, person, request, answer)
        if status == 409:
            assert answer.get("possible", offered(alert)) == offered(alert)
            assert ("possible" in answer) == (not is_possible(alert, request.action))
        if status == 200:
            apply(alert, person, request)
            assert answer["alert"]["state"] in alert.states

    @rule(data=st.data(), person=st.sampled_from(PEOPLE), request=st.sampled_from(REQUESTS))
    def repeat_a_case_and_act_on_nothing(self, data: st.DataObject, person: Person, request: ChangeRequest) -> None:
        """A repeated case is the same alert or over; an unknown alert is not found, by those whose role may act."""
        alert = data.draw(st.sampled_from(self.alerts))
        status, answer = self.under_test.run(self.under_test.file(alert.policy, alert.place))
        if alert.state in OVER:
            assert (status, answer["code"]) == (409, "case_over")
        else:
            assert (status, answer["alert"]["id"]) == (200, alert.id)
        content = {
            "reason": "because",
            **request.fields,
            **({"case_number": "L-0"} if request.asks_number else {}),
        }
        content |= {"revision": 1} if request.action is Action.APPROVE else {}
        path = f"/v1/alerts/{uuid4()}/{request.path}"
        status, _ = self.under_test.run(self.under_test.ask(person, "POST", path, content))
        nothing = Alert("", "nobody", "", 0, State.CLOSED)
        nobodys = person._replace(authority=None)
        expected = predict(nothing, nobodys, request, Due.never())
        assert status == (404 if expected == 409 else expected)

    @rule(hours=st.sampled_from([0.1, 0.5, 5, 20, 80]))
    def let_time_pass(self, hours: float) -> None:
        """Let hours pass: grace periods end, and alerts expire."""
        self.under_test.run(self.under_test.deployment.pass_time(hours))
        for alert in self.alerts:
            seen = self.under_test.run(self.under_test.look(alert))
            send_at = seen["review"]["send_at"]
            after = after_time(alert, due_of(seen), None if send_at is None else datetime.fromisoformat(send_at))
            if after is not alert.state:
                alert.notified = None if alert.notified is None or after is State.SENDING else alert.notified
                alert.state = after
                alert.proposal = None if after is State.EXPIRED else alert.proposal
                self.under_test.run(self.under_test.wait_for(alert))

    @precondition(lambda self: self._having(State.SENDING))
    @rule(data=st.data())
    def wait_until_sent(self, data: st.DataObject) -> None:
        """Wait until exactly the audience is notified."""
        alert = data.draw(st.sampled_from(self._having(State.SENDING)))
        if alert.held:
            return
        people = frozenset([*users_of(alert.place)][: NEAR + FAR if alert.wide else NEAR])

        self.under_test.run(self.under_test.wait_until_notified(alert, people))

    @precondition(lambda self: any(alert.state is State.SENDING and not alert.held for alert in self.alerts))
    @rule(data=st.data())
    def reach_the_cap(self, data: st.DataObject) -> None:
        """Hold an alert, as if its audience exceeded the limit, so that a person has to release it."""
        alert = data.draw(st.sampled_from([one for one in self.alerts if one.state is State.SENDING and not one.held]))
        text = "update ring set held = 'audience cap' where alert_id = $1"
        self.under_test.run(self.under_test.deployment.query(text, UUID(alert.id)))
        alert.held = True

    @invariant()
    def every_state_is_in_the_table_and_was_reached_by_it(self) -> None:
        """The audit trail of each alert follows the table from state to state, and ends in the alert's state."""
        for alert in self.alerts:
            seen = self.under_test.run(self.under_test.look(alert))
            trail = self.under_test.run(self.under_test.trail(alert))
            assert seen["state"] in alert.states
            alert.sent = alert.sent or self.under_test.run(self.under_test.was_sent(alert))
            assert seen["possible"] == offered(alert)
            proposal = seen["review"]["proposal"]
            assert (seen["version"], seen["review"]["revision"]) == (alert.version, alert.revision)
            assert (None if proposal is None else proposal["action"]) == (
                None if alert.proposal is None else alert.proposal[1].action
            )
            check_trail(alert, trail)
            assert trail[-1].after in alert.states

    @invariant()
    def nobody_is_notified_outside_sending(self) -> None:
        """While an alert is not sending, nobody else is notified."""
        for alert in self.alerts:
            if alert.state is State.SENDING:
                continue
            notified = self.under_test.run(self.under_test.notified(alert))
            alert.notified = notified if alert.notified is None else alert.notified
            assert notified == alert.notified, alert

    @invariant()
    def the_audit_trail_holds(self) -> None:
        """The hash chain of the audit trail is complete."""
        trail = self.under_test.run(push.alerts.record.audit.verify(self.under_test.pool))
        assert trail.fault is None


async def test_whatever_anybody_does_an_alert_lives_as_the_table_says(deployment: Deployment, pool: Pool) -> None:
    """Whatever anybody does over HTTP, at any time: states, approvals, recipients and audit trail obey the rules."""
    async with deployment.session() as session:
        under_test = ServerUnderTest(deployment, pool, session)
        await under_test.begin()
        Lifecycle.under_test = under_test
        bounds = settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            phases=(Phase.explicit, Phase.reuse, Phase.generate),
            suppress_health_check=list(HealthCheck),
        )
        await asyncio.to_thread(run_state_machine_as_test, Lifecycle, settings=bounds)
