"""Parts of the OpenAPI document: descriptions and schemas flow in, the pieces that paths are made of flow out.

Bounded by the document.
"""

from __future__ import annotations

from typing import Any

COMPONENTS = "#/components/schemas/{name}"


def problem(description: str) -> dict[str, Any]:
    """Return a response that is a problem."""
    return {
        "description": description,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def answer(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return a response in JSON."""
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def ref(name: str) -> dict[str, Any]:
    """Return the schema of a struct by its name."""
    return {"$ref": COMPONENTS.format(name=name)}


def in_path(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter of the path."""
    return {"name": name, "in": "path", "required": True, "schema": schema}


def body(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a body in JSON that is needed."""
    return {"required": True, "content": {"application/json": {"schema": schema}}}


BEARER: list[dict[str, list[str]]] = [{"bearer": []}]
ALERT_ID = in_path("id", {"type": "string", "format": "uuid"})
MALFORMED = {
    "description": "Not a request: too long a line or header, a body not encoded as it says, no WebSocket at the feed.",
    "content": {**problem("")["content"], "text/plain": {"schema": {"type": "string"}}},
}
"""What the HTTP server itself answers to any operation, before anybody here sees a request."""
OFTEN = {"429": problem("Too many requests, or failures; Retry-After says when to try again.")}
DENIED = {
    "401": problem("No valid token."),
    "403": problem("The token's role does not suffice."),
    **OFTEN,
}
AWAY = {"503": problem("A store is away; Retry-After says when to try again.")}
NO_ALERT = {"404": problem("No such alert.")}


def reading(summary: str, ok: dict[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return an operation for which a token is needed."""
    return {"summary": summary, "security": BEARER, "responses": {"200": ok, **DENIED, **AWAY}, **more}
