"""What makes a well-formed case impossible to send, and what its sender should know of it.

Bounded by the case.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from handlers.http.problems import FieldError
from handlers.moments import in_future
from handlers.police.case.own_follow_ups import naming_faults
from handlers.police.case.photos import mistaken_photos
from handlers.police.wording import photo_of, unsayable
from handlers.values.web_address import is_private
from push.alerts.name_matching import names_child
from push.message.content import PHOTO_PUSHED_MAX
from runtime.clock import record_now

if TYPE_CHECKING:
    from handlers.police.case.case import Case
    from push.alerts.planner import FilingPlan

LAST_SEEN_MAX = timedelta(days=30)
"""Ten times the golden 72 hours: a wrong year would make some policies reach the widest ring at once."""

YEARS = (2000, 2100)
"""A year that is not between these is of another calendar, or of none."""


def notes_on_photo(case: Case) -> list[str]:
    """Return what the sender should know of the photo's address."""
    shown = photo_of(case)
    own = [one.photo_url for one in case.missing if one.photo_url is not None]
    others = [f"$.photos[{index}]" for index, photo in enumerate(case.photos) if photo.url != shown]
    notes = notes_on_addresses([] if shown is None else [shown])
    if any(address != shown for address in own):
        notes.append("phones show one photo, the first one")
    return notes + ([f"phones do not show {', '.join(others)}: one photo, of who is missing"] if others else [])


def notes_on_addresses(addresses: list[str]) -> list[str]:
    """Return what the sender should know of the addresses of photos."""
    too_long = f"phones show no photo: its address has over {PHOTO_PUSHED_MAX} characters"
    private = "the public cannot reach the photo: its address is of a private network"
    return [too_long for address in addresses if len(address) > PHOTO_PUSHED_MAX] + [
        private for address in addresses if is_private(address)
    ]


def unsupported(case: Case) -> list[FieldError]:
    """Return why a case cannot be sent although it is well formed."""
    faults = in_future(case.last_seen.at, "$.last_seen.at")
    if not YEARS[0] <= case.reported_at.year <= YEARS[1]:
        faults.append(FieldError("$.reported_at", "of another century: is it of another calendar?"))
    if case.last_seen.at < record_now() - LAST_SEEN_MAX:
        faults.append(
            FieldError("$.last_seen.at", f"more than {LAST_SEEN_MAX.days} days ago: are year and month right?")
        )
    if names_child(case.case_number, [*_names(case), case.contact.phone]):
        faults.append(FieldError("$.case_number", "it stays for ever, so it must not say who the child is"))
    return faults + unsayable(case) + mistaken_photos(case) + naming_faults(case, _names(case))


def requested_area_faults(case: Case, plan: FilingPlan) -> list[FieldError]:
    """Return what is wrong with the area that a case wishes for."""
    if case.area is None:
        return []
    faults: list[FieldError] = []
    if case.area.policy is not None and case.area.policy not in plan.policies:
        faults.append(FieldError("$.area.policy", f"no such policy; known: {', '.join(sorted(plan.policies))}"))
    if case.area.radius_km is not None and case.area.radius_km < plan.radius_min_km:
        faults.append(FieldError("$.area.radius_km", f"at least {plan.radius_min_km:g} km; a policy may have less"))
    if case.area.radius_km is not None and case.area.radius_km > plan.radius_cap_km:
        faults.append(FieldError("$.area.radius_km", f"over the cap of {plan.radius_cap_km:g} km"))
    if case.area.radius_km is not None and case.last_seen.longitude is None:
        faults.append(FieldError("$.area.radius_km", "there are no coordinates to draw a circle around"))
    if case.area.radius_km is None and case.area.policy is None:
        faults.append(FieldError("$.area", "a policy or a radius is needed"))
    return faults


def _names(case: Case) -> list[str]:
    """Return every name by which people know who is missing."""
    return [name for one in case.missing for name in (one.name, *one.nicknames) if name is not None]
