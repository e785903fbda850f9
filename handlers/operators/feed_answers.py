"""What the feed is asked and answers beside its messages.

Bounded by its few fields.
"""

from __future__ import annotations

import msgspec

from handlers.alert_answers import Answer


class Ticket(Answer, frozen=True, kw_only=True):
    """What opens the feed once."""

    ticket: str


class FeedQuery(msgspec.Struct, frozen=True, kw_only=True):
    """From which message to go on, and what opens the feed instead of a bearer token.

    `beat`: any value asks for a message a second where there is nothing to say, by which a page knows that it is live.
    """

    after: str | None = None
    ticket: str | None = None
    beat: str | None = None
