"""Settings: a TOML file and environment variables flow in, one checked struct flows out.

An unknown or impossible value is a `SettingsError` that says which. Bounded: every number here has its range.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from geo.connection import cluster_url
from geo.keys import POSITION_DAYS
from handlers.signing import read_keys
from push.plan import SHIPPED, Policy, fault_of
from push.provider import LaneSettings, providers

ENV_PREFIX = "QQ_ALERT_"

Seconds = Annotated[float, Meta(gt=0, le=3600)]


class SettingsError(Exception):
    """The configuration cannot be used; the text says which value and why, never a secret."""


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class DatabaseSettings(_Section, frozen=True, kw_only=True):
    """PostgreSQL >= 15; without `url` the embedded one."""

    url: str | None = None


class RedisSettings(_Section, frozen=True, kw_only=True):
    """Redis >= 6.2 or Valkey; `url`, or some nodes of a cluster as host:port; without both the embedded one."""

    url: str | None = None
    cluster: Annotated[list[str], Meta(max_length=1000)] = []
    username: str | None = None
    password: str | None = None
    tls: bool = False

    def reached_at(self) -> str | None:
        """Return the URL of what is configured, None for the embedded one."""
        if not self.cluster:
            return self.url
        return cluster_url(self.cluster, username=self.username, password=self.password, tls=self.tls)


class TlsSettings(_Section, frozen=True, kw_only=True):
    """PEM files; `client_ca` asks every client for a certificate."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


class SecuritySettings(_Section, frozen=True, kw_only=True):
    """`encryption_key`: 32 bytes in URL-safe base64, the first encrypts, further ones (comma) still decrypt."""

    encryption_key: str | None = None


class AlertSettings(_Section, frozen=True, kw_only=True):
    """What every alert gets: the policy unless a case names another, and the hard caps on radius and people.

    Late entrants are looked for every so often, and `late_entrants_gap_s` after the last time when
    `late_entrants_burst` reports came from the area.
    """

    policy: str = "qq"
    radius_cap_km: Annotated[float, Meta(gt=0, le=2000)] = 500.0
    audience_cap: Annotated[int, Meta(ge=1)] = 100_000_000
    late_entrants_every_s: Annotated[float, Meta(ge=1, le=3600)] = 300.0
    late_entrants_burst: Annotated[int, Meta(ge=1)] = 1000
    late_entrants_gap_s: Annotated[float, Meta(ge=1, le=3600)] = 60.0


class CitiesSettings(_Section, frozen=True, kw_only=True):
    """Boundaries of cities: a GeoJSON file in WGS-84, and where its six-digit codes are (after a prefix, if any)."""

    file: Path | None = None
    adcode_property: str = "adcode"
    adcode_prefix: str = ""


class PositionSettings(_Section, frozen=True, kw_only=True):
    """A position is forgotten between once and twice `kept_days` after its report."""

    kept_days: Annotated[float, Meta(ge=1, le=90)] = POSITION_DAYS


class MetricsSettings(_Section, frozen=True, kw_only=True):
    """A listener of its own for /metrics, so that it need not be reachable from outside."""

    listen: str | None = None


class LogSettings(_Section, frozen=True, kw_only=True):
    """`auto`: readable on a terminal, JSON elsewhere."""

    format: Annotated[str, Meta(pattern="^(auto|json|console)$")] = "auto"
    level: Annotated[str, Meta(pattern="^(debug|info|warning|error)$")] = "info"


class Settings(_Section, frozen=True, kw_only=True):
    """All of `qq-alert.toml`."""

    listen: str = "127.0.0.1:8470"
    state_dir: Path = Path(".qq-alert")
    grace_s: Seconds = 10.0
    lease_s: Seconds = 10.0
    database: DatabaseSettings = DatabaseSettings()
    redis: RedisSettings = RedisSettings()
    tls: TlsSettings | None = None
    security: SecuritySettings = SecuritySettings()
    alert: AlertSettings = AlertSettings()
    policies: dict[str, Policy] = {}
    cities: CitiesSettings = CitiesSettings()
    positions: PositionSettings = PositionSettings()
    metrics: MetricsSettings = MetricsSettings()
    log: LogSettings = LogSettings()
    lanes: dict[str, LaneSettings] = {}


def load(path: Path | None, environ: dict[str, str] | None = None) -> Settings:
    """Read the file (`qq-alert.toml` if it is there and no other is named), then the environment over it."""
    tree = _read(path)
    _overlay(tree, dict(os.environ) if environ is None else environ)
    lanes = _lanes(tree.pop("lanes", {}))
    try:
        settings = msgspec.convert(tree, Settings, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise SettingsError(str(error)) from None
    return _checked(msgspec.structs.replace(settings, lanes=lanes))


def _lanes(tree: Any) -> dict[str, LaneSettings]:  # noqa: ANN401 - what TOML can hold
    """Read each lane as its provider wants it."""
    if not isinstance(tree, dict):
        raise SettingsError("$.lanes: not a table of lanes")
    lanes: dict[str, LaneSettings] = {}
    for name, section in tree.items():
        provider = providers().get(name)
        if provider is None:
            raise SettingsError(f"$.lanes.{name}: no such lane; known: {', '.join(providers())}")
        try:
            lanes[name] = msgspec.convert(section, provider.settings, strict=False, dec_hook=_path)
        except msgspec.ValidationError as error:
            detail, _, inner = str(error).partition(" - at `$")
            raise SettingsError(f"{detail} - at `$.lanes.{name}{inner.rstrip('`')}`") from None
    return lanes


def _path(kind: type, value: object) -> Path:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise msgspec.ValidationError(f"Expected a path, got {type(value).__name__}")


def _read(path: Path | None) -> dict[str, Any]:
    chosen = path or Path("qq-alert.toml")
    if path is None and not chosen.exists():
        return {}
    try:
        return tomllib.loads(chosen.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{chosen}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{chosen}: {error}") from None


def _overlay(tree: dict[str, Any], environ: dict[str, str]) -> None:
    for name, value in environ.items():
        if not name.startswith(ENV_PREFIX) or name == "QQ_ALERT_PYTHON":
            continue
        *sections, leaf = name.removeprefix(ENV_PREFIX).lower().split("__")
        node = tree
        for section in sections:
            node = node.setdefault(section, {})
            if not isinstance(node, dict):
                raise SettingsError(f"{name}: {section} is not a section")
        node[leaf] = _listed(value)


def _listed(value: str) -> Any:  # noqa: ANN401 - what TOML can hold
    """Read lists and tables as TOML writes them, everything else as text."""
    if not value.startswith(("[", "{")):
        return value
    try:
        return tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return value


def _checked(settings: Settings) -> Settings:
    _check_area(settings)
    address(settings.listen, "$.listen")
    if settings.metrics.listen is not None:
        address(settings.metrics.listen, "$.metrics.listen")
    if settings.security.encryption_key is not None:
        try:
            read_keys(settings.security.encryption_key)
        except ValueError:
            detail = "not 32 bytes in URL-safe base64 (qq-alert key generate prints one)"
            raise SettingsError(f"$.security.encryption_key: {detail}") from None
    for file in (settings.tls.certificate, settings.tls.key, settings.tls.client_ca) if settings.tls else ():
        if file is not None and not file.is_file():
            raise SettingsError(f"$.tls: {file} is not a file")
    return settings


def policies(settings: Settings) -> dict[str, Policy]:
    """Return the policies by name: those shipped that fit the cap, and the configured ones over them."""
    cap_km = settings.alert.radius_cap_km
    return {name: one for name, one in SHIPPED.items() if fault_of(one, cap_km) is None} | settings.policies


def _check_area(settings: Settings) -> None:
    for name, policy in settings.policies.items():
        fault = fault_of(policy, settings.alert.radius_cap_km)
        if fault is not None:
            raise SettingsError(f"$.policies.{name}: {fault}")
    known = policies(settings)
    if settings.alert.policy not in known:
        raise SettingsError(f"$.alert.policy: no such policy within the caps; known: {', '.join(sorted(known))}")
    if settings.redis.url is not None and settings.redis.cluster:
        raise SettingsError("$.redis: url or cluster, not both")
    for number, node in enumerate(settings.redis.cluster):
        address(node, f"$.redis.cluster[{number}]")


def address(listen: str, path: str) -> tuple[str, int]:
    """Split `host:port`; SettingsError naming `path` when that is impossible."""
    host, colon, port = listen.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65535:  # noqa: PLR2004 - the highest port
        raise SettingsError(f"{path}: {listen!r} is not host:port")
    return host.strip("[]"), int(port)
