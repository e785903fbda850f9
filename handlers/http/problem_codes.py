"""The codes of problems: a stable word for each thing on which a client branches, with its HTTP status and meaning.

The page `docs/problems.md` is made from this enum: `python -m handlers.http.problem_codes` prints its table.
"""

from __future__ import annotations

import enum
from http import HTTPStatus


class ProblemCode(enum.Enum):
    """What went wrong, in one word."""

    MALFORMED_REQUEST = ("malformed_request", 400, "not a request of HTTP that can be understood")
    UNAUTHORIZED = ("unauthorized", 401, "no bearer token, or one that is unknown, ended or revoked")
    INVALID_TICKET = ("invalid_ticket", 401, "the ticket of the feed is unknown, used or too old")
    INVALID_SIGNATURE = (
        "invalid_signature",
        401,
        "the authority is unknown, or the signature or the timestamp does not verify",
    )
    WRONG_ROLE = ("wrong_role", 403, "the token's role does not suffice")
    OWN_WORK = ("own_work", 403, "who worded or widened an alert, or proposes that, does not approve it")
    OWN_AUTHORITY = ("own_authority", 403, "an officer does not approve the cases of the own authority")
    OTHER_AUTHORITY = ("other_authority", 403, "an officer acts on the alerts of the own authority only")
    CROSS_SITE = ("cross_site", 403, "a browser sent it from a page of another site")
    UNKNOWN_PATH = ("unknown_path", 404, "no such path; /openapi.json lists all of them")
    UNKNOWN_ALERT = ("unknown_alert", 404, "no such alert")
    UNKNOWN_ALARM = ("unknown_alarm", 404, "no such alarm stands, or not about what the caller may read of")
    NO_PHOTO = ("no_photo", 404, "the alert has no photo, or it is not made yet")
    UNKNOWN_SIGHTING = ("unknown_sighting", 404, "the alert has no such sighting, or it is deleted")
    UNKNOWN_EVENT = ("unknown_event", 404, "the authority has no such event that nobody took, or no endpoint")
    UNKNOWN_CASE = ("unknown_case", 404, "the authority has no such case, and shares none")
    UNKNOWN_AUTHORITY = ("unknown_authority", 404, "no such authority, or it is revoked")
    UNKNOWN_CERTIFICATE = ("unknown_certificate", 404, "no such certificate is pinned for the authority")
    UNKNOWN_TOKEN = ("unknown_token", 404, "no such token, or it is revoked")
    UNKNOWN_PERSON = ("unknown_person", 404, "no such person")
    UNKNOWN_LANE = ("unknown_lane", 404, "no process has such a lane")
    NOT_LIMITED = ("not_limited", 404, "the authority has no jurisdiction: its alerts may be anywhere")
    UNKNOWN_REFERENCE = ("unknown_reference", 404, "none of the messages that a CAP message refers to is known")
    NOT_PUBLISHED = ("not_published", 404, "no such public alert, or no key to sign with is configured")
    METHOD_NOT_ALLOWED = ("method_not_allowed", 405, "the path does not take this method; Allow says which")
    CASE_CONFLICT = ("case_conflict", 409, "the case number stands with other content; the alert is unchanged")
    CASE_OVER = (
        "case_over",
        409,
        "the alert of this case number is over; `possible` has `reopen`, or nothing once the child's data is deleted",
    )
    WEBHOOK_ID_REUSED = ("webhook_id_reused", 409, "the webhook-id was used for another body; nothing was sent")
    NOT_POSSIBLE = ("not_possible", 409, "the alert's state does not allow it; `possible` names what it allows")
    ALREADY_APPROVED = ("already_approved", 409, "the same person has approved this revision before")
    ALREADY_ACKNOWLEDGED = ("already_acknowledged", 409, "somebody has taken the alarm; `take_over` takes it over")
    ALREADY_DECIDED = ("already_decided", 409, "somebody has decided the sighting; `detail` says who, when and what")
    UNREADABLE_ALERT = (
        "unreadable_alert",
        409,
        "what the alert says cannot be read: damaged, or of a newer version; it can be stopped and ended, not changed",
    )
    NOTHING_HELD = ("nothing_held", 409, "no ring is held")
    SUPERSEDED = (
        "superseded",
        409,
        "this was an unsigned draft; a signed case has its number now, or a newer draft its place",
    )
    PROPOSAL_NOT_POSSIBLE = ("proposal_not_possible", 409, "what is proposed is not possible in the alert's state")
    OUTDATED_MESSAGE = ("outdated_message", 409, "a newer message about this alert was taken before")
    MESSAGE_REUSED = ("message_reused", 409, "another message has this sender, identifier and time")
    REVISION_CHANGED = ("revision_changed", 409, "not the revision that was read; read it again")
    CASE_CHANGED = ("case_changed", 409, "the case was changed by another request meanwhile; send it again")
    ALREADY_ANSWERED = ("already_answered", 409, "this message was taken and answered before")
    PROPOSAL_WAITS = ("proposal_waits", 409, "another proposal waits; approve it, or drop it with a veto, first")
    NOTHING_PROPOSED = ("nothing_proposed", 409, "nothing waits for approval")
    NOTHING_NEW = ("nothing_new", 409, "it would change nothing")
    TOO_MANY_CHANGES = ("too_many_changes", 409, "the alert was changed as often as an alert may be")
    NOT_LATER = ("not_later", 409, "not later than planned")
    ALERT_OVER = ("alert_over", 409, "the alert is over")
    NOT_WIDER = ("not_wider", 409, "not wider than what is due already")
    BETWEEN_RINGS = ("between_rings", 409, "between two planned rings")
    RING_HELD = ("ring_held", 409, "a nearer ring is held")
    ENROLMENT_FULL = ("enrolment_full", 409, "as many users are enrolled as can be")
    AUTHORITY_EXISTS = ("authority_exists", 409, "an authority has this id already, perhaps a revoked one")
    SECRET_CHANGED = ("secret_changed", 409, "the secret was rotated after it was looked at; nothing was done")
    TOKEN_EXISTS = ("token_exists", 409, "the person has got such a token after it was looked at; none was created")
    TOO_MANY_SECRETS = ("too_many_secrets", 409, "as many secrets of the authority verify as can at one time")
    TOO_MANY_CERTIFICATES = ("too_many_certificates", 409, "as many certificates are pinned as can be; unpin one")
    REQUEST_TIMEOUT = ("request_timeout", 408, "the body did not come in time")
    TOO_LARGE = ("too_large", 413, "the body, or the number of reports in it, is over the limit of the route")
    UNSUPPORTED_ENCODING = ("unsupported_encoding", 415, "the body has a Content-Encoding; send it without one")
    EXPECTATION_FAILED = ("expectation_failed", 417, "an Expect header that asks for anything but 100-continue")
    BAD_FIELDS = ("bad_fields", 422, "`errors` names every bad field of the body, the query or the path")
    UNUSABLE_CASE = ("unusable_case", 422, "well formed, but it cannot be sent; `errors` says why, nothing was stored")
    UNUSABLE_DOCUMENT = ("unusable_document", 422, "the CAP document cannot be taken; nothing was stored or sent")
    UNVERIFIED_MESSAGE = ("unverified_message", 422, "a CAP message without a verifiable signature changes nothing")
    UNREADABLE = ("unreadable", 422, "the body is not of its type, as JSON or UTF-8")
    WRONG_CASE_NUMBER = ("wrong_case_number", 422, "the case number that was typed is not that of this alert")
    WRONG_CONFIRMATION = ("wrong_confirmation", 422, "the name that was typed to confirm it is another one")
    UNUSABLE_NAME = ("unusable_name", 422, "a name that cannot be a person's, or looks like that of another person")
    WRONG_LOCALES = ("wrong_locales", 422, "all languages of the alert are needed, and no others")
    WRONG_STATUS = ("wrong_status", 422, "actual alerts, exercises and tests are never mixed")
    OVER_EXPIRY_CAP = ("over_expiry_cap", 422, "over the cap on an alert's life")
    OVER_RADIUS_CAP = ("over_radius_cap", 422, "over the cap on the radius")
    UNDER_RADIUS_MIN = ("under_radius_min", 422, "below the least radius that may be chosen")
    OVER_AUDIENCE_CAP = ("over_audience_cap", 422, "over the cap on the audience, or not over what was reached")
    NOT_UNITED = ("not_united", 422, "the borders of the jurisdictions cross each other too often to be united")
    UPGRADE_REQUIRED = ("upgrade_required", 426, "the feed is a WebSocket")
    RATE_LIMITED = ("rate_limited", 429, "too many requests of this token or authority; Retry-After says when")
    TOO_MANY_FAILURES = ("too_many_failures", 429, "too many failures from this address; Retry-After says when")
    INTERNAL_ERROR = ("internal_error", 500, "a bug; it is logged")
    STORE_UNAVAILABLE = ("store_unavailable", 503, "a store does not answer; Retry-After says when to try again")
    UNREADABLE_AUTHORITY = (
        "unreadable_authority",
        503,
        "the authority's jurisdiction cannot be read: nothing is filed until an administrator sets it anew",
    )
    AUDIENCE_UNKNOWN = ("audience_unknown", 503, "the audience cannot be estimated now")
    RESULT_UNKNOWN = ("result_unknown", 503, "it was done, but how the alert stands cannot be read now")
    BUSY = ("busy", 503, "too many at once, or the server stops; Retry-After says when to try again")

    def __new__(cls, value: str, status: int, meaning: str) -> ProblemCode:  # noqa: PYI034 - an enum's own way
        """Keep the word as the value, the status and the meaning beside it."""
        member = object.__new__(cls)
        member._value_ = value
        member.status = HTTPStatus(status)
        member.meaning = meaning
        return member

    status: HTTPStatus
    meaning: str

    @property
    def uri(self) -> str:
        """The `type` of a problem with this code (RFC 9457, 3.1.1)."""
        return f"urn:qq-alert:problem:{self.value}"


def code_of_status(status: int) -> ProblemCode:
    """Return the code for a status that the HTTP server itself answers with."""
    by_status = {
        404: ProblemCode.UNKNOWN_PATH,
        405: ProblemCode.METHOD_NOT_ALLOWED,
        413: ProblemCode.TOO_LARGE,
        426: ProblemCode.UPGRADE_REQUIRED,
    }
    return by_status.get(status, ProblemCode.MALFORMED_REQUEST)


def table() -> str:
    """Return the codes as a Markdown table."""
    rows = [f"| `{code.value}` | {code.status.value} | {code.meaning} |" for code in ProblemCode]
    return "\n".join(["| code | status | meaning |", "|---|---|---|", *rows])


if __name__ == "__main__":
    print(table())  # noqa: T201 - what it is for
