"""The routes of the messaging platform's backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

from msgspec import Meta

from handlers.http.problem_codes import ProblemCode
from handlers.http.roles import Role
from handlers.http.route import JSON, Answer, Body, Route, json_body
from handlers.platform.devices import BODY_BYTES, REPORTS_MAX
from handlers.platform.enrolment import BODY_BYTES as ENROLMENT_BYTES
from handlers.platform.enrolment import AllWithdrawn, Consent, Enrolled, Withdrawn
from handlers.platform.lists import Taken
from handlers.platform.preferences import BODY_BYTES as PREFERENCES_BYTES
from handlers.platform.preferences import LIST_BYTES, PREFERENCES_MAX, PreferencesShown, UserPreferences
from handlers.platform.reports import DeviceReport
from push.message.preferences import Preferences

if TYPE_CHECKING:
    from handlers.platform.devices import Devices
    from handlers.platform.enrolment import Enrolment
    from handlers.platform.preferences import UsersPreferences

REPORTS = Annotated[list[DeviceReport], Meta(max_length=REPORTS_MAX)]
PREFERENCES = Annotated[list[UserPreferences], Meta(max_length=PREFERENCES_MAX)]


class PlatformHandlers(NamedTuple):
    """What answers the platform."""

    devices: Devices
    enrolment: Enrolment
    preferences: UsersPreferences


def _of_preferences(preferences: UsersPreferences) -> list[Route]:
    media = {JSON: PREFERENCES, "application/x-ndjson": UserPreferences, "application/msgpack": PREFERENCES}
    return [
        Route(
            method="GET",
            path="/v1/users/{user}/preferences",
            access=Role.PLATFORM,
            operation="read_preferences",
            summary="What a user prefers; the defaults for one who never said so.",
            tag="platform",
            handler=preferences.get,
            answers=(Answer(200, "What the user prefers.", PreferencesShown),),
            problems=(ProblemCode.BAD_FIELDS,),
        ),
        Route(
            method="PUT",
            path="/v1/users/{user}/preferences",
            access=Role.PLATFORM,
            operation="set_preferences",
            summary="Sets what a user prefers, for every message that is sent from then on; the defaults remove it.",
            tag="platform",
            handler=preferences.put,
            body=json_body(Preferences, PREFERENCES_BYTES),
            answers=(Answer(204, "Set."),),
            problems=(ProblemCode.BAD_FIELDS, ProblemCode.TOO_LARGE),
        ),
        Route(
            method="POST",
            path="/v1/preferences",
            access=Role.PLATFORM,
            operation="set_many_preferences",
            summary="Sets what many users prefer; what is wrong with one never costs the others.",
            tag="platform",
            handler=preferences.post,
            body=Body(LIST_BYTES, None, media),
            answers=(Answer(200, "What was taken and what was not.", Taken),),
            problems=(ProblemCode.TOO_LARGE, ProblemCode.UNREADABLE),
        ),
    ]


def routes(handlers: PlatformHandlers) -> list[Route]:
    """Return the routes."""
    media = {JSON: REPORTS, "application/x-ndjson": DeviceReport, "application/msgpack": REPORTS}
    return [
        Route(
            method="POST",
            path="/v1/devices",
            access=Role.PLATFORM,
            operation="report_devices",
            summary="Takes device reports; one bad report never costs the good ones.",
            tag="platform",
            handler=handlers.devices.post,
            body=Body(BODY_BYTES, None, media),
            answers=(Answer(200, "What was taken and what was not.", Taken),),
            problems=(ProblemCode.TOO_LARGE, ProblemCode.UNREADABLE),
        ),
        Route(
            method="DELETE",
            path="/v1/users/{user}",
            access=Role.PLATFORM,
            operation="forget_user",
            summary="Forgets a user everywhere.",
            tag="platform",
            handler=handlers.devices.delete,
            answers=(Answer(204, "Forgotten."),),
            problems=(ProblemCode.BAD_FIELDS,),
        ),
        *_of_preferences(handlers.preferences),
        Route(
            method="PUT",
            path="/v1/enrolled/{user}",
            access=Role.PLATFORM,
            operation="enrol_user",
            summary="Enrols a user who agreed to be reached by exercises, and records when that was.",
            tag="platform",
            handler=handlers.enrolment.put,
            body=json_body(Consent, ENROLMENT_BYTES),
            answers=(Answer(204, "Enrolled, perhaps before."),),
            problems=(ProblemCode.BAD_FIELDS, ProblemCode.ENROLMENT_FULL, ProblemCode.TOO_LARGE),
        ),
        Route(
            method="DELETE",
            path="/v1/enrolled/{user}",
            access=Role.PLATFORM,
            operation="withdraw_user",
            summary="Withdraws a user from exercises.",
            tag="platform",
            handler=handlers.enrolment.delete,
            answers=(Answer(204, "Not enrolled, perhaps before."),),
            problems=(ProblemCode.BAD_FIELDS,),
        ),
        Route(
            method="GET",
            path="/v1/enrolled",
            access=Role.OPERATOR,
            operation="count_enrolled",
            summary="How many users exercises reach, and when they agreed; never who they are.",
            tag="operators",
            handler=handlers.enrolment.get_count,
            answers=(Answer(200, "How many.", Enrolled),),
        ),
        Route(
            method="POST",
            path="/v1/enrolled/withdrawal",
            access=Role.OPERATOR,
            operation="withdraw_all_users",
            summary="Withdraws everybody from exercises.",
            tag="operators",
            handler=handlers.enrolment.post_withdrawal,
            body=json_body(AllWithdrawn, ENROLMENT_BYTES),
            answers=(Answer(200, "How many they were.", Withdrawn),),
            problems=(ProblemCode.BAD_FIELDS, ProblemCode.TOO_LARGE, ProblemCode.OTHER_AUTHORITY),
        ),
    ]
