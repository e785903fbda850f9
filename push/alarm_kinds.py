"""The kinds of alarms: what each means, and what an operator does about it.

The table of the operators' page is made from this enum: `python -m push.alarms` prints it.
"""

from __future__ import annotations

import enum
from typing import Final


class Severity(enum.StrEnum):
    """How soon an alarm needs somebody, the worst first."""

    URGENT = "urgent"
    """Somebody has to decide, or people are not notified who should be."""

    SERIOUS = "serious"
    MINOR = "minor"
    """It makes no sound."""


class AlarmKind(enum.Enum):
    """A kind of alarm by its name in answers, the feed and metrics, with its `meaning` and its `remedy`."""

    REVIEW = (
        "review",
        (
            "a case is in its grace, or waits for approval; or a change of an alert waits that people were notified of"
            ". `UNVERIFIED`: it has no verifiable signature"
        ),
        (
            "read the preview and approve it. If it is wrong: `veto` a case in its grace or a change, `cancel` a case "
            "that waits for approval. Never `cancel` for a change: that withdraws the alert itself"
        ),
    )
    REVIEW_LATE = (
        "review_late",
        "the review, or a ring held at the cap, is about to use up the thirty minutes",
        "decide now",
    )
    UNVERIFIED_CAP = (
        "unverified_cap",
        "a CAP message without a verifiable signature is about this alert, and changed nothing",
        "`pause`, and call the authority: a Cancel may be meant. Then `resume`, which ends the alarm, or `cancel`",
    )
    FILER_REVOKED = (
        "filer_revoked",
        "who filed an alert or its end, or a token that set it going, was revoked: it waits until a person decides",
        "call the authority by a number that you know. `resume` or `approval` if the case is right, else `cancel`",
    )
    PAUSED = ("paused", "nobody is notified until somebody resumes the alert", "resume, or cancel")
    NO_RECIPIENTS = (
        "no_recipients",
        "an alert is sent, and there was nobody in its area to notify, or fewer than `[privacy] people_min`",
        "look at the place, at who is enrolled, at the lanes",
    )
    AUDIENCE_CAP = (
        "audience_cap",
        (
            "a ring would reach more people than the cap by the estimate, or has reached it, and is held; what was "
            "being sent then is sent"
        ),
        "an approver releases it, up to a number that is not reached yet",
    )
    STORE_AWAY = (
        "store_away",
        "PostgreSQL or Redis does not answer, or Redis refuses its user a right: nothing is sent, or nobody is found",
        "repair it, or give Redis its user of docs/redis.md; all goes on by itself, and nobody is notified twice",
    )
    RECORD_REFUSED = (
        "record_refused",
        "PostgreSQL takes nothing, or refuses the same for 5 s: nothing is sent or filed. Of an alert: its rows alone",
        "read its log: a full disk, limit, right, lock, standby, damaged page. All goes on; nobody is notified twice",
    )
    RECORD_REWOUND = (
        "record_rewound",
        (
            "the record is older than it was: a backup, or a failover that lost commits. What was live in it is paused,"
            " and notices of an end are held"
        ),
        (
            "ask what happened since: `cancel` what was over, `resume` what goes on, and the notice of what is over "
            "still; `reopen` what went on. Everybody may be notified again. "
            "What a person resumes is not paused again for the same reason"
        ),
    )
    ANCHOR_REFUSED = (
        "anchor_refused",
        "the file of anchors takes no more: what the audit trail was is written to the log only, and all else goes on",
        "look at its disk and rights; it is tried again every few minutes",
    )
    CLOCK_DIFFERS = (
        "clock_differs",
        "the clock of this server, or that of Redis, differs by more than a second from PostgreSQL's",
        "let all machines set their clocks by the same source; what the record decides, it decides by its own",
    )
    UNREADABLE_DATA = (
        "unreadable_data",
        (
            "a store holds what no server wrote: of Redis it is skipped, or removed where it was in the way; a unit "
            "that fails three times is parked, and what of an alert or an authority cannot be read is left out"
        ),
        (
            "`redis: ...`: find out who else writes to Redis, change its password, look at `index_emptied`. A unit or "
            "an alert: read the log, repair the record, and start the server again: it tries what was parked. An "
            "authority: set anew what the alarm names"
        ),
    )
    INDEX_EMPTIED = (
        "index_emptied",
        "Redis lost its data within the last day: nobody is found until they report again, and then they are notified",
        "find out why: FLUSHALL, a restart without its data, an eviction. Ask the platform to report everybody again",
    )
    INDEX_REFUSED = (
        "index_refused",
        "Redis answers, but refuses what is asked: no report is taken, nobody is found, or no old record is noticed",
        "read its log: full, read-only, without replicas or slots, a right (docs/redis.md). All goes on by itself",
    )
    INDEX_EVICTS = (
        "index_evicts",
        "Redis removes keys when its memory is full, and people with them",
        "give it more memory, and set `maxmemory-policy noeviction`; then reports are refused instead, with an alarm",
    )
    FEWER_FOUND = (
        "fewer_found",
        "an alert is sent, and far fewer people were found than were estimated when it was filed",
        "look for `index_emptied` and `index_evicts`. Who reports from its area again is notified then",
    )
    NO_ESTIMATE = (
        "no_estimate",
        "the number of people could not be estimated in time, so no ring is held at first",
        "look at the counts; `pause`",
    )
    LATE = (
        "late",
        "a lane will miss the deadline at its rate, or has missed it",
        "raise its rate, or cancel other alerts in it",
    )
    THROTTLED = (
        "throttled",
        "the provider says that we send too fast; the pace is lower now",
        "nothing, or ask the provider for a higher rate",
    )
    OUTAGE = (
        "outage",
        "the provider does not answer, or fails; the lane tries again",
        "look at its status page; other lanes go on",
    )
    MISCONFIGURED = (
        "misconfigured",
        "the provider refuses our credentials or settings",
        (
            "correct them in the settings or key files, and restart the lane at the console, or send SIGHUP: it tries "
            "them at once"
        ),
    )
    INVALID_TOKENS = (
        "invalid_tokens",
        "so many tokens came back invalid that our configuration must be at fault: the lane stopped; none was removed",
        "correct it, and restart the lane at the console, or send SIGHUP: those that were refused are due again",
    )
    MESSAGE_REFUSED = (
        "message_refused",
        "a provider takes other messages and not that of an alert: its lane notifies nobody of this alert",
        "look at the preview of that lane; `update` with other words, or ask the provider",
    )
    FAILED_SIGNATURES = (
        "failed_signatures",
        "many webhooks whose signature does not verify, of one authority or of unknown ones",
        "ask the authority: an old secret, or somebody tries; `authority rotate` gives a new secret",
    )
    FAILED_TOKENS = (
        "failed_tokens",
        "many bearer tokens or tickets that are not valid",
        "a client with an old token, or somebody tries; look at the addresses in front of the server",
    )
    ISSUER_AWAY = (
        "issuer_away",
        "the issuer by which people sign in at the console does not answer, or not as it should: nobody can sign in",
        "look at it, the way to it, the client secret. Who is signed in stays so for `outage_s`; tokens open the API",
    )
    UNREADABLE_SECRETS = (
        "unreadable_secrets",
        "the webhook secret of an authority is encrypted with a key that this server does not have; it is not ready",
        "give `[security] encryption_key` all keys that were used, the newest first; or `authority rotate` it",
    )
    PROCESS_GONE = (
        "process_gone",
        "a server process has not written to the record for ten seconds: it died, was cut off, or stands still",
        "look at its machine and log; the others send what it had claimed. The alarm ends when it is back or replaced",
    )
    PAGE_BEHIND = (
        "page_behind",
        "a page for the public is not what it should be for ten seconds: that of a child who was found may stand",
        (
            "look at the log (`publishing.failed`) and at `[public] objects`: a full disk, a missing right, a bucket "
            "that is away. All pages are made by themselves when it is back"
        ),
    )
    SIGHTINGS_WAIT = (
        "sightings_wait",
        "reports of strangers wait for more than thirty seconds to be taken into the record: nobody reads them yet",
        "look at PostgreSQL, at `[public] objects`, at the load; none is lost, they are taken in when it is over",
    )
    POLICE_UNREACHABLE = (
        "police_unreachable",
        "the endpoint of an authority does not take what it is told: what an operator passed on may not have arrived",
        (
            "call the authority, and tell it what was passed on. It is tried again for a day; `qq-alert authority "
            "events ID --dead` lists what was given up, and `--again` sends it"
        ),
    )
    UNREADABLE_SIGHTINGS = (
        "unreadable_sightings",
        "reports of strangers are sealed to a key that this server does not have, or cannot be opened at all",
        (
            "give `[security] encryption_key` of every server all keys that were used, the newest first: also what is "
            "in `inbox/unreadable` is opened then. If no key is missing, somebody writes to the inbox who should not"
        ),
    )
    UNKNOWN_PAGE_SIGHTINGS = (
        "unknown_page_sightings",
        "reports of strangers name a page that the record does not know: they are in `inbox/unknown-pages`",
        (
            "was the record restored from a backup? Bring the newer one back: they are taken in then, and never "
            "removed. In doubt tell the police of the alert that is missing from the record"
        ),
    )
    GLYPH_MISSING = (
        "glyph_missing",
        "the share card or the poster of an alert has a character that no font has: a sign and its number stand there",
        "look at the poster, and add a font that has it (`[public] fonts`); a name may be written in it",
    )
    PHOTO_REFUSED = (
        "photo_refused",
        "a case that is live has no photo on its page: it could not be fetched or decoded, or our copy of it is gone",
        (
            "the detail says why. Ask the police for another one (`POST /v1/intake/AUTHORITY/photos`, or another "
            "`photo_url`); `internal_address`: `[public] photo_addresses` allows their network; `lost`: somebody "
            "deleted from `[public] objects`, and it is fetched again where it has an address"
        ),
    )
    DELETION_WAITS = (
        "deletion_waits",
        (
            "the data of a child, or who was notified, is due for deletion and stays: it could not be deleted twice. "
            "No other alert's deletion waits for it"
        ),
        (
            "the detail says what. Its objects: look at `[public] objects`: a right to delete, a bucket that is away, "
            "a setting taken out. PostgreSQL: its log says which row or page it is. Then it goes on by itself"
        ),
    )
    EXPIRES_SOON = (
        "expires_soon",
        "a certificate, a token or a webhook secret ends soon, or has ended",
        "renew it before it ends",
    )

    def __new__(cls, value: str, meaning: str, remedy: str) -> AlarmKind:  # noqa: PYI034 - an enum's own way
        """Keep the name as the value, and the two sentences beside it."""
        member = object.__new__(cls)
        member._value_ = value
        member.meaning = meaning
        member.remedy = remedy
        return member

    meaning: str
    remedy: str

    @property
    def severity(self) -> Severity:
        """How soon it needs somebody."""
        return _SEVERITY.get(self, Severity.URGENT)


_SEVERITY: Final = {
    **dict.fromkeys(
        (
            AlarmKind.PAUSED,
            AlarmKind.ANCHOR_REFUSED,
            AlarmKind.CLOCK_DIFFERS,
            AlarmKind.UNREADABLE_DATA,
            AlarmKind.INDEX_EVICTS,
            AlarmKind.FEWER_FOUND,
            AlarmKind.NO_ESTIMATE,
            AlarmKind.FAILED_SIGNATURES,
            AlarmKind.FAILED_TOKENS,
            AlarmKind.ISSUER_AWAY,
            AlarmKind.PROCESS_GONE,
            AlarmKind.PHOTO_REFUSED,
            AlarmKind.GLYPH_MISSING,
        ),
        Severity.SERIOUS,
    ),
    **dict.fromkeys((AlarmKind.THROTTLED, AlarmKind.EXPIRES_SOON), Severity.MINOR),
}
"""Of those that are not urgent."""
