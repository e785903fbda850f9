"""How a case ended, as police and operators say it: an outcome in one word, and how the child was found.

Sealed: no answer but that of `/v1/alerts/{id}/outcome` has it. Bounded by the fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
import numpy as np
from msgspec import Meta

from geo.crs import Crs, to_wgs84
from handlers.http.problems import FieldError
from handlers.moments import Moment, in_future
from push.alerts.outcomes import AfterAction, CaseOutcome, Ending, Evidence, FoundBy, FoundPlace

if TYPE_CHECKING:
    from typing import Protocol

    class Report(Protocol):
        """What a request says of how a case ended."""

        @property
        def through_alert(self) -> bool | None:
            """Whether because of the alert."""

        @property
        def outcome(self) -> CaseOutcome | None:
            """How it ended."""

        @property
        def after_action(self) -> FoundReport | None:
            """What is known of how the child was found."""


class FoundReport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of how a child was found; of the place (degrees in `crs`) only the distance is kept."""

    found_at: Moment | None = None
    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None
    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None
    crs: Crs = Crs.WGS84
    by: FoundBy | None = None
    evidence: Evidence | None = None


def ending_of(report: Report) -> Ending | list[FieldError]:
    """Return what is said of the end, or what cannot be meant."""
    found, path = report.after_action, "$.after_action"
    if found is None:
        return Ending(through_alert=report.through_alert, outcome=report.outcome)
    errors = in_future(found.found_at, f"{path}.found_at")
    if (found.longitude is None) != (found.latitude is None):
        errors.append(FieldError(path, "longitude and latitude belong together"))
    if errors:
        return errors
    return Ending(
        through_alert=report.through_alert,
        outcome=report.outcome,
        after_action=AfterAction(found_at=found.found_at, by=found.by, evidence=found.evidence),
        place=_place(found),
    )


def _place(found: FoundReport) -> FoundPlace | None:
    if found.longitude is None or found.latitude is None:
        return None
    longitudes, latitudes = to_wgs84(np.array([found.longitude]), np.array([found.latitude]), found.crs)
    return FoundPlace(float(longitudes[0]), float(latitudes[0]))
