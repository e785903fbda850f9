"""OpenAPI 3.1: the structs of the edge flow in, the document that describes every route flows out, built once.

Bounded by the routes of `handlers.routes`; a test compares both.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import msgspec

from handlers.actions import Because, Extension, Found, Irreversible, Release, Update, Widening
from handlers.cases import Case
from handlers.devices import REPORTS_MAX
from handlers.estimates import EstimateRequest
from handlers.notices import PoliceNotice
from handlers.openapi_actions import actions, notices, preview
from handlers.openapi_parts import (
    ALERT,
    AWAY,
    BEARER,
    COMPONENTS,
    DENIED,
    OFTEN,
    answer,
    in_path,
    problem,
    published,
    reading,
    ref,
)
from handlers.problems import Problem
from handlers.reports import DeviceReport, Taken
from push.estimate import Estimate
from push.progress import AlertProgress
from push.shown import Shown, Unfit
from push.summary import Summary
from sql.audit import Link


def _intake() -> dict[str, Any]:
    header = {"in": "header", "required": True, "schema": {"type": "string"}}
    return {
        "summary": "The police webhook: files a case.",
        "parameters": [
            in_path("authority", {"type": "string"}),
            *({"name": f"webhook-{name}", **header} for name in ("id", "timestamp", "signature")),
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": ref("Case")}}},
        "responses": {
            "202": answer("A new alert.", {"type": "object", "properties": {"alert": ALERT}}),
            "200": answer("The case stands; its alert.", {"type": "object", "properties": {"alert": ALERT}}),
            "401": problem("Unknown authority, bad signature or timestamp."),
            "409": problem("The case number or webhook-id stands with other content."),
            "413": problem("Over 64 KiB."),
            "422": problem("Bad fields, each named."),
            **OFTEN,
            **AWAY,
        },
    }


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
    estimated = {"type": "object", "properties": {"area": {}, "rings": {"type": "array"}, "estimate": ref("Estimate")}}
    asked = {"required": True, "content": {"application/json": {"schema": ref("EstimateRequest")}}}
    summary = "Whom an alert would reach and when; nothing is stored or sent."
    posted = reading(summary, answer("The estimate.", estimated), requestBody=asked)
    posted["responses"]["422"] = problem("Bad fields, or a place that cannot be meant.")
    return posted


def _summary() -> dict[str, Any]:
    summary = "What may be published of an alert: counts, area and times, nothing of the child or of who acted."
    described = reading(summary, answer("The summary.", ref("Summary")), parameters=[in_path("id", {"type": "string"})])
    described["responses"]["404"] = problem("No such alert.")
    return described


def _audit() -> dict[str, Any]:
    digest = {"type": "string", "description": "The SHA-256 of content, byte for byte, in hexadecimal."}
    event = {"type": "object", "properties": {"digest": digest, "content": ref("Link")}}
    following = {"type": ["integer", "null"], "description": "The seq to go on after; null at the end."}
    page = {"type": "object", "properties": {"events": {"type": "array", "items": event}, "next": following}}
    after = {"name": "after", "in": "query", "schema": {"type": "integer", "minimum": 0}}
    described = reading("The audit trail, in order, a page at a time.", answer("A page.", page), parameters=[after])
    described["responses"]["422"] = problem("Not a seq.")
    return described


def _open(summary: str, content_type: str = "application/json", unavailable: str = "") -> dict[str, Any]:
    ok = {"description": "OK.", "content": {content_type: {}}}
    away = {"503": {"description": unavailable}} if unavailable else {}
    return {"summary": summary, "responses": {"200": ok, **away}}


def _paths() -> dict[str, Any]:
    alerts = {"type": "object", "properties": {"alerts": {"type": "array", "items": ALERT}}}
    one = reading("One alert.", answer("The alert.", ALERT), parameters=[in_path("id", {"type": "string"})])
    one["responses"]["404"] = problem("No such alert.")
    query = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in ("after", "ticket")]
    forget = {
        "summary": "Forgets a user everywhere.",
        "security": BEARER,
        "parameters": [in_path("user", {"type": "integer", "minimum": 1})],
        "responses": {"204": {"description": "Forgotten."}, "422": problem("Not a user."), **DENIED, **AWAY},
    }
    feed = {
        "summary": "WebSocket: snapshot, then progress, alerts and alarms.",
        "security": [*BEARER, {}],
        "parameters": query,
        "responses": {"101": {"description": "Switching to WebSocket."}, **DENIED, **AWAY},
    }
    ticket = {"type": "object", "properties": {"ticket": {"type": "string"}}}
    return {
        "/v1/intake/{authority}": {"post": _intake()},
        "/v1/intake/{authority}/notices": {"post": notices()},
        "/v1/devices": {"post": _devices()},
        "/v1/users/{user}": {"delete": forget},
        "/v1/alerts": {"get": reading("Alerts with their progress.", answer("The newest alerts.", alerts))},
        "/v1/alerts/{id}": {"get": one},
        "/v1/alerts/{id}/preview": {"get": preview()},
        **actions(),
        "/v1/alerts/{id}/summary": {"get": _summary()},
        "/v1/audit": {"get": _audit()},
        "/v1/estimates": {"post": _estimates()},
        "/v1/feed": {"get": feed},
        "/v1/feed/tickets": {"post": reading("A ticket for the feed.", answer("The ticket.", ticket))},
        "/v1/public/alerts.atom": {"get": published("The feed of public alerts.", "application/atom+xml")},
        "/v1/public/alerts/{id}/cap": {
            "get": published("A public alert as signed CAP 1.2.", "application/cap+xml")
            | {"parameters": [in_path("id", {"type": "string"})]}
        },
        "/health": {"get": _open("200 while the process lives.")},
        "/ready": {"get": _open("200 while both stores answer.", unavailable="A store is away.")},
        "/metrics": {"get": _open("Prometheus metrics.", "text/plain")},
        "/openapi.json": {"get": _open("This document.")},
    }


STRUCTS: Final = [
    Case,
    DeviceReport,
    Taken,
    Problem,
    AlertProgress,
    EstimateRequest,
    Estimate,
    Because,
    Irreversible,
    Found,
    Update,
    Extension,
    Release,
    Widening,
    PoliceNotice,
    Shown,
    Unfit,
    Link,
    Summary,
]
"""What the document describes."""


@cache
def document() -> bytes:
    """Return the document as JSON."""
    _, components = msgspec.json.schema_components(
        [
            Case,
            DeviceReport,
            Taken,
            Problem,
            AlertProgress,
            EstimateRequest,
            Estimate,
            Because,
            Irreversible,
            Found,
            Update,
            Extension,
            Release,
            Widening,
            Link,
            Summary,
        ],
        ref_template=COMPONENTS,
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
