"""What a CAP 1.2 message says, typed: the reader's output and the writer's input, each element of the standard once.

Degrees are WGS-84, longitude first as everywhere else in this project; only the documents have latitude first. Optional
texts that are absent or empty are "". Bounded by the document (`handlers.police.case.case.BODY_BYTES`).
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import TypeAlias

import msgspec

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
SIGNATURE_NAMESPACE = "http://www.w3.org/2000/09/xmldsig#"
LANGUAGE_DEFAULT = "en-US"

Point: TypeAlias = tuple[float, float]
"""Longitude and latitude."""

Ring: TypeAlias = tuple[Point, ...]
"""At least four points, the last of which is the first."""

EVENT_SYSTEM, EVENT_CODE, PERSON_EVENT_CODE = "SAME", "CAE", "MEP"
"""Child Abduction Emergency, and Missing and Endangered Persons, in the Specific Area Message Encoding."""


class Status(Enum):
    """How the message is to be handled."""

    ACTUAL = "Actual"
    EXERCISE = "Exercise"
    SYSTEM = "System"
    TEST = "Test"
    DRAFT = "Draft"


class MessageType(Enum):
    """What the message does."""

    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"
    ACK = "Ack"
    ERROR = "Error"


class Scope(Enum):
    """Who may read the message."""

    PUBLIC = "Public"
    RESTRICTED = "Restricted"
    PRIVATE = "Private"


class Category(Enum):
    """The kinds of events."""

    GEO = "Geo"
    MET = "Met"
    SAFETY = "Safety"
    SECURITY = "Security"
    RESCUE = "Rescue"
    FIRE = "Fire"
    HEALTH = "Health"
    ENV = "Env"
    TRANSPORT = "Transport"
    INFRA = "Infra"
    CBRNE = "CBRNE"
    OTHER = "Other"


class ResponseType(Enum):
    """What the audience is asked to do."""

    SHELTER = "Shelter"
    EVACUATE = "Evacuate"
    PREPARE = "Prepare"
    EXECUTE = "Execute"
    AVOID = "Avoid"
    MONITOR = "Monitor"
    ASSESS = "Assess"
    ALL_CLEAR = "AllClear"
    NONE = "None"


class Urgency(Enum):
    """How soon to act."""

    IMMEDIATE = "Immediate"
    EXPECTED = "Expected"
    FUTURE = "Future"
    PAST = "Past"
    UNKNOWN = "Unknown"


class Severity(Enum):
    """How bad it is."""

    EXTREME = "Extreme"
    SEVERE = "Severe"
    MODERATE = "Moderate"
    MINOR = "Minor"
    UNKNOWN = "Unknown"


class Certainty(Enum):
    """How sure it is."""

    OBSERVED = "Observed"
    LIKELY = "Likely"
    POSSIBLE = "Possible"
    UNLIKELY = "Unlikely"
    UNKNOWN = "Unknown"


class Named(msgspec.Struct, frozen=True):
    """A `valueName` with its `value`: an event code, a parameter or a geocode."""

    name: str
    value: str


class Reference(msgspec.Struct, frozen=True):
    """An earlier message."""

    sender: str
    identifier: str
    sent: datetime


class Circle(msgspec.Struct, frozen=True):
    """Degrees and kilometres."""

    longitude: float
    latitude: float
    radius_km: float


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """A file that belongs to the message, such as a picture; `size` in bytes."""

    description: str
    mime_type: str
    size: int | None = None
    uri: str = ""
    deref_uri: str = ""
    digest: str = ""


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """Where: the union of what it names; altitudes in feet."""

    description: str
    polygons: tuple[Ring, ...] = ()
    circles: tuple[Circle, ...] = ()
    geocodes: tuple[Named, ...] = ()
    altitude: float | None = None
    ceiling: float | None = None


class Info(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a message in one language."""

    language: str = LANGUAGE_DEFAULT
    categories: tuple[Category, ...]
    event: str
    response_types: tuple[ResponseType, ...] = ()
    urgency: Urgency
    severity: Severity
    certainty: Certainty
    audience: str = ""
    event_codes: tuple[Named, ...] = ()
    effective: datetime | None = None
    onset: datetime | None = None
    expires: datetime | None = None
    sender_name: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""
    web: str = ""
    contact: str = ""
    parameters: tuple[Named, ...] = ()
    resources: tuple[Resource, ...] = ()
    areas: tuple[Area, ...] = ()


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One CAP message."""

    identifier: str
    sender: str
    sent: datetime
    status: Status
    message_type: MessageType
    source: str = ""
    scope: Scope = Scope.PUBLIC
    restriction: str = ""
    addresses: str = ""
    codes: tuple[str, ...] = ()
    note: str = ""
    references: tuple[Reference, ...] = ()
    incidents: str = ""
    infos: tuple[Info, ...] = ()
