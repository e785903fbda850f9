"""The routes of administrators: authorities and tokens, and what is changed of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from handlers.http.problem_codes import ProblemCode
from handlers.http.roles import Role
from handlers.http.route import JSON, Answer, Body, Route, json_body
from handlers.operators.administration.asked import BODY_BYTES, ConfirmedChange
from handlers.operators.administration.authorities import (
    GEOJSON,
    AuthoritiesAnswer,
    AuthoritiesQuery,
    AuthorityAnswer,
)
from handlers.operators.administration.authority_changes import (
    JURISDICTION_BYTES,
    Distrust,
    NewAuthority,
    NewCertificates,
    NewChecklist,
    NewJurisdiction,
    NewReview,
    NewSecret,
    NewTimeZone,
    Revocation,
    Rotation,
    Unpinning,
)
from handlers.operators.administration.enrolment import Agreed, EnrolmentChanged, Removed
from handlers.operators.administration.lanes import LanesAnswer, RestartAnswer
from handlers.operators.administration.tokens import CreatedToken, NewToken, TokenRevocation, TokensAnswer, TokensQuery

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import msgspec

    from handlers.http.route import Call, Result
    from handlers.operators.administration.authorities import AuthorityReads
    from handlers.operators.administration.authority_changes import AuthorityChanges
    from handlers.operators.administration.enrolment import EnrolmentChanges
    from handlers.operators.administration.lanes import Lanes
    from handlers.operators.administration.tokens import Tokens

    Handler = Callable[[Call[Any]], Awaitable[Result]]

USERS_BYTES: Final = 512 * 1024
"""Ten thousand users."""

ONE: Final = "/v1/authorities/{authority}"
OF_CHANGES: Final = (ProblemCode.BAD_FIELDS, ProblemCode.TOO_LARGE, ProblemCode.WRONG_CONFIRMATION)
STANDS: Final = Answer(200, "The authority as it stands then.", AuthorityAnswer)
ONCE: Final = Answer(201, "The secret, shown this once.", NewSecret)
DISTRUSTED: Final = Answer(200, "What is held and paused.", Distrust)


class AdministrationHandlers(NamedTuple):
    """What answers administrators."""

    authorities: AuthorityReads
    changes: AuthorityChanges
    tokens: Tokens
    lanes: Lanes
    enrolment: EnrolmentChanges


def routes(of: AdministrationHandlers) -> list[Route]:
    """Return the routes."""
    return [
        *_authorities(of.authorities),
        *_changes(of.changes),
        *_tokens(of.tokens),
        *_lanes(of.lanes),
        *_enrolment(of.enrolment),
    ]


def _authorities(reads: AuthorityReads) -> list[Route]:
    answer, one = Answer(200, "A page.", AuthoritiesAnswer), Answer(200, "The authority.", AuthorityAnswer)
    shape = Answer(200, "GeoJSON, simplified.", dict[str, Any], GEOJSON)
    query = AuthoritiesQuery
    return [
        _reading("/v1/authorities", "list_authorities", "Authorities, by id.", reads.get_all, answer, query),
        _reading(ONE, "read_authority", "One authority.", reads.get_one, one),
        _reading(
            f"{ONE}/jurisdiction", "read_jurisdiction", "Its jurisdiction, for a map.", reads.get_jurisdiction, shape
        ),
    ]


def _changes(of: AuthorityChanges) -> list[Route]:
    new, where = Body(JURISDICTION_BYTES, None, {JSON: NewAuthority}), {JSON: NewJurisdiction}
    exists = (ProblemCode.AUTHORITY_EXISTS,)
    full = (ProblemCode.SECRET_CHANGED, ProblemCode.TOO_MANY_SECRETS)
    many, none = (ProblemCode.TOO_MANY_CERTIFICATES,), (ProblemCode.UNKNOWN_CERTIFICATE,)
    return [
        _change("/v1/authorities", "add_authority", "Adds an authority.", of.post_new, new, ONCE, exists),
        _change(
            f"{ONE}/jurisdiction",
            "limit_authority",
            "Limits an authority, or lifts the limit; filed alerts keep theirs.",
            of.post_jurisdiction,
            Body(JURISDICTION_BYTES, None, where),
            STANDS,
        ),
        _typed("time-zone", "set_time_zone", "Sets its time zone.", of.post_time_zone, NewTimeZone, STANDS),
        _typed("review", "set_review", "Sets who reviews its cases.", of.post_review, NewReview, STANDS),
        _typed("checklist", "set_checklist", "Sets what it is asked for.", of.post_checklist, NewChecklist, STANDS),
        _typed("secrets", "rotate_secret", "Gives it a new secret.", of.post_secret, Rotation, ONCE, full),
        _typed(
            "certificates",
            "pin_certificates",
            "Trusts certificates to sign its CAP messages.",
            of.post_certificates,
            NewCertificates,
            STANDS,
            many,
        ),
        _typed(
            "unpinning",
            "unpin_certificate",
            "Trusts a certificate no longer; what it signed is held or paused.",
            of.post_unpinning,
            Unpinning,
            DISTRUSTED,
            none,
        ),
        _typed(
            "revocation",
            "revoke_authority",
            "Revokes an authority; what it filed is held or paused.",
            of.post_revocation,
            Revocation,
            DISTRUSTED,
        ),
    ]


def _tokens(tokens: Tokens) -> list[Route]:
    listed, created = Answer(200, "A page.", TokensAnswer), Answer(201, "The token, shown this once.", CreatedToken)
    unknown = (
        ProblemCode.UNKNOWN_AUTHORITY,
        ProblemCode.UNKNOWN_PERSON,
        ProblemCode.UNUSABLE_NAME,
        ProblemCode.TOKEN_EXISTS,
    )
    return [
        _reading("/v1/tokens", "list_tokens", "Bearer tokens, by id.", tokens.get_all, listed, TokensQuery),
        _change(
            "/v1/tokens",
            "create_token",
            "Creates a bearer token.",
            tokens.post_new,
            json_body(NewToken, BODY_BYTES),
            created,
            unknown,
        ),
        _change(
            "/v1/tokens/{token}/revocation",
            "revoke_token",
            "Revokes a bearer token; what is sent because of what it did is paused.",
            tokens.post_revocation,
            json_body(TokenRevocation, BODY_BYTES),
            Answer(204, "Revoked."),
            (ProblemCode.UNKNOWN_TOKEN,),
        ),
    ]


def _lanes(lanes: Lanes) -> list[Route]:
    listed = Answer(200, "The lanes.", LanesAnswer)
    return [
        Route(
            method="GET",
            path="/v1/lanes",
            access=Role.OPERATOR,
            operation="list_lanes",
            summary="How the lanes of all processes stand: breaker, pace, what waits, the last errors.",
            tag="operators",
            handler=lanes.get_all,
            answers=(listed,),
        ),
        _change(
            "/v1/lanes/{lane}/restart",
            "restart_lane",
            "Restarts a lane in every process: its settings are read again, and it tries at once.",
            lanes.post_restart,
            json_body(ConfirmedChange, BODY_BYTES),
            Answer(200, "Who has heard of it.", RestartAnswer),
            (ProblemCode.UNKNOWN_LANE,),
        ),
    ]


def _enrolment(of: EnrolmentChanges) -> list[Route]:
    answer, full = Answer(200, "How many changed.", EnrolmentChanged), (ProblemCode.ENROLMENT_FULL,)
    agreed, removed = json_body(Agreed, USERS_BYTES), json_body(Removed, USERS_BYTES)
    enrols, withdraws = "Enrols users who agreed to be reached by exercises.", "Withdraws users from exercises."
    return [
        _change("/v1/enrolled", "enrol_users", enrols, of.post, agreed, answer, full),
        _change("/v1/enrolled/removal", "withdraw_users", withdraws, of.post_removal, removed, answer),
    ]


def _typed(
    name: str,
    operation: str,
    summary: str,
    handler: Handler,
    kind: type[msgspec.Struct],
    answer: Answer,
    problems: tuple[ProblemCode, ...] = (),
) -> Route:
    return _change(f"{ONE}/{name}", operation, summary, handler, json_body(kind, BODY_BYTES), answer, problems)


def _change(
    path: str,
    operation: str,
    summary: str,
    handler: Handler,
    body: Body,
    answer: Answer,
    problems: tuple[ProblemCode, ...] = (),
) -> Route:
    return Route(
        method="POST",
        path=path,
        access=Role.ADMIN,
        operation=operation,
        summary=summary,
        tag="operators",
        handler=handler,
        body=body,
        answers=(answer,),
        problems=(*OF_CHANGES, ProblemCode.OTHER_AUTHORITY, *_of_path(path), *problems),
    )


def _reading(
    path: str,
    operation: str,
    summary: str,
    handler: Handler,
    answer: Answer,
    query: type[msgspec.Struct] | None = None,
) -> Route:
    problems = (ProblemCode.OTHER_AUTHORITY, *_of_path(path), *(() if query is None else (ProblemCode.BAD_FIELDS,)))
    problems += (ProblemCode.NOT_LIMITED, ProblemCode.UNREADABLE_AUTHORITY) if path.endswith("/jurisdiction") else ()
    return Route(
        method="GET",
        path=path,
        access=Role.ADMIN,
        operation=operation,
        summary=summary,
        tag="operators",
        handler=handler,
        answers=(answer,),
        query=query,
        problems=problems,
    )


def _of_path(path: str) -> tuple[ProblemCode, ...]:
    return (ProblemCode.UNKNOWN_AUTHORITY,) if "{authority}" in path else ()
