"""Reads the settings from a TOML file and the environment into one checked struct.

An unknown or impossible value is a `SettingsError` that names it. Bounded: every number has its range.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from handlers.auth.webhook_signatures import read_keys
from public.pages.texts import languages
from push.alerts.rings import SHIPPED, USUAL_BY_KIND, Policy, fault_of
from push.delivery.clearance import on_this_machine
from push.discovery import providers
from push.message.links import AlertLinks
from server.environment import EnvironmentVariableError, overlay
from server.settings_sections import Settings, TlsSettings

if TYPE_CHECKING:
    from push.notice import SubjectKind
    from push.provider import LaneSettings

__all__ = ["Settings", "SettingsError", "TlsSettings", "address", "load", "policies"]


_BY_EVENT: Final = "late entrants are notified when they report, and no burst of reports causes a pass"
REMOVED: Final = {"alert": {"late_entrants_burst": _BY_EVENT, "late_entrants_gap_s": _BY_EVENT}}
"""Settings of earlier versions, with what came in their place."""


class SettingsError(Exception):
    """The configuration cannot be used; the text names the value and the reason, and holds no secret."""


def load(path: Path | None, environ: dict[str, str] | None = None) -> Settings:
    """Read the file (by default `qq-alert.toml`, if it exists), then the environment, which overrides it."""
    tree = _read(path)
    try:
        overlay(tree, dict(os.environ) if environ is None else environ)
    except EnvironmentVariableError as error:
        raise SettingsError(str(error)) from None
    _refuse_removed(tree)
    lanes = _lanes(tree.pop("lanes", {}))
    try:
        settings = msgspec.convert(tree, Settings, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise SettingsError(str(error)) from None
    return _checked(msgspec.structs.replace(settings, lanes=lanes))


def _refuse_removed(tree: dict[str, Any]) -> None:
    """Say what became of a setting of an earlier version, instead of that it is unknown."""
    for section, names in REMOVED.items():
        table = tree.get(section)
        given = table if isinstance(table, dict) else {}
        for name, why in names.items():
            if name in given:
                raise SettingsError(f"$.{section}.{name}: no setting any more, leave it out: {why}")


def _lanes(tree: Any) -> dict[str, LaneSettings]:  # noqa: ANN401 - what TOML can hold
    """Convert the table of each lane to the settings of its provider."""
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


def _checked(settings: Settings) -> Settings:
    _check_area(settings)
    _check_kinds(settings)
    _check_simulated(settings)
    _check_retention(settings)
    _check_issuer(settings)
    _check_languages(settings)
    _check_zone("$.alert.sound.time_zone", settings.alert.sound.time_zone)
    _check_zone("$.alert.time_zone", settings.alert.zone_of_texts)
    address(settings.listen, "$.listen")
    if settings.metrics.listen is not None:
        address(settings.metrics.listen, "$.metrics.listen")
    elif settings.share_port:
        raise SettingsError("$.share_port: each server needs a [metrics] listen of its own, or probes ask any of them")
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


def _check_simulated(settings: Settings) -> None:
    for name, lane in settings.lanes.items():
        if lane.simulated and not on_this_machine(lane.url):
            raise SettingsError(f"$.lanes.{name}.simulated: only a provider at a loopback address (in digits) can be")


def _check_issuer(settings: Settings) -> None:
    issuer = settings.console.oidc
    if issuer is None:
        return
    if not issuer.issuer.startswith("https://") and not on_this_machine(issuer.issuer):
        raise SettingsError("$.console.oidc.issuer: only with TLS; without it one at a loopback address (in digits)")
    if issuer.ca_file is not None and not issuer.ca_file.is_file():
        raise SettingsError(f"$.console.oidc.ca_file: {issuer.ca_file} is not a file")


def _check_languages(settings: Settings) -> None:
    for language in settings.public.languages:
        if language not in languages():
            raise SettingsError(f"$.public.languages: no pages in {language}; there are {', '.join(languages())}")


def _check_retention(settings: Settings) -> None:
    kept = settings.retention
    if not kept.child_after_found_h <= kept.child_h <= kept.recipients_h:
        raise SettingsError("$.retention: not child_after_found_h <= child_h <= recipients_h")


def policies(settings: Settings) -> dict[str, Policy]:
    """Return the policies by name: the built-in ones that fit the cap, and the configured ones, which override them."""
    cap_km = settings.alert.radius_cap_km
    return {name: one for name, one in SHIPPED.items() if fault_of(one, cap_km) is None} | settings.policies


def links_of(settings: Settings) -> AlertLinks:
    """Return where a tap leads: the configured addresses, else the page of the alert, where it has one."""
    links, site = settings.alert.links, settings.public.url
    if site is None or not site.startswith("https://"):
        return AlertLinks(links=links)
    if links.web_link is None:
        links = msgspec.structs.replace(links, web_link=f"{site}/p/{{code}}#p")
    return AlertLinks(links=links, site=site)


def policy_by_kind(settings: Settings) -> dict[SubjectKind, str]:
    """Return the default policies of those who have another one than `alert.policy`."""
    known = policies(settings)
    usual = {kind: name for kind, name in USUAL_BY_KIND.items() if name in known}
    return usual | {kind: one.policy for kind, one in settings.alert.kinds.items() if one.policy is not None}


def _check_kinds(settings: Settings) -> None:
    known = policies(settings)
    for kind, one in settings.alert.kinds.items():
        path = f"$.alert.kinds.{kind.value}"
        if one.policy is not None and one.policy not in known:
            raise SettingsError(f"{path}.policy: no such policy within the caps; known: {', '.join(sorted(known))}")
        if one.sound is not None:
            _check_zone(f"{path}.sound.time_zone", one.sound.time_zone)


def _check_area(settings: Settings) -> None:
    for name, policy in settings.policies.items():
        fault = fault_of(policy, settings.alert.radius_cap_km)
        if fault is not None:
            raise SettingsError(f"$.policies.{name}: {fault}")
    known = policies(settings)
    if settings.alert.policy not in known:
        raise SettingsError(f"$.alert.policy: no such policy within the caps; known: {', '.join(sorted(known))}")
    if settings.database.owner_url is not None and settings.database.url is None:
        raise SettingsError("$.database.owner_url: only with url; the embedded PostgreSQL has two roles by itself")
    if settings.redis.url is not None and settings.redis.cluster:
        raise SettingsError("$.redis: url or cluster, not both")
    for number, node in enumerate(settings.redis.cluster):
        address(node, f"$.redis.cluster[{number}]")


def _check_zone(path: str, name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(f"{path}: no such time zone: {name}") from None


def address(listen: str, path: str) -> tuple[str, int]:
    """Split `host:port`; SettingsError, which names `path`, for anything else."""
    host, colon, port = listen.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65535:  # noqa: PLR2004 - the highest port
        raise SettingsError(f"{path}: {listen!r} is not host:port")
    return host.strip("[]"), int(port)
