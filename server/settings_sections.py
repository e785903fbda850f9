"""Defines the sections of the settings and the range of each value; `server.settings` reads them.

An unknown name is an error. Bounded: every number has its range.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from geo.connection import cluster_url
from geo.index.keys import POSITION_DAYS
from handlers.auth.limits import LimitSettings
from handlers.console.signing_in.issuer.settings import OidcSettings
from public.settings import PublicSettings
from push.alerts.disclosure.people import PEOPLE_MIN
from push.alerts.estimate import ESTIMATE_WITHIN_S
from push.alerts.planner import RADIUS_MIN_KM, UNIT_PEOPLE
from push.alerts.rings import Policy
from push.message.links import Links
from push.message.sound import Sound, ZoneName
from push.notice import SubjectKind
from push.provider import LaneSettings

Seconds = Annotated[float, Meta(gt=0, le=3600)]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file."""


class DatabaseSettings(Section, frozen=True, kw_only=True):
    """PostgreSQL >= 15; without `url` the embedded one.

    `owner_url`: the same database as the owner of the schema, who migrates it and gives the role of `url` its rights.
    Without it `url` migrates, too, and what runs as that role can change the audit trail unseen.
    """

    url: str | None = None
    owner_url: str | None = None


class RedisSettings(Section, frozen=True, kw_only=True):
    """Redis >= 6.2 or Valkey: `url`, or some nodes of a cluster as host:port; without both the embedded one.

    Log in as the one user of docs/redis.md, which may do what servers do and nothing else.
    """

    url: str | None = None
    cluster: Annotated[list[str], Meta(max_length=1000)] = []
    username: str | None = None
    password: str | None = None
    tls: bool = False

    def reached_at(self) -> str | None:
        """Return the configured URL, None for the embedded one."""
        if not self.cluster:
            return self.url
        return cluster_url(self.cluster, username=self.username, password=self.password, tls=self.tls)


class TlsSettings(Section, frozen=True, kw_only=True):
    """PEM files; with `client_ca` every client needs a certificate of that CA."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


class SecuritySettings(Section, frozen=True, kw_only=True):
    """`encryption_key`: 32 bytes in URL-safe base64; of several, with commas, the first encrypts and all decrypt.

    Keys of tickets and of what Redis remembers are derived from it: servers on the same stores have the same.

    A secret, token or certificate that expires within `expires_soon_days` raises an alarm.
    """

    encryption_key: str | None = None
    expires_soon_days: Annotated[float, Meta(gt=0, le=365)] = 14.0


class KindSettings(Section, frozen=True, kw_only=True):
    """What is different where one kind of person is missing: the default policy, and how a message sounds."""

    policy: str | None = None
    sound: Sound | None = None


class AlertSettings(Section, frozen=True, kw_only=True):
    """The default policy of alerts, and the hard caps on their radius, people and life.

    Texts give times in `time_zone`, else in that of `sound`; an authority may have another.

    Late entrants are notified when they report; a pass for whom no report was noted comes every
    `late_entrants_every_s`. `sound` and `links`: how a message sounds, and what a tap opens. `kinds`: the policy and
    the sound where a `child`, a person with `dementia` or one with a `disability` is missing; without them the last two
    have the policy `nearby`.
    `unit_people`: recipients of a unit of work, about, which is what processes share and take turns with.
    `estimate_within_s`: how long a case waits for its estimate; without one the cap on people holds only once it is
    reached, and an index that lost its people is not told from an area without any.
    """

    policy: str = "qq"
    time_zone: ZoneName | None = None
    radius_cap_km: Annotated[float, Meta(gt=0, le=2000)] = 500.0
    audience_cap: Annotated[int, Meta(ge=1)] = 100_000_000
    life_max_h: Annotated[float, Meta(ge=72, le=720)] = 168.0
    late_entrants_every_s: Annotated[float, Meta(ge=1, le=86_400)] = 3600.0
    unit_people: Annotated[int, Meta(ge=1, le=10_000_000)] = UNIT_PEOPLE
    estimate_within_s: Annotated[float, Meta(ge=0.05, le=10)] = ESTIMATE_WITHIN_S
    sound: Sound = Sound()
    kinds: dict[SubjectKind, KindSettings] = {}
    links: Links = Links()

    @property
    def zone_of_texts(self) -> str:
        """The time zone in which texts give times."""
        return self.time_zone or self.sound.time_zone


class PrivacySettings(Section, frozen=True, kw_only=True):
    """From how many people on a number is shown, and the least radius that may be chosen.

    `people_min`: fewer are null in every answer, feed and metric; 1 shows all, for demonstrations alone.
    `radius_min_km`: of estimates, of the `area` of a case, and of a wider ring; policies have their own.
    """

    people_min: Annotated[int, Meta(ge=1, le=1_000_000)] = PEOPLE_MIN
    radius_min_km: Annotated[float, Meta(ge=1, le=100)] = RADIUS_MIN_KM


class RetentionSettings(Section, frozen=True, kw_only=True):
    """How long the child's data and the recipients are kept after the end of an alert.

    `look_s`: the poll interval for what is due.
    """

    child_after_found_h: Annotated[float, Meta(ge=0.1, le=720)] = 1.0
    child_h: Annotated[float, Meta(ge=0.1, le=720)] = 24.0
    recipients_h: Annotated[float, Meta(ge=1, le=8760)] = 720.0
    look_s: Annotated[float, Meta(ge=0.1, le=3600)] = 30.0


class AuditSettings(Section, frozen=True, kw_only=True):
    """The head of the audit trail, written down outside of the database every `anchor_every_s` while it changes.

    It is a log event, and where `anchor_file` is set a line that is appended to that file, too.
    """

    anchor_file: Path | None = None
    anchor_every_s: Annotated[float, Meta(ge=0.1, le=3600)] = 300.0


class CapSettings(Section, frozen=True, kw_only=True):
    """For publishing as CAP 1.2: the key and certificate (PEM) to sign with, the sender, and our public address.

    Without a key nothing is published.
    """

    key_file: Path | None = None
    certificate_file: Path | None = None
    sender: Annotated[str, Meta(pattern=r"^[^\s,<&]+\Z", max_length=200)] = "qq-alert"
    sender_name: Annotated[str, Meta(min_length=1, max_length=200)] = "QQ Alert"
    public_url: Annotated[str, Meta(pattern=r"^https?://\S+[^/\s]\Z", max_length=300)] = "http://127.0.0.1:8470"


class ConsoleSettings(Section, frozen=True, kw_only=True):
    """The operator console under /console: whether it is served, and whether browsers reach it over TLS.

    `encrypted`: null where this server itself says so by `[tls]`; true behind a proxy that ends TLS. Without TLS people
    sign in on this machine only. `passkeys_required`: for approval, release and cancel at the console. `tiles`:
    pictures under maps, such as `https://tiles.example/{z}/{x}/{y}.png`; null: there are none, and no page fetches
    anything from anywhere else. `tiles_attribution`: whom maps name for them. `oidc`: the issuer by which people sign
    in; without it they do by bearer tokens.
    """

    enabled: bool = True
    encrypted: bool | None = None
    passkeys_required: bool = False
    tiles: Annotated[str, Meta(pattern=r"^https?://[A-Za-z0-9.{}:-]+/[^\s;,'\"]*$")] | None = None
    tiles_attribution: str = ""
    oidc: OidcSettings | None = None


class CitiesSettings(Section, frozen=True, kw_only=True):
    """The boundaries of cities: a GeoJSON file in WGS-84, the property of its six-digit code, and a prefix of that."""

    file: Path | None = None
    adcode_property: str = "adcode"
    adcode_prefix: str = ""


class PositionSettings(Section, frozen=True, kw_only=True):
    """A position is deleted between once and twice `kept_days` after its report."""

    kept_days: Annotated[float, Meta(ge=1, le=90)] = POSITION_DAYS


class MetricsSettings(Section, frozen=True, kw_only=True):
    """`listen`: a separate address for /metrics, which need not be reachable from outside.

    There are all metrics, by alert where they are about one; those of the public address say nothing of a person, an
    authority or an alert. It answers /health and /ready as well, without the certificate of a client.
    """

    listen: str | None = None


class LogSettings(Section, frozen=True, kw_only=True):
    """`auto`: readable on a terminal, JSON elsewhere."""

    format: Annotated[str, Meta(pattern=r"^(auto|json|console)\Z")] = "auto"
    level: Annotated[str, Meta(pattern=r"^(debug|info|warning|error)\Z")] = "info"


class Settings(Section, frozen=True, kw_only=True):
    """All of `qq-alert.toml`. For `drain_s` before it stops, a server says that it is not ready and still serves.

    `share_port`: several servers of this machine listen on the same address, and Linux spreads connections over them.
    """

    listen: str = "127.0.0.1:8470"
    share_port: bool = False
    state_dir: Path = msgspec.field(default_factory=lambda: Path(".qq-alert"))
    drain_s: Annotated[float, Meta(ge=0, le=300)] = 0.0
    grace_s: Seconds = 10.0
    lease_s: Seconds = 10.0
    database: DatabaseSettings = DatabaseSettings()
    redis: RedisSettings = RedisSettings()
    tls: TlsSettings | None = None
    security: SecuritySettings = SecuritySettings()
    limits: LimitSettings = LimitSettings()
    alert: AlertSettings = AlertSettings()
    policies: dict[str, Policy] = {}
    privacy: PrivacySettings = PrivacySettings()
    retention: RetentionSettings = RetentionSettings()
    audit: AuditSettings = AuditSettings()
    cap: CapSettings = CapSettings()
    console: ConsoleSettings = ConsoleSettings()
    public: PublicSettings = PublicSettings()
    cities: CitiesSettings = CitiesSettings()
    positions: PositionSettings = PositionSettings()
    metrics: MetricsSettings = MetricsSettings()
    log: LogSettings = LogSettings()
    lanes: dict[str, LaneSettings] = {}
