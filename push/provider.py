"""The contract of a provider: its settings, its gateway, what phones show of a message, and the leave to send.

Bounded: every number of a lane's settings has its range.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple, Protocol, TypeVar

import msgspec
from msgspec import Meta

from push.message.rendering import Rendering, TooLarge
from push.message.truncation import MessageTooLargeError
from push.results import RecipientStatus, RequestStatus, SendResult

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Sequence

    from push.message.content import Message

Share = Annotated[float, Meta(ge=0, le=1)]
S = TypeVar("S", bound=msgspec.Struct)


class Addressing(enum.Enum):
    """Whom a provider reaches: accounts by the user's id, or devices by tokens, which the platform reports."""

    ACCOUNTS = "accounts"
    DEVICES = "devices"


class LaneSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every lane has: where its provider is, and how fast it may go (recipients a second).

    `invalid_share` and `invalid_count`: when more than this share of at least so many recipients have invalid tokens,
    the lane stops, because that is our configuration's fault and not theirs. `simulated`: its provider is a simulated
    one on this machine, so that tests may use it; one elsewhere cannot be.
    """

    url: Annotated[str, Meta(pattern="^https?://")]
    rate_per_s: Annotated[float, Meta(gt=0)] | None = None
    workers: Annotated[int, Meta(ge=1, le=512)] = 16
    queue_batches: Annotated[int, Meta(ge=1, le=4096)] = 64
    timeout_s: Annotated[float, Meta(gt=0, le=120)] = 15.0
    misconfigured_probe_s: Annotated[float, Meta(gt=0, le=3600)] = 15.0
    invalid_share: Share = 0.05
    invalid_count: Annotated[int, Meta(ge=1, le=1_000_000)] = 1000
    simulated: bool = False

    @property
    def lane_rate_per_s(self) -> float | None:
        """The rate of the whole lane."""
        return self.rate_per_s


def of_kind(settings: S, own: msgspec.Struct | None) -> S:
    """Return the settings with what is set for one kind of missing person in their place; None: nothing is."""
    if own is None:
        return settings
    given = {name: value for name, value in msgspec.structs.asdict(own).items() if value is not None}
    return msgspec.structs.replace(settings, **given)


STOPPED: Final = SendResult(RequestStatus.FAILING, "stopped", asked=False)
"""The result of a transport that was stopped: nothing was sent, and nothing is known of the provider."""


class Clearance(Protocol):
    """Leave to send one batch, for as long as it stands."""

    def may_send(self) -> bool:
        """Tell whether another request may start now; asked right before each."""

    def may_reach(self, url: str) -> bool:
        """Tell whether a request to `url` may be made at all."""


def withheld(clearance: Clearance, url: str, recipients: int) -> SendResult | None:
    """Return the result of a batch of which nothing may be sent to `url` now, None when it may be sent."""
    if not clearance.may_reach(url):
        return forbidden(recipients)
    return None if clearance.may_send() else STOPPED


def forbidden(recipients: int) -> SendResult:
    """Return the result of a batch whose status forbids its provider: final, and nothing was sent."""
    return SendResult(
        RequestStatus.ANSWERED, "not for this status", [RecipientStatus.REFUSED] * recipients, asked=False
    )


class Gateway(Protocol):
    """A provider: sends one message to at most `recipients_max` recipients, never raises for what the provider answers.

    MessageTooLargeError (`push.message.truncation`) from one that does not return `message_too_large` itself.
    """

    recipients_max: int

    async def send(self, message: Message, recipients: Sequence[bytes], clearance: Clearance) -> SendResult:
        """Send to recipients: user ids as decimal bytes, or device tokens where the provider addresses devices.

        `clearance` is asked right before every request; what it does not allow comes back unsent.
        """

    async def close(self) -> None:
        """Close its connections."""


def tokens_like(pattern: re.Pattern[bytes]) -> Callable[[str], str | None]:
    """Return what reads a token of this form, without the white space around it; None for what is no token."""

    def read(text: str) -> str | None:
        token = text.strip()
        return token if token.isascii() and pattern.fullmatch(token.encode()) else None

    return read


class Provider(NamedTuple):
    """One kind of lane: `open_gateway` takes an instance of `settings`, and the quotas where it `keeps_quotas` itself.

    `rendering` takes an instance of `settings` and a message, and needs no open gateway; MessageTooLargeError from it.
    `read_token`, of a provider that addresses devices: the token that a report means, None for what cannot be one.
    """

    name: str
    addressing: Addressing
    settings: type[LaneSettings]
    open_gateway: Callable[..., Gateway]
    rendering: Callable[[Any, Message], Rendering]
    keeps_quotas: bool = False
    read_token: Callable[[str], str | None] | None = None

    def previewed(self, settings: LaneSettings, message: Message) -> Rendering | TooLarge:
        """Return what phones of a lane would show of a message, or why it cannot be sent there at all."""
        try:
            return self.rendering(settings, message)
        except MessageTooLargeError as error:
            return TooLarge(str(error))
