"""The floods: a file for each, with a class of it in `FLOODS`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.attack.floods.cap_geometry import CapGeometry
from tests.attack.floods.compressed import Compressed
from tests.attack.floods.hostile_provider import HostileHttp2Provider
from tests.attack.floods.idle import Idle
from tests.attack.floods.nothing import Nothing
from tests.attack.floods.public_feed import PublicFeed

if TYPE_CHECKING:
    from tests.attack.floods.flood import Flood

FLOODS: Final[tuple[Flood, ...]] = (
    Nothing(),
    Idle(),
    Compressed(),
    CapGeometry(),
    PublicFeed(),
    HostileHttp2Provider(),
)
"""The provider comes last: what its lane did not send is still open when the next server starts."""
