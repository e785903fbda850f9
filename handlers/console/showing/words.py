"""Words of the record in the reader's language: who acts, and what alarms say, which the record keeps in English.

An alarm's text is read by the patterns of its kind, and written anew from what they find; what fits none, as what a
provider says, stands as it is. Pure; bounded by `PATTERNS`, and a text by the alarm.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Final

from push.alarm_kinds import AlarmKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from handlers.console.showing.texts import Texts

_WAITS: Final = (
    r"(?P<mark>UNVERIFIED: )?revision (?P<revision>\d+) waits for approval "
    r"\((?P<policy>[\w-]+)(?:, (?P<approved>\d+) of (?P<needed>\d+) approved)?\): "
)

_AT: Final = r"(?P<at>\d{4}-\d\d-\d\dT[\d:.+-]+)"

_FAILED: Final = (
    ("failed_of", r"authority (?P<authority>.*): more than (?P<limit>\d+) in (?P<seconds>\d+) s"),
    ("failed", r"more than (?P<limit>\d+) in (?P<seconds>\d+) s"),
)

PATTERNS: Final[dict[AlarmKind, tuple[tuple[str, str], ...]]] = {
    AlarmKind.AUDIENCE_CAP: (
        ("held", r"rings \[(?P<rings>.*)\] are held at the cap of (?P<people>\d+) people, by estimate or reached"),
    ),
    AlarmKind.REVIEW: (
        ("waits", _WAITS + "nobody is notified before"),
        ("proposed", _WAITS + r"(?P<action>\w+), by (?P<by>.+?)(?:, whose token is over or revoked: a veto drops it)?"),
        ("goes_out", "goes out at " + _AT + " unless somebody vetoes it"),
    ),
    AlarmKind.REVIEW_LATE: (
        (
            "late_review",
            r"nobody is notified, and the thirty minutes (?:end|ended) at " + _AT,
        ),
        (
            "late_rings",
            r"rings \[(?P<rings>.*)\] are held, and the thirty minutes (?:end|ended) at " + _AT,
        ),
    ),
    AlarmKind.PAUSED: (("paused", "nobody is notified until somebody resumes it"),),
    AlarmKind.FILER_REVOKED: (("filer_revoked", "who filed it or set it going was revoked: .*"),),
    AlarmKind.UNVERIFIED_CAP: (("unverified_cap", r"UNVERIFIED CAP (?P<what>.*)\. Is it meant\?"),),
    AlarmKind.NO_ESTIMATE: (("no_estimate", "Redis did not say in time how many people there are: .*"),),
    AlarmKind.NO_RECIPIENTS: (
        ("no_lane", "it goes to no lane: .*"),
        ("nobody_enrolled", "sent, and .*(?:who is enrolled for exercises) stands in its area"),
        ("nobody_there", "sent, and .*(?:that is known of) stands in its area"),
    ),
    AlarmKind.FEWER_FOUND: (("fewer", r"at least (?P<people>\d+) were estimated"),),
    AlarmKind.LATE: (
        ("late_by", r"(?P<seconds>\d+) s (?:past the deadline at the present rate)"),
        ("late", "past the deadline at the present rate"),
        ("late_estimated", r"the estimate needs (?P<seconds>\d+) s (?:at the configured rate)"),
        ("late", "the estimate needs (?:too long) at the configured rate"),
    ),
    AlarmKind.RECORD_REFUSED: (
        ("rows_refused", r"(?P<error>\w+): PostgreSQL refuses rows of this alert \(.*\), which wait"),
        ("record_refused", r"(?P<error>\w+): what was sent is not recorded yet, and nothing more is sent"),
        ("statement_refused", r"(?P<error>\w+): PostgreSQL refuses a statement of what sends, which is tried again"),
        ("requests_refused", r"(?P<error>\w+): PostgreSQL refuses what requests ask of it, which are answered 503"),
    ),
    AlarmKind.RECORD_REWOUND: (
        ("rewound", r"(?P<why>.*): paused until somebody resumes it, or cancels what was over already"),
        (
            "rewound_end",
            r"(?P<why>.*): the notice of its end is held until somebody resumes it, says it again, or reopens it",
        ),
    ),
    AlarmKind.STORE_AWAY: (
        ("postgresql_away", "PostgreSQL does not answer: nothing is sent, filed or stopped until it does"),
        ("redis_away", "Redis does not answer: nobody is found, and reports are not taken, until it does"),
        (
            "redis_denied",
            r"Redis refuses its user (?P<right>.+): nobody is found, or reports are not taken, until it has that right",
        ),
    ),
    AlarmKind.CLOCK_DIFFERS: (
        ("clock_of_redis", r"that of Redis by (?P<seconds>[\d.-]+) s from PostgreSQL's"),
        ("clock", r"by (?P<seconds>[\d.-]+) s from PostgreSQL's"),
    ),
    AlarmKind.UNREADABLE_DATA: (
        ("unreadable", r"Redis held what no server wrote, and it was not believed: (?P<what>.*)"),
        ("parked", r"unit (?P<unit>\d+) of alert (?P<alert>\S+) is parked: (?P<why>.*)"),
        ("ledger_row", r"a row of the ledger of alert (?P<alert>\S+)"),
        ("of_authority", r"of the authority, this cannot be read: (?P<what>.*); without its .*"),
        ("unreadable_parts", r"what cannot be read of it is left out: (?P<what>.*)"),
    ),
    AlarmKind.INDEX_EMPTIED: (
        ("emptied", r"(?P<shards>\d+) of (?P<all>\d+) shards lost their people; who reports again is notified then"),
    ),
    AlarmKind.INDEX_REFUSED: (
        ("writes_refused", r"(?P<error>\w+): Redis takes no writes, and no position that is reported, until it does"),
        ("index_refused", r"(?P<error>\w+): Redis refuses what is asked of it, which is tried again"),
        ("position_refused", r"(?P<error>\w+): Redis does not say how far the record was, or does not remember it"),
    ),
    AlarmKind.INDEX_EVICTS: (
        ("evicts", r"maxmemory-policy (?P<policy>\S+), (?P<keys>\d+) keys evicted since its start"),
    ),
    AlarmKind.FAILED_SIGNATURES: _FAILED,
    AlarmKind.FAILED_TOKENS: _FAILED,
    AlarmKind.UNREADABLE_SECRETS: (("secret", "its webhook secret is encrypted with a key .*"),),
    AlarmKind.EXPIRES_SOON: (
        ("ends", r"(?P<name>.*) ends at " + _AT),
        ("ended", r"(?P<name>.*) ended at " + _AT),
    ),
    AlarmKind.OUTAGE: (("silent", r"no request was answered for (?P<seconds>[\d.]+) s"),),
    AlarmKind.PROCESS_GONE: (("gone", "it has not written to the record for ten seconds"),),
    AlarmKind.ISSUER_AWAY: (
        ("issuer", r"(?P<why>.*); who is signed in stays so for (?P<minutes>\S+) min after the issuer's last word"),
    ),
    AlarmKind.INVALID_TOKENS: (
        (
            "invalid_tokens",
            r"(?P<share>\d+%) of the tokens come back invalid; none was removed; correct it, then SIGHUP or a start",
        ),
    ),
    AlarmKind.ANCHOR_REFUSED: (("anchor", r"(?P<file>.+): (?P<why>[^:]+)"),),
    AlarmKind.PAGE_BEHIND: (
        ("pages", "pages of alerts are not as the record has them: the objects, or their store, cannot be written"),
    ),
    AlarmKind.SIGHTINGS_WAIT: (
        ("reports_wait", "reports wait in the inbox"),
        ("inbox_unreadable", "the inbox cannot be read"),
    ),
    AlarmKind.UNREADABLE_SIGHTINGS: (
        ("reports_aside", "put aside, to be tried again"),
        ("reports_other_key", "sealed to a key of another server, which does not take them in"),
    ),
    AlarmKind.UNKNOWN_PAGE_SIGHTINGS: (("reports_aside", "put aside, to be tried again"),),
    AlarmKind.POLICE_UNREACHABLE: (
        ("police", "its endpoint does not take what it is told: sightings may not have arrived"),
        (
            "police_links",
            r"\[cap\] public_url is (?P<url>\S+), with which links to photos begin: nobody could fetch them there",
        ),
        ("police_address", "its endpoint has no address that can be read"),
    ),
    AlarmKind.GLYPH_MISSING: (("glyphs", r"characters that no font has: (?P<number>\d+)"),),
    AlarmKind.DELETION_WAITS: (
        ("deletion", "its data is due for deletion, and its objects cannot be deleted"),
        ("deletion_refused", r"its data is due for deletion, and PostgreSQL refuses that: (?P<error>\w+)"),
        ("recipients_refused", r"its recipients are due for deletion, and PostgreSQL refuses that: (?P<error>\w+)"),
        ("deletion_unknown", r"PostgreSQL does not say what is due for deletion: (?P<error>\w+)"),
    ),
    AlarmKind.PHOTO_REFUSED: (("photo", r"(?P<fault>[a-z_]+)"),),
    AlarmKind.MESSAGE_REFUSED: (("refused", r"the provider takes other messages, and not this one: (?P<why>.*)"),),
}
"""Of each kind the key of a text in the catalogue, and what the record says for it; what matches first is taken."""

_COMPILED: Final = {kind: [(key, re.compile(text)) for key, text in known] for kind, known in PATTERNS.items()}


def actor(t: Texts, label: str) -> str:
    """Return who acted, with the role in words; the name is theirs."""
    role, _, name = label.partition(" ")
    if f"actor.{label}" in t:
        return t(f"actor.{label}")
    if f"actor.{role}" in t:
        return f"{t(f'actor.{role}')} {name}".strip()
    return f"{t(f'role.{role}')} {name}" if name and f"role.{role}" in t else label


def alarm_detail(t: Texts, kind: AlarmKind, detail: str, moment: Callable[[datetime], str]) -> str | None:
    """Return what an alarm says, None where no pattern fits it; `moment`: writes a time."""
    for key, pattern in _COMPILED.get(kind, ()):
        found = pattern.fullmatch(detail)
        if found is not None:
            return t(f"detail.{key}", **_values(t, found.groupdict(), moment))
    return None


def _values(t: Texts, found: dict[str, str | None], moment: Callable[[datetime], str]) -> dict[str, str]:
    values = {name: value or "" for name, value in found.items()}
    if "at" in values:
        values["at"] = moment(datetime.fromisoformat(values["at"]))
    if "policy" in values and "revision" in values:
        values["policy"] = t.word("policy", values["policy"])
        values["mark"] = f"{t('alert.unverified')}: " if values["mark"] else ""
        counted = f", {values['approved']}/{values['needed']}" if values["approved"] else ""
        values["approved"] = counted
    if "fault" in values:
        values["fault"] = t.word("photo_fault", values["fault"])
    if "action" in values:
        values |= {"action": t.word("do", values["action"]), "by": actor(t, values["by"])}
    return values
