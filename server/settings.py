"""Settings: a TOML file and environment variables flow in, one checked struct flows out.

An unknown or impossible value is a `SettingsError` that says which. Bounded: every number here has its range.
"""

from __future__ import annotations

import base64
import os
import tomllib
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from handlers.signing import read_keys

ENV_PREFIX = "QQ_ALERT_"
LANES_KNOWN = ("tpns",)

Seconds = Annotated[float, Meta(gt=0, le=3600)]
Count = Annotated[int, Meta(ge=1, le=4096)]


class SettingsError(Exception):
    """The configuration cannot be used; the text says which value and why, never a secret."""


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class DatabaseSettings(_Section, frozen=True, kw_only=True):
    """PostgreSQL >= 15; without `url` the embedded one."""

    url: str | None = None


class RedisSettings(_Section, frozen=True, kw_only=True):
    """Redis >= 6.2 or Valkey; without `url` the embedded one."""

    url: str | None = None


class TlsSettings(_Section, frozen=True, kw_only=True):
    """PEM files; `client_ca` asks every client for a certificate."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


class SecuritySettings(_Section, frozen=True, kw_only=True):
    """`encryption_key`: 32 bytes in URL-safe base64, the first encrypts, further ones (comma) still decrypt."""

    encryption_key: str | None = None


class AlertSettings(_Section, frozen=True, kw_only=True):
    """What every alert gets."""

    radius_km: Annotated[float, Meta(gt=0, le=500)] = 120.0


class MetricsSettings(_Section, frozen=True, kw_only=True):
    """A listener of its own for /metrics, so that it need not be reachable from outside."""

    listen: str | None = None


class LogSettings(_Section, frozen=True, kw_only=True):
    """`auto`: readable on a terminal, JSON elsewhere."""

    format: Annotated[str, Meta(pattern="^(auto|json|console)$")] = "auto"
    level: Annotated[str, Meta(pattern="^(debug|info|warning|error)$")] = "info"


class LaneSettings(_Section, frozen=True, kw_only=True):
    """One lane: where its provider is, who we are there, and how fast it may go (recipients a second)."""

    url: Annotated[str, Meta(pattern="^https?://")]
    access_id: str
    secret_key: str
    rate_per_s: Annotated[float, Meta(gt=0)] | None = None
    workers: Annotated[int, Meta(ge=1, le=512)] = 16
    queue_batches: Count = 64
    timeout_s: Annotated[float, Meta(gt=0, le=120)] = 15.0
    misconfigured_probe_s: Seconds = 15.0


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
    metrics: MetricsSettings = MetricsSettings()
    log: LogSettings = LogSettings()
    lanes: dict[str, LaneSettings] = {}


def load(path: Path | None, environ: dict[str, str] | None = None) -> Settings:
    """Read the file (`qq-alert.toml` if it is there and no other is named), then the environment over it."""
    tree = _read(path)
    _overlay(tree, dict(os.environ) if environ is None else environ)
    try:
        settings = msgspec.convert(tree, Settings, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise SettingsError(str(error)) from None
    return _checked(settings)


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
        node[leaf] = value


def _checked(settings: Settings) -> Settings:
    for lane in settings.lanes:
        if lane not in LANES_KNOWN:
            raise SettingsError(f"$.lanes.{lane}: no such lane; known: {', '.join(LANES_KNOWN)}")
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


def address(listen: str, path: str) -> tuple[str, int]:
    """Split `host:port`; SettingsError naming `path` when that is impossible."""
    host, colon, port = listen.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65535:  # noqa: PLR2004 - the highest port
        raise SettingsError(f"{path}: {listen!r} is not host:port")
    return host.strip("[]"), int(port)


def encryption_key(settings: Settings) -> str:
    """Return the configured key, or one made once and kept in `state_dir`, outside of the database and its dumps."""
    if settings.security.encryption_key is not None:
        return settings.security.encryption_key
    file = settings.state_dir / "encryption.key"
    settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as handle:
            handle.write(base64.urlsafe_b64encode(os.urandom(32)).decode())
    except FileExistsError:
        pass
    return file.read_text(encoding="ascii").strip()
