"""Knows what the inbox and what no operator has decided take of the disk, against the quota.

The inbox is listed again and again. What this process stores counts at once, also while it is listed; what others store
counts with the next look. While the first look lasts, or when it fails on its way, what was counted so far counts:
texts are let in then, and photos when it came to its end once. Bounded: `LISTED_MAX` objects a look, none in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from public.objects import Trouble
from public.sightings.intake.inbox import BLOCK_BYTES, disk_bytes

if TYPE_CHECKING:
    from public.objects import Listed, Objects

INBOX: Final = "inbox"
MB: Final = 1_000_000
PHOTOS_SHARE: Final = 0.75
"""What is left of the disk is for texts alone."""

UNPROVED_SHARE: Final = 0.9
"""What is left then is for reports with a proof of work: a flood leaves room for them."""

LISTED_MAX: Final = 2_000_000


class Disk:
    """The quota, and what is known of it; `kept_bytes`: of undecided reports, as the servers say."""

    def __init__(self, objects: Objects, disk_mb: float) -> None:
        self._objects = objects
        self._quota_bytes = disk_mb * MB
        self._inbox_bytes = 0
        self._added_bytes = 0
        self._counting: _Counting | None = None
        self.kept_bytes = 0
        self.is_counted = False
        """A look came to its end."""

    @property
    def is_known(self) -> bool:
        """Tell whether anything is known of the inbox."""
        return self.is_counted or self._inbox_bytes > 0 or (self._counting is not None and self._counting.bytes > 0)

    @property
    def used_bytes(self) -> int:
        """What is taken of the quota, as far as it is known."""
        counted = 0 if self._counting is None else self._counting.bytes + self._added_bytes
        return max(self._inbox_bytes, counted) + self.kept_bytes

    async def look(self) -> None:
        """Count the inbox anew."""
        self._counting, self._added_bytes = _Counting(), 0
        listed = await self._objects.scan(INBOX, self._counting.add, LISTED_MAX)
        counted = self._counting.bytes + self._added_bytes
        if isinstance(listed, Trouble):
            self._inbox_bytes = max(self._inbox_bytes, counted)
        else:
            self._inbox_bytes, self.is_counted = counted, True
        self._counting = None

    def added(self, size_bytes: int, *, with_folder: bool) -> None:
        """Count an object that was stored; `with_folder`: it is the first one of its folder."""
        taken = disk_bytes(size_bytes) + (BLOCK_BYTES if with_folder else 0)
        self._inbox_bytes += taken
        self._added_bytes += taken

    def has_room(self) -> bool:
        """Tell whether anything more may be stored."""
        return self.used_bytes < self._quota_bytes

    def has_room_for_photo(self, size_bytes: int) -> bool:
        """Tell whether a photo may be stored."""
        return self.used_bytes + size_bytes < self._quota_bytes * PHOTOS_SHARE

    def has_room_for_unproved(self) -> bool:
        """Tell whether a report without a proof of work may be stored."""
        return self.used_bytes < self._quota_bytes * UNPROVED_SHARE


class _Counting:
    """Adds up what objects take, with a block for each folder: an upload has one of its own."""

    def __init__(self) -> None:
        self.bytes = 0
        self._folder = ""

    def add(self, listed: Listed) -> None:
        """Count an object; those of a folder follow each other."""
        folder = listed.path.rpartition("/")[0]
        self.bytes += disk_bytes(listed.size_bytes) + (0 if folder == self._folder else BLOCK_BYTES)
        self._folder = folder
