"""The routes of administrators' pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from handlers.console.administration.enrolment import USERS_BYTES
from handlers.console.administration.forms import HOME
from handlers.http.roles import Role, SignedIn
from handlers.operators.administration.authority_changes import JURISDICTION_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from handlers.console.administration.authorities import AuthorityPages
    from handlers.console.administration.enrolment import EnrolmentPages
    from handlers.console.administration.exercises import ExercisePages
    from handlers.console.administration.lanes import LanePages
    from handlers.console.administration.subjects import SubjectPages
    from handlers.console.administration.tokens import TokenPages
    from handlers.http.route import Route

ADMIN: Final = SignedIn(Role.ADMIN)
OPERATOR: Final = SignedIn(Role.OPERATOR)
CHANGES: Final = (
    "review",
    "checklist",
    "time-zone",
    "jurisdiction",
    "certificates",
    "unpinning",
    "secrets",
    "revocation",
)
LARGE: Final = frozenset({"new", "jurisdiction"})
"""Forms that may have a jurisdiction, pasted."""


class AdministrationPages(NamedTuple):
    """What shows administrators their pages."""

    authorities: AuthorityPages
    tokens: TokenPages
    lanes: LanePages
    enrolment: EnrolmentPages
    exercises: ExercisePages
    people: SubjectPages


def routes(of: AdministrationPages, get: Callable[..., Route], post: Callable[..., Route]) -> list[Route]:
    """Return the routes."""
    authorities, tokens, lanes = of.authorities, of.tokens, of.lanes
    one = f"{HOME}/authorities/{{authority}}"
    table = [
        get(HOME, ADMIN, "administration", authorities.get_all),
        get(f"{HOME}/authorities", ADMIN, "authorities", authorities.get_all),
        post(f"{HOME}/authorities", ADMIN, "authority_new", authorities.post_new, JURISDICTION_BYTES),
        get(one, ADMIN, "authority", authorities.get_one),
        get(f"{one}/jurisdiction", ADMIN, "authority_jurisdiction", authorities.get_jurisdiction),
        get(f"{HOME}/tokens", ADMIN, "tokens", tokens.get_all),
        post(f"{HOME}/tokens", ADMIN, "token_new", tokens.post_new),
        get(f"{HOME}/tokens/{{token}}", ADMIN, "token", tokens.get_one),
        post(f"{HOME}/tokens/{{token}}/revocation", ADMIN, "token_revocation", tokens.post_revocation),
        get(f"{HOME}/lanes", ADMIN, "lanes", lanes.get_all),
        get(f"{HOME}/part/lanes", ADMIN, "part_lanes", lanes.get_part),
        post(f"{HOME}/lanes/{{lane}}/restart", ADMIN, "lane_restart", lanes.post_restart),
        get(f"{HOME}/enrolment", ADMIN, "enrolment", of.enrolment.get),
        post(f"{HOME}/enrolment/enrol", ADMIN, "enrolment_enrol", of.enrolment.post, USERS_BYTES),
        post(f"{HOME}/enrolment/removal", ADMIN, "enrolment_removal", of.enrolment.post, USERS_BYTES),
        get(f"{HOME}/people", ADMIN, "people", of.people.get),
        post(f"{HOME}/people", ADMIN, "people_decision", of.people.post),
        get("/console/exercises", OPERATOR, "exercises", of.exercises.get),
        post("/console/exercises", OPERATOR, "exercise_start", of.exercises.post),
        post("/console/exercises/withdrawal", OPERATOR, "exercise_withdrawal", of.exercises.post_withdrawal),
    ]
    for name in CHANGES:
        bound = (JURISDICTION_BYTES,) if name in LARGE else ()
        table.append(post(f"{one}/{name}", ADMIN, f"authority_{name}", authorities.post, *bound))
    return table
