"""OpenAPI 3.1: the structs of the edge flow in, the document that describes every route flows out, built once.

Bounded by the routes of `handlers.routes`; a test compares both.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from handlers.alerts import Widening
from handlers.cases import Case
from handlers.devices import REPORTS_MAX
from handlers.estimates import EstimateRequest
from handlers.problems import Problem
from handlers.reports import DeviceReport, Taken
from push.estimate import Estimate
from push.progress import AlertProgress
from push.summary import Summary
from sql.audit import Link

_COMPONENTS = "#/components/schemas/{name}"


def _problem(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": _COMPONENTS.format(name=name)}


def _path(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema}


_BEARER: list[dict[str, list[str]]] = [{"bearer": []}]
_OFTEN = {"429": _problem("Too many requests, or failures; Retry-After says when to try again.")}
_DENIED = {
    "401": _problem("No valid token."),
    "403": _problem("The token's role does not suffice."),
    **_OFTEN,
}
_AWAY = {"503": _problem("A store is away; Retry-After says when to try again.")}
_ALERT = {"type": "object", "description": "An alert: id, case_number, status, state, times, area, estimate."}


def _intake() -> dict[str, Any]:
    header = {"in": "header", "required": True, "schema": {"type": "string"}}
    return {
        "summary": "The police webhook: files a case.",
        "parameters": [
            _path("authority", {"type": "string"}),
            *({"name": f"webhook-{name}", **header} for name in ("id", "timestamp", "signature")),
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _ref("Case")}}},
        "responses": {
            "202": _json("A new alert.", {"type": "object", "properties": {"alert": _ALERT}}),
            "200": _json("The case stands; its alert.", {"type": "object", "properties": {"alert": _ALERT}}),
            "401": _problem("Unknown authority, bad signature or timestamp."),
            "409": _problem("The case number or webhook-id stands with other content."),
            "413": _problem("Over 64 KiB."),
            "422": _problem("Bad fields, each named."),
            **_OFTEN,
            **_AWAY,
        },
    }


def _devices() -> dict[str, Any]:
    reports = {"type": "array", "maxItems": REPORTS_MAX, "items": _ref("DeviceReport")}
    return {
        "summary": "Device reports.",
        "security": _BEARER,
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": reports},
                "application/x-ndjson": {"schema": _ref("DeviceReport")},
                "application/msgpack": {"schema": reports},
            },
        },
        "responses": {
            "200": _json("What was taken and what was not.", _ref("Taken")),
            "413": _problem("Too many reports or bytes."),
            "422": _problem("Not a list of reports."),
            **_DENIED,
            **_AWAY,
        },
    }


def _reading(summary: str, ok: dict[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"summary": summary, "security": _BEARER, "responses": {"200": ok, **_DENIED, **_AWAY}, **more}


def _estimates() -> dict[str, Any]:
    answer = {"type": "object", "properties": {"area": {}, "rings": {"type": "array"}, "estimate": _ref("Estimate")}}
    asked = {"required": True, "content": {"application/json": {"schema": _ref("EstimateRequest")}}}
    summary = "Whom an alert would reach and when; nothing is stored or sent."
    posted = _reading(summary, _json("The estimate.", answer), requestBody=asked)
    posted["responses"]["422"] = _problem("Bad fields, or a place that cannot be meant.")
    return posted


def _widen() -> dict[str, Any]:
    wish = {"required": True, "content": {"application/json": {"schema": _ref("Widening")}}}
    path = [_path("id", {"type": "string"})]
    summary = "Widens an alert, or makes a planned ring due at once."
    posted = _reading(summary, _json("The alert.", _ALERT), requestBody=wish, parameters=path)
    posted["responses"] |= {
        "404": _problem("No such alert."),
        "409": _problem("Not wider than what is told already, or the alert is over."),
        "422": _problem("Bad fields, or over a cap."),
    }
    return posted


def _audit() -> dict[str, Any]:
    digest = {"type": "string", "description": "The SHA-256 of content, byte for byte, in hexadecimal."}
    event = {"type": "object", "properties": {"digest": digest, "content": _ref("Link")}}
    following = {"type": ["integer", "null"], "description": "The seq to go on after; null at the end."}
    page = {"type": "object", "properties": {"events": {"type": "array", "items": event}, "next": following}}
    after = {"name": "after", "in": "query", "schema": {"type": "integer", "minimum": 0}}
    described = _reading("The audit trail, in order, a page at a time.", _json("A page.", page), parameters=[after])
    described["responses"]["422"] = _problem("Not a seq.")
    return described


def _summary() -> dict[str, Any]:
    summary = "What may be published of an alert: counts, area and times, nothing of the child or of who acted."
    described = _reading(summary, _json("The summary.", _ref("Summary")), parameters=[_path("id", {"type": "string"})])
    described["responses"]["404"] = _problem("No such alert.")
    return described


def _open(summary: str, content_type: str = "application/json", unavailable: str = "") -> dict[str, Any]:
    ok = {"description": "OK.", "content": {content_type: {}}}
    away = {"503": {"description": unavailable}} if unavailable else {}
    return {"summary": summary, "responses": {"200": ok, **away}}


def _paths() -> dict[str, Any]:
    alerts = {"type": "object", "properties": {"alerts": {"type": "array", "items": _ALERT}}}
    one = _reading("One alert.", _json("The alert.", _ALERT), parameters=[_path("id", {"type": "string"})])
    one["responses"]["404"] = _problem("No such alert.")
    query = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in ("after", "ticket")]
    forget = {
        "summary": "Forgets a user everywhere.",
        "security": _BEARER,
        "parameters": [_path("user", {"type": "integer", "minimum": 1})],
        "responses": {"204": {"description": "Forgotten."}, "422": _problem("Not a user."), **_DENIED, **_AWAY},
    }
    feed = {
        "summary": "WebSocket: snapshot, then progress, alerts and alarms.",
        "security": [*_BEARER, {}],
        "parameters": query,
        "responses": {"101": {"description": "Switching to WebSocket."}, **_DENIED, **_AWAY},
    }
    ticket = {"type": "object", "properties": {"ticket": {"type": "string"}}}
    return {
        "/v1/intake/{authority}": {"post": _intake()},
        "/v1/devices": {"post": _devices()},
        "/v1/users/{user}": {"delete": forget},
        "/v1/alerts": {"get": _reading("Alerts with their progress.", _json("The newest alerts.", alerts))},
        "/v1/alerts/{id}": {"get": one},
        "/v1/alerts/{id}/rings": {"post": _widen()},
        "/v1/alerts/{id}/summary": {"get": _summary()},
        "/v1/audit": {"get": _audit()},
        "/v1/estimates": {"post": _estimates()},
        "/v1/feed": {"get": feed},
        "/v1/feed/tickets": {"post": _reading("A ticket for the feed.", _json("The ticket.", ticket))},
        "/health": {"get": _open("200 while the process lives.")},
        "/ready": {"get": _open("200 while both stores answer.", unavailable="A store is away.")},
        "/metrics": {"get": _open("Prometheus metrics.", "text/plain")},
        "/openapi.json": {"get": _open("This document.")},
    }


@cache
def document() -> bytes:
    """Return the document as JSON."""
    _, components = msgspec.json.schema_components(
        [Case, DeviceReport, Taken, Problem, AlertProgress, EstimateRequest, Estimate, Widening, Link, Summary],
        ref_template=_COMPONENTS,
    )
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "QQ Alert",
                "version": "1",
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "paths": _paths(),
            "components": {
                "schemas": components,
                "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            },
        }
    )
