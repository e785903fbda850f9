"""The routes of the police."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from handlers.action_requests import BODY_BYTES as NOTICE_BYTES
from handlers.alert_answers import FiledAnswer
from handlers.http.problem_codes import ProblemCode
from handlers.http.roles import Proof, Role
from handlers.http.route import JSON, Answer, Body, Route, json_body
from handlers.http.serving.large_bodies import AT_ONCE as PHOTOS_AT_ONCE
from handlers.police.answers import DraftAnswer
from handlers.police.case.case import BODY_BYTES, Case
from handlers.police.case.update import CaseUpdate
from handlers.police.countersignatures import Countersignature
from handlers.police.exercises import BODY_BYTES as EXERCISE_BYTES
from handlers.police.exercises import NewExercise
from handlers.police.notices import PoliceNotice
from handlers.police.photos import BODY_BYTES as PHOTO_BYTES
from handlers.police.photos import NewPhoto
from handlers.police.places import NewPlace

if TYPE_CHECKING:
    from handlers.police.countersignatures import Countersignatures
    from handlers.police.exercises import Exercises
    from handlers.police.intake import Intake
    from handlers.police.notices import Notices
    from handlers.police.photos import NewPhotos
    from handlers.police.places import NewPlaces
    from handlers.police.updates import Updates

SIGNED = ("webhook-id", "webhook-timestamp", "webhook-signature")
OF_ALL = (
    ProblemCode.INVALID_SIGNATURE,
    ProblemCode.TOO_LARGE,
    ProblemCode.BAD_FIELDS,
    ProblemCode.UNREADABLE,
    ProblemCode.NOT_POSSIBLE,
    ProblemCode.SUPERSEDED,
    ProblemCode.UNREADABLE_ALERT,
    ProblemCode.UNREADABLE_AUTHORITY,
    ProblemCode.NOTHING_NEW,
    ProblemCode.RATE_LIMITED,
    ProblemCode.TOO_MANY_FAILURES,
    ProblemCode.STORE_UNAVAILABLE,
)


OF_SHARING = (
    ProblemCode.UNKNOWN_AUTHORITY,
    ProblemCode.OTHER_AUTHORITY,
    ProblemCode.WRONG_CASE_NUMBER,
    ProblemCode.ALERT_OVER,
    ProblemCode.REVISION_CHANGED,
    ProblemCode.PROPOSAL_WAITS,
    ProblemCode.TOO_MANY_CHANGES,
    ProblemCode.NOT_UNITED,
    ProblemCode.UNKNOWN_ALERT,
)


class PoliceHandlers(NamedTuple):
    """What answers the police."""

    intake: Intake
    notices: Notices
    places: NewPlaces
    photos: NewPhotos
    countersignatures: Countersignatures
    updates: Updates
    exercises: Exercises


def routes(handlers: PoliceHandlers) -> list[Route]:
    """Return the routes."""
    filed = (FiledAnswer, DraftAnswer)
    return [
        Route(
            method="POST",
            path="/v1/intake/{authority}",
            access=Proof.SIGNATURE,
            operation="file_case",
            summary="The police webhook: files a case, or takes CAP 1.2, which is signed in itself.",
            tag="police",
            handler=handlers.intake.post,
            body=Body(BODY_BYTES, None, {JSON: Case, "application/cap+xml": str}),
            headers=SIGNED,
            answers=(
                Answer(202, "A new alert, or a draft.", filed),
                Answer(200, "The case stands, or was updated or cancelled by CAP; its alert, or the draft.", filed),
            ),
            problems=(
                *OF_ALL,
                ProblemCode.UNKNOWN_REFERENCE,
                ProblemCode.CASE_CONFLICT,
                ProblemCode.CASE_OVER,
                ProblemCode.WEBHOOK_ID_REUSED,
                ProblemCode.UNUSABLE_CASE,
                ProblemCode.UNUSABLE_DOCUMENT,
                ProblemCode.UNVERIFIED_MESSAGE,
                ProblemCode.OUTDATED_MESSAGE,
                ProblemCode.MESSAGE_REUSED,
                ProblemCode.WRONG_STATUS,
                ProblemCode.WRONG_LOCALES,
                ProblemCode.TOO_MANY_CHANGES,
                ProblemCode.CASE_CHANGED,
                ProblemCode.ALREADY_ANSWERED,
                ProblemCode.BUSY,
            ),
        ),
        Route(
            method="POST",
            path="/v1/intake/{authority}/updates",
            access=Proof.SIGNATURE,
            operation="update_case",
            summary="What the police know anew of a case: looks, photos, companions, vehicle, texts, end; signed.",
            tag="police",
            handler=handlers.updates.post,
            body=Body(BODY_BYTES, None, {JSON: CaseUpdate}),
            headers=SIGNED,
            answers=(Answer(200, "The alert as it stands then; the notes say what is not applied.", FiledAnswer),),
            problems=(
                *OF_ALL,
                ProblemCode.UNKNOWN_CASE,
                ProblemCode.WEBHOOK_ID_REUSED,
                ProblemCode.UNUSABLE_CASE,
                ProblemCode.WRONG_STATUS,
                ProblemCode.WRONG_CASE_NUMBER,
                ProblemCode.TOO_MANY_CHANGES,
                ProblemCode.CASE_CHANGED,
                ProblemCode.ALREADY_ANSWERED,
            ),
        ),
        Route(
            method="POST",
            path="/v1/intake/{authority}/notices",
            access=Proof.SIGNATURE,
            operation="send_notice",
            summary="The police say that the child is found, withdraw the case, or reopen it; signed like a case.",
            tag="police",
            handler=handlers.notices.post,
            body=Body(NOTICE_BYTES, None, {JSON: PoliceNotice}),
            headers=SIGNED,
            answers=(Answer(200, "The alert as it stands then.", FiledAnswer),),
            problems=(
                *OF_ALL,
                ProblemCode.UNKNOWN_CASE,
                ProblemCode.WEBHOOK_ID_REUSED,
                ProblemCode.OVER_EXPIRY_CAP,
                *OF_SHARING,
            ),
        ),
        Route(
            method="POST",
            path="/v1/intake/{authority}/places",
            access=Proof.SIGNATURE,
            operation="send_place",
            summary="The police say where the child was seen later, which moves the area; signed like a case.",
            tag="police",
            handler=handlers.places.post,
            body=Body(NOTICE_BYTES, None, {JSON: NewPlace}),
            headers=SIGNED,
            answers=(Answer(200, "The alert as it stands then, or waits for approval.", FiledAnswer),),
            problems=(
                *OF_ALL,
                ProblemCode.UNKNOWN_CASE,
                ProblemCode.UNUSABLE_CASE,
                ProblemCode.WEBHOOK_ID_REUSED,
                ProblemCode.ALERT_OVER,
                ProblemCode.PROPOSAL_WAITS,
                ProblemCode.TOO_MANY_CHANGES,
            ),
        ),
        Route(
            method="POST",
            path="/v1/intake/{authority}/photos",
            access=Proof.SIGNATURE,
            operation="send_photo",
            summary="The police send the photo of who is missing, in the place of the one before; signed like a case.",
            tag="police",
            handler=handlers.photos.post,
            body=Body(PHOTO_BYTES, None, {JSON: NewPhoto}, PHOTOS_AT_ONCE),
            headers=SIGNED,
            answers=(Answer(200, "The alert; the photo is decoded and shown soon after.", FiledAnswer),),
            problems=(
                *OF_ALL,
                ProblemCode.UNKNOWN_CASE,
                ProblemCode.WEBHOOK_ID_REUSED,
                ProblemCode.ALERT_OVER,
                ProblemCode.ALREADY_ANSWERED,
                ProblemCode.UNAUTHORIZED,
                ProblemCode.BUSY,
            ),
        ),
        Route(
            method="POST",
            path="/v1/intake/{authority}/countersignatures",
            access=Proof.SIGNATURE,
            operation="countersign_case",
            summary="A second authority shares a case to which the first has invited it; signed like a case.",
            tag="police",
            handler=handlers.countersignatures.post,
            body=Body(NOTICE_BYTES, None, {JSON: Countersignature}),
            headers=SIGNED,
            answers=(Answer(200, "The alert as it stands then.", FiledAnswer),),
            problems=(*OF_ALL, ProblemCode.UNKNOWN_CASE, *OF_SHARING),
        ),
        Route(
            method="POST",
            path="/v1/exercises",
            access=Role.OPERATOR,
            operation="start_exercise",
            summary="Starts an exercise in the name of an authority; it reaches only those who are enrolled.",
            tag="operators",
            handler=handlers.exercises.post,
            body=json_body(NewExercise, EXERCISE_BYTES),
            answers=(Answer(202, "Its alert.", FiledAnswer),),
            problems=(
                ProblemCode.BAD_FIELDS,
                ProblemCode.TOO_LARGE,
                ProblemCode.OTHER_AUTHORITY,
                ProblemCode.WRONG_CONFIRMATION,
                ProblemCode.UNKNOWN_AUTHORITY,
                ProblemCode.UNUSABLE_CASE,
                ProblemCode.CASE_CONFLICT,
                ProblemCode.CASE_OVER,
                ProblemCode.INVALID_SIGNATURE,
            ),
        ),
    ]
