"""Keeps objects in a folder or in S3: what is published, what strangers sent, and pictures before they are published.

A put is whole or not at all, and replaces what was there. Whatever a store does wrong comes back as `Trouble`. In a
folder a put survives the death of its process, and that of the machine when its file system has written it.
Bounded: `READ_S` and `WRITE_S` a call, the latter with a second more for each `BYTES_PER_S`; of a list for each
`LISTED_AT_ONCE` names; `OBJECT_BYTES` an object, `LISTED_MAX` a list.
"""

from __future__ import annotations

import asyncio
import enum
import threading
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import unquote, urlsplit

import msgspec
import obstore
import structlog
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore

from public.bucket import bucket_of
from public.staged_files import remove_staged

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from obstore.store import ObjectStore

    from public.settings import PublicSettings

READ_S: Final = 5.0
"""Far longer than any object of ours takes to be read, and less than a person waits for a page."""

WRITE_S: Final = 10.0
BYTES_PER_S: Final = 1_000_000

OBJECT_BYTES: Final = 128 * 1024 * 1024
"""More than the largest photo that can be allowed (`[public.sightings] photo_mb`)."""

PUT_S: Final = WRITE_S + OBJECT_BYTES / BYTES_PER_S
"""No put takes longer."""

STAGED_S: Final = 600.0
"""To look through all folders for what interrupted puts left: a hundred thousand of them take two minutes."""

LISTED_MAX: Final = 100_000
LISTED_AT_ONCE: Final = 1_000
"""As many as S3 returns for one request."""

DELETED_AT_ONCE: Final = 1_000
"""As many as S3 takes in one request."""

_log = structlog.get_logger("public.objects")
_T = TypeVar("_T")


class Trouble(enum.Enum):
    """Why a store did not do what it was asked for."""

    MISSING = "missing"
    EXISTS = "exists"
    TOO_LARGE = "too large"
    UNAVAILABLE = "unavailable"


class Listed(msgspec.Struct, frozen=True):
    """What a store says of an object: `changed_at` by the store's clock."""

    path: str
    size_bytes: int
    changed_at: datetime


class ObjectsAddressError(ValueError):
    """The configured address of the objects cannot be used; the text says why."""


class Objects:
    """The objects of one folder or bucket, by their paths, as `published/p/CODE/state.json`."""

    def __init__(self, store: ObjectStore, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder

    async def put(
        self,
        path: str,
        content: bytes,
        *,
        media_type: str = "",
        cache_control: str = "",
        is_new: bool = False,
    ) -> Trouble | None:
        """Store an object; None when that is done. `is_new`: EXISTS where there is one already, which stays.

        After UNAVAILABLE it may be stored all the same, at once or later. Whoever reads a bucket without us gets
        `media_type` and `cache_control` with the object.
        """
        if len(content) > OBJECT_BYTES:
            return Trouble.TOO_LARGE
        attributes = {"Content-Type": media_type, "Cache-Control": cache_control}
        known = {} if self._folder is not None else {name: value for name, value in attributes.items() if value}

        async def work() -> None:
            await obstore.put_async(
                self._store,
                path,
                content,
                mode="create" if is_new else "overwrite",
                attributes=known or None,
                use_multipart=False,
            )

        done = await _answer("put", work, WRITE_S + len(content) / BYTES_PER_S)
        return done if isinstance(done, Trouble) else None

    async def get(self, path: str, at_most_bytes: int = OBJECT_BYTES) -> bytes | Trouble:
        """Return an object's bytes."""

        async def work() -> bytes | Trouble:
            found = await obstore.get_async(self._store, path)
            return Trouble.TOO_LARGE if found.meta["size"] > at_most_bytes else bytes(await found.bytes_async())

        return await _answer("get", work, READ_S + at_most_bytes / BYTES_PER_S)

    async def head(self, path: str) -> Listed | Trouble:
        """Return what is known of an object without its bytes."""

        async def work() -> Listed:
            meta = await obstore.head_async(self._store, path)
            return Listed(meta["path"], meta["size"], meta["last_modified"])

        return await _answer("head", work, READ_S)

    async def list(self, folder: str, at_most: int = LISTED_MAX) -> list[Listed] | Trouble:
        """Return the objects below a folder, in no order; at most so many, and there may be more."""
        found: list[Listed] = []
        trouble = await self.scan(folder, found.append, at_most)
        return trouble if isinstance(trouble, Trouble) else found

    async def scan(self, folder: str, each: Callable[[Listed], None], at_most: int) -> int | Trouble:
        """Hand the objects below a folder to `each`, in no order, and return how many; at most so many.

        However many there are, they take no memory here. The store has `WRITE_S` for each `LISTED_AT_ONCE` of them.
        After `Trouble` some may have been handed over.
        """

        async def work() -> int:
            count = 0
            chunks = aiter(obstore.list(self._store, folder, chunk_size=min(at_most, LISTED_AT_ONCE)))
            while count < at_most:
                async with asyncio.timeout(WRITE_S):
                    chunk = await anext(chunks, None)
                if chunk is None:
                    break
                for one in chunk[: at_most - count]:
                    each(Listed(one["path"], one["size"], one["last_modified"]))
                    count += 1
            return count

        return await _answer("list", work, WRITE_S * (1 + at_most // LISTED_AT_ONCE))

    async def delete(self, paths: Sequence[str]) -> Trouble | None:
        """Delete objects; None when none of them is there any more."""
        for start in range(0, len(paths), DELETED_AT_ONCE):
            some = list(paths[start : start + DELETED_AT_ONCE])

            async def work(some: Sequence[str] = some) -> None:
                # In a folder the first that is missing would keep the others.
                for batch in [some] if self._folder is None else [[path] for path in some]:
                    await _unless_missing(obstore.delete_async(self._store, batch))

            done = await _answer("delete", work, WRITE_S)
            if isinstance(done, Trouble):
                return done
        return None

    async def delete_staged(self, folder: str, older_than_s: float = PUT_S) -> int | Trouble:
        """Delete what interrupted puts left below a folder, which no list has; returns how many.

        Younger ones may be puts that go on; 0 takes these, too.
        """
        if self._folder is None:
            return 0
        root, stop = self._folder, threading.Event()

        async def work() -> int:
            return await asyncio.to_thread(remove_staged, root, folder, older_than_s, stop)

        try:
            return await _answer("delete staged", work, STAGED_S)
        finally:
            stop.set()

    async def delete_below(self, folder: str) -> Trouble | None:
        """Delete all objects below a folder, with what interrupted puts left there; None when that is done."""
        staged = await self.delete_staged(folder, older_than_s=0)
        if isinstance(staged, Trouble):
            return staged
        while True:
            found = await self.list(folder)
            if isinstance(found, Trouble):
                return found
            if not found:
                return None
            trouble = await self.delete([one.path for one in found])
            if trouble is not None:
                return trouble


async def _answer(name: str, work: Callable[[], Awaitable[_T]], within_s: float) -> _T | Trouble:
    """Await a store's answer; what it raises is `Trouble`."""
    try:
        async with asyncio.timeout(within_s):
            return await work()
    except FileNotFoundError:
        return Trouble.MISSING
    except AlreadyExistsError:
        return Trouble.EXISTS
    except (BaseError, OSError, TimeoutError, ValueError) as error:
        # The text of the error may have addresses and paths.
        _log.warning("objects.unavailable", call=name, error=type(error).__name__)
        return Trouble.UNAVAILABLE


async def _unless_missing(deletion: Awaitable[None]) -> None:
    try:
        await deletion
    except FileNotFoundError:
        return


def objects_of(settings: PublicSettings, state_dir: Path) -> Objects:
    """Return the configured objects, by default of a folder of `state_dir`; ObjectsAddressError says what is wrong."""
    if settings.objects is None:
        return _in_folder(default_folder(state_dir))
    address = urlsplit(settings.objects)
    if address.scheme == "s3":
        try:
            return Objects(bucket_of(address.netloc, address.path.strip("/"), settings.s3, READ_S, WRITE_S))
        except (BaseError, ValueError) as error:
            detail = f"the bucket {address.netloc} cannot be used: {type(error).__name__}"
            raise ObjectsAddressError(detail) from None
    if address.netloc:
        raise ObjectsAddressError("a folder is written with three slashes: file:///folder")
    return _in_folder(Path(unquote(address.path)))


def default_folder(state_dir: Path) -> Path:
    """Return where the objects are that are not configured."""
    return state_dir.absolute() / "objects"


def _in_folder(folder: Path) -> Objects:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return Objects(LocalStore(folder, automatic_cleanup=True), folder)
    except (BaseError, OSError) as error:
        raise ObjectsAddressError(f"the folder {folder} cannot be used: {type(error).__name__}") from None
