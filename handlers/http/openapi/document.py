"""OpenAPI 3.1: the structs of the edge flow in, the document that describes every route flows out, built once.

Bounded by the routes of `handlers.routes`; a test compares both.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import msgspec

from handlers.http.openapi.actions import actions
from handlers.http.openapi.answers import ANSWERS
from handlers.http.openapi.parts import (
    ALERT_ID,
    AWAY,
    BEARER,
    COMPONENTS,
    DENIED,
    MALFORMED,
    NO_ALERT,
    answer,
    body,
    in_path,
    problem,
    reading,
    ref,
)
from handlers.http.openapi.public import PUBLIC, intake, notices
from handlers.http.problems import Problem
from handlers.operators.actions import Approval, Confirmed, Extension, Found, Reasoned, Release, Update, Widening
from handlers.operators.audit import SEQ_DIGITS
from handlers.operators.estimates import EstimateRequest
from handlers.platform.devices import REPORTS_MAX
from handlers.platform.reports import USER_MAX, DeviceReport, Taken
from handlers.police.cases import Case
from handlers.police.notices import PoliceNotice
from push.alerts.estimate import Estimate
from push.alerts.record.summary import Summary
from push.alerts.watch.progress import AlertProgress
from sql.progress import LIST_LIMIT

SEQ_MAX: Final = 10**SEQ_DIGITS - 1


def _devices() -> dict[str, Any]:
    reports = {"type": "array", "maxItems": REPORTS_MAX, "items": ref("DeviceReport")}
    return {
        "summary": "Device reports.",
        "security": BEARER,
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": reports},
                "application/x-ndjson": {"schema": ref("DeviceReport")},
                "application/msgpack": {"schema": reports},
            },
        },
        "responses": {
            "200": answer("What was taken and what was not.", ref("Taken")),
            "413": problem("Too many reports or bytes."),
            "422": problem("Not a list of reports."),
            **DENIED,
            **AWAY,
        },
    }


def _estimates() -> dict[str, Any]:
    summary = "Whom an alert would reach and when; nothing is stored or sent."
    posted = reading(summary, answer("The estimate.", ref("Estimated")), requestBody=body(ref("EstimateRequest")))
    posted["responses"] |= {
        "413": problem("Over 16 KiB."),
        "422": problem("Bad fields, or a place that cannot be meant."),
    }
    return posted


def _of_alert(summary: str, ok: dict[str, Any]) -> dict[str, Any]:
    described = reading(summary, ok, parameters=[ALERT_ID])
    described["responses"] |= NO_ALERT
    return described


def _alerts() -> dict[str, Any]:
    text = {"type": "string", "minLength": 1, "maxLength": 150}
    limit = {"type": "integer", "minimum": 1, "maximum": LIST_LIMIT}
    schemas = {"case_number": text, "authority": text, "limit": limit}
    query = [{"name": name, "in": "query", "schema": schema} for name, schema in schemas.items()]
    said = "Alerts with their progress: those that go on, then the newest."
    described = reading(said, answer("These alerts.", ref("AlertsAnswer")), parameters=query)
    described["responses"]["422"] = problem("A query that is not understood.")
    return described


def _audit() -> dict[str, Any]:
    after = {"name": "after", "in": "query", "schema": {"type": "integer", "minimum": 0, "maximum": SEQ_MAX}}
    page = answer("A page.", ref("AuditPage"))
    described = reading("The audit trail, in order, a page at a time.", page, parameters=[after])
    described["responses"]["422"] = problem("Not a seq.")
    return described


def _feed() -> dict[str, Any]:
    query = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in ("after", "ticket")]
    upgraded = {"description": "Switching to WebSocket."}
    return {
        "summary": "WebSocket: snapshot, then progress, alerts and alarms.",
        "security": [*BEARER, {}],
        "parameters": query,
        "responses": {"101": upgraded, "426": problem("Not a WebSocket."), **DENIED, **AWAY},
    }


def _open(summary: str, ok: dict[str, Any], content_type: str = "application/json") -> dict[str, Any]:
    return {
        "summary": summary,
        "responses": {"200": {"description": "OK.", "content": {content_type: {"schema": ok}}}},
    }


def _of_user(summary: str, done: str) -> dict[str, Any]:
    return {
        "summary": summary,
        "security": BEARER,
        "parameters": [in_path("user", {"type": "integer", "minimum": 1, "maximum": USER_MAX})],
        "responses": {"204": {"description": done}, "422": problem("Not a user."), **DENIED, **AWAY},
    }


def _paths() -> dict[str, Any]:
    enrol = _of_user("Enrols a user who agreed to be reached by exercises.", "Enrolled, perhaps before.")
    enrol["responses"]["409"] = problem("As many are enrolled as can be.")
    withdraw = _of_user("Withdraws a user from exercises.", "Not enrolled, perhaps before.")
    summary = "What may be published of an alert: counts, area and times, nothing of the child or of who acted."
    ready = _open("200 while both stores answer.", ref("Ready"))
    ready["responses"]["503"] = answer("A store is away.", ref("Ready"))
    return {
        "/v1/intake/{authority}": {"post": intake()},
        "/v1/intake/{authority}/notices": {"post": notices()},
        "/v1/devices": {"post": _devices()},
        "/v1/users/{user}": {"delete": _of_user("Forgets a user everywhere.", "Forgotten.")},
        "/v1/enrolled/{user}": {"put": enrol, "delete": withdraw},
        "/v1/alerts": {"get": _alerts()},
        "/v1/alerts/{id}": {"get": _of_alert("One alert.", answer("The alert.", ref("AlertAnswer")))},
        "/v1/alerts/{id}/preview": {
            "get": _of_alert("What phones would say; who read it is recorded.", answer("Its words.", ref("Previewed")))
        },
        **actions(),
        "/v1/alerts/{id}/summary": {"get": _of_alert(summary, answer("The summary.", ref("Summary")))},
        "/v1/alarms": {"get": reading("The alarms that stand.", answer("The alarms.", ref("AlarmsAnswer")))},
        "/v1/audit": {"get": _audit()},
        "/v1/estimates": {"post": _estimates()},
        "/v1/feed": {"get": _feed()},
        "/v1/feed/tickets": {"post": reading("A ticket for the feed.", answer("The ticket.", ref("Ticket")))},
        **PUBLIC,
        "/health": {"get": _open("200 while the process lives.", ref("Alive"))},
        "/ready": {"get": ready},
        "/metrics": {"get": _open("Prometheus metrics.", {"type": "string"}, "text/plain")},
        "/openapi.json": {"get": _open("This document.", {"type": "object"})},
    }


STRUCTS: Final = [
    Case,
    DeviceReport,
    Taken,
    Problem,
    AlertProgress,
    EstimateRequest,
    Estimate,
    Reasoned,
    Approval,
    Confirmed,
    Found,
    Update,
    Extension,
    Release,
    Widening,
    PoliceNotice,
    Summary,
    *ANSWERS,
]
"""What the document describes, with all that they are made of."""


@cache
def document() -> bytes:
    """Return the document as JSON."""
    paths = _paths()
    for path, methods in paths.items():
        for operation in methods.values():
            operation["responses"].setdefault("400", MALFORMED)
            if "{" in path:
                operation["responses"].setdefault("404", problem("No such path."))
    _, components = msgspec.json.schema_components(STRUCTS, ref_template=COMPONENTS)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "QQ Alert",
                "version": "1",
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "paths": paths,
            "components": {
                "schemas": components,
                "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            },
        }
    )
