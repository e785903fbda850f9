"""Reads the pictures of a CAP message: which one is the child's, and which are of somebody or something else.

A picture is the child's unless its description says otherwise: in doubt it is not shown, because a suspect must never
be taken for the child. Bounded by the document, pictures of others by `PHOTOS_MAX`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from handlers.http.problems import FieldError
from handlers.police.case.case import PHOTOS_MAX
from handlers.police.case.details import Photo
from handlers.values.web_address import WebAddressError, read_web_address
from push.notice import SubjectKind

if TYPE_CHECKING:
    from handlers.cap.model import Info, Message

_VEHICLE: Final = re.compile(
    r"\b(vehicles?|cars?|trucks?|vans?|suvs?|pickups?|sedans?|motor(cycle|bike)s?|automobiles?|plates?"
    r"|veh[íi]culos?|coches?|autos?|camionetas?|placas?|véhicules?|voitures?)\b|차량|자동차|승용차|번호판"
    r"|(?<!婴儿)(?<!自行)(?<!推)(?<!童)(?<!玩具)(?<!火)(?<!列)[车車](?![站厢])",
    re.IGNORECASE,
)
_COMPANION: Final = re.compile(
    r"suspect|abductor|kidnapp?er|offender|perpetrator|accomplice|companion|trafficker|captor|assailant|\bwanted\b"
    r"|accompan(ied|ying (man|woman|adult|person|male|female))|person of interest|\bdrivers?\b"
    r"|sospechos|secuestrador|acompañante|raptor|ravisseur"
    r"|嫌疑|嫌犯|疑犯|疑凶|绑匪|綁匪|绑架者|人贩|人販|[诱拐][卖骗带拐](者|犯|人员|分子)|司机|罪犯|犯罪"
    r"|同行|同伴|陪同|陪伴|带走.{0,6}(男|女|人|者)|용의자|유괴범|납치범|동행|피의자",
    re.IGNORECASE,
)
_GROWN: Final = re.compile(
    r"\b((step)?(father|mother|dad|mom|mum|parent)|uncle|aunt|grand(father|mother|parent)|man|woman|adult|relative|(fe)?male"
    r"|padre|madre|tío|tía|hombre|mujer|adulto|abuel[oa])s?\b"
    r"|父亲|母亲|父親|母親|继父|继母|爸爸|妈妈|叔叔|伯伯|舅舅|姑姑|阿姨|祖父|祖母|爷爷|奶奶|外公|外婆|男子|女子|男人|女人|成年",
    re.IGNORECASE,
)
"""Grown-ups: one of them alone is no child; `a photo by the mother of the child` is the child's."""

_CHILD: Final = re.compile(
    r"\b(child|children|boy|girl|son|daughter|kid|minor|victim|missing|infant|baby|toddler|teen\w*|ni[ñn][oa]s?|menor(es)?)\b"
    r"|儿童|兒童|孩|男童|女童|幼儿|婴儿|少年|少女|失踪者|走失|아동|어린이|아이",
    re.IGNORECASE,
)

NOT_CHILDS: Final = "its description says that it is of a {of}: it is never shown as the child's"


class Pictures(msgspec.Struct, kw_only=True):
    """Pictures of the child, in the order in which they stand, those of others, what is wrong, what to know."""

    of_child: list[str] = []
    others: list[Photo] = []
    errors: list[FieldError] = []
    notes: list[str] = []

    @property
    def photo_url(self) -> str | None:
        """The picture that phones show."""
        return next(iter(self.of_child), None)


def of_whom(description: str, subject: SubjectKind) -> Literal["child", "companion", "vehicle"]:
    """Return of whom or what a picture is; of an adult who is missing a man or a woman may be the one."""
    if _COMPANION.search(description):
        return "companion"
    if _VEHICLE.search(description):
        return "vehicle"
    grown = subject is SubjectKind.CHILD and _GROWN.search(description) and not _CHILD.search(description)
    return "companion" if grown else "child"


def read_pictures(message: Message, subject: SubjectKind) -> Pictures:
    """Return the pictures of a message; one that each language repeats counts once."""
    pictures = Pictures()
    for number, info in enumerate(message.infos, 1):
        _read_info(info, f"/alert/info[{number}]", subject, pictures)
    for other in pictures.others:
        # What one text calls the child's and another the suspect's is not the child's.
        pictures.of_child = [url for url in pictures.of_child if url != other.url]
    return pictures


def _read_info(info: Info, here: str, subject: SubjectKind, pictures: Pictures) -> None:
    of_child: set[str] = set()
    for place, resource in enumerate(info.resources, 1):
        path = f"{here}/resource[{place}]"
        if not resource.mime_type.strip().lower().startswith("image/"):
            pictures.notes.append(f"{path}: no picture; it is left aside")
        elif not resource.uri or resource.deref_uri:
            pictures.notes.append(f"{path}: phones load pictures by their address, and it has none; it is left aside")
        elif not resource.uri.lower().startswith("https:"):
            pictures.notes.append(f"{path}/uri: phones load pictures by https only; it is left aside")
        elif (address := _address(resource.uri, path, pictures)) is not None:
            of = of_whom(resource.description, subject)
            if of != "child":
                _add_other(Photo(url=address, of=of), path, pictures)
            elif of_child - {address}:
                pictures.notes.append(f"{path}: phones show one photo, the first one")
            if of == "child":
                of_child.add(address)
                pictures.of_child.append(address)


def _address(uri: str, path: str, pictures: Pictures) -> str | None:
    try:
        return read_web_address(uri)
    except WebAddressError as error:
        pictures.errors.append(FieldError(f"{path}/uri", str(error)))
        return None


def _add_other(photo: Photo, path: str, pictures: Pictures) -> None:
    pictures.notes.append(f"{path}: {NOT_CHILDS.format(of=photo.of)}")
    if len(pictures.others) < PHOTOS_MAX and photo.url not in {other.url for other in pictures.others}:
        pictures.others.append(photo)
