"""Share cards and posters: set from data, in the languages of a page; what a font lacks is seen."""

from __future__ import annotations

import re
import struct
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pylopdf_fonts_zh_cn
import pytest
from PIL import Image

from public.documents.cmap import FontError, characters_of
from public.documents.fonts import Fonts
from public.documents.qr import qr_of
from public.documents.setting import Typesetter
from public.pages.case import Contact, LastSeen, Person, PhoneContent, PhoneText, PublicCase
from public.pages.rendering import PageSource, Surroundings
from public.publishing.documents import card_of, metas_of, poster_of, qr_of_page
from tests.support.pictures import encoded, scene

if TYPE_CHECKING:
    from collections.abc import Sequence

AROUND = Surroundings(url="https://alerts.example", languages=("zh-CN", "en"))
NAME, PLACE, PHONE = "欧阳晓明", "莲花山公园南门", "0755-84450000"
RARE = "\u06a9\u06c6"
"""Letters of a script that the font does not have."""


@pytest.fixture(scope="module")
def typesetter() -> Typesetter:
    return Typesetter(Fonts())


def source_of(people: Sequence[Person] = (), **more: Any) -> PageSource:  # noqa: ANN401 - fields of a page
    """Return what the page of a case is made of."""
    child = Person(name=NAME, sex="male", age=6, clothing="蓝色校服", features="右手有疤")
    case = PublicCase(
        last_seen=LastSeen(at=datetime(2026, 11, 28, 7, 40, tzinfo=UTC), place=PLACE),
        contact=Contact(name="福田分局", phone=PHONE),
        children=tuple(people) or None,
        child=None if people else child,
        guidance=more.pop("guidance", None),
    )
    known: dict[str, Any] = {
        "code": "abcdefghjk",
        "status": "actual",
        "subject_kind": "child",
        "expires": datetime(2026, 11, 29, 16, 30, tzinfo=UTC),
        "sample": 1,
        "case": case,
        "content": PhoneContent(texts={"zh-CN": PhoneText("t", "b")}),
        "is_reworded": False,
    }
    return PageSource(**known | more)


def photo() -> bytes:
    """Return a photo as it is kept."""
    return encoded(scene(640, 853), "JPEG", quality=70)


def _pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf))


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_a_poster_is_one_page_as_pdf_and_as_picture(typesetter: Typesetter, language: str) -> None:
    """A4, with the photo, the number to call, the QR code, and until when it is valid in the time of the place."""
    content = poster_of(source_of(), language, AROUND, photo())
    assert content.phone == PHONE
    assert "2026-11-30 00:30" in content.valid.replace("年", "-").replace("月", "-").replace("日", "")
    assert "alerts.example/verify" in content.check
    assert "abcdefghjk" in content.check
    pdf, png = await typesetter.poster(content, "pdf"), await typesetter.poster(content, "png")
    assert pdf is not None
    assert png is not None
    assert pdf.startswith(b"%PDF-")
    assert _pages(pdf) == 1
    picture = Image.open(BytesIO(png))
    assert picture.height / picture.width == pytest.approx(297 / 210, abs=0.01)
    assert len(picture.convert("RGB").getcolors(10_000_000) or ()) > 1_000, "the photo is there"


async def test_a_poster_without_a_photo_and_one_of_eight_children_is_one_page(typesetter: Typesetter) -> None:
    """However much there is to say it is set smaller, and the number stays."""
    many = [
        Person(name=f"{NAME}{number}", age=number, clothing="很长的描述" * 20, features="另一段很长的描述" * 20)
        for number in range(8)
    ]
    for people in ((), many):
        content = poster_of(source_of(people, guidance="do_not_approach", status="exercise"), "zh-CN", AROUND, None)
        pdf = await typesetter.poster(content, "pdf")
        assert pdf is not None
        assert _pages(pdf) == 1


async def test_a_share_card_says_nothing_of_who_is_missing(typesetter: Typesetter) -> None:
    """Neither name nor photo nor place, unless that is wanted; 1200 x 630."""
    content = card_of(source_of(), "zh-CN", AROUND, photo(), shows_child=False)
    said = msgspec.json.encode(content).decode()
    assert not [word for word in (NAME, PLACE, PHONE) if word in said]
    assert content.photo is None
    metas = str(metas_of(source_of(), "zh-CN", AROUND, "card.zh-CN.0123.png"))
    assert not [word for word in (NAME, PLACE, PHONE) if word in metas]
    plain = await typesetter.card(content)
    shown = card_of(source_of(), "zh-CN", AROUND, photo(), shows_child=True)
    assert NAME in msgspec.json.encode(shown).decode()
    with_photo = await typesetter.card(shown)
    for png in (plain, with_photo):
        assert png is not None
        assert Image.open(BytesIO(png)).size == (1200, 630)
    assert plain != with_photo


def test_sites_that_show_a_link_find_what_they_read() -> None:
    """Open Graph with absolute addresses, and the three words that QQ reads."""
    found = {(attribute, name): content for attribute, name, content in metas_of(source_of(), "en", AROUND, "card.png")}
    assert found["property", "og:image"] == "https://alerts.example/p/abcdefghjk/card.png"
    assert found["property", "og:url"] == "https://alerts.example/p/abcdefghjk"
    assert {name for attribute, name in found if attribute == "itemprop"} == {"name", "image", "description"}


@pytest.mark.parametrize("status", ["exercise", "test"])
def test_nothing_of_an_exercise_says_that_somebody_is_missing(status: str) -> None:
    """Card and words for other sites say what it is; the poster does above everything else."""
    source = source_of(status=status)
    card, metas = card_of(source, "en", AROUND, None, shows_child=False), metas_of(source, "en", AROUND, None)
    for said in (card.heading, {name: content for _, name, content in metas}["og:title"]):
        assert said == f"{status.upper()}. Nobody is missing."
    assert "is missing. Open" not in card.ask + str(metas)
    assert poster_of(source, "en", AROUND, None).mark == f"{status.upper()}. Nobody is missing."


async def test_words_of_others_are_no_markup(typesetter: Typesetter) -> None:
    """What typst would read as code stands as it is: nothing is run, nothing fails."""
    for evil in ('#panic("x")', "$ x $ *b* _i_ `c` <l> @r", '#read("/etc/passwd")', "\\ ] } ) //", '"', "\0\x1b[31m"):
        content = poster_of(source_of([Person(name=evil, clothing=evil)]), "zh-CN", AROUND, None)
        assert await typesetter.poster(content, "pdf") is not None


def test_what_no_font_has_is_seen(typesetter: Typesetter) -> None:
    """A sign and the number of the character stand where a name would have a hole."""
    assert typesetter.fonts.missing(NAME + "Zoë 1，（）") == []
    assert typesetter.fonts.missing(f"{NAME}{RARE}{RARE[0]}") == list(RARE)
    assert typesetter.fonts.legible(f"a{RARE[0]}b") == "a□(U+06A9)b"
    assert typesetter.fonts.missing("□(U+0123456789ABCDEF)") == []
    assert typesetter.fonts.missing("a\u200b\u2060\ufe0f\U000e0100\n") == [], "what is not seen needs no glyph"


async def test_a_poster_with_what_no_font_has_is_set(typesetter: Typesetter) -> None:
    """It is not left out."""
    with_hole = poster_of(source_of([Person(name=f"{NAME}{RARE}")]), "en", AROUND, None)
    without = poster_of(source_of([Person(name=NAME)]), "en", AROUND, None)
    assert await typesetter.poster(with_hole, "png") != await typesetter.poster(without, "png")


def test_fonts_of_the_operator_come_first() -> None:
    """A configured file is read, and its family stands before ours."""
    fonts = Fonts([pylopdf_fonts_zh_cn.serif_path()])
    assert fonts.families == ["Noto Serif SC", "Noto Sans SC"]
    with pytest.raises(FontError, match="nowhere"):
        Fonts([Path("/nowhere.otf")])
    with pytest.raises(FontError, match="neither"):
        Fonts([Path(__file__)])


def test_the_characters_of_a_font_are_those_that_pillow_draws() -> None:
    """Our reader of `cmap` agrees with FreeType: what it calls there draws a picture, what it does not has none."""
    from PIL import ImageFont  # noqa: PLC0415 - an oracle

    path = pylopdf_fonts_zh_cn.sans_path()
    found = characters_of(path.read_bytes())
    font = ImageFont.truetype(str(path), 20)
    lacking = bytes(font.getmask("\U0010fffd"))
    for code in (*range(0x21, 0x7F), *range(0x4E00, 0x4F00), 0x20BB7, 0x2CB4E, 0x06A9, 0x0E01, 0x1F600):
        assert (bytes(font.getmask(chr(code))) != lacking) == (code in found), hex(code)


def test_broken_fonts_are_named() -> None:
    """Cut anywhere, a font is an error of ours, not of the reader."""
    whole = pylopdf_fonts_zh_cn.sans_path().read_bytes()
    (tables,) = struct.unpack_from(">H", whole, 4)
    for length in (0, 3, 10, 12 + 8 * tables, 12 + 16 * tables):
        with pytest.raises(FontError):
            characters_of(whole[:length])


def test_the_qr_code_leads_to_the_page() -> None:
    """With the fragment by which posters are counted; black on white with a quiet zone."""
    assert qr_of_page(source_of(), AROUND) == qr_of("https://alerts.example/p/abcdefghjk#q")
    assert qr_of("https://alerts.example/p/abcdefghjk#q").startswith("<svg xmlns=")
