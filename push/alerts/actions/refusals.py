"""Refusals: why something is not done to an alert, as a value, with what would be possible.

Bounded by the actions that there are.
"""

from __future__ import annotations

import enum

import msgspec

from push.alerts.lifecycle import Action


class Refusal(enum.Enum):
    """Why something is not done to an alert."""

    NO_ALERT = "no such alert"
    REVOKED = "the token is over or revoked"
    NOT_BELIEVED = "what signed it counts no longer"
    IMPOSSIBLE = "not possible now"
    CASE_NUMBER = "the case number is not that of this alert"
    OWN_WORK = "the person who worded or widened an alert, or requests that, does not approve it"
    OWN_AUTHORITY = (
        "an officer of the authority whose case it is does not approve it: who is of another, or of none, does"
    )
    APPROVED = "you have approved it before"
    NOTHING_HELD = "nothing is held"
    LOCALES = "all languages of the alert are needed, and no others"
    SUPERSEDED = "this was an unverified draft: a signed case has its number now, or a newer draft its place"
    NOT_NOW = "what is proposed is not possible now"
    STATUS = "an alert that is meant, an exercise and a test are never mixed"
    OUTDATED = "a newer message about this alert was taken before"
    MESSAGE_USED = "another message has this sender, identifier and time"
    WEBHOOK_USED = "this webhook-id was used before for another body"
    REVISION = "not what was read"
    CASE_CHANGED = "the case was changed since"
    ANSWERED = "this message was answered before"
    PROPOSED = "something waits for approval: it is approved, or let go by a veto, before anything else is proposed"
    NOTHING_PROPOSED = "nothing waits for approval"
    NOTHING_NEW = "nothing new"
    TOO_MANY = "too many changes"
    OTHER_AUTHORITY = "an officer acts on the alerts of the own authority, and approves those of others"
    NOT_LATER = "not later than now planned"
    EXPIRY_CAP = "over the cap on an alert's life"
    NOT_RUNNING = "the alert is over"
    RADIUS_CAP = "over the cap on the radius"
    RADIUS_MIN = "below the least radius"
    AUDIENCE_CAP = "over the cap on the audience"
    UNKNOWN_AUDIENCE = "the audience cannot be estimated now"
    NOT_WIDER = "not wider than the rings that are notified already"
    BETWEEN = "between two planned rings"
    HELD = "a nearer ring is held"
    NO_AUTHORITY = "no such authority"
    NOT_INVITED = "the authority is not invited to the case"
    BORDERS = "the borders of the jurisdictions cross each other too often to be united"


class Refused(msgspec.Struct, frozen=True):
    """An answer of no; `possible` names what can be done to the alert as it stands."""

    refusal: Refusal
    detail: str = ""
    possible: tuple[Action, ...] = ()
