"""Opens a bucket of S3 by its settings.

Bounded: `CONNECT_S` to connect, `RETRIES` within a call.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from obstore.store import S3Store

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig, S3Config

    from public.settings import S3Settings

CONNECT_S: Final = 2.0

RETRIES: Final = 2
"""Of the store's own client within a call; whoever needs more calls again."""


def bucket_of(name: str, prefix: str, settings: S3Settings, read_s: float, write_s: float) -> ObjectStore:
    """Return a bucket; credentials that are not configured come from the environment of the cloud.

    BaseError or ValueError where it cannot be used.
    """
    config: S3Config = {"region": settings.region}
    if settings.url is not None:
        config["endpoint"] = settings.url
    if settings.access_key_id is not None and settings.secret_access_key is not None:
        config["access_key_id"] = settings.access_key_id
        config["secret_access_key"] = settings.secret_access_key
    client: ClientConfig = {
        "connect_timeout": timedelta(seconds=CONNECT_S),
        "read_timeout": timedelta(seconds=write_s),
        "allow_http": settings.url is not None and settings.url.startswith("http://"),
    }
    retry: RetryConfig = {"max_retries": RETRIES, "retry_timeout": timedelta(seconds=read_s)}
    return S3Store(name, prefix=prefix or None, config=config, client_options=client, retry_config=retry)
