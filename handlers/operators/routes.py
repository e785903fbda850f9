"""The routes of people with a token: what they read of alerts, and what they do to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from handlers.action_requests import BODY_BYTES, CODES
from handlers.http.problem_codes import ProblemCode
from handlers.http.roles import Proof, Role
from handlers.http.route import JSON, Answer, Body, Route, json_body
from handlers.operators.actions import Approval, Confirmed, Extension, Found, Reasoned, Release, Update, Widening
from handlers.operators.administration.routes import AdministrationHandlers
from handlers.operators.administration.routes import routes as administration_routes
from handlers.operators.alarms.routes import routes as alarm_routes
from handlers.operators.alerts import AlertAnswer, AlertsAnswer, AlertsQuery
from handlers.operators.audit import AuditPage, AuditQuery
from handlers.operators.estimates import BODY_BYTES as ESTIMATE_BYTES
from handlers.operators.estimates import Estimated, EstimateRequest
from handlers.operators.feed_answers import FeedQuery, Ticket
from handlers.operators.preview import Previewed
from handlers.operators.sealed.routes import routes as sealed_routes
from handlers.operators.sightings.routes import routes as sighting_routes
from handlers.operators.watching.funnel import SummaryAnswer
from handlers.operators.watching.routes import routes as watching_routes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import msgspec

    from handlers.http.route import Call, Result
    from handlers.operators.actions import AlertActions
    from handlers.operators.alarms.alarms import Alarms
    from handlers.operators.alerts import Alerts
    from handlers.operators.audit import Audit
    from handlers.operators.estimates import Estimates
    from handlers.operators.feed import Feed
    from handlers.operators.preview import Preview
    from handlers.operators.sealed.notes import SealedNotes
    from handlers.operators.sealed.outcomes import Outcomes
    from handlers.operators.sightings.sightings import SightingReports
    from handlers.operators.watching.routes import Watching


class OperatorHandlers(NamedTuple):
    """What answers people with a token."""

    alerts: Alerts
    actions: AlertActions
    preview: Preview
    sealed: SealedNotes
    audit: Audit
    estimates: Estimates
    feed: Feed
    outcomes: Outcomes
    alarms: Alarms
    administration: AdministrationHandlers
    watching: Watching
    sightings: SightingReports


LIMITED = (ProblemCode.TOO_LARGE, ProblemCode.BAD_FIELDS, ProblemCode.UNREADABLE_AUTHORITY)
OF_ACTIONS = (ProblemCode.UNREADABLE_ALERT, ProblemCode.TOO_LARGE, ProblemCode.BAD_FIELDS, ProblemCode.RESULT_UNKNOWN)


def routes(handlers: OperatorHandlers) -> list[Route]:
    """Return the routes."""
    return [
        _reading(
            "/v1/alerts",
            Role.VIEWER,
            "list_alerts",
            "Alerts with their progress: those that go on, then the newest.",
            handlers.alerts.get_all,
            Answer(200, "These alerts.", AlertsAnswer),
            query=AlertsQuery,
        ),
        _reading(
            "/v1/alerts/{id}",
            Role.VIEWER,
            "read_alert",
            "One alert.",
            handlers.alerts.get_one,
            Answer(200, "The alert.", AlertAnswer),
        ),
        _reading(
            "/v1/alerts/{id}/preview",
            Role.OPERATOR,
            "read_preview",
            "What phones would show; who read it is recorded.",
            handlers.preview.get,
            Answer(200, "Its notices, by locale and lane.", Previewed),
            problems=(ProblemCode.UNREADABLE_ALERT,),
        ),
        *_actions(handlers.actions),
        _reading(
            "/v1/alerts/{id}/summary",
            Role.VIEWER,
            "read_summary",
            "What may be published of an alert: counts, area and times, nothing of the child or of who acted.",
            handlers.audit.get_summary,
            Answer(200, "The summary.", SummaryAnswer),
        ),
        _reading(
            "/v1/audit",
            Role.ADMIN,
            "read_audit",
            "The audit trail, in order, a page at a time; who read it is recorded.",
            handlers.audit.get_page,
            Answer(200, "A page.", AuditPage),
            query=AuditQuery,
            problems=(ProblemCode.OTHER_AUTHORITY,),
        ),
        Route(
            method="POST",
            path="/v1/estimates",
            access=Role.VIEWER,
            operation="estimate",
            summary="How many people an alert would reach and when, about; nothing is sent, who asked is recorded.",
            tag="operators",
            handler=handlers.estimates.post,
            body=Body(ESTIMATE_BYTES, None, {JSON: EstimateRequest}),
            answers=(Answer(200, "The estimate.", Estimated),),
            problems=(*LIMITED, ProblemCode.OTHER_AUTHORITY),
        ),
        *_feed(handlers.feed),
        *alarm_routes(handlers.alarms),
        *sealed_routes(handlers.sealed, handlers.outcomes),
        *administration_routes(handlers.administration),
        *watching_routes(handlers.watching),
        *sighting_routes(handlers.sightings),
    ]


def _feed(feed: Feed) -> list[Route]:
    return [
        Route(
            method="GET",
            path="/v1/feed",
            access=Proof.TICKET,
            operation="follow_feed",
            summary="WebSocket: snapshot, then progress, alerts and alarms.",
            tag="operators",
            handler=feed.get,
            query=FeedQuery,
            answers=(Answer(101, "Switching to WebSocket."),),
            problems=(
                ProblemCode.UPGRADE_REQUIRED,
                ProblemCode.INVALID_TICKET,
                ProblemCode.CROSS_SITE,
                ProblemCode.BUSY,
            ),
        ),
        Route(
            method="POST",
            path="/v1/feed/tickets",
            access=Role.VIEWER,
            operation="issue_ticket",
            summary="A ticket for the feed.",
            tag="operators",
            handler=feed.post_ticket,
            answers=(Answer(200, "The ticket.", Ticket),),
        ),
    ]


def _actions(actions: AlertActions) -> list[Route]:
    """Return what people do to alerts: approvals and more people than the cap are for approvers."""
    return [
        _action(
            "approval",
            Role.APPROVER,
            "approve_alert",
            Approval,
            actions.post_approval,
            "Approves an alert in review or a proposal; done once enough different people did.",
        ),
        _action(
            "release",
            Role.APPROVER,
            "release_alert",
            Release,
            actions.post_release,
            "Lets an alert that is held at the cap reach more people.",
        ),
        _action(
            "veto",
            Role.OPERATOR,
            "veto_alert",
            Reasoned,
            actions.post_veto,
            "Holds back an alert in its grace, which then waits for approval, or drops a proposal.",
        ),
        _action("pause", Role.OPERATOR, "pause_alert", Reasoned, actions.post_pause, "Stops sending for now."),
        _action(
            "resume",
            Role.OPERATOR,
            "resume_alert",
            Confirmed,
            actions.post_resume,
            "Goes on with those not yet notified.",
        ),
        _action(
            "cancel",
            Role.OPERATOR,
            "cancel_alert",
            Confirmed,
            actions.post_cancel,
            "Withdraws an alert; those who were notified are notified of that.",
        ),
        _action(
            "found",
            Role.OPERATOR,
            "report_found",
            Found,
            actions.post_found,
            "Says that the search is over, to all who were notified; once more: how it ended.",
        ),
        _action(
            "reopen",
            Role.OPERATOR,
            "reopen_alert",
            Confirmed,
            actions.post_reopen,
            "Lets an alert go on that was ended by mistake, after its authority's review.",
        ),
        _action(
            "update",
            Role.OPERATOR,
            "update_alert",
            Update,
            actions.post_update,
            "Changes the texts, for those who were notified too; proposed where cases are approved.",
        ),
        _action(
            "extension",
            Role.OPERATOR,
            "extend_alert",
            Extension,
            actions.post_extension,
            "Lets an alert live longer; proposed where cases are approved.",
        ),
        _action(
            "rings",
            Role.OPERATOR,
            "widen_alert",
            Widening,
            actions.post_ring,
            "Widens an alert, or makes a planned ring due at once; proposed where cases are approved.",
        ),
    ]


def _action(
    name: str,
    role: Role,
    operation: str,
    kind: type[msgspec.Struct],
    handler: Callable[[Call[Any]], Awaitable[Result]],
    summary: str,
) -> Route:
    return Route(
        method="POST",
        path=f"/v1/alerts/{{id}}/{name}",
        access=role,
        operation=operation,
        summary=summary,
        tag="operators",
        handler=handler,
        body=json_body(kind, BODY_BYTES),
        answers=(Answer(200, "The alert as it stands then.", AlertAnswer),),
        problems=(*dict.fromkeys(CODES.values()), *OF_ACTIONS),
    )


def _reading(
    path: str,
    role: Role,
    operation: str,
    summary: str,
    handler: Callable[[Call[Any]], Awaitable[Result]],
    answer: Answer,
    query: type[msgspec.Struct] | None = None,
    problems: tuple[ProblemCode, ...] = (),
) -> Route:
    problems += () if query is None else (ProblemCode.BAD_FIELDS,)
    problems += (ProblemCode.UNKNOWN_ALERT,) if "{id}" in path else ()
    return Route(
        method="GET",
        path=path,
        access=role,
        operation=operation,
        summary=summary,
        tag="operators",
        handler=handler,
        answers=(answer,),
        query=query,
        problems=problems,
    )
