"""OpenAPI 3.1, made from the declarations of the routes.

Bounded by the routes.
"""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

import msgspec

from handlers.http.problem_codes import ProblemCode
from handlers.http.problems import PROBLEM_TYPE, Problem
from handlers.http.roles import Proof, Role
from handlers.values.user import USER_MAX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handlers.http.route import Answer, Route

COMPONENTS: Final = "#/components/schemas/{name}"
PATH_PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    "id": {"type": "string", "format": "uuid"},
    "sighting": {"type": "string", "format": "uuid"},
    "event": {"type": "string", "format": "uuid"},
    "link": {"type": "string", "minLength": 1, "maxLength": 256},
    "number": {"type": "integer", "minimum": 1, "maximum": 999},
    "user": {"type": "integer", "minimum": 1, "maximum": USER_MAX},
    "authority": {"type": "string", "minLength": 1, "maxLength": 63},
    "lane": {"type": "string", "minLength": 1, "maxLength": 63},
    "token": {"type": "integer", "minimum": 1, "maximum": 2**53},
}
TAGS: Final = {
    "police": "What the police send, signed.",
    "platform": "What the messaging platform's backend sends.",
    "operators": "What people with a token read and do.",
    "public": "What anybody may read.",
    "ops": "What the platform's engineers ask.",
}
BY_TOKEN: Final = (
    ProblemCode.UNAUTHORIZED,
    ProblemCode.WRONG_ROLE,
    ProblemCode.RATE_LIMITED,
    ProblemCode.TOO_MANY_FAILURES,
    ProblemCode.STORE_UNAVAILABLE,
)
"""Problems of every route for which a token is needed."""

UNSEEN: Final = (
    r"\s\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3000"
    r"\u3164\ufeff\uffa0\ufff9-\ufffb"
)
BLANK: Final = {"type": "string", "pattern": f"^[{UNSEEN}]*$", "description": "Blank: not given."}
EVERY_PATH: Final = (
    "Every path answers OPTIONS with 204 and the methods that it takes in `Allow`, and any other method that it does"
    f" not take, TRACE among them, with 405 (`{ProblemCode.METHOD_NOT_ALLOWED.value}`) and the same header."
)
MALFORMED: Final = (
    f"`{ProblemCode.MALFORMED_REQUEST.value}`: {ProblemCode.MALFORMED_REQUEST.meaning}, for example too long a line or"
    " header, or a body that is not encoded as it declares."
)


def document(routes: Sequence[Route], server_url: str = "/") -> bytes:
    """Return the document as JSON; `server_url` is where clients reach the routes.

    Pages, whose tag is not among `TAGS`, are for browsers alone.
    """
    routes = [route for route in routes if route.tag in TAGS]
    kinds = _kinds(routes)
    schemas, components = msgspec.json.schema_components(kinds, ref_template=COMPONENTS)
    schema_of = dict(zip(map(_key, kinds), schemas, strict=True))
    _let_be_blank(components, [schema_of[_key(kind)] for kind in _body_kinds(routes)])
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schema_of)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "QQ Alert",
                "version": version("qq-alert"),
                "description": EVERY_PATH,
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "servers": [{"url": server_url}],
            "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
            "paths": paths,
            "components": {
                "schemas": components,
                "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            },
        }
    )


def _key(kind: Any) -> str:  # noqa: ANN401 - any type that msgspec describes
    return repr(kind)


def _kinds(routes: Sequence[Route]) -> list[Any]:
    """Return every type that a body or an answer has, each once."""
    kinds: dict[str, Any] = {_key(Problem): Problem}
    for route in routes:
        for kind in (*_body_kinds([route]), *(one for answer in route.answers for one in _kinds_of(answer))):
            kinds.setdefault(_key(kind), kind)
    return list(kinds.values())


def _body_kinds(routes: Sequence[Route]) -> list[Any]:
    return [kind for route in routes if route.body is not None for kind in route.body.documented.values()]


def _let_be_blank(components: dict[str, Any], left: list[Any]) -> None:
    """Let whatever need not be given be null or blank as well: what is read counts that as not given."""
    seen: set[str] = set()
    while left:
        one = left.pop()
        if isinstance(one, list):
            left += one
        elif isinstance(one, dict):
            left += one.values()
            name = str(one.get("$ref", "")).rpartition("/")[2]
            if name in components and name not in seen:
                seen.add(name)
                left.append(components[name])
                properties = components[name].get("properties", {})
                optional = properties.keys() - set(components[name].get("required", ()))
                properties.update({field: _or_blank(properties[field]) for field in optional})


def _or_blank(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a value, or of one that is not given."""
    outer = {"default": schema["default"]} if "default" in schema else {}
    plain = {name: value for name, value in schema.items() if name != "default"}
    known = plain["anyOf"] if set(plain) == {"anyOf"} else [plain]
    missing = [{"type": "null"}] if {"type": "null"} not in known else []
    return {"anyOf": [*known, *missing, BLANK], **outer}


def _kinds_of(answer: Answer) -> tuple[Any, ...]:
    if isinstance(answer.kind, tuple):
        return answer.kind
    return () if answer.kind is None else (answer.kind,)


def _operation(route: Route, schema_of: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.operation,
        "summary": route.summary,
        "tags": [route.tag],
        "security": _security(route),
        "responses": _responses(route, schema_of),
    }
    parameters = _parameters(route)
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        content = {media: {"schema": schema_of[_key(kind)]} for media, kind in route.body.documented.items()}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _security(route: Route) -> list[dict[str, list[str]]]:
    """Return what a caller needs: nothing here is what a route asks for in another way, or of anybody."""
    if isinstance(route.access, Role):
        return [{"bearer": []}]
    return [{"bearer": []}, {}] if route.access is Proof.TICKET else []


def _parameters(route: Route) -> list[dict[str, Any]]:
    found = [
        {"name": name, "in": "path", "required": True, "schema": PATH_PARAMETERS[name]}
        for name in re.findall(r"{(\w+)}", route.path)
    ]
    found += [{"name": name, "in": "header", "schema": {"type": "string"}} for name in route.headers]
    if route.query is not None:
        (_,), components = msgspec.json.schema_components([route.query], ref_template=COMPONENTS)
        properties = components[route.query.__name__]["properties"]
        found += [{"name": name, "in": "query", "schema": _plain(schema)} for name, schema in properties.items()]
    return found


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a query parameter: one that is left out is not null."""
    known = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    return {name: value for name, value in known[0].items() if name != "default"}


def _responses(route: Route, schema_of: dict[str, Any]) -> dict[str, Any]:
    responses = {str(answer.status): _response(answer, schema_of) for answer in route.answers}
    codes = [*route.problems, *(BY_TOKEN if route.access not in {Proof.NONE, Proof.PUBLISHED, Proof.SIGNATURE} else ())]
    # Whoever sends too much that cannot be read is asked to wait by every route, and so is whoever comes when all
    # connections but those for probes are taken. An expectation is refused before there is a route.
    codes += [ProblemCode.TOO_MANY_FAILURES, ProblemCode.BUSY, ProblemCode.EXPECTATION_FAILED]
    codes += [ProblemCode.UNKNOWN_PATH] if "{" in route.path else []
    codes += [] if route.body is None else [ProblemCode.REQUEST_TIMEOUT, ProblemCode.UNSUPPORTED_ENCODING]
    by_status: dict[int, list[ProblemCode]] = {}
    for code in dict.fromkeys(codes):
        by_status.setdefault(code.status.value, []).append(code)
    for status, found in sorted(by_status.items()):
        responses.setdefault(str(status), {"description": "", "content": {}})
        described = "; ".join(f"`{code.value}`: {code.meaning}" for code in found) + "."
        known = responses[str(status)]
        known["description"] = f"{known['description']} {described}".strip()
        known["content"] = {**known["content"], PROBLEM_TYPE: {"schema": schema_of[_key(Problem)]}}
    malformed = {PROBLEM_TYPE: {"schema": schema_of[_key(Problem)]}}
    responses.setdefault("400", {"description": MALFORMED, "content": malformed})
    if route.method == "HEAD":
        return {status: {"description": answer["description"]} for status, answer in responses.items()}
    return responses


def _response(answer: Answer, schema_of: dict[str, Any]) -> dict[str, Any]:
    if answer.kind is None:
        return {"description": answer.description, "content": {}}
    schemas = [schema_of[_key(kind)] for kind in _kinds_of(answer)]
    schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
    return {"description": answer.description, "content": {answer.media_type: {"schema": schema}}}
