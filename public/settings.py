"""The settings of what strangers see and say; `server.settings` reads them.

An unknown name is an error. Bounded: every number has its range.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

Port = Annotated[int, Meta(ge=1, le=65_535)]


class S3Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to reach a bucket where the environment of the cloud does not say it; `url` of a store of one's own."""

    url: Annotated[str, Meta(pattern=r"^https?://\S+\Z")] | None = None
    region: str = "us-east-1"
    access_key_id: str | None = None
    secret_access_key: str | None = None


class SightingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much strangers may report: what is beyond it is refused, and said so to whoever reports.

    `photo_mb`: the largest photo. `disk_mb`: all reports and photos that no operator has dealt with and that wait to be
    taken in; a quarter of it is for texts alone, and a tenth for reports with a proof of work. `block_per_h`: reports
    from one address block (IPv4 /24, IPv6 /48) for one alert. `trusted_proxies`: networks of proxies whose
    `X-Forwarded-For` says where a report comes from.
    """

    photo_mb: Annotated[float, Meta(gt=0, le=100)] = 20.0
    disk_mb: Annotated[float, Meta(ge=10, le=10_000_000)] = 20_000.0
    block_per_h: Annotated[int, Meta(ge=1, le=100_000)] = 30
    trusted_proxies: Annotated[tuple[str, ...], Meta(max_length=256)] = ("127.0.0.0/8", "::1/128")


PurgeHook = Annotated[str, Meta(pattern=r"^(?:(?:POST|PURGE|DELETE|GET) )?(?:https?://\S+|\{url\})\Z", max_length=500)]


class PublicSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The pages of alerts: `url` is the address under which people open them; without it there are none.

    `objects`: where they are published: `file:///folder` or `s3://bucket/prefix`; by default a folder of `state_dir`.
    `listen`: where `serve-public` does. `purge`: addresses to call when a page changed, with `{url}` for each address
    of the page and `{code}` for its code as surrogate key, after another method than POST where one is meant
    (`PURGE {url}`); `purge_headers` go with them. `map_review_number`: what is to stand under maps. `card_shows_child`:
    whether the picture for shared links has name and photo. `languages`: of pages; the first is the default.
    `fonts`: files and folders of fonts for cards and posters, before the one that comes with the server. `photo_hosts`:
    the only hosts from which pictures of cases are fetched; empty: any that is public. `photo_addresses`: networks that
    they may be in although they are internal, as 10.1.2.0/24. `photo_ports`: where they listen.
    """

    url: Annotated[str, Meta(pattern=r"^https?://\S+[^/\s]\Z", max_length=200)] | None = None
    objects: Annotated[str, Meta(pattern=r"^(file|s3)://\S+\Z")] | None = None
    s3: S3Settings = S3Settings()
    listen: str = "127.0.0.1:8480"
    languages: Annotated[tuple[str, ...], Meta(min_length=1, max_length=16)] = ("zh-CN", "en")
    purge: Annotated[list[PurgeHook], Meta(max_length=8)] = []
    purge_headers: dict[str, str] = {}
    map_review_number: Annotated[str, Meta(max_length=100)] = ""
    card_shows_child: bool = False
    fonts: Annotated[list[str], Meta(max_length=20)] = []
    photo_hosts: Annotated[list[str], Meta(max_length=100)] = []
    photo_addresses: Annotated[list[str], Meta(max_length=100)] = []
    photo_ports: Annotated[tuple[Port, ...], Meta(min_length=1, max_length=20)] = (80, 443)
    sightings: SightingSettings = SightingSettings()
