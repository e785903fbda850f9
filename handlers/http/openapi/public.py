"""The public's and the police's routes in the OpenAPI document: CAP in and out, and notices.

Nothing flows in; bounded by these routes.
"""

from __future__ import annotations

from typing import Any, Final

from handlers.http.openapi.parts import ALERT_ID, AWAY, OFTEN, answer, body, in_path, problem, ref

AUTHORITY: Final = {"type": "string", "minLength": 1, "maxLength": 63}
SIGNED: Final = [
    {"name": f"webhook-{name}", "in": "header", "required": True, "schema": {"type": "string"}}
    for name in ("id", "timestamp", "signature")
]


FILED: Final = {"anyOf": [ref("FiledAnswer"), ref("DraftAnswer")]}


def intake() -> dict[str, Any]:
    """Return the operation by which the police file a case, or send CAP."""
    case = body(ref("Case"))
    case["content"]["application/cap+xml"] = {"schema": {"type": "string"}}
    return {
        "summary": "The police webhook: files a case, or takes CAP 1.2, which is signed in itself.",
        "parameters": [in_path("authority", AUTHORITY), *({**header, "required": False} for header in SIGNED)],
        "requestBody": case,
        "responses": {
            "202": answer("A new alert, or a draft.", FILED),
            "200": answer("The case stands, or was updated or cancelled by CAP; its alert, or the draft.", FILED),
            "401": problem("Unknown authority, bad signature or timestamp."),
            "404": problem("A CAP message that refers to none that is known."),
            "409": problem("The case number or webhook-id stands with other content, or it is not possible now."),
            "413": problem("Over 64 KiB."),
            "422": problem("Bad fields, each named."),
            **OFTEN,
            **AWAY,
        },
    }


def notices() -> dict[str, Any]:
    """Return the operation by which the police end an alert."""
    return {
        "summary": "The police say that the child is found, or withdraw the case; signed like a case.",
        "parameters": [in_path("authority", AUTHORITY), *SIGNED],
        "requestBody": body(ref("PoliceNotice")),
        "responses": {
            "200": answer("The alert as it stands then.", ref("FiledAnswer")),
            "401": problem("Unknown authority, bad signature or timestamp."),
            "404": problem("No such case of this authority."),
            "409": problem("Not possible as the alert stands; `possible` names what is."),
            "413": problem("Over 16 KiB."),
            "422": problem("Bad fields."),
            **OFTEN,
            **AWAY,
        },
    }


def _published(summary: str, content_type: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {
        "summary": summary,
        "responses": {
            "200": {"description": "OK.", "content": {content_type: {"schema": {"type": "string"}}}},
            "304": {"description": "Not changed since the ETag that was sent."},
            "404": problem("No such public alert, or no key to sign with is configured."),
            **AWAY,
        },
        **more,
    }


PUBLIC: Final = {
    "/v1/public/alerts.atom": {"get": _published("The feed of public alerts.", "application/atom+xml")},
    "/v1/public/alerts/{id}/cap": {
        "get": _published("A public alert as signed CAP 1.2.", "application/cap+xml", parameters=[ALERT_ID])
    },
}
